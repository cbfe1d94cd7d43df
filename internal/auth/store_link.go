package auth

import (
	"context"

	"github.com/regulars/regulars/internal/sqldb"
)

const linkColumns = "token_hash, purpose, account_id, created_at, expires_at"

func scanLink(s sqldb.Scanner) (link, error) {
	var l link
	err := s.Scan(&l.tokenHash, &l.purpose, &l.accountID, &l.createdAt, &l.expiresAt)
	return l, err
}

func insertLink(ctx context.Context, q sqldb.Querier, l link) error {
	_, err := q.Exec(ctx, "INSERT INTO one_time_links ("+linkColumns+") VALUES ($1, $2, $3, $4, $5)",
		l.tokenHash, l.purpose, l.accountID, l.createdAt, l.expiresAt)
	return err
}

// takeLink returns a link and deletes it: of two at the same time one gets it.
func takeLink(ctx context.Context, tx *sqldb.Tx, hash string, purpose Purpose) (link, error) {
	return sqldb.One(ctx, tx, "link", scanLink,
		"DELETE FROM one_time_links WHERE token_hash = $1 AND purpose = $2 RETURNING "+linkColumns, hash, purpose)
}

// listLinks returns the links for a purpose, in an order in which they can be
// locked.
func listLinks(ctx context.Context, q sqldb.Querier, purpose Purpose, lock string) ([]link, error) {
	return sqldb.All(ctx, q, scanLink,
		"SELECT "+linkColumns+" FROM one_time_links WHERE purpose = $1 ORDER BY token_hash "+lock, purpose)
}

func deleteLinks(ctx context.Context, tx *sqldb.Tx, purpose Purpose) error {
	_, err := tx.Exec(ctx, "DELETE FROM one_time_links WHERE purpose = $1", purpose)
	return err
}

// passwordExists reads a partial index that imported accounts are not in.
func passwordExists(ctx context.Context, q sqldb.Querier) (exists bool, err error) {
	err = q.QueryRow(ctx, "SELECT EXISTS (SELECT 1 FROM accounts WHERE password_hash <> '')").Scan(&exists)
	return exists, err
}
