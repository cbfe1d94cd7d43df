package auth

import (
	"context"

	"github.com/regulars/regulars/internal/mail"
	"github.com/regulars/regulars/internal/sqldb"
)

// methodAdded writes to the person of an account that there is a new way to
// sign in, in English words. Where nothing can be written nothing is.
func (a *Auth) methodAdded(ctx context.Context, tx *sqldb.Tx, accountID, method string) error {
	if a.mail == nil || a.baseURL == "" {
		return nil
	}
	account, err := loadAccount(ctx, tx, accountID)
	if err != nil {
		return err
	}
	return a.mail.Send(ctx, tx, mail.Message{
		To: account.Email, ToName: account.Username, Template: mail.SignInAdded,
		Values: map[string]string{"method": method, "link": a.baseURL + "/account/security"},
	})
}
