package auth

import (
	"context"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/account/signin"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/api"
	"github.com/regulars/regulars/internal/api/wire"
	"github.com/regulars/regulars/internal/clock"
)

func (h *handlers) accountRoutes(g *api.Group) {
	api.Add(g, api.Route{
		Method: "GET", Path: "/v1/auth/me", ID: "me", Summary: "Get your account",
		Permissions: anyPerson, Traits: api.PerUser,
		Description: "The account of the session or key.",
	}, h.me)
	api.Add(g, api.Route{
		Method: "PUT", Path: "/v1/auth/me", ID: "updateMe", Summary: "Update your account",
		Permissions: signedIn, Traits: api.PerUser | api.LimitSignIns,
		Description: "Omitted fields are unchanged. Requires a sign-in within the last ten minutes (403 `proof_required`) or `currentPassword`; a wrong one is 401 `wrong_password` and counts as a failed sign-in. " +
			"Every community shows the new username; 409 `username_taken` if another account has it. A new email address is `pendingEmail` until the link in its mail is opened, within 24 hours (`verifyEmail` also accepts its token). " +
			"The current address is notified of the request and of the change. The response is the same whether or not another account has the address. A newer request or a new password revokes an earlier link. " +
			"At most five new addresses per hour: 429 `too_many_mails`. The current address must be verified: 403 `email_not_verified`.",
	}, h.updateMe)
}

// accountView is an account as shown to its owner.
type accountView struct {
	ID          string `json:"_id" example:"6a21d1c09f3b0c4d5e6f7a8b"`
	UserID      int64  `json:"userId" example:"1042" doc:"The account's small number."`
	Username    string `json:"username" example:"ada"`
	Email       string `json:"email" example:"ada@example.com"`
	FirstName   string `json:"firstName" doc:"As registered; communities have names of their own."`
	LastName    string `json:"lastName"`
	DisplayName string `json:"displayName"`
	Language    string `json:"language" doc:"BCP 47; empty: none selected."`
	CreatedAt   string `json:"createdAt" format:"date-time"`
	LastLogin   string `json:"lastLogin,omitempty" format:"date-time" doc:"Absent: never."`

	PendingEmail string `json:"pendingEmail,omitempty" example:"ada@new.example" doc:"The new email address until it is confirmed, in responses of me and updateMe. Absent: none."`
}

func newAccountView(a account.Account) accountView {
	return accountView{
		ID: a.ID, UserID: a.Number, Username: a.Username, Email: a.Email, FirstName: a.FirstName, LastName: a.LastName,
		DisplayName: a.DisplayName, Language: a.Language, CreatedAt: clock.Format(a.CreatedAt), LastLogin: clock.Format(a.SignedInAt),
	}
}

// respondMember responds to a session that another system started for a member
// without an account, with the data of the community.
func (h *handlers) respondMember(ctx context.Context, actor actor.Actor) (*api.Answer[accountView], error) {
	m, err := h.members.Self(ctx, actor, actor.OnlyCommunity)
	if err != nil {
		return nil, err
	}
	return api.Respond("Your account", accountView{ID: m.ID, UserID: m.Number, Username: m.Username, Email: m.Email, CreatedAt: clock.Format(m.JoinedAt)}), nil
}

func (h *handlers) me(ctx context.Context, _ *struct{}) (*api.Answer[accountView], error) {
	actor := actor.FromContext(ctx)
	if actor.AccountID == "" {
		return h.respondMember(ctx, actor)
	}
	person, err := h.accounts.Account(ctx, actor.AccountID)
	if err != nil {
		return nil, err
	}
	if actor.OnlyCommunity != "" { // started by another system, which may see only the names in its community
		person.FirstName, person.LastName, person.DisplayName, person.SignedInAt = "", "", "", 0
		return api.Respond("Your account", newAccountView(person)), nil
	}
	return h.respondAccount(ctx, "Your account", person)
}

// respondAccount responds with an account and its pending email address.
func (h *handlers) respondAccount(ctx context.Context, message string, person account.Account) (*api.Answer[accountView], error) {
	pending, err := h.accounts.PendingEmail(ctx, person.ID)
	if err != nil {
		return nil, err
	}
	view := newAccountView(person)
	view.PendingEmail = pending
	return api.Respond(message, view), nil
}

type accountChange struct {
	api.Client
	Body struct {
		Username        *string `json:"username,omitempty" example:"ada" doc:"2 to 50 letters, digits and . _ -"`
		Email           *string `json:"email,omitempty" example:"ada@new.example" doc:"Becomes the address when the link in its mail is opened. The current address cancels a pending change."`
		FirstName       *string `json:"firstname,omitempty" example:"Ada" doc:"Up to 50 characters; empty: none."`
		LastName        *string `json:"lastname,omitempty" example:"Lovelace" doc:"As firstname."`
		DisplayName     *string `json:"displayname,omitempty" example:"Ada L." doc:"As firstname."`
		CurrentPassword string  `json:"currentPassword,omitempty" doc:"Required unless you signed in within the last ten minutes."`
	} `nameHint:"AccountChange"`
}

func (h *handlers) updateMe(ctx context.Context, in *accountChange) (*api.Answer[accountView], error) {
	b := &in.Body
	changed, err := h.accounts.UpdateAccount(ctx, actor.FromContext(ctx), signin.Update{
		Username: b.Username, Email: b.Email, FirstName: b.FirstName, LastName: b.LastName, DisplayName: b.DisplayName,
		Password: b.CurrentPassword, Address: in.SessionInfo().Address, Source: wire.SourceType, AcceptLanguage: in.AcceptLanguage(),
	})
	if err != nil {
		return nil, err
	}
	return h.respondAccount(ctx, "Account updated", changed)
}
