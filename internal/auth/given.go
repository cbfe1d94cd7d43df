package auth

import (
	"context"

	"github.com/regulars/regulars/internal/sqldb"
)

// Holds reports whether the actor is a program whose key has a permission.
func (a Actor) Holds(p Permission) bool { return grants(a.Permissions, p) }

// PasswordProblem says in a sentence why an account with these keys cannot
// have a password, "" when it can.
func PasswordProblem(password, emailKey, usernameKey string) string {
	return passwordProblem(password, emailKey, usernameKey)
}

// HashPassword returns what is kept of a password. It takes a while on purpose:
// call it before a transaction, not in one.
func (a *Auth) HashPassword(ctx context.Context, password string) (string, error) {
	return a.hash(ctx, password)
}

// GivePassword gives a new account its password, in the transaction that makes
// the account. hash comes from HashPassword.
func GivePassword(ctx context.Context, tx *sqldb.Tx, accountID, hash string) error {
	_, err := tx.Exec(ctx, "UPDATE accounts SET password_hash = $1 WHERE id = $2 AND password_hash = ''", hash, accountID)
	return err
}
