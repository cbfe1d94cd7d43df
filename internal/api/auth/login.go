package auth

import (
	"context"

	accountsession "github.com/regulars/regulars/internal/account/session"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/api"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
)

func (h *handlers) loginRoutes(g *api.Group) {
	api.Add(g, api.Route{
		Method: "POST", Path: "/v1/auth/login", ID: "login", Summary: "Sign in",
		Traits:      api.Public | api.Secret | api.LimitSignIns | api.StartsSession,
		Description: "Starts a session of seven days. Response and response time are the same for an unknown user and a wrong password. On 401 `totp_required`, repeat the request with `code`. Ten attempts per minute for an address and for a name; after five failures the name is delayed, longer each time. The response sets the cookie `regulars_device` (`__Host-regulars_device` over HTTPS) for 90 days: sign-ins with it count for the device alone, so attempts of others do not delay them.",
	}, h.login)
	api.Add(g, api.Route{
		Method: "POST", Path: "/v1/auth/logout", ID: "logout", Summary: "Sign out",
		Permissions: anyPerson, Traits: api.PerUser,
		Description: "Ends the session of the request, or with `everywhere` all sessions and user API keys of the account.",
	}, h.logout)
}

type loginInput struct {
	api.Client
	Body struct {
		Login    string `json:"emailOrUsername" example:"ada@example.com"`
		Password string `json:"password"`
		Code     string `json:"code,omitempty" doc:"A code of the authenticator app, or a recovery code. Required with two-factor authentication."`
	} `nameHint:"Login"`
}

type loggedIn struct {
	Token     string      `json:"token" doc:"Send it as Authorization: Bearer <token>. Only its hash is stored."`
	ExpiresAt string      `json:"expiresAt" format:"date-time"`
	User      accountView `json:"user"`
}

type loginOutput struct {
	Device string `header:"Set-Cookie" doc:"Makes the client a known device of the account for 90 days: store it and send it with later sign-ins. It is not a credential."`
	Body   api.Success[loggedIn]
}

func (h *handlers) login(ctx context.Context, in *loginInput) (*loginOutput, error) {
	token, person, err := h.accounts.SignInWithCode(ctx, in.Body.Login, in.Body.Password, in.Body.Code, in.SessionInfo())
	if err != nil {
		return nil, err
	}
	device, err := h.accounts.Clients.RememberDevice(ctx, person.ID, in.SessionInfo().Device)
	if err != nil {
		return nil, err
	}
	until := person.SignedInAt + accountsession.Lifetime.Milliseconds()
	return &loginOutput{
		Device: in.DeviceCookie(device).String(),
		Body:   api.Respond("Signed in", loggedIn{token, clock.Format(until), newAccountView(person)}).Body,
	}, nil
}

type logoutInput struct {
	Body *struct {
		Everywhere bool `json:"everywhere,omitempty" doc:"true ends all sessions of the account."`
	} `nameHint:"Logout"`
}

func (h *handlers) logout(ctx context.Context, in *logoutInput) (*api.Answer[nothing], error) {
	caller := actor.FromContext(ctx)
	var err error
	switch {
	case caller.Kind != actor.Session:
		err = errs.New(errs.Forbidden, "session_required", "An API key has no session to end.")
	case in.Body != nil && in.Body.Everywhere:
		if err = h.access.CanAsPerson(caller, signedIn); err == nil {
			err = h.accounts.Sessions.EndAll(ctx, caller.AccountID, "")
		}
	default:
		err = h.accounts.Sessions.End(ctx, caller.AccountID, caller.SessionID)
	}
	if err != nil {
		return nil, err
	}
	return api.Respond("Signed out", nothing{}), nil
}
