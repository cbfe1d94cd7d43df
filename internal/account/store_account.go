package account

import (
	"context"

	"github.com/regulars/regulars/internal/sqldb"
)

const accountColumns = "id, number, email, username, installation_owner, first_name, last_name, display_name, language, created_at, signed_in_at"

func scanAccount(s sqldb.Scanner) (Account, error) {
	var a Account
	err := s.Scan(&a.ID, &a.Number, &a.Email, &a.Username, &a.InstallationOwner,
		&a.FirstName, &a.LastName, &a.DisplayName, &a.Language, &a.CreatedAt, &a.SignedInAt)
	return a, err
}

// insertAccount is for accounts whose address is proven, or stood for by
// whoever runs the installation.
func insertAccount(ctx context.Context, tx *sqldb.Tx, n newAccount) (Account, error) {
	numbers, err := NewNumbers(ctx, tx, 1)
	if err != nil {
		return Account{}, err
	}
	return scanAccount(tx.QueryRow(ctx, `INSERT INTO accounts
		(number, id, email, email_key, username, username_key, password_hash, first_name, last_name, display_name, installation_owner, signed_in_at, created_at, updated_at, email_verified_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13, $13) RETURNING `+accountColumns,
		numbers[0], n.ID, n.Email, n.EmailKey, n.Username, n.UsernameKey, n.passwordHash, n.firstName, n.lastName, n.displayName,
		n.installationOwner, n.signedInAt, n.CreatedAt))
}

// LoadAccount returns an account, or NotFound "account_not_found".
func LoadAccount(ctx context.Context, q sqldb.Querier, accountID string) (Account, error) {
	return sqldb.One(ctx, q, "account", scanAccount, "SELECT "+accountColumns+" FROM accounts WHERE id = $1", accountID)
}

func keysTaken(ctx context.Context, q sqldb.Querier, emailKey, usernameKey string) (email, username bool, err error) {
	err = q.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM accounts WHERE email_key = $1),
		EXISTS (SELECT 1 FROM accounts WHERE username_key = $2)`, emailKey, usernameKey).Scan(&email, &username)
	return email, username, err
}

func updateProfile(ctx context.Context, q sqldb.Querier, a Account, now int64) error {
	_, err := q.Exec(ctx, "UPDATE accounts SET first_name = $1, last_name = $2, display_name = $3, language = $4, updated_at = $5 WHERE id = $6",
		a.FirstName, a.LastName, a.DisplayName, a.Language, now, a.ID)
	return err
}

func installationOwners(ctx context.Context, q sqldb.Querier) ([]string, error) {
	return sqldb.All(ctx, q, sqldb.Value[string], "SELECT id FROM accounts WHERE installation_owner")
}
