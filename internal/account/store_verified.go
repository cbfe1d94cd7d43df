package account

import (
	"context"

	"github.com/regulars/regulars/internal/sqldb"
)

// setVerified reports false for an account whose address was proven before.
func setVerified(ctx context.Context, tx *sqldb.Tx, accountID string, now int64) (bool, error) {
	n, err := tx.Exec(ctx, "UPDATE accounts SET email_verified_at = $1 WHERE id = $2 AND email_verified_at = 0", now, accountID)
	return n > 0, err
}

func verifiedAt(ctx context.Context, q sqldb.Querier, accountID string) (int64, error) {
	return sqldb.One(ctx, q, "account", sqldb.Value[int64], "SELECT email_verified_at FROM accounts WHERE id = $1", accountID)
}

// deleteMethodsOf takes every way to sign in to an account, but its password
// and its API keys.
func deleteMethodsOf(ctx context.Context, tx *sqldb.Tx, accountID string) error {
	for _, table := range []string{"passkeys", "account_totp", "recovery_codes", "provider_identities"} {
		if _, err := tx.Exec(ctx, "DELETE FROM "+table+" WHERE account_id = $1", accountID); err != nil {
			return err
		}
	}
	return nil
}
