// Package operation has the acts of persons and keys in the ledger: posts by operators,
// reversals, holds and balances.
package operation

import (
	"context"
	"time"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/ledger"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/directory"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/text"
)

// Operations are the acts in the ledgers of all communities. It is safe for concurrent use.
type Operations struct{ d Deps }

// Deps are the dependencies of Operations.
type Deps struct {
	DB     *sqldb.DB
	Clock  clock.Clock
	Access *access.Access
	Ledger *ledger.Ledger
}

// New returns the Operations of a database.
func New(d Deps) *Operations { return &Operations{d} }

const maxReason = 200 // characters

// Values of Change.Op.
const (
	Add       = "add"
	Subtract  = "subtract"
	Overwrite = "overwrite" // with the posted balance
)

// Change is a post of an operator.
type Change struct {
	User      string // a reference as in Directory.Find
	Unit      ledger.Unit
	Op        string // Add ...
	Amount    int64
	Reason    string
	ExpiresAt *string // of a credit: a date, an instant or "" for never; nil: the setting of the unit
}

// Change posts an entry. changed is false if the balance has the wanted amount. It fails as
// access.Can does for Gamification, with NotFound "user_not_found", Invalid
// "invalid_input", "amount_out_of_range" or "expires_in_past", or Conflict
// "insufficient_balance".
func (o *Operations) Change(ctx context.Context, caller actor.Actor, communityID string, c Change) (entry ledger.Entry, changed bool, err error) {
	if err := o.d.Access.Can(ctx, caller, communityID, permission.Gamification); err != nil {
		return ledger.Entry{}, false, err
	}
	post, err := o.prepare(ctx, communityID, c)
	if err != nil {
		return ledger.Entry{}, false, err
	}
	who, err := directory.Load(ctx, o.d.DB, communityID, c.User, member.Active)
	if err != nil {
		return ledger.Entry{}, false, err
	}
	post.UserID = who.ID
	err = o.d.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		var posted ledger.Posted
		if c.Op == Overwrite {
			posted, changed, err = o.d.Ledger.Overwrite(ctx, tx, communityID, post, c.Amount)
		} else {
			posted, err = o.d.Ledger.PostOne(ctx, tx, communityID, post)
			changed = true
		}
		if err != nil || !changed {
			return err
		}
		entry = posted.Entry
		return o.record(ctx, tx, caller, communityID, "entry.create", audit.Target{Type: "entry", ID: entry.ID, Name: who.Username})
	})
	return entry, changed && err == nil, err
}

// prepare checks a change and returns its post without the member.
func (o *Operations) prepare(ctx context.Context, communityID string, c Change) (ledger.Post, error) {
	post := ledger.Post{Unit: c.Unit, Amount: c.Amount, Reason: c.Reason, Source: ledger.Source{Type: ledger.FromAPI}, ByOperator: true}
	if c.Op != Overwrite && (c.Amount < 1 || c.Amount > ledger.MaxAmount) || c.Amount < 0 || c.Amount > ledger.MaxBalance {
		return post, ledger.ErrOutOfRange()
	}
	if c.Op == Subtract {
		post.Amount = -c.Amount
	}
	var err error
	if post.Reason, err = validReason(c.Reason); err != nil || c.ExpiresAt == nil {
		return post, err
	}
	home, err := community.Load(ctx, o.d.DB, communityID)
	if err != nil {
		return post, err
	}
	post.ExpiresAt, err = parseExpiry(*c.ExpiresAt, home)
	return post, err
}

// parseExpiry returns the end of a lot: of the date in the zone of the community, or an
// instant; "" never ends. It fails with Invalid "invalid_input".
func parseExpiry(value string, home community.Community) (*int64, error) {
	if value == "" {
		return new(ledger.Never), nil
	}
	if last, err := time.Parse(time.DateOnly, value); err == nil {
		return new(home.DayStart(community.DayOf(last) + 1).UnixMilli()), nil
	}
	if at, err := time.Parse(time.RFC3339Nano, value); err == nil {
		return new(at.UnixMilli()), nil
	}
	return nil, errs.InvalidFields([]errs.Field{errs.Wrong("expiresAt", "invalid_time", "Send a date such as 2026-04-07, which is the last day, or an instant such as 2026-04-07T08:50:16.000Z.")})
}

func validReason(reason string) (string, error) {
	reason, ok := text.Line(reason, maxReason)
	if !ok || reason == "" {
		return "", errs.InvalidFields([]errs.Field{errs.Wrong("reason", "invalid", "A reason has 1 to %d characters on one line.", maxReason)})
	}
	return reason, nil
}

// Reverse reverses an entry. It fails as access.Can does for Gamification, or as
// Ledger.Reverse.
func (o *Operations) Reverse(ctx context.Context, caller actor.Actor, communityID, entryID, reason string) (done ledger.Reversal, err error) {
	if err := o.d.Access.Can(ctx, caller, communityID, permission.Gamification); err != nil {
		return ledger.Reversal{}, err
	}
	if reason, err = validReason(reason); err != nil {
		return ledger.Reversal{}, err
	}
	err = o.d.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		if done, err = o.d.Ledger.Reverse(ctx, tx, communityID, entryID, reason); err != nil || done.Entry == nil {
			return err
		}
		return o.record(ctx, tx, caller, communityID, "entry.reverse", audit.Target{Type: "entry", ID: entryID})
	})
	return done, err
}

// Balances returns what a member has at a time in Unix milliseconds, 0: now, and the time.
// Members see their own. It fails as access.Can does for Gamification, with NotFound
// "user_not_found" or Invalid "at_in_future".
func (o *Operations) Balances(ctx context.Context, caller actor.Actor, communityID, user string, at int64) (who member.Member, found map[ledger.Unit]ledger.Balance, asOf int64, err error) {
	if who, err = o.subject(ctx, caller, communityID, user); err != nil {
		return who, nil, 0, err
	}
	now := o.d.Clock.MS()
	if at > now {
		return who, nil, 0, errs.New(errs.Invalid, "at_in_future", "Balances of the future are not known.")
	}
	if asOf = at; asOf == 0 {
		asOf = now
	}
	found, err = ledger.Balances(ctx, o.d.DB, communityID, who.ID, asOf, now)
	return who, found, asOf, err
}

// subject returns a member in any state, after checking the actor.
func (o *Operations) subject(ctx context.Context, caller actor.Actor, communityID, user string) (member.Member, error) {
	refused := o.d.Access.Can(ctx, caller, communityID, permission.Gamification)
	if refused != nil {
		if err := o.d.Access.Can(ctx, caller, communityID, permission.ViewGamification); err != nil {
			return member.Member{}, err
		}
	}
	who, err := directory.Load(ctx, o.d.DB, communityID, user, member.AnyState...)
	if refused != nil && (err != nil || !who.Is(caller)) {
		return member.Member{}, refused
	}
	return who, err
}

func (o *Operations) record(ctx context.Context, tx *sqldb.Tx, caller actor.Actor, communityID string, verb audit.Verb, target audit.Target) error {
	return audit.Record(ctx, tx, caller, o.d.Clock.MS(), communityID, verb, target)
}
