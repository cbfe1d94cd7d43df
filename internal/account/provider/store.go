package provider

import (
	"context"

	"github.com/regulars/regulars/internal/sqldb"
)

const identityColumns = "issuer, subject, account_id, email, created_at, used_at"

func scanIdentity(s sqldb.Scanner) (Identity, error) {
	var i Identity
	err := s.Scan(&i.Issuer, &i.Subject, &i.AccountID, &i.Email, &i.CreatedAt, &i.UsedAt)
	return i, err
}

// insertIdentity reports false if the identity is linked already.
func insertIdentity(ctx context.Context, tx *sqldb.Tx, i Identity) (bool, error) {
	n, err := tx.Exec(ctx, "INSERT INTO provider_identities ("+identityColumns+") VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (issuer, subject) DO NOTHING",
		i.Issuer, i.Subject, i.AccountID, i.Email, i.CreatedAt, i.UsedAt)
	return n > 0, err
}

// LoadIdentity returns an identity, or NotFound.
func LoadIdentity(ctx context.Context, q sqldb.Querier, issuer, subject string) (Identity, error) {
	return sqldb.One(ctx, q, "identity", scanIdentity, "SELECT "+identityColumns+" FROM provider_identities WHERE issuer = $1 AND subject = $2", issuer, subject)
}

func listIdentities(ctx context.Context, q sqldb.Querier, accountID string) ([]Identity, error) {
	return sqldb.All(ctx, q, scanIdentity, "SELECT "+identityColumns+" FROM provider_identities WHERE account_id = $1 ORDER BY created_at, subject", accountID)
}

// TouchIdentity updates the email claim and the time of use.
func TouchIdentity(ctx context.Context, tx *sqldb.Tx, i Identity, now int64) error {
	_, err := tx.Exec(ctx, "UPDATE provider_identities SET email = $1, used_at = $2 WHERE issuer = $3 AND subject = $4", i.Email, now, i.Issuer, i.Subject)
	return err
}

func deleteIdentity(ctx context.Context, q sqldb.Querier, accountID, issuer, subject string) (bool, error) {
	n, err := q.Exec(ctx, "DELETE FROM provider_identities WHERE account_id = $1 AND issuer = $2 AND subject = $3", accountID, issuer, subject)
	return n > 0, err
}

// DeleteOf unlinks all identities of an account.
func DeleteOf(ctx context.Context, tx *sqldb.Tx, accountID string) error {
	_, err := tx.Exec(ctx, "DELETE FROM provider_identities WHERE account_id = $1", accountID)
	return err
}
