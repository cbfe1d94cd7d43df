package auth

import (
	"context"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/api"
	"github.com/regulars/regulars/internal/errs"
)

var signMembersIn = []actor.Permission{actor.PermSignIn}

func (h *handlers) signInLinkRoutes(g *api.Group) {
	api.Add(g, api.Route{
		Method: "GET", Path: "/v1/auth/secure-auth", ID: "secureAuth", Summary: "Sign a member in from another system",
		Permissions: signMembersIn, Traits: api.Compat, KeyHeader: "apiKey",
		Description: "Creates a link that signs a member in, for systems that have authenticated the member themselves. Requires a key of the community with the permission `signIn`, which `*` does not include. The session is valid in that community only. Members with a server permission cannot have one: 403 `limited_session`. 404 `user_not_found` for a person without a membership, whether or not an account exists.",
	}, h.secureAuth)
	api.Add(g, api.Route{
		Method: "GET", Path: "/api/secureAuth", ID: "secureAuthOlder", Summary: "Sign a member in from another system",
		Permissions: signMembersIn, Traits: api.Compat, KeyHeader: "apiKey",
		Description: "An alias of `secureAuth`.",
	}, h.secureAuth)
}

// signInLinkInput is the request of another system. accessLevel has no effect:
// permissions come from roles.
type signInLinkInput struct {
	APIKey      string `header:"apiKey" doc:"The key; x-api-key and Authorization work too."`
	Host        string `header:"hostname" maxLength:"253" doc:"The name of the other system, which the member sees in the list of sessions."`
	UserID      string `query:"userId" doc:"_id, number, email or username of the member."`
	Email       string `query:"email" doc:"Instead of userId; if both are sent, they must name the same user."`
	AccessLevel string `query:"accessLevel" doc:"Ignored: it grants nothing."`
	Action      string `query:"action" enum:"login" default:"login"`
}

type signInLinkOutput struct {
	Body struct {
		Error     bool   `json:"error" doc:"Always false."`
		LoginURL  string `json:"loginUrl" doc:"Open it in the member's browser: it signs the member in, once, within five minutes."`
		SessionID string `json:"sessionId" doc:"The _id of the session that the link starts."`
	} `nameHint:"LoginUrl"`
}

func (h *handlers) secureAuth(ctx context.Context, in *signInLinkInput) (*signInLinkOutput, error) {
	if err := h.access.CanCreateSignInLink(ctx, actor.FromContext(ctx)); err != nil {
		return nil, err
	}
	ref := in.UserID
	if ref == "" {
		ref = in.Email
	}
	if ref == "" {
		return nil, errs.InvalidFields([]errs.Field{{Field: "userId", Code: "required", Message: "Send userId or email."}})
	}
	found, err := h.members.Find(ctx, actor.FromContext(ctx), api.CommunityID(ctx), ref)
	if err != nil {
		return nil, err
	}
	if in.Email != "" && account.EmailKey(in.Email) != account.EmailKey(found.Email) {
		return nil, errs.New(errs.NotFound, "user_not_found", "userId and email belong to different users.")
	}
	link, err := h.access.CreateSignInLink(ctx, actor.FromContext(ctx), found.ID, in.Host)
	if err != nil {
		return nil, err
	}
	out := &signInLinkOutput{}
	out.Body.LoginURL, out.Body.SessionID = link.URL, link.SessionID
	return out, nil
}
