package api

import (
	"context"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/actor"
)

// totpDescriptions are the descriptions of operations on the second factor.
var totpDescriptions = map[string]string{
	"startTotp":   "Makes a secret for an authenticator app. Nothing is asked for until `confirmTotp` has seen a code of it. Give `password`, unless you signed in within the last ten minutes: 403 `proof_required`. Wrong ones count as failed sign-ins.",
	"confirmTotp": "From now on a sign-in by password needs a code. The recovery codes are shown this once; each works once in the place of a code. No code works twice.",
	"disableTotp": "Give `password`, or a `code` of the app or of recovery, unless you signed in within the last ten minutes. Sessions go on.",
}

type totpProof struct {
	Caller
	Body *struct {
		Password string `json:"password,omitempty"`
		Code     string `json:"code,omitempty" doc:"Of the authenticator app, or a recovery code, in the place of the password."`
	} `nameHint:"TotpProof"`
}

// proof is what shows that it is still the person who signed in.
func (in *totpProof) proof() account.Proof {
	if in.Body == nil {
		return account.Proof{}
	}
	return account.Proof{Password: in.Body.Password, Code: in.Body.Code, Address: in.info.Address}
}

type totpSecret struct {
	Secret string `json:"secret" doc:"Base32, to be typed into the app." example:"JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"`
	URI    string `json:"uri" doc:"The same as an otpauth address, to be shown as a QR code." example:"otpauth://totp/Regulars:ada%40example.com?issuer=Regulars&secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"`
}

func (a *API) startTotp(ctx context.Context, in *totpProof) (*answer[totpSecret], error) {
	setup, err := a.Accounts.StartTOTP(ctx, actor.FromContext(ctx), in.proof())
	if err != nil {
		return nil, err
	}
	return respond("Confirm with a code of the app.", totpSecret{setup.Secret, setup.URI}), nil
}

type totpCode struct {
	Body struct {
		Code string `json:"code" example:"123456"`
	} `nameHint:"TotpCode"`
}

type recoveryCodes struct {
	RecoveryCodes []string `json:"recoveryCodes" doc:"Only their hashes are kept." example:"[\"ab2c-d3ef-gh4i-jk5l\"]"`
}

func (a *API) confirmTotp(ctx context.Context, in *totpCode) (*answer[recoveryCodes], error) {
	codes, err := a.Accounts.ConfirmTOTP(ctx, actor.FromContext(ctx), in.Body.Code)
	if err != nil {
		return nil, err
	}
	return respond("Codes are asked for from now on.", recoveryCodes{codes}), nil
}

func (a *API) disableTotp(ctx context.Context, in *totpProof) (*answer[nothing], error) {
	if err := a.Accounts.DisableTOTP(ctx, actor.FromContext(ctx), in.proof()); err != nil {
		return nil, err
	}
	return respond("Codes are not asked for any more.", nothing{}), nil
}
