package account

import (
	"context"
	"strings"
	"unicode/utf8"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
)

const accountColumns = "id, number, email, username, installation_owner, first_name, last_name, display_name, language, created_at, signed_in_at"

func scanAccount(s sqldb.Scanner) (Account, error) {
	var a Account
	err := s.Scan(&a.ID, &a.Number, &a.Email, &a.Username, &a.InstallationOwner,
		&a.FirstName, &a.LastName, &a.DisplayName, &a.Language, &a.CreatedAt, &a.SignedInAt)
	return a, err
}

// InsertAccount stores an account with a verified address, or one that the
// operator of the installation vouches for.
func InsertAccount(ctx context.Context, tx *sqldb.Tx, n Draft) (Account, error) {
	numbers, err := AllocateNumbers(ctx, tx, 1)
	if err != nil {
		return Account{}, err
	}
	return scanAccount(tx.QueryRow(ctx, `INSERT INTO accounts
		(number, id, email, email_key, username, username_key, password_hash, first_name, last_name, display_name, installation_owner, signed_in_at, created_at, updated_at, email_verified_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13, $13) RETURNING `+accountColumns,
		numbers[0], n.ID, n.Email, n.EmailKey, n.Username, n.UsernameKey, n.PasswordHash, n.FirstName, n.LastName, n.DisplayName,
		n.InstallationOwner, n.signedInAt, n.CreatedAt))
}

// LoadAccount returns an account, or NotFound "account_not_found".
func LoadAccount(ctx context.Context, q sqldb.Querier, accountID string) (Account, error) {
	return sqldb.One(ctx, q, "account", scanAccount, "SELECT "+accountColumns+" FROM accounts WHERE id = $1", accountID)
}

// KeysTaken reports which keys belong to accounts.
func KeysTaken(ctx context.Context, q sqldb.Querier, emailKey, usernameKey string) (email, username bool, err error) {
	err = q.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM accounts WHERE email_key = $1),
		EXISTS (SELECT 1 FROM accounts WHERE username_key = $2)`, emailKey, usernameKey).Scan(&email, &username)
	return email, username, err
}

// UpdateProfile sets the names and the language.
func UpdateProfile(ctx context.Context, q sqldb.Querier, a Account, now int64) error {
	_, err := q.Exec(ctx, "UPDATE accounts SET first_name = $1, last_name = $2, display_name = $3, language = $4, updated_at = $5 WHERE id = $6",
		a.FirstName, a.LastName, a.DisplayName, a.Language, now, a.ID)
	return err
}

func installationOwners(ctx context.Context, q sqldb.Querier) ([]string, error) {
	return sqldb.All(ctx, q, sqldb.Value[string], "SELECT id FROM accounts WHERE installation_owner")
}

// UpdateEmail sets a confirmed email address.
func UpdateEmail(ctx context.Context, tx *sqldb.Tx, accountID, email, key string, now int64) error {
	_, err := tx.Exec(ctx, "UPDATE accounts SET email = $1, email_key = $2, email_verified_at = $3, updated_at = $3 WHERE id = $4", email, key, now, accountID)
	return err
}

// UpdateUsername sets a username and its key.
func UpdateUsername(ctx context.Context, tx *sqldb.Tx, accountID, username, key string, now int64) error {
	_, err := tx.Exec(ctx, "UPDATE accounts SET username = $1, username_key = $2, updated_at = $3 WHERE id = $4", username, key, now, accountID)
	return err
}

// LockAccount locks the row of an account until the transaction ends.
func LockAccount(ctx context.Context, tx *sqldb.Tx, accountID string) (Account, error) {
	return sqldb.One(ctx, tx, "account", scanAccount, "SELECT "+accountColumns+" FROM accounts WHERE id = $1 "+tx.Dialect().Lock(), accountID)
}

// MarkVerified reports false for an address that was verified before.
func MarkVerified(ctx context.Context, tx *sqldb.Tx, accountID string, now int64) (bool, error) {
	n, err := tx.Exec(ctx, "UPDATE accounts SET email_verified_at = $1 WHERE id = $2 AND email_verified_at = 0", now, accountID)
	return n > 0, err
}

// VerifiedAt returns the time of verification in Unix milliseconds, 0 for never.
func VerifiedAt(ctx context.Context, q sqldb.Querier, accountID string) (int64, error) {
	return sqldb.One(ctx, q, "account", sqldb.Value[int64], "SELECT email_verified_at FROM accounts WHERE id = $1", accountID)
}

// PasswordExists reads a partial index without imported accounts.
func PasswordExists(ctx context.Context, q sqldb.Querier) (exists bool, err error) {
	err = q.QueryRow(ctx, "SELECT EXISTS (SELECT 1 FROM accounts WHERE password_hash <> '')").Scan(&exists)
	return exists, err
}

// LockPassword returns the hash of a password and locks it until the
// transaction ends.
func LockPassword(ctx context.Context, tx *sqldb.Tx, accountID string) (string, error) {
	return sqldb.One(ctx, tx, "account", sqldb.Value[string], "SELECT password_hash FROM accounts WHERE id = $1 "+tx.Dialect().Lock(), accountID)
}

// UpdatePassword sets the hash of a password, "" for none.
func UpdatePassword(ctx context.Context, tx *sqldb.Tx, accountID, hash string, now int64) error {
	_, err := tx.Exec(ctx, "UPDATE accounts SET password_hash = $1, updated_at = $2 WHERE id = $3", hash, now, accountID)
	return err
}

// RehashPassword sets a new hash unless the password has changed since old was
// read.
func RehashPassword(ctx context.Context, q sqldb.Querier, accountID, old, hash string) error {
	_, err := q.Exec(ctx, "UPDATE accounts SET password_hash = $1 WHERE id = $2 AND password_hash = $3", hash, accountID, old)
	return err
}

// Login is an account with its password hash; the zero value means none.
type Login struct {
	Account      Account // ID and Email only
	PasswordHash string
}

// FindLogin returns the account of an email address or a username, the zero Login
// for none.
func FindLogin(ctx context.Context, q sqldb.Querier, name string) (Login, error) {
	if !utf8.ValidString(name) || strings.ContainsRune(name, 0) {
		return Login{}, nil // PostgreSQL rejects such a string
	}
	column, key := "username_key", UsernameKey(name)
	if strings.Contains(name, "@") {
		column, key = "email_key", EmailKey(name)
	}
	scan := func(r sqldb.Scanner) (l Login, err error) {
		err = r.Scan(&l.Account.ID, &l.Account.Email, &l.PasswordHash)
		return l, err
	}
	l, err := sqldb.One(ctx, q, "account", scan, "SELECT id, email, password_hash FROM accounts WHERE "+column+" = $1", key)
	if errs.KindOf(err) == errs.NotFound {
		return Login{}, nil
	}
	return l, err
}

// RecordSignIn sets the time of the last sign-in.
func RecordSignIn(ctx context.Context, tx *sqldb.Tx, accountID string, now int64) (Account, error) {
	return sqldb.One(ctx, tx, "account", scanAccount,
		"UPDATE accounts SET signed_in_at = $1 WHERE id = $2 RETURNING "+accountColumns, now, accountID)
}

// PasswordHash returns the hash of a password, "" for none.
func PasswordHash(ctx context.Context, q sqldb.Querier, accountID string) (string, error) {
	return sqldb.One(ctx, q, "account", sqldb.Value[string], "SELECT password_hash FROM accounts WHERE id = $1", accountID)
}

// IDByEmail returns the id of an account, "" if there is none.
func IDByEmail(ctx context.Context, q sqldb.Querier, emailKey string) (accountID string, err error) {
	ids, err := sqldb.All(ctx, q, sqldb.Value[string], "SELECT id FROM accounts WHERE email_key = $1", emailKey)
	if err != nil || len(ids) == 0 {
		return "", err
	}
	return ids[0], nil
}
