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
func (a *Accounts) createFromClaims(ctx context.Context, tx *sqldb.Tx, identityClaims claims) (accountID string, err error) {
	if a.closed {
		return "", errs.New(errs.Forbidden, "no_account", "There is no account with your email address here, and nobody can make one. Ask the people who run this server.")
	}
	var n newAccount
	n.Email, n.EmailKey, _ = CheckEmail(identityClaims.Email) // checked before
	n.firstName, n.lastName = validName(identityClaims.GivenName), validName(identityClaims.FamilyName)
	n.assignID(a.clock.Now())
	if given, added, err := a.assignedUsername(ctx, tx, n.EmailKey); err != nil {
		return "", err
	} else if added {
		identityClaims.PreferredUsername = given
	}
	if err := n.pickUsername(ctx, tx, identityClaims.PreferredUsername); err != nil {
		return "", err
	}
	account, err := insertAccount(ctx, tx, n)
	return account.ID, err
}

// nameOf is a name as it can be kept, "" when it cannot.
func validName(name string) string {
	name, ok := text.Line(name, maxName)
	if !ok {
		return ""
	}
	return name
}
