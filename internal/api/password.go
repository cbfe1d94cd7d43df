package api

import (
	"context"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/actor"
)

type forgotInput struct {
	Caller
	Body struct {
		Email string `json:"email" example:"ada@example.com"`
	} `nameHint:"ForgotPassword"`
}

func (a *API) forgotPassword(ctx context.Context, in *forgotInput) (*answer[registered], error) {
	if err := a.Accounts.ForgotPassword(ctx, in.Body.Email, in.language); err != nil {
		return nil, err
	}
	return respond("If there is an account with this address, we have written to it.", registered{in.Body.Email}), nil
}

type resetInput struct {
	Caller
	Body struct {
		Token       string `json:"token" doc:"From the link in the mail."`
		NewPassword string `json:"newPassword"`
		Username    string `json:"username,omitempty" doc:"Only of a person without an account, whom a community added: in place of the username that it gave, after 409 username_taken."`
	} `nameHint:"ResetPassword"`
}

func (a *API) resetPassword(ctx context.Context, in *resetInput) (*answer[accountView], error) {
	person, err := a.Accounts.ResetPassword(ctx, in.Body.Token, in.Body.NewPassword, in.Body.Username, in.info)
	if err != nil {
		return nil, err
	}
	return respond("The password is changed and all sessions have ended. Sign in now.", wireAccount(person)), nil
}

type passwordInput struct {
	Caller
	Body struct {
		CurrentPassword string `json:"currentPassword,omitempty" doc:"Needed, unless the account has none and its session has just begun."`
		NewPassword     string `json:"newPassword"`
	} `nameHint:"ChangePassword"`
}

func (a *API) changePassword(ctx context.Context, in *passwordInput) (*answer[nothing], error) {
	err := a.Accounts.ChangePassword(ctx, actor.FromContext(ctx), account.PasswordChange{
		Current: in.Body.CurrentPassword, New: in.Body.NewPassword, Address: in.info.Address, Device: in.info.Device,
	})
	if err != nil {
		return nil, err
	}
	return respond("The password is changed and all other sessions have ended", nothing{}), nil
}
