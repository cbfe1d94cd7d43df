// Package ledger has the operations of the ledger: posts of operators, reversals, holds
// and balances.
package ledger

import (
	"context"
	"net/http"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/api"
	"github.com/regulars/regulars/internal/api/wire"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/ledger"
	"github.com/regulars/regulars/internal/ledger/chain"
	"github.com/regulars/regulars/internal/ledger/operation"
)

// handlers serve the operations.
type handlers struct {
	operations *operation.Operations
	chain      *chain.Chain
}

// New returns the area.
func New(operations *operation.Operations, sealed *chain.Chain) api.Area {
	h := &handlers{operations, sealed}
	return api.Area{Tag: "Gamification", Description: "XP, coins and premium currency: what pays, entries, holds, balances and tiers.", Routes: h.routes}
}

var manageGamification = []actor.Permission{permission.Gamification}

func (h *handlers) routes(g *api.Group) {
	const entries, holds = "/v1/gamification/ledger", "/v1/gamification/holds"
	api.Add(g, api.Route{
		Method: "POST", Path: entries, ID: "postEntry", Summary: "Post an entry", Permissions: manageGamification, Traits: api.Created | api.MayExist | api.KeepKey,
		Description: "`overwrite` posts the difference to the wanted balance; 200 with `data` null if there is none. 400 `amount_out_of_range`, `expires_in_past`. 404 `user_not_found`. 409 `insufficient_balance` with the available amount in `details.balance`.",
	}, h.post)
	api.Add(g, api.Route{
		Method: "POST", Path: entries + "/{entryId}/reverse", ID: "reverseEntry", Summary: "Reverse an entry", Permissions: manageGamification, Traits: api.Created | api.KeepKey,
		Description: "Takes what is left of a credit, and returns a debit completely. `reversed` and `kept` add up to the amount; if nothing was left, `entry` is null. 404 `entry_not_found`. 409 `already_reversed`, or `not_reversible` for expiries, refunds, reversals, erasures and purchases (cancel the order instead).",
	}, h.reverse)
	api.Add(g, api.Route{
		Method: "GET", Path: entries + "/verify", ID: "verifyLedger", Summary: "Verify the ledger", Permissions: manageGamification, Traits: api.MayRun,
		Description: "Recomputes the hash chain and the balances from the last verified entry on. `full` does so from the start as a job: 202 with `verificationId`, with which the result is read for seven days. 404 `verification_not_found`.",
	}, h.verify)
	api.Add(g, api.Route{
		Method: "POST", Path: holds, ID: "createHold", Summary: "Hold an amount", Permissions: manageGamification, Traits: api.Created | api.KeepKey,
		Description: "A hold reserves coins or premium until it is captured, released or has expired. 400 `amount_out_of_range`, 404 `user_not_found`, 409 `insufficient_balance`.",
	}, h.reserve)
	api.Add(g, api.Route{
		Method: "POST", Path: holds + "/{holdId}/capture", ID: "captureHold", Summary: "Capture a hold", Permissions: manageGamification, Traits: api.KeepKey,
		Description: "Spends the held amount, or a part of it; the rest is released. 400 `amount_out_of_range` for more than is held. 404 `hold_not_found`. 409 `hold_final`, `hold_expired`.",
	}, h.capture)
	api.Add(g, api.Route{
		Method: "POST", Path: holds + "/{holdId}/release", ID: "releaseHold", Summary: "Release a hold", Permissions: manageGamification, Traits: api.KeepKey,
		Description: "Nothing is spent. An expired hold stays as it is. 404 `hold_not_found`, 409 `hold_final`.",
	}, h.release)
	api.Add(g, api.Route{
		Method: "GET", Path: "/v1/users/{userId}/balances", ID: "getBalances", Summary: "Get the balances of a user", Permissions: []actor.Permission{permission.Gamification, permission.ViewGamification},
		Description: "Now, or as of a past instant. Members see their own. 400 `at_in_future`, 404 `user_not_found`.",
	}, h.balances)
}

type newEntry struct {
	Body struct {
		api.BodyCommunity
		User      wire.UserRef  `json:"user" doc:"_id, number, email or username."`
		Unit      ledger.Unit   `json:"unit" enum:"xp,coins,premium"`
		Op        string        `json:"op" enum:"add,subtract,overwrite"`
		Amount    int64         `json:"amount" example:"50" doc:"1 to 10^12; for overwrite the wanted balance, 0 to 2^53-1."`
		Reason    string        `json:"reason" minLength:"1" maxLength:"200" example:"Spring bonus"`
		ExpiresAt wire.Nullable `json:"expiresAt,omitempty" doc:"Of a credit of coins or premium: the last day, or the instant from which it cannot be spent; null: never; absent: the setting of the unit."`
	} `nameHint:"NewEntry"`
}

type entryOutput struct {
	Status int
	Body   api.Success[*ledger.EntryView]
}

func (h *handlers) post(ctx context.Context, in *newEntry) (*entryOutput, error) {
	b := in.Body
	entry, changed, err := h.operations.Change(ctx, actor.FromContext(ctx), api.CommunityID(ctx), operation.Change{
		User: string(b.User), Unit: b.Unit, Op: b.Op, Amount: b.Amount, Reason: b.Reason, ExpiresAt: b.ExpiresAt.Text(),
	})
	if err != nil {
		return nil, err
	}
	out := &entryOutput{http.StatusOK, api.Success[*ledger.EntryView]{Status: "success", Message: "The balance has this amount"}}
	if changed {
		view := ledger.NewEntryView(entry)
		out.Status, out.Body.Message, out.Body.Data = http.StatusCreated, "Entry posted", &view
	}
	return out, nil
}

type reversalInput struct {
	EntryID string `path:"entryId" doc:"The _id of the entry."`
	Body    struct {
		api.BodyCommunity
		Reason string `json:"reason" minLength:"1" maxLength:"200"`
	} `nameHint:"NewReversal"`
}

type reversal struct {
	Entry    *ledger.EntryView `json:"entry" doc:"null: nothing was left."`
	Reversed int64             `json:"reversed"`
	Kept     int64             `json:"kept" doc:"What was spent, is held or has expired."`
}

func (h *handlers) reverse(ctx context.Context, in *reversalInput) (*api.Answer[reversal], error) {
	done, err := h.operations.Reverse(ctx, actor.FromContext(ctx), api.CommunityID(ctx), in.EntryID, in.Body.Reason)
	if err != nil {
		return nil, err
	}
	out := reversal{Reversed: done.Reversed, Kept: done.Kept}
	if done.Entry != nil {
		out.Entry = new(ledger.NewEntryView(*done.Entry))
	}
	return api.Respond("Entry reversed", out), nil
}

type reservation struct {
	ID        string      `json:"_id"`
	UserID    string      `json:"userId" doc:"The _id of the user."`
	Unit      ledger.Unit `json:"unit" enum:"coins,premium"`
	Amount    int64       `json:"amount"`
	Captured  int64       `json:"captured"`
	Status    string      `json:"status" enum:"open,captured,released,expired"`
	Reason    string      `json:"reason"`
	ExpiresAt string      `json:"expiresAt" format:"date-time"`
	CreatedAt string      `json:"createdAt" format:"date-time"`
}

func viewHold(h ledger.Hold) reservation {
	return reservation{h.ID, h.UserID, h.Unit, h.Amount, h.Captured, h.Status, h.Reason, clock.Format(h.ExpiresAt), clock.Format(h.CreatedAt)}
}

type newHold struct {
	Body struct {
		api.BodyCommunity
		User      wire.UserRef `json:"user" doc:"_id, number, email or username."`
		Unit      ledger.Unit  `json:"unit" enum:"coins,premium"`
		Amount    int64        `json:"amount" example:"50" doc:"1 to 10^12."`
		ExpiresIn *int64       `json:"expiresIn,omitempty" minimum:"1" maximum:"604800" doc:"Seconds; absent: 900."`
		Reason    string       `json:"reason" minLength:"1" maxLength:"200" example:"Table reservation"`
	} `nameHint:"NewHold"`
}

func (h *handlers) reserve(ctx context.Context, in *newHold) (*api.Answer[reservation], error) {
	b := in.Body
	wanted := operation.Reservation{User: string(b.User), Unit: b.Unit, Amount: b.Amount, Reason: b.Reason}
	if b.ExpiresIn != nil {
		wanted.ExpiresIn = *b.ExpiresIn
	}
	made, err := h.operations.Reserve(ctx, actor.FromContext(ctx), api.CommunityID(ctx), wanted)
	if err != nil {
		return nil, err
	}
	return api.Respond("Amount held", viewHold(made)), nil
}

type captureInput struct {
	wire.CommunityQuery
	HoldID string `path:"holdId" doc:"The _id of the hold."`
	Body   *struct {
		Amount *int64 `json:"amount,omitempty" doc:"Absent: all that is held."`
		Reason string `json:"reason,omitempty" maxLength:"200" doc:"Absent: that of the hold."`
	} `nameHint:"HoldCapture"`
}

type captured struct {
	Hold  reservation      `json:"hold"`
	Entry ledger.EntryView `json:"entry"`
}

func (h *handlers) capture(ctx context.Context, in *captureInput) (*api.Answer[captured], error) {
	var amount *int64
	var reason string
	if in.Body != nil {
		amount, reason = in.Body.Amount, in.Body.Reason
	}
	done, entry, err := h.operations.Capture(ctx, actor.FromContext(ctx), api.CommunityID(ctx), in.HoldID, amount, reason)
	if err != nil {
		return nil, err
	}
	return api.Respond("Hold captured", captured{viewHold(done), ledger.NewEntryView(entry)}), nil
}

type releaseInput struct {
	wire.CommunityQuery
	HoldID string `path:"holdId" doc:"The _id of the hold."`
}

type released struct {
	Hold reservation `json:"hold"`
}

func (h *handlers) release(ctx context.Context, in *releaseInput) (*api.Answer[released], error) {
	done, err := h.operations.Release(ctx, actor.FromContext(ctx), api.CommunityID(ctx), in.HoldID)
	if err != nil {
		return nil, err
	}
	return api.Respond("Hold released", released{viewHold(done)}), nil
}

type balancesInput struct {
	wire.CommunityQuery
	wire.UserPath
	At string `query:"at" doc:"A past instant such as 2026-04-07T08:50:16.000Z; absent: now."`
}

type balances struct {
	UserID   string                         `json:"userId" doc:"The _id of the user."`
	AsOf     string                         `json:"asOf" format:"date-time"`
	Balances map[ledger.Unit]balanceOfAUnit `json:"balances" doc:"By unit: xp, coins and premium."`
}

type balanceOfAUnit struct {
	Posted    int64      `json:"posted" doc:"The sum of the entries."`
	Held      int64      `json:"held"`
	Available int64      `json:"available" doc:"posted less held."`
	Expiring  []expiring `json:"expiring" nullable:"false" doc:"Amounts that are not held, by the instant from which they cannot be spent; the soonest first, at most 50."`
}

type expiring struct {
	Amount int64  `json:"amount"`
	At     string `json:"at" format:"date-time"`
}

func (h *handlers) balances(ctx context.Context, in *balancesInput) (*api.Answer[balances], error) {
	var wrong []errs.Field
	at := wire.ParseTime("at", in.At, 0, &wrong)
	if err := errs.InvalidFields(wrong); err != nil {
		return nil, err
	}
	who, found, asOf, err := h.operations.Balances(ctx, actor.FromContext(ctx), api.CommunityID(ctx), in.UserID, at)
	if err != nil {
		return nil, err
	}
	out := balances{UserID: who.ID, AsOf: clock.Format(asOf), Balances: map[ledger.Unit]balanceOfAUnit{}}
	for unit, b := range found {
		out.Balances[unit] = balanceOfAUnit{b.Posted, b.Held, b.Available(), api.Convert(b.Expiring, func(e ledger.Expiring) expiring { return expiring{e.Amount, clock.Format(e.At)} })}
	}
	return api.Respond("Balances of the user", out), nil
}
