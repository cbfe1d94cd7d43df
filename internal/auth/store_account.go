package auth

import (
	"context"

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

// insertAccount is for accounts whose address is proven, or stood for by
// whoever runs the installation.
func insertAccount(ctx context.Context, tx *sqldb.Tx, n newAccount) (Account, error) {
	return scanAccount(tx.QueryRow(ctx, `INSERT INTO accounts
		(id, email, email_key, username, username_key, password_hash, first_name, last_name, display_name, installation_owner, communities, signed_in_at, created_at, updated_at, email_verified_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, $11, $12, $12, $12) RETURNING `+accountColumns,
		n.ID, n.Email, n.EmailKey, n.Username, n.UsernameKey, n.passwordHash, n.firstName, n.lastName, n.displayName,
		n.installationOwner, n.signedInAt, n.CreatedAt))
}

func loadAccount(ctx context.Context, q sqldb.Querier, accountID string) (Account, error) {
	return sqldb.One(ctx, q, "account", scanAccount, "SELECT "+accountColumns+" FROM accounts WHERE id = $1", accountID)
}

func keysTaken(ctx context.Context, q sqldb.Querier, emailKey, usernameKey string) (email, username bool, err error) {
	err = q.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM accounts WHERE email_key = $1),
		EXISTS (SELECT 1 FROM accounts WHERE username_key = $2)`, emailKey, usernameKey).Scan(&email, &username)
	return email, username, err
}

func rowsOf(accounts []NewAccount) sqldb.Rows {
	return sqldb.Rows{
		Table:   "accounts",
		Columns: []string{"id", "email", "email_key", "username", "username_key", "communities", "created_at", "updated_at"},
		N:       len(accounts),
		Fill: func(i int, row []any) {
			a := &accounts[i]
			row[0], row[1], row[2], row[3], row[4] = a.ID, a.Email, a.EmailKey, a.Username, a.UsernameKey
			row[5], row[6], row[7] = int64(1), a.CreatedAt, a.CreatedAt
		},
	}
}

// lockUnshared keeps accounts from joining another community, and their persons
// from signing in, until they have their new names.
func lockUnshared(ctx context.Context, tx *sqldb.Tx, renames []Rename) error {
	if len(renames) == 0 {
		return nil
	}
	ids := make([]string, len(renames))
	for i := range renames {
		ids[i] = renames[i].ID
	}
	type account struct {
		id, username string
		used         bool
	}
	found, err := sqldb.All(ctx, tx, func(s sqldb.Scanner) (a account, err error) { return a, s.Scan(&a.id, &a.username, &a.used) },
		"SELECT id, username, communities > 1 OR password_hash <> '' OR signed_in_at > 0 FROM accounts WHERE "+tx.Dialect().In("id", "$1")+" ORDER BY id "+tx.Dialect().Lock(), sqldb.Keys(ids))
	if err != nil {
		return err
	}
	names := make(map[string]string, len(found))
	for _, a := range found {
		if a.used {
			return errs.New(errs.Conflict, SharedAccount, "An account that its person or another community uses keeps its name.")
		}
		names[a.id] = a.username
	}
	for i := range renames {
		if name, ok := names[renames[i].ID]; ok && renames[i].Was != "" && renames[i].Was != name {
			return ErrChanged
		}
	}
	return nil
}

// renameAccounts goes by way of names that nobody has, so that names can pass
// from one account to the next in one call.
func renameAccounts(ctx context.Context, tx *sqldb.Tx, renames []Rename, now int64) error {
	if err := lockUnshared(ctx, tx, renames); err != nil {
		return err
	}
	err := tx.UpdateRows(ctx, 1, sqldb.Rows{
		Table: "accounts", Columns: []string{"id", "username_key"}, N: len(renames),
		Fill: func(i int, row []any) { row[0], row[1] = renames[i].ID, "~"+renames[i].ID },
	})
	if err != nil {
		return err
	}
	return tx.UpdateRows(ctx, 1, sqldb.Rows{
		Table: "accounts", Columns: []string{"id", "username", "username_key", "updated_at"}, N: len(renames),
		Fill: func(i int, row []any) {
			r := &renames[i]
			row[0], row[1], row[2], row[3] = r.ID, r.Username, r.UsernameKey, now
		},
	})
}

func countCommunities(ctx context.Context, tx *sqldb.Tx, accountIDs []string, delta int) error {
	if len(accountIDs) == 0 {
		return nil
	}
	counted, err := tx.Exec(ctx, "UPDATE accounts SET communities = communities + $1 WHERE "+tx.Dialect().In("id", "$2"),
		int64(delta), sqldb.Keys(accountIDs))
	if err == nil && delta > 0 && counted < int64(len(accountIDs)) {
		err = ErrChanged
	}
	return err
}

func deleteUnused(ctx context.Context, tx *sqldb.Tx, accountIDs []string) ([]string, error) {
	if len(accountIDs) == 0 {
		return []string{}, nil
	}
	return sqldb.All(ctx, tx, sqldb.Value[string], "DELETE FROM accounts WHERE "+tx.Dialect().In("id", "$1")+`
		AND password_hash = '' AND signed_in_at = 0 AND communities = 0 AND NOT installation_owner RETURNING id`,
		sqldb.Keys(accountIDs))
}

func updateProfile(ctx context.Context, q sqldb.Querier, accountID string, p Profile, now int64) error {
	_, err := q.Exec(ctx, "UPDATE accounts SET first_name = $1, last_name = $2, display_name = $3, language = $4, updated_at = $5 WHERE id = $6",
		p.FirstName, p.LastName, p.DisplayName, p.Language, now, accountID)
	return err
}
