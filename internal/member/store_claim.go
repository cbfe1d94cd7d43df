package member

import (
	"context"

	"github.com/regulars/regulars/internal/sqldb"
)

// setAccount sets the account of an unclaimed member.
func setAccount(ctx context.Context, tx *sqldb.Tx, communityID string, who *Record) error {
	_, err := tx.Exec(ctx, "UPDATE members SET account_id = $1, email = $2 WHERE community_id = $3 AND user_id = $4", who.AccountID, who.Email, communityID, who.ID)
	return err
}

// claimedCommunities returns the communities in which an account is a member,
// in any state.
func claimedCommunities(ctx context.Context, q sqldb.Querier, accountID string) ([]string, error) {
	return sqldb.All(ctx, q, sqldb.Value[string],
		"SELECT community_id FROM members WHERE account_id = $1 AND account_id <> '' ORDER BY community_id", accountID)
}

// setEmail changes the address of a member unless another member has it.
func setEmail(ctx context.Context, tx *sqldb.Tx, communityID, memberID, email, key string) (bool, error) {
	n, err := tx.Exec(ctx, `UPDATE members SET email = $1, email_key = $2 WHERE community_id = $3 AND user_id = $4
		AND NOT EXISTS (SELECT 1 FROM members o WHERE o.community_id = $3 AND o.email_key = $2 AND o.user_id <> $4)`, email, key, communityID, memberID)
	return n > 0, err
}

// UnclaimedOf returns the active and pending unclaimed memberships with an
// address, oldest community first.
func UnclaimedOf(ctx context.Context, q sqldb.Querier, emailKey string) ([]Addition, error) {
	return sqldb.All(ctx, q, func(s sqldb.Scanner) (a Addition, err error) {
		err = s.Scan(&a.CommunityID, &a.MemberID, &a.Community, &a.Username, &a.AddedAt)
		return a, err
	}, `SELECT c.id, m.user_id, c.name, m.username, m.joined_at FROM communities c
		JOIN members m ON m.community_id = c.id AND m.email_key = $1 AND m.account_id = '' AND m.state IN ('active', 'pending')
		WHERE c.deleted_at = 0 ORDER BY c.id`, emailKey)
}

// InsertDecline stores the hash of a declined address.
func InsertDecline(ctx context.Context, tx *sqldb.Tx, communityID, hash string, now int64) error {
	_, err := tx.Exec(ctx, `INSERT INTO member_declines (community_id, email_hash, declined_at) VALUES ($1, $2, $3)
		ON CONFLICT (community_id, email_hash) DO UPDATE SET declined_at = excluded.declined_at`, communityID, hash, now)
	return err
}

// DeleteDecline deletes the hash of a declined address.
func DeleteDecline(ctx context.Context, tx *sqldb.Tx, communityID, hash string) error {
	_, err := tx.Exec(ctx, "DELETE FROM member_declines WHERE community_id = $1 AND email_hash = $2", communityID, hash)
	return err
}

func selectDeclines(ctx context.Context, q sqldb.Querier, communityID string, hashes []string) ([]string, error) {
	return sqldb.All(ctx, q, sqldb.Value[string],
		"SELECT email_hash FROM member_declines WHERE community_id = $1 AND "+q.Dialect().In("email_hash", "$2"), communityID, sqldb.Keys(hashes))
}

// lastDecline returns the Declines of a community.
func lastDecline(ctx context.Context, q sqldb.Querier, communityID string) (Declines, error) {
	return sqldb.One(ctx, q, "community", func(s sqldb.Scanner) (d Declines, err error) {
		err = s.Scan(&d.Count, &d.Last)
		return d, err
	}, "SELECT count(*), COALESCE(MAX(declined_at), 0) FROM member_declines WHERE community_id = $1", communityID)
}
