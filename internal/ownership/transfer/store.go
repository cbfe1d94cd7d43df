package transfer

import (
	"context"

	"github.com/regulars/regulars/internal/sqldb"
)

const columns = "community_id, id, from_user_id, from_name, user_id, user_name, state, created_at, expires_at, ended_at"

// Scan reads a transfer in the order of Columns.
func Scan(s sqldb.Scanner) (Transfer, error) {
	var t Transfer
	err := s.Scan(&t.CommunityID, &t.ID, &t.FromUserID, &t.FromName, &t.UserID, &t.UserName, &t.State, &t.CreatedAt, &t.ExpiresAt, &t.EndedAt)
	return t, err
}

// Insert stores a new transfer.
func Insert(ctx context.Context, tx *sqldb.Tx, t Transfer, tokenHash string) error {
	_, err := tx.Exec(ctx, "INSERT INTO ownership_transfers ("+columns+", token_hash) VALUES ("+sqldb.Placeholders(1, 11)+")",
		t.CommunityID, t.ID, t.FromUserID, t.FromName, t.UserID, t.UserName, t.State, t.CreatedAt, t.ExpiresAt, t.EndedAt, tokenHash)
	return err
}

// Load returns a transfer, or NotFound "transfer_not_found". lock is "" or Dialect.Lock.
func Load(ctx context.Context, q sqldb.Querier, communityID, transferID, lock string) (Transfer, error) {
	return sqldb.One(ctx, q, "transfer", Scan,
		"SELECT "+columns+" FROM ownership_transfers WHERE community_id = $1 AND id = $2 "+lock, communityID, transferID)
}

// LoadByToken returns a transfer by the hash of its token, or NotFound
// "transfer_not_found".
func LoadByToken(ctx context.Context, q sqldb.Querier, tokenHash string) (Transfer, error) {
	return sqldb.One(ctx, q, "transfer", Scan,
		"SELECT "+columns+" FROM ownership_transfers WHERE token_hash = $1", tokenHash)
}

// LoadOpen returns the transfer of a community that has not ended; it may have
// expired. It fails with NotFound "transfer_not_found".
func LoadOpen(ctx context.Context, q sqldb.Querier, communityID, lock string) (Transfer, error) {
	return sqldb.One(ctx, q, "transfer", Scan,
		"SELECT "+columns+" FROM ownership_transfers WHERE community_id = $1 AND state = 'open' "+lock, communityID)
}

// ListExpired returns up to 100 open transfers that have expired.
func ListExpired(ctx context.Context, q sqldb.Querier, now int64) ([]Transfer, error) {
	return sqldb.All(ctx, q, Scan,
		"SELECT "+columns+" FROM ownership_transfers WHERE state = 'open' AND expires_at <= $1 ORDER BY id LIMIT 100", now)
}

// setEnded reports false if the transfer had ended before.
func setEnded(ctx context.Context, tx *sqldb.Tx, t Transfer) (bool, error) {
	n, err := tx.Exec(ctx, "UPDATE ownership_transfers SET state = $1, ended_at = $2 WHERE community_id = $3 AND id = $4 AND state = 'open'",
		t.State, t.EndedAt, t.CommunityID, t.ID)
	return n > 0, err
}

// DeleteEnded deletes the transfers that ended before oldest.
func DeleteEnded(ctx context.Context, q sqldb.Querier, oldest int64) error {
	_, err := q.Exec(ctx, "DELETE FROM ownership_transfers WHERE state <> 'open' AND ended_at <= $1", oldest)
	return err
}

// EraseMembers deletes the transfers from and to members, in the caller's transaction.
func EraseMembers(ctx context.Context, tx *sqldb.Tx, communityID string, userIDs []string) error {
	d := tx.Dialect()
	_, err := tx.Exec(ctx, "DELETE FROM ownership_transfers WHERE community_id = $1 AND ("+d.In("user_id", "$2")+" OR "+d.In("from_user_id", "$2")+")",
		communityID, sqldb.Keys(userIDs))
	return err
}
