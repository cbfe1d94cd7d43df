package account

import (
	"context"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/text"
)

// newcomer makes an account without a password for somebody whose address the
// provider has verified. It fails with Forbidden "no_account" where nobody may
// register.
func (a *Accounts) newcomer(ctx context.Context, tx *sqldb.Tx, said claims) (accountID string, err error) {
	if a.closed {
		return "", errs.New(errs.Forbidden, "no_account", "There is no account with your email address here, and nobody can make one. Ask the people who run this server.")
	}
	var made newAccount
	made.Email, made.EmailKey, _ = CheckEmail(said.Email) // checked before
	made.firstName, made.lastName = nameOf(said.GivenName), nameOf(said.FamilyName)
	made.identify(a.clock.Now())
	if given, added, err := a.givenName(ctx, tx, made.EmailKey); err != nil {
		return "", err
	} else if added {
		said.PreferredUsername = given
	}
	if err := made.findUsername(ctx, tx, said.PreferredUsername); err != nil {
		return "", err
	}
	account, err := insertAccount(ctx, tx, made)
	return account.ID, err
}

// nameOf is a name as it can be kept, "" when it cannot.
func nameOf(name string) string {
	name, ok := text.Line(name, maxName)
	if !ok {
		return ""
	}
	return name
}
