package account

import (
	"context"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/text"
)

// createFromClaims creates an account without a password for an email address
// that the provider has verified. It fails with Forbidden "no_account" if
// registration is closed.
func (a *Accounts) createFromClaims(ctx context.Context, tx *sqldb.Tx, identityClaims claims) (accountID string, err error) {
	if a.closed {
		return "", errs.New(errs.Forbidden, "no_account", "No account has your email address, and registration is closed. Ask the people who run this server.")
	}
	var n newAccount
	n.Email, n.EmailKey, _ = CheckEmail(identityClaims.Email) // checked before
	n.firstName, n.lastName = validName(identityClaims.GivenName), validName(identityClaims.FamilyName)
	n.assignID(a.clock.Now())
	if assigned, added, err := a.assignedUsername(ctx, tx, n.EmailKey); err != nil {
		return "", err
	} else if added {
		identityClaims.PreferredUsername = assigned
	}
	if err := n.pickUsername(ctx, tx, identityClaims.PreferredUsername); err != nil {
		return "", err
	}
	account, err := insertAccount(ctx, tx, n)
	return account.ID, err
}

// validName returns a name in its stored form, "" if it is invalid.
func validName(name string) string {
	name, ok := text.Line(name, maxName)
	if !ok {
		return ""
	}
	return name
}
