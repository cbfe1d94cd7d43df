package account

import (
	"context"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/seal"
)

var (
	totpColumn = seal.Column{Table: "account_totp", Name: "secret", Key: "account_id"}
	// What a step remembers is gone after ten minutes, so nothing of it has to
	// be sealed anew.
	stepColumn = seal.Column{Table: "sign_in_steps", Name: "data", Key: "token_hash"}
)

// SealedColumns hold secrets that have to be read again; all others are kept as
// hashes only.
func SealedColumns() []seal.Column { return []seal.Column{totpColumn} }

// openTOTP returns the secret that an account shares with its app. It fails
// with Unavailable "second_factor_unreadable" where the key is not the one
// that it was sealed with: recovery codes work all the same.
func (a *Accounts) openTOTP(ctx context.Context, accountID string, kept totpSecret) (string, error) {
	secret, err := a.keys.Open(totpColumn, accountID, kept.secret)
	if err == nil {
		return secret, nil
	}
	a.log.ErrorContext(ctx, "secret of a second factor not readable", "account_id", accountID, "error", err)
	return "", errs.New(errs.Unavailable, "second_factor_unreadable", "The server cannot check codes of your app. Use a recovery code, or tell the people who run this server.").
		Because(err)
}
