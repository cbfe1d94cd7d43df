package account

import (
	"context"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
)

// Follower takes part in the transaction that changes the username or the
// confirmed email address of an account. The row of the account is locked and
// has its new values; source is Change.Source.
type Follower func(ctx context.Context, tx *sqldb.Tx, before, after Account, source string) error

func (a *Accounts) follow(ctx context.Context, tx *sqldb.Tx, before, after Account, source string) error {
	for _, f := range a.followers {
		if err := f(ctx, tx, before, after, source); err != nil {
			return err
		}
	}
	return nil
}

// Rename gives an account another username in the caller's transaction and
// returns the account. Every community shows the new name. The caller checks
// that the actor of ctx may rename the account. It fails with Invalid
// "invalid_input", NotFound "account_not_found", or Conflict "username_taken",
// which rolls the transaction back.
func (a *Accounts) Rename(ctx context.Context, tx *sqldb.Tx, accountID, username, source string) (Account, error) {
	username, key, problem := CheckUsername(username)
	if problem != "" {
		return Account{}, errs.InvalidFields([]errs.Field{{Field: "username", Code: "invalid", Message: problem}})
	}
	before, err := lockAccount(ctx, tx, accountID)
	if err != nil || before.Username == username {
		return before, err
	}
	if key != UsernameKey(before.Username) {
		_, taken, err := keysTaken(ctx, tx, "", key)
		if err != nil {
			return Account{}, err
		}
		if taken {
			return Account{}, conflict(usernameTaken)
		}
	}
	if err := updateUsername(ctx, tx, accountID, username, key, a.clock.MS()); err != nil {
		if sqldb.IsDuplicate(err) { // another transaction was first
			err = conflict(usernameTaken).Because(err)
		}
		return Account{}, err
	}
	after := before
	after.Username = username
	return after, a.follow(ctx, tx, before, after, source)
}
