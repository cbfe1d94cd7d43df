package auth

import (
	"context"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/api"
)

func (h *handlers) totpRoutes(g *api.Group) {
	api.Add(g, api.Route{
		Method: "POST", Path: "/v1/auth/totp", ID: "startTotp", Summary: "Set up two-factor authentication",
		Permissions: signedIn, Traits: api.PerUser | api.Secret | api.LimitSignIns, Secrets: []string{"password", "code"},
		Description: "Creates a secret for an authenticator app; `confirmTotp` enables it. Send `password` unless you signed in within the last ten minutes: 403 `proof_required`. A wrong password counts as a failed sign-in.",
	}, h.startTotp)
	api.Add(g, api.Route{
		Method: "POST", Path: "/v1/auth/totp/confirm", ID: "confirmTotp", Summary: "Enable two-factor authentication",
		Permissions: signedIn, Traits: api.PerUser | api.Secret | api.LimitSignIns, Secrets: []string{"password", "code"},
		Description: "From now on a sign-in with a password needs a code. The recovery codes are shown only once; each replaces a code once. No code works twice.",
	}, h.confirmTotp)
	api.Add(g, api.Route{
		Method: "POST", Path: "/v1/auth/totp/disable", ID: "disableTotp", Summary: "Disable two-factor authentication",
		Permissions: signedIn, Traits: api.PerUser | api.LimitSignIns, Secrets: []string{"password", "code"},
		Description: "Send `password`, or a `code` of the app or a recovery code, unless you signed in within the last ten minutes. Sessions remain valid.",
	}, h.disableTotp)
}

type totpProof struct {
	api.Client
	Body *struct {
		Password string `json:"password,omitempty"`
		Code     string `json:"code,omitempty" doc:"A code of the authenticator app, or a recovery code, instead of the password."`
	} `nameHint:"TotpProof"`
}

// proof returns the credentials for re-authentication.
func (in *totpProof) proof() account.Proof {
	if in.Body == nil {
		return account.Proof{}
	}
	return account.Proof{Password: in.Body.Password, Code: in.Body.Code, Address: in.SessionInfo().Address}
}

type totpSecret struct {
	Secret string `json:"secret" doc:"Base32, for typing into the app." example:"JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"`
	URI    string `json:"uri" doc:"The secret as an otpauth URI, for a QR code." example:"otpauth://totp/Regulars:ada%40example.com?issuer=Regulars&secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"`
}

func (h *handlers) startTotp(ctx context.Context, in *totpProof) (*api.Answer[totpSecret], error) {
	setup, err := h.accounts.StartTOTP(ctx, actor.FromContext(ctx), in.proof())
	if err != nil {
		return nil, err
	}
	return api.Respond("Confirm with a code of the app", totpSecret{setup.Secret, setup.URI}), nil
}

type totpCode struct {
	Body struct {
		Code string `json:"code" example:"123456"`
	} `nameHint:"TotpCode"`
}

type recoveryCodes struct {
	RecoveryCodes []string `json:"recoveryCodes" doc:"Only their hashes are stored." example:"[\"ab2c-d3ef-gh4i-jk5l\"]"`
}

func (h *handlers) confirmTotp(ctx context.Context, in *totpCode) (*api.Answer[recoveryCodes], error) {
	codes, err := h.accounts.ConfirmTOTP(ctx, actor.FromContext(ctx), in.Body.Code)
	if err != nil {
		return nil, err
	}
	return api.Respond("Two-factor authentication is on", recoveryCodes{codes}), nil
}

func (h *handlers) disableTotp(ctx context.Context, in *totpProof) (*api.Answer[nothing], error) {
	if err := h.accounts.DisableTOTP(ctx, actor.FromContext(ctx), in.proof()); err != nil {
		return nil, err
	}
	return api.Respond("Two-factor authentication is off", nothing{}), nil
}
