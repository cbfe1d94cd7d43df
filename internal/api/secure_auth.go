package api

import (
	"context"
	"net/http"
	"strings"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
)

// loginQuestion is what another system asks with. accessLevel is taken and
// changes nothing: what a member may do, their roles say.
type loginQuestion struct {
	APIKey      string `header:"apiKey" doc:"The key; x-api-key and Authorization do as well."`
	Host        string `header:"hostname" maxLength:"253" doc:"What the other system calls itself; the member sees it beside the session."`
	UserID      string `query:"userId" doc:"_id, number, email or username of the member."`
	Email       string `query:"email" doc:"In the place of userId; with it, both have to fit."`
	AccessLevel string `query:"accessLevel" doc:"Taken and ignored: it never raises rights."`
	Action      string `query:"action" enum:"login" default:"login"`
}

type loginAnswer struct {
	Body struct {
		Error     bool   `json:"error" doc:"Always false."`
		LoginURL  string `json:"loginUrl" doc:"Send the member's browser there: it signs them in, once, within five minutes."`
		SessionID string `json:"sessionId" doc:"The _id of the session that begins there."`
	} `nameHint:"LoginUrl"`
}

func (a *API) secureAuth(ctx context.Context, in *loginQuestion) (*loginAnswer, error) {
	if err := a.Access.CanCreateSignInLink(ctx, actor.FromContext(ctx)); err != nil {
		return nil, err
	}
	ref := in.UserID
	if ref == "" {
		ref = in.Email
	}
	if ref == "" {
		return nil, errs.InvalidFields([]errs.Field{{Field: "userId", Code: "required", Message: "userId or email names the member."}})
	}
	found, err := a.Members.Find(ctx, here(ctx), ref)
	if err != nil {
		return nil, err
	}
	if in.Email != "" && account.EmailKey(in.Email) != account.EmailKey(found.Email) {
		return nil, errs.New(errs.NotFound, "user_not_found", "userId and email name two users.")
	}
	link, err := a.Access.CreateSignInLink(ctx, actor.FromContext(ctx), found.ID, in.Host)
	if err != nil {
		return nil, err
	}
	out := &loginAnswer{}
	out.Body.LoginURL, out.Body.SessionID = link.URL, link.SessionID
	return out, nil
}

// isSecureAuth reports whether a path is that of the operation above.
func isSecureAuth(path string) bool {
	return path == "/api/secureAuth" || strings.TrimPrefix(path, "/apis") == "/v1/auth/secure-auth"
}

// olderHeader lets the one operation that other systems ask with a header of
// its own read it as a credential.
func olderHeader(r *http.Request) *http.Request {
	key := r.Header.Get("apiKey")
	if key == "" || r.Header.Get("Authorization") != "" || r.Header.Get("X-Api-Key") != "" {
		return r
	}
	r = r.Clone(r.Context())
	r.Header.Set("X-Api-Key", key)
	return r
}
