package event

import (
	"context"

	"github.com/regulars/regulars/internal/sqldb"
)

// lockPosition returns and locks the position of a consumer in a community, 0 for
// a new one.
func lockPosition(ctx context.Context, tx *sqldb.Tx, communityID, consumer string) (int64, error) {
	if _, err := tx.Exec(ctx, `
		INSERT INTO event_positions (community_id, consumer, position) VALUES ($1, $2, 0)
		ON CONFLICT (community_id, consumer) DO NOTHING`, communityID, consumer); err != nil {
		return 0, err
	}
	return sqldb.One(ctx, tx, "position", sqldb.Value[int64],
		"SELECT position FROM event_positions WHERE community_id = $1 AND consumer = $2 "+tx.Dialect().Lock(), communityID, consumer)
}

// LastCommitted returns the highest sequence of the committed events of a community, also
// of those that are not numbered yet.
func LastCommitted(ctx context.Context, q sqldb.Querier, communityID string) (int64, error) {
	return sqldb.One(ctx, q, "sequence", sqldb.Value[int64], `
		SELECT COALESCE((SELECT last_sequence FROM event_sequences WHERE community_id = $1), 0)
			+ (SELECT count(*) FROM events WHERE community_id = $1 AND sequence IS NULL)`, communityID)
}

func setPosition(ctx context.Context, tx *sqldb.Tx, communityID, consumer string, position int64) error {
	return tx.Queue(ctx, "UPDATE event_positions SET position = $3 WHERE community_id = $1 AND consumer = $2", communityID, consumer, position)
}

// selectPositions returns the positions in a community by consumer.
func selectPositions(ctx context.Context, q sqldb.Querier, communityID string) (map[string]int64, error) {
	positions := map[string]int64{}
	_, err := sqldb.All(ctx, q, func(s sqldb.Scanner) (none struct{}, err error) {
		var consumer string
		var position int64
		err = s.Scan(&consumer, &position)
		positions[consumer] = position
		return none, err
	}, "SELECT consumer, position FROM event_positions WHERE community_id = $1", communityID)
	return positions, err
}

// movePosition moves the position of a consumer unless another process has.
func movePosition(ctx context.Context, q sqldb.Querier, communityID, consumer string, from, to int64) error {
	_, err := q.Exec(ctx, `
		INSERT INTO event_positions (community_id, consumer, position) VALUES ($1, $2, $4)
		ON CONFLICT (community_id, consumer) DO UPDATE SET position = excluded.position WHERE event_positions.position = $3`,
		communityID, consumer, from, to)
	return err
}

// The states of the job of a consumer. A queued one reads events that are visible
// now; a running one may have read before.
const (
	jobNone = iota
	jobQueued
	jobRunning
	jobDead
)

func consumerJob(ctx context.Context, q sqldb.Querier, a consumeArgs) (state int, err error) {
	queued, err := sqldb.All(ctx, q, sqldb.Value[bool],
		"SELECT state <> 'running' FROM jobs WHERE finished_at = 0 AND unique_key <> '' AND kind = $1 AND unique_key = $2", a.Kind(), a.unique())
	switch {
	case err != nil:
		return jobNone, err
	case len(queued) > 0 && queued[0]:
		return jobQueued, nil
	case len(queued) > 0:
		return jobRunning, nil
	}
	dead, err := sqldb.One(ctx, q, "job", sqldb.Value[bool],
		"SELECT EXISTS (SELECT 1 FROM jobs WHERE finished_at <> 0 AND state = 'dead' AND kind = $1 AND unique_key = $2)", a.Kind(), a.unique())
	if dead {
		return jobDead, err
	}
	return jobNone, err
}

// expiredBefore returns the number before the first event of a community that
// occurred at a time or later.
func expiredBefore(ctx context.Context, q sqldb.Querier, communityID string, last, at int64) (int64, error) {
	return sqldb.One(ctx, q, "event", sqldb.Value[int64], `
		SELECT COALESCE(min(sequence) - 1, $3) FROM (
			SELECT sequence FROM events WHERE community_id = $1 AND sequence IS NOT NULL AND occurred_at >= $2 ORDER BY sequence LIMIT 1
		) AS kept`, communityID, at, last)
}

// deleteEvents deletes the events of a community with after < sequence <= to.
func deleteEvents(ctx context.Context, q sqldb.Querier, communityID string, after, to int64) error {
	_, err := q.Exec(ctx, "DELETE FROM events WHERE community_id = $1 AND sequence > $2 AND sequence <= $3", communityID, after, to)
	return err
}

// eraseOfMembers erases the data of the events that concern members.
func eraseOfMembers(ctx context.Context, tx *sqldb.Tx, communityID string, userIDs []string) error {
	_, err := tx.Exec(ctx, "UPDATE events SET data = $3, user_id = NULL, actor = '' WHERE community_id = $1 AND "+tx.Dialect().In("user_id", "$2"),
		communityID, sqldb.Keys(userIDs), `{"erased":true}`)
	return err
}
