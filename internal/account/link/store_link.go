package link

import (
	"context"
	"time"

	"github.com/regulars/regulars/internal/sqldb"
)

const linkColumns = "token_hash, purpose, account_id, session_id, community_id, user_id, email, email_key, host, key_id, created_at, expires_at"

func scanLink(s sqldb.Scanner) (Link, error) {
	var l Link
	err := s.Scan(&l.TokenHash, &l.Purpose, &l.AccountID, &l.SessionID, &l.CommunityID, &l.MemberID, &l.Email, &l.EmailKey, &l.Host, &l.KeyID, &l.CreatedAt, &l.ExpiresAt)
	return l, err
}

// Insert stores a one-time link.
func Insert(ctx context.Context, q sqldb.Querier, l Link) error {
	_, err := q.Exec(ctx, "INSERT INTO one_time_links ("+linkColumns+") VALUES ("+sqldb.Placeholders(1, 12)+")",
		l.TokenHash, l.Purpose, l.AccountID, l.SessionID, l.CommunityID, l.MemberID, l.Email, l.EmailKey, l.Host, l.KeyID, l.CreatedAt, l.ExpiresAt)
	return err
}

// deleteLink deletes and returns a link with one of the purposes: of two
// concurrent calls one gets it.
func deleteLink(ctx context.Context, tx *sqldb.Tx, hash string, purposes ...Purpose) (Link, error) {
	return sqldb.One(ctx, tx, "link", scanLink,
		"DELETE FROM one_time_links WHERE token_hash = $1 AND "+tx.Dialect().In("purpose", "$2")+" RETURNING "+linkColumns, hash, packPurposes(purposes))
}

func packPurposes(purposes []Purpose) string {
	names := make([]string, len(purposes))
	for i, p := range purposes {
		names[i] = string(p)
	}
	return sqldb.Keys(names)
}

func loadLink(ctx context.Context, q sqldb.Querier, hash string, purpose Purpose) (Link, error) {
	return sqldb.One(ctx, q, "link", scanLink, "SELECT "+linkColumns+" FROM one_time_links WHERE token_hash = $1 AND purpose = $2", hash, purpose)
}

// Count counts the unused links of an account that were created after a
// time.
func Count(ctx context.Context, q sqldb.Querier, purpose Purpose, accountID string, after int64) (n int, err error) {
	err = q.QueryRow(ctx, "SELECT count(*) FROM one_time_links WHERE account_id = $1 AND purpose = $2 AND created_at > $3", accountID, purpose, after).Scan(&n)
	return n, err
}

// CountFirst is Count for an address without an account.
func CountFirst(ctx context.Context, q sqldb.Querier, emailKey string, after int64) (n int, err error) {
	err = q.QueryRow(ctx, "SELECT count(*) FROM one_time_links WHERE email_key = $1 AND email_key <> '' AND purpose = 'reset' AND created_at > $2", emailKey, after).Scan(&n)
	return n, err
}

// DeleteFirst deletes the links of an address without an account.
func DeleteFirst(ctx context.Context, tx *sqldb.Tx, emailKey string) error {
	_, err := tx.Exec(ctx, "DELETE FROM one_time_links WHERE email_key = $1 AND email_key <> ''", emailKey)
	return err
}

func deleteLinksOf(ctx context.Context, tx *sqldb.Tx, accountID string) error {
	_, err := tx.Exec(ctx, "DELETE FROM one_time_links WHERE account_id = $1", accountID)
	return err
}

// List returns the links with a purpose, in the order in which they are
// locked.
func List(ctx context.Context, q sqldb.Querier, purpose Purpose, lock string) ([]Link, error) {
	return sqldb.All(ctx, q, scanLink,
		"SELECT "+linkColumns+" FROM one_time_links WHERE purpose = $1 ORDER BY token_hash "+lock, purpose)
}

// Delete deletes all links with a purpose.
func Delete(ctx context.Context, tx *sqldb.Tx, purpose Purpose) error {
	_, err := tx.Exec(ctx, "DELETE FROM one_time_links WHERE purpose = $1", purpose)
	return err
}

// DeleteOfMembers deletes the links to limited sessions of members.
func DeleteOfMembers(ctx context.Context, tx *sqldb.Tx, communityID string, memberIDs []string) error {
	_, err := tx.Exec(ctx, "DELETE FROM one_time_links WHERE community_id = $1 AND "+tx.Dialect().In("user_id", "$2"), communityID, sqldb.Keys(memberIDs))
	return err
}

// DeleteOfKeys deletes the links that API keys created.
func DeleteOfKeys(ctx context.Context, tx *sqldb.Tx, keyIDs []string) error {
	_, err := tx.Exec(ctx, "DELETE FROM one_time_links WHERE key_id <> '' AND "+tx.Dialect().In("key_id", "$1"), sqldb.Keys(keyIDs))
	return err
}

// Sweep deletes expired links, registrations and email changes.
func Sweep(ctx context.Context, db *sqldb.DB, now time.Time) error {
	for _, old := range []struct{ table, key string }{{"one_time_links", "token_hash"}, {"registrations", "token_hash"}, {"email_changes", "account_id"}} {
		if err := db.DeleteBatches(ctx, old.table, old.key, "expires_at < $1", now.UnixMilli()); err != nil {
			return err
		}
	}
	return nil
}
