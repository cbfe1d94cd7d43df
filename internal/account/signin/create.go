package signin

import (
	"context"
	"errors"
	"fmt"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/account/password"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
)

// CreateAccount creates an account without memberships. It fails with Invalid
// "invalid_input", or Conflict "email_taken" or "username_taken"; the error
// names every wrong field.
func (a *Accounts) CreateAccount(ctx context.Context, in Input) (account.Account, error) {
	n, err := a.prepare(ctx, in)
	if err != nil {
		return account.Account{}, err
	}
	var acct account.Account
	err = a.db.Tx(ctx, func(tx *sqldb.Tx) (err error) {
		acct, err = account.InsertAccount(ctx, tx, n)
		return err
	})
	if err != nil {
		return account.Account{}, a.conflictOf(ctx, n, err)
	}
	return acct, nil
}

// Account returns an account, or NotFound "account_not_found".
func (a *Accounts) Account(ctx context.Context, accountID string) (account.Account, error) {
	return account.LoadAccount(ctx, a.db, accountID)
}

// prepare validates the input and hashes the password, which is too slow for a
// transaction.
func (a *Accounts) prepare(ctx context.Context, in Input) (account.Draft, error) {
	n, wrong := in.validate()
	if err := errs.InvalidFields(wrong); err != nil {
		return account.Draft{}, err
	}
	n.AssignID(a.clock.Now())
	if in.Password == "" {
		return n, nil
	}
	hash, err := a.hasher.Hash(ctx, in.Password)
	n.PasswordHash = hash
	return n, err
}

// validate returns the normalised account and every wrong field.
func (in Input) validate() (account.Draft, []errs.Field) {
	n := account.Draft{InstallationOwner: in.InstallationOwner}
	var wrong []errs.Field
	check := func(field, problem string) {
		if problem != "" {
			wrong = append(wrong, errs.Field{Field: field, Code: "invalid", Message: problem})
		}
	}
	var problem string
	n.Email, n.EmailKey, problem = account.CheckEmail(in.Email)
	check("email", problem)
	n.Username, n.UsernameKey, problem = account.CheckUsername(in.Username)
	check("username", problem)
	if in.Password != "" {
		check("password", password.Problem(in.Password, n.EmailKey, n.UsernameKey))
	}
	return n, wrong
}

// conflictOf converts a unique violation to a Conflict that names the fields.
func (a *Accounts) conflictOf(ctx context.Context, n account.Draft, cause error) error {
	if !sqldb.IsDuplicate(cause) {
		return cause
	}
	email, username, err := account.KeysTaken(ctx, a.db, n.EmailKey, n.UsernameKey)
	if err != nil {
		return errors.Join(cause, err)
	}
	var fields []errs.Field
	if email {
		fields = append(fields, account.EmailTaken)
	}
	if username {
		fields = append(fields, account.UsernameTaken)
	}
	if len(fields) == 0 {
		return fmt.Errorf("conflicting account was deleted: %w", cause)
	}
	return account.Conflict(fields...).Because(cause)
}
