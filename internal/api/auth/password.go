package auth

import (
	"context"

	"github.com/regulars/regulars/internal/account/signin"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/api"
)

func (h *handlers) passwordRoutes(g *api.Group) {
	api.Add(g, api.Route{
		Method: "POST", Path: "/v1/auth/forgot-password", ID: "forgotPassword", Summary: "Request a password reset",
		Traits:      api.Public | api.LimitSignIns,
		Description: "Mails a link to choose a new password, if an account has the address, at most five times per hour. Response and response time are the same in both cases.",
	}, h.forgotPassword)
	api.Add(g, api.Route{
		Method: "POST", Path: "/v1/auth/reset-password", ID: "resetPassword", Summary: "Reset the password",
		Traits: api.Public | api.MayBeGone | api.LimitSignIns, Secrets: []string{"token", "newPassword"},
		Description: "The token works once, within an hour. All sessions and user API keys of the account are revoked. If this verifies the address for the first time, all other sign-in methods of the account are removed.",
	}, h.resetPassword)
	api.Add(g, api.Route{
		Method: "POST", Path: "/v1/auth/change-password", ID: "changePassword", Summary: "Change the password",
		Permissions: signedIn, Traits: api.PerUser | api.LimitSignIns, Secrets: []string{"currentPassword", "newPassword"},
		Description: "All other sessions and the user API keys of the account are revoked. 401 `wrong_password` counts as a failed sign-in.",
	}, h.changePassword)
}

type forgotInput struct {
	api.Client
	Body struct {
		Email string `json:"email" example:"ada@example.com"`
	} `nameHint:"ForgotPassword"`
}

func (h *handlers) forgotPassword(ctx context.Context, in *forgotInput) (*api.Answer[registered], error) {
	if err := h.accounts.ForgotPassword(ctx, in.Body.Email, in.AcceptLanguage()); err != nil {
		return nil, err
	}
	return api.Respond("If an account has this address, we have sent a mail to it.", registered{in.Body.Email}), nil
}

type resetInput struct {
	api.Client
	Body struct {
		Token       string `json:"token" doc:"The token in the link of the mail."`
		NewPassword string `json:"newPassword"`
		Username    string `json:"username,omitempty" doc:"Only for a member without an account: replaces the username that the community chose, after 409 username_taken."`
	} `nameHint:"ResetPassword"`
}

func (h *handlers) resetPassword(ctx context.Context, in *resetInput) (*api.Answer[accountView], error) {
	person, err := h.accounts.ResetPassword(ctx, in.Body.Token, in.Body.NewPassword, in.Body.Username, in.SessionInfo())
	if err != nil {
		return nil, err
	}
	return api.Respond("Password changed. All sessions have ended; sign in now.", newAccountView(person)), nil
}

type passwordInput struct {
	api.Client
	Body struct {
		CurrentPassword string `json:"currentPassword,omitempty" doc:"Required unless the account has no password and you have just signed in."`
		NewPassword     string `json:"newPassword"`
	} `nameHint:"ChangePassword"`
}

func (h *handlers) changePassword(ctx context.Context, in *passwordInput) (*api.Answer[nothing], error) {
	err := h.accounts.ChangePassword(ctx, actor.FromContext(ctx), signin.PasswordChange{
		Current: in.Body.CurrentPassword, New: in.Body.NewPassword, Address: in.SessionInfo().Address, Device: in.SessionInfo().Device,
	})
	if err != nil {
		return nil, err
	}
	return api.Respond("Password changed. All other sessions have ended.", nothing{}), nil
}
