package account

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/sqldb"
)

// Account is a person on this installation.
type Account struct {
	ID                string
	Number            int64 // the small numeric id of the wire
	Email, Username   string
	Language          string // chosen by the person, a BCP 47 tag; "": none
	InstallationOwner bool   // may everything in every community
	FirstName         string // as the person gave it when they registered, "" otherwise; members have their own
	LastName          string // as FirstName
	DisplayName       string // as FirstName
	CreatedAt         int64  // Unix milliseconds
	SignedInAt        int64  // Unix milliseconds, 0: never
}

// Input is what a new account is made from.
type Input struct {
	Email, Username   string
	Password          string // "": the account cannot sign in with a password
	InstallationOwner bool
}

// newAccount is a checked Input.
type newAccount struct {
	ID                               string
	Email, EmailKey                  string
	Username, UsernameKey            string
	CreatedAt                        int64 // Unix milliseconds
	passwordHash                     string
	firstName, lastName, displayName string
	installationOwner                bool
	signedInAt                       int64
}

// identify gives the account its id, and the moment it is made at.
func (n *newAccount) identify(now time.Time) { n.ID, n.CreatedAt = id.New(now), now.UnixMilli() }

// CreateAccount makes an account that is in no community. It fails with
// Invalid "invalid_input", or Conflict "email_taken" or "username_taken"; both
// name every wrong field.
func (a *Accounts) CreateAccount(ctx context.Context, in Input) (Account, error) {
	made, err := a.prepare(ctx, in)
	if err != nil {
		return Account{}, err
	}
	var account Account
	err = a.db.Tx(ctx, func(tx *sqldb.Tx) (err error) {
		account, err = insertAccount(ctx, tx, made)
		return err
	})
	if err != nil {
		return Account{}, a.taken(ctx, made, err)
	}
	return account, nil
}

// Account returns an account, or NotFound "account_not_found".
func (a *Accounts) Account(ctx context.Context, accountID string) (Account, error) {
	return LoadAccount(ctx, a.db, accountID)
}

// HasAccount reports whether an account has an email address. What it says must
// reach nobody but who reads the mail of that address.
func HasAccount(ctx context.Context, q sqldb.Querier, email string) (bool, error) {
	taken, _, err := keysTaken(ctx, q, EmailKey(email), "")
	return taken, err
}

// InstallationOwners returns the accounts that may do everything in every
// community, by id.
func InstallationOwners(ctx context.Context, q sqldb.Querier) (map[string]bool, error) {
	ids, err := installationOwners(ctx, q)
	owners := make(map[string]bool, len(ids))
	for _, accountID := range ids {
		owners[accountID] = true
	}
	return owners, err
}

// prepare checks the input and hashes the password: all that is slow, before
// the transaction.
func (a *Accounts) prepare(ctx context.Context, in Input) (newAccount, error) {
	made, wrong := in.checked()
	if err := errs.InvalidFields(wrong); err != nil {
		return newAccount{}, err
	}
	made.identify(a.clock.Now())
	if in.Password == "" {
		return made, nil
	}
	hash, err := a.hash(ctx, in.Password)
	made.passwordHash = hash
	return made, err
}

// checked returns what can be made of the input, and every wrong field.
func (in Input) checked() (newAccount, []errs.Field) {
	made := newAccount{installationOwner: in.InstallationOwner}
	var wrong []errs.Field
	check := func(field, problem string) {
		if problem != "" {
			wrong = append(wrong, errs.Field{Field: field, Code: "invalid", Message: problem})
		}
	}
	var problem string
	made.Email, made.EmailKey, problem = CheckEmail(in.Email)
	check("email", problem)
	made.Username, made.UsernameKey, problem = CheckUsername(in.Username)
	check("username", problem)
	if in.Password != "" {
		check("password", passwordProblem(in.Password, made.EmailKey, made.UsernameKey))
	}
	return made, wrong
}

// taken turns a unique violation into the conflict that names its fields.
func (a *Accounts) taken(ctx context.Context, made newAccount, cause error) error {
	if !sqldb.IsDuplicate(cause) {
		return cause
	}
	email, username, err := keysTaken(ctx, a.db, made.EmailKey, made.UsernameKey)
	if err != nil {
		return errors.Join(cause, err)
	}
	var fields []errs.Field
	if email {
		fields = append(fields, emailTaken)
	}
	if username {
		fields = append(fields, usernameTaken)
	}
	if len(fields) == 0 {
		return fmt.Errorf("account in the way is gone: %w", cause)
	}
	return conflict(fields...).Because(cause)
}

var (
	emailTaken    = errs.Field{Field: "email", Code: "email_taken", Message: "This email address belongs to another account."}
	usernameTaken = errs.Field{Field: "username", Code: "username_taken", Message: "This username belongs to another account."}
)

// conflict returns the Conflict of the values that belong to another account.
func conflict(fields ...errs.Field) *errs.Error {
	return errs.New(errs.Conflict, fields[0].Code, "%s", fields[0].Message).WithFields(fields...)
}
