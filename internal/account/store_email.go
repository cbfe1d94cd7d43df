package account

import (
	"context"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
)

const emailChangeColumns = "account_id, email, email_key, token_hash, created_at, expires_at"

func scanEmailChange(s sqldb.Scanner) (c emailChange, err error) {
	err = s.Scan(&c.accountID, &c.email, &c.emailKey, &c.tokenHash, &c.createdAt, &c.expiresAt)
	return c, err
}

// putEmailChange replaces the pending email change of the account.
func putEmailChange(ctx context.Context, tx *sqldb.Tx, c emailChange) error {
	_, err := tx.Exec(ctx, "INSERT INTO email_changes ("+emailChangeColumns+") VALUES ("+sqldb.Placeholders(1, 6)+`)
		ON CONFLICT (account_id) DO UPDATE SET email = excluded.email, email_key = excluded.email_key, token_hash = excluded.token_hash,
			created_at = excluded.created_at, expires_at = excluded.expires_at`,
		c.accountID, c.email, c.emailKey, c.tokenHash, c.createdAt, c.expiresAt)
	return err
}

func emailChangeByToken(ctx context.Context, q sqldb.Querier, hash string) (emailChange, error) {
	return sqldb.One(ctx, q, "email change", scanEmailChange, "SELECT "+emailChangeColumns+" FROM email_changes WHERE token_hash = $1", hash)
}

// pendingEmail returns the new address that waits for confirmation, "" for none.
func pendingEmail(ctx context.Context, q sqldb.Querier, accountID string, now int64) (string, error) {
	email, err := sqldb.One(ctx, q, "email change", sqldb.Value[string],
		"SELECT email FROM email_changes WHERE account_id = $1 AND expires_at > $2", accountID, now)
	if errs.KindOf(err) == errs.NotFound {
		return "", nil
	}
	return email, err
}

func deleteEmailChangeOf(ctx context.Context, tx *sqldb.Tx, accountID string) error {
	_, err := tx.Exec(ctx, "DELETE FROM email_changes WHERE account_id = $1", accountID)
	return err
}

// updateEmail sets a confirmed email address.
func updateEmail(ctx context.Context, tx *sqldb.Tx, accountID, email, key string, now int64) error {
	_, err := tx.Exec(ctx, "UPDATE accounts SET email = $1, email_key = $2, email_verified_at = $3, updated_at = $3 WHERE id = $4", email, key, now, accountID)
	return err
}

func updateUsername(ctx context.Context, tx *sqldb.Tx, accountID, username, key string, now int64) error {
	_, err := tx.Exec(ctx, "UPDATE accounts SET username = $1, username_key = $2, updated_at = $3 WHERE id = $4", username, key, now, accountID)
	return err
}

// lockAccount returns an account that no other transaction changes until tx
// ends.
func lockAccount(ctx context.Context, tx *sqldb.Tx, accountID string) (Account, error) {
	return sqldb.One(ctx, tx, "account", scanAccount, "SELECT "+accountColumns+" FROM accounts WHERE id = $1 "+tx.Dialect().Lock(), accountID)
}
