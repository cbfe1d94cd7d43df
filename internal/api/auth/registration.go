package auth

import (
	"context"

	"github.com/regulars/regulars/internal/account/signin"
	"github.com/regulars/regulars/internal/api"
	"github.com/regulars/regulars/internal/api/wire"
	"github.com/regulars/regulars/internal/errs"
)

func (h *handlers) registrationRoutes(g *api.Group) {
	api.Add(g, api.Route{
		Method: "POST", Path: "/v1/auth/register", ID: "register", Summary: "Register",
		Traits: api.Public | api.Created | api.LimitSignIns, Secrets: []string{"password"},
		Description: "Mails a link that creates the account or, if the address has an account, a notice. Of several registrations of an address only the latest link works. Response and response time are the same in both cases. 403 `registration_closed` if registration is disabled.",
	}, h.register)
	api.Add(g, api.Route{
		Method: "POST", Path: "/v1/auth/verify-email", ID: "verifyEmail", Summary: "Verify an email address",
		Traits: api.Public | api.MayBeGone | api.LimitSignIns, Secrets: []string{"token"},
		Description: "Creates the registered account. The token works once, within 24 hours; after 409 `username_taken` it works again with another `username`. If the address was registered with different passwords, the account has no password and a link to choose one is mailed. The token of a new email address (`updateMe`) confirms that address; 409 `email_taken` if another account has taken it.",
	}, h.verifyEmail)
}

type registrationInput struct {
	api.Client
	Body struct {
		Email       string `json:"email" example:"ada@example.com"`
		Username    string `json:"username" example:"ada" doc:"2 to 50 letters, digits and . _ -"`
		Password    string `json:"password" example:"blue cow over 9 hills" doc:"At least 10 characters, one of them neither letter nor digit; no common password."`
		FirstName   string `json:"firstname" example:"Ada"`
		LastName    string `json:"lastname" example:"Lovelace"`
		DisplayName string `json:"displayname,omitempty" example:"Ada L."`
	} `nameHint:"Registration"`
}

type registered struct {
	Email string `json:"email" doc:"The address of the mail."`
}

func (h *handlers) register(ctx context.Context, in *registrationInput) (*api.Answer[registered], error) {
	b := &in.Body
	err := h.accounts.Register(ctx, signin.RegisterInput{
		Email: b.Email, Username: b.Username, Password: b.Password, Language: in.AcceptLanguage(),
		FirstName: b.FirstName, LastName: b.LastName, DisplayName: b.DisplayName,
	})
	if err != nil {
		return nil, err
	}
	return api.Respond("We have sent a mail to this address. Open its link to continue.", registered{b.Email}), nil
}

type verification struct {
	Body struct {
		Token    string `json:"token" doc:"The token in the link of the mail."`
		Username string `json:"username,omitempty" doc:"Replaces the registered username, after 409 username_taken."`
	} `nameHint:"Verification"`
}

func (h *handlers) verifyEmail(ctx context.Context, in *verification) (*api.Answer[accountView], error) {
	changed, err := h.accounts.ConfirmEmail(ctx, in.Body.Token, wire.SourceType)
	if err == nil {
		return api.Respond("Email address changed", newAccountView(changed)), nil
	}
	if !errs.Is(err, "link_expired") {
		return nil, err
	}
	created, err := h.accounts.VerifyEmail(ctx, in.Body.Token, in.Body.Username)
	if err != nil {
		return nil, err
	}
	has, err := h.accounts.HasPassword(ctx, created.ID)
	switch {
	case err != nil:
		return nil, err
	case !has:
		return api.Respond("Account created. It was registered with different passwords: choose one with the link in the mail.", newAccountView(created)), nil
	}
	return api.Respond("Account created. Sign in now.", newAccountView(created)), nil
}
