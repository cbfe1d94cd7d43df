package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/httpx"
)

// accountView is a person on this installation, as they see themselves.
type accountView struct {
	ID          string `json:"_id" example:"6a21d1c09f3b0c4d5e6f7a8b"`
	UserID      int64  `json:"userId" example:"1042" doc:"The account's small number."`
	Username    string `json:"username" example:"ada"`
	Email       string `json:"email" example:"ada@example.com"`
	FirstName   string `json:"firstName" doc:"As it was registered; a community has its own."`
	LastName    string `json:"lastName"`
	DisplayName string `json:"displayName"`
	Language    string `json:"language" doc:"BCP 47; empty: none was chosen."`
	CreatedAt   string `json:"createdAt" format:"date-time"`
	LastLogin   string `json:"lastLogin,omitempty" format:"date-time" doc:"Absent: never."`

	PendingEmail string `json:"pendingEmail,omitempty" example:"ada@new.example" doc:"The new email address that waits for its confirmation, in answers of me and updateMe. Absent: none."`
}

func wireAccount(a account.Account) accountView {
	return accountView{
		ID: a.ID, UserID: a.Number, Username: a.Username, Email: a.Email, FirstName: a.FirstName, LastName: a.LastName,
		DisplayName: a.DisplayName, Language: a.Language, CreatedAt: clock.Format(a.CreatedAt), LastLogin: clock.Format(a.SignedInAt),
	}
}

// Caller is the part of an input that tells what a client says of itself.
type Caller struct {
	request  *http.Request
	info     account.SessionInfo
	language string
}

// Resolve reads it from the request.
func (c *Caller) Resolve(ctx huma.Context) []error {
	r, _ := humachi.Unwrap(ctx)
	c.request = r
	c.info = account.SessionInfo{UserAgent: r.UserAgent(), Address: httpx.Network(r), Device: deviceOf(r), LimitError: heldOf(r.Context())}
	c.language = r.Header.Get("Accept-Language")
	return nil
}

type registrationInput struct {
	Caller
	Body struct {
		Email       string `json:"email" example:"ada@example.com"`
		Username    string `json:"username" example:"ada" doc:"2 to 50 letters, digits and . _ -"`
		Password    string `json:"password" example:"blue cow over 9 hills" doc:"At least 10 characters, one of them neither letter nor digit; none that is tried first."`
		FirstName   string `json:"firstname" example:"Ada"`
		LastName    string `json:"lastname" example:"Lovelace"`
		DisplayName string `json:"displayname,omitempty" example:"Ada L."`
	} `nameHint:"Registration"`
}

type registered struct {
	Email string `json:"email" doc:"The address that a mail goes to."`
}

func (a *API) register(ctx context.Context, in *registrationInput) (*answer[registered], error) {
	b := &in.Body
	err := a.Accounts.Register(ctx, account.RegisterInput{
		Email: b.Email, Username: b.Username, Password: b.Password, Language: in.language,
		FirstName: b.FirstName, LastName: b.LastName, DisplayName: b.DisplayName,
	})
	if err != nil {
		return nil, err
	}
	return respond("We have written to this address. Open the link in the mail.", registered{b.Email}), nil
}

type verification struct {
	Body struct {
		Token    string `json:"token" doc:"From the link in the mail."`
		Username string `json:"username,omitempty" doc:"In the place of the one that was registered, when that is taken by now."`
	} `nameHint:"Verification"`
}

func (a *API) verifyEmail(ctx context.Context, in *verification) (*answer[accountView], error) {
	changed, err := a.Accounts.ConfirmEmail(ctx, in.Body.Token, fromAPI)
	if err == nil {
		return respond("The account has its new email address", wireAccount(changed)), nil
	}
	if !errs.Is(err, "link_expired") {
		return nil, err
	}
	made, err := a.Accounts.VerifyEmail(ctx, in.Body.Token, in.Body.Username)
	if err != nil {
		return nil, err
	}
	has, err := a.Accounts.HasPassword(ctx, made.ID)
	switch {
	case err != nil:
		return nil, err
	case !has:
		return respond("The account is made. It was asked for with different passwords, so its person chooses one by a link that is in the mail.", wireAccount(made)), nil
	}
	return respond("The account is made. Sign in now.", wireAccount(made)), nil
}

type loginInput struct {
	Caller
	Body struct {
		Login    string `json:"emailOrUsername" example:"ada@example.com"`
		Password string `json:"password"`
		Code     string `json:"code,omitempty" doc:"Of the authenticator app, or a recovery code; needed by accounts with a second factor."`
	} `nameHint:"Login"`
}

type loggedIn struct {
	Token     string      `json:"token" doc:"Send it as Authorization: Bearer <token>. Only its hash is kept."`
	ExpiresAt string      `json:"expiresAt" format:"date-time"`
	User      accountView `json:"user"`
}

type signedInAnswer struct {
	Device string `header:"Set-Cookie" doc:"Makes the client a known device of the account for 90 days: keep it, and send it with later sign-ins. It is no credential."`
	Body   success[loggedIn]
}

func (a *API) login(ctx context.Context, in *loginInput) (*signedInAnswer, error) {
	token, person, err := a.Accounts.SignInWithCode(ctx, in.Body.Login, in.Body.Password, in.Body.Code, in.info)
	if err != nil {
		return nil, err
	}
	device, err := a.Accounts.RememberDevice(ctx, person.ID, in.info.Device)
	if err != nil {
		return nil, err
	}
	until := person.SignedInAt + account.SessionLifetime.Milliseconds()
	return &signedInAnswer{
		Device: httpx.NewDeviceCookie(in.request, device, account.KnownClientLifetime).String(),
		Body:   respond("Signed in", loggedIn{token, clock.Format(until), wireAccount(person)}).Body,
	}, nil
}

type logoutInput struct {
	Body *struct {
		Everywhere bool `json:"everywhere,omitempty" doc:"End all sessions of the account, not only this one."`
	} `nameHint:"Logout"`
}

func (a *API) logout(ctx context.Context, in *logoutInput) (*answer[nothing], error) {
	caller := actor.FromContext(ctx)
	var err error
	switch {
	case caller.Kind != actor.Session:
		err = errs.New(errs.Forbidden, "session_required", "An API key has no session to end.")
	case in.Body != nil && in.Body.Everywhere:
		if err = a.Access.CanAsPerson(caller, signedIn); err == nil {
			err = a.Accounts.EndSessions(ctx, caller.AccountID, "")
		}
	default:
		err = a.Accounts.EndSession(ctx, caller.AccountID, caller.SessionID)
	}
	if err != nil {
		return nil, err
	}
	return respond("Signed out", nothing{}), nil
}

// nothing is the data of an answer that has none.
type nothing struct{}

// memberAsAccount answers a session that another system began for a member
// without an account: with what the community knows.
func (a *API) memberAsAccount(ctx context.Context, actor actor.Actor) (*answer[accountView], error) {
	m, err := a.Members.Self(ctx, actor, actor.OnlyCommunity)
	if err != nil {
		return nil, err
	}
	return respond("Your account", accountView{ID: m.ID, UserID: m.Number, Username: m.Username, Email: m.Email, CreatedAt: clock.Format(m.JoinedAt)}), nil
}

func (a *API) me(ctx context.Context, _ *struct{}) (*answer[accountView], error) {
	actor := actor.FromContext(ctx)
	if actor.AccountID == "" {
		return a.memberAsAccount(ctx, actor)
	}
	person, err := a.Accounts.Account(ctx, actor.AccountID)
	if err != nil {
		return nil, err
	}
	if actor.OnlyCommunity != "" { // another system holds it, and knows its community's names only
		person.FirstName, person.LastName, person.DisplayName, person.SignedInAt = "", "", "", 0
		return respond("Your account", wireAccount(person)), nil
	}
	return a.own(ctx, "Your account", person)
}

// own answers with an account and its pending email address.
func (a *API) own(ctx context.Context, message string, person account.Account) (*answer[accountView], error) {
	pending, err := a.Accounts.PendingEmail(ctx, person.ID)
	if err != nil {
		return nil, err
	}
	shown := wireAccount(person)
	shown.PendingEmail = pending
	return respond(message, shown), nil
}

type accountChange struct {
	Caller
	Body struct {
		Username        *string `json:"username,omitempty" example:"ada" doc:"2 to 50 letters, digits and . _ -"`
		Email           *string `json:"email,omitempty" example:"ada@new.example" doc:"Counts when the link in the mail to it was opened. The current address cancels a pending change."`
		FirstName       *string `json:"firstname,omitempty" example:"Ada" doc:"Up to 50 characters; empty: none."`
		LastName        *string `json:"lastname,omitempty" example:"Lovelace" doc:"As firstname."`
		DisplayName     *string `json:"displayname,omitempty" example:"Ada L." doc:"As firstname."`
		CurrentPassword string  `json:"currentPassword,omitempty" doc:"Needed, unless the session began within the last ten minutes."`
	} `nameHint:"AccountChange"`
}

// fromAPI is the source of changes in the history of members.
const fromAPI = "api"

func (a *API) updateMe(ctx context.Context, in *accountChange) (*answer[accountView], error) {
	b := &in.Body
	changed, err := a.Accounts.UpdateAccount(ctx, actor.FromContext(ctx), account.Update{
		Username: b.Username, Email: b.Email, FirstName: b.FirstName, LastName: b.LastName, DisplayName: b.DisplayName,
		Password: b.CurrentPassword, Address: in.info.Address, Source: fromAPI, AcceptLanguage: in.language,
	})
	if err != nil {
		return nil, err
	}
	return a.own(ctx, "Account changed", changed)
}
