package auth

import (
	"context"
	"time"

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
	return setFirstPassword(ctx, tx, accountID, hash)
}

// onlineFor is how long after a request of theirs somebody counts as online.
const onlineFor = 5 * time.Minute

// IsOnline reports whether a person was seen in the last minutes, with a
// session that works in the community.
func (a *Auth) IsOnline(ctx context.Context, accountID, communityID string) (bool, error) {
	now := a.clock.Now()
	n, err := countSeen(ctx, a.db, accountID, communityID, now.Add(-onlineFor).UnixMilli(), now.UnixMilli())
	return n > 0, err
}
