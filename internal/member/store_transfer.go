package member

import (
	"context"

	"github.com/regulars/regulars/internal/sqldb"
)

const transferColumns = "community_id, id, from_id, from_name, user_id, user_name, state, created_at, expires_at, ended_at"

func scanTransfer(s sqldb.Scanner) (Transfer, error) {
	var t Transfer
	err := s.Scan(&t.CommunityID, &t.ID, &t.FromID, &t.FromName, &t.UserID, &t.UserName, &t.State, &t.CreatedAt, &t.ExpiresAt, &t.EndedAt)
	return t, err
}

func insertTransfer(ctx context.Context, tx *sqldb.Tx, t Transfer, tokenHash string) error {
	_, err := tx.Exec(ctx, "INSERT INTO community_transfers ("+transferColumns+", token_hash) VALUES ("+sqldb.Placeholders(1, 11)+")",
		t.CommunityID, t.ID, t.FromID, t.FromName, t.UserID, t.UserName, t.State, t.CreatedAt, t.ExpiresAt, t.EndedAt, tokenHash)
	return err
}

func loadTransfer(ctx context.Context, q sqldb.Querier, communityID, transferID, lock string) (Transfer, error) {
	return sqldb.One(ctx, q, "transfer", scanTransfer,
		"SELECT "+transferColumns+" FROM community_transfers WHERE community_id = $1 AND id = $2 "+lock, communityID, transferID)
}

func transferByToken(ctx context.Context, q sqldb.Querier, tokenHash string) (Transfer, error) {
	return sqldb.One(ctx, q, "transfer", scanTransfer,
		"SELECT "+transferColumns+" FROM community_transfers WHERE token_hash = $1", tokenHash)
}

// openTransfer returns the transfer of a community that has not ended; its time
// may be over. Without one it fails with NotFound "transfer_not_found".
func openTransfer(ctx context.Context, q sqldb.Querier, communityID, lock string) (Transfer, error) {
	return sqldb.One(ctx, q, "transfer", scanTransfer,
		"SELECT "+transferColumns+" FROM community_transfers WHERE community_id = $1 AND state = 'open' "+lock, communityID)
}

// transfersTo returns the open transfers to an active member, oldest first.
func transfersTo(ctx context.Context, q sqldb.Querier, accountID string, now int64) ([]Transfer, error) {
	return sqldb.All(ctx, q, scanTransfer, `SELECT t.community_id, t.id, t.from_id, t.from_name, t.user_id, t.user_name, t.state, t.created_at, t.expires_at, t.ended_at
		FROM community_transfers t JOIN communities c ON c.id = t.community_id AND c.deleted_at = 0
		JOIN members m ON m.community_id = t.community_id AND m.user_id = t.user_id AND m.state = 'active'
		WHERE m.account_id = $1 AND m.account_id <> '' AND t.state = 'open' AND t.expires_at > $2 ORDER BY t.id`, accountID, now)
}

// expiredTransfers returns some of the open transfers that have expired.
func expiredTransfers(ctx context.Context, q sqldb.Querier, now int64) ([]Transfer, error) {
	return sqldb.All(ctx, q, scanTransfer,
		"SELECT "+transferColumns+" FROM community_transfers WHERE state = 'open' AND expires_at <= $1 ORDER BY id LIMIT 100", now)
}

// setTransferEnded reports false for a transfer that has ended before.
func setTransferEnded(ctx context.Context, tx *sqldb.Tx, t Transfer) (bool, error) {
	n, err := tx.Exec(ctx, "UPDATE community_transfers SET state = $1, ended_at = $2 WHERE community_id = $3 AND id = $4 AND state = 'open'",
		t.State, t.EndedAt, t.CommunityID, t.ID)
	return n > 0, err
}

func deleteEndedTransfers(ctx context.Context, q sqldb.Querier, oldest int64) error {
	_, err := q.Exec(ctx, "DELETE FROM community_transfers WHERE state <> 'open' AND ended_at <= $1", oldest)
	return err
}

func deleteTransfersOf(ctx context.Context, tx *sqldb.Tx, communityID string, userIDs []string) error {
	d := tx.Dialect()
	_, err := tx.Exec(ctx, "DELETE FROM community_transfers WHERE community_id = $1 AND ("+d.In("user_id", "$2")+" OR "+d.In("from_id", "$2")+")",
		communityID, sqldb.Keys(userIDs))
	return err
}
