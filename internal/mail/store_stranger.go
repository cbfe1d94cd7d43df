package mail

import (
	"context"

	"github.com/regulars/regulars/internal/sqldb"
)

// throttled is a message that waits for a quota.
type throttled struct{ id, communityID string }

func scanThrottled(s sqldb.Scanner) (t throttled, err error) {
	err = s.Scan(&t.id, &t.communityID)
	return t, err
}

// olderThrottled reports whether an older message of the same sender and
// community waits for its quota.
func olderThrottled(ctx context.Context, tx *sqldb.Tx, k Kept) (waits bool, err error) {
	err = tx.QueryRow(ctx, "SELECT EXISTS (SELECT 1 FROM mail_outbox WHERE state = 'throttled' AND sender = $1 AND community_id = $2 AND id < $3)",
		k.Sender, k.CommunityID, k.ID).Scan(&waits)
	return waits, err
}

// oldestThrottled returns the n oldest throttled messages of each sender and
// community. If there are more than limit a random choice is returned, so that
// one sender with many communities cannot starve the others.
func oldestThrottled(ctx context.Context, tx *sqldb.Tx, n, limit int) ([]throttled, error) {
	return sqldb.All(ctx, tx, scanThrottled, `SELECT id, community_id FROM (
			SELECT id, community_id, row_number() OVER (PARTITION BY sender, community_id ORDER BY id) AS place
			FROM mail_outbox WHERE state = 'throttled') AS ranked
		WHERE place <= $1 ORDER BY random() LIMIT $2`, n, limit)
}

// throttle reports whether the message was still to be sent, and is throttled
// now.
func throttle(ctx context.Context, tx *sqldb.Tx, messageID string) (bool, error) {
	throttled, err := tx.Exec(ctx, "UPDATE mail_outbox SET state = 'throttled' WHERE id = $1 AND state = 'waiting'", messageID)
	return throttled > 0, err
}

func scanBacklog(s sqldb.Scanner) (b Backlog, err error) {
	err = s.Scan(&b.Sender, &b.CommunityID, &b.Waiting, &b.Oldest)
	return b, err
}

func backlogs(ctx context.Context, q sqldb.Querier, limit int) ([]Backlog, error) {
	return sqldb.All(ctx, q, scanBacklog, `SELECT sender, community_id, count(*), min(created_at) FROM mail_outbox WHERE state = 'throttled'
		GROUP BY sender, community_id ORDER BY count(*) DESC, sender, community_id LIMIT $1`, limit)
}

func stopBacklog(ctx context.Context, tx *sqldb.Tx, b Backlog, reason string, now int64) (int64, error) {
	return tx.Exec(ctx, `UPDATE mail_outbox SET state = 'stopped', error = $3, ended_at = $4, body_text = '', body_html = ''
		WHERE sender = $1 AND community_id = $2 AND state IN ('throttled', 'waiting') AND sender <> ''`, b.Sender, b.CommunityID, reason, now)
}
