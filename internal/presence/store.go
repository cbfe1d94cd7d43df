package presence

import (
	"context"

	"github.com/regulars/regulars/internal/sqldb"
)

const columns = "user_id, seen_at, visits, minutes, last_minute, streak, streak_day"

func recordsOf(ctx context.Context, q sqldb.Querier, communityID string, memberIDs []string) (map[string]record, error) {
	records := make(map[string]record, len(memberIDs))
	_, err := sqldb.All(ctx, q, func(s sqldb.Scanner) (none struct{}, err error) {
		var memberID string
		var r record
		err = s.Scan(&memberID, &r.seenAt, &r.visits, &r.minutes, &r.lastMinute, &r.streak, &r.streakDay)
		records[memberID] = r
		return none, err
	}, "SELECT "+columns+" FROM member_presence WHERE community_id = $1 AND "+q.Dialect().In("user_id", "$2"), communityID, sqldb.Keys(memberIDs))
	return records, err
}

func upsertRecord(ctx context.Context, tx *sqldb.Tx, communityID, memberID string, r record) error {
	_, err := tx.Exec(ctx, "INSERT INTO member_presence (community_id, "+columns+") VALUES ("+sqldb.Placeholders(1, 8)+`)
		ON CONFLICT (community_id, user_id) DO UPDATE SET seen_at = excluded.seen_at, visits = excluded.visits, minutes = excluded.minutes,
			last_minute = excluded.last_minute, streak = excluded.streak, streak_day = excluded.streak_day`,
		communityID, memberID, r.seenAt, r.visits, r.minutes, r.lastMinute, r.streak, r.streakDay)
	return err
}

// EraseMembers deletes the presence of members. It is a roster.Eraser.
func EraseMembers(ctx context.Context, tx *sqldb.Tx, communityID string, memberIDs []string) error {
	_, err := tx.Exec(ctx, "DELETE FROM member_presence WHERE community_id = $1 AND "+tx.Dialect().In("user_id", "$2"), communityID, sqldb.Keys(memberIDs))
	return err
}
