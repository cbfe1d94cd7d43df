package presence

import (
	"context"

	"github.com/regulars/regulars/internal/sqldb"
)

const columns = "user_id, visits, minutes, last_minute, streak, streak_day"

func recordsOf(ctx context.Context, q sqldb.Querier, communityID string, memberIDs []string) (map[string]record, error) {
	records := make(map[string]record, len(memberIDs))
	_, err := sqldb.All(ctx, q, func(s sqldb.Scanner) (none struct{}, err error) {
		var memberID string
		var r record
		err = s.Scan(&memberID, &r.visits, &r.minutes, &r.lastMinute, &r.streak, &r.streakDay, &r.seenAt)
		records[memberID] = r
		return none, err
	}, `SELECT p.user_id, p.visits, p.minutes, p.last_minute, p.streak, p.streak_day, v.seen_at FROM member_presence p
		JOIN member_visits v ON v.community_id = p.community_id AND v.user_id = p.user_id
		WHERE p.community_id = $1 AND `+q.Dialect().In("p.user_id", "$2"), communityID, sqldb.Keys(memberIDs))
	return records, err
}

func upsertRecord(ctx context.Context, tx *sqldb.Tx, communityID, memberID string, r record) error {
	_, err := tx.Exec(ctx, "INSERT INTO member_presence (community_id, "+columns+") VALUES ("+sqldb.Placeholders(1, 7)+`)
		ON CONFLICT (community_id, user_id) DO UPDATE SET visits = excluded.visits, minutes = excluded.minutes,
			last_minute = excluded.last_minute, streak = excluded.streak, streak_day = excluded.streak_day`,
		communityID, memberID, r.visits, r.minutes, r.lastMinute, r.streak, r.streakDay)
	return err
}

// EraseMembers deletes the presence of members. It is a roster.Eraser.
func EraseMembers(ctx context.Context, tx *sqldb.Tx, communityID string, memberIDs []string) error {
	_, err := tx.Exec(ctx, "DELETE FROM member_presence WHERE community_id = $1 AND "+tx.Dialect().In("user_id", "$2"), communityID, sqldb.Keys(memberIDs))
	return err
}

// upsertConnected stores until when members with a live connection count as online.
func upsertConnected(ctx context.Context, tx *sqldb.Tx, communityID string, memberIDs []string, until int64) error {
	_, err := tx.Exec(ctx, `INSERT INTO member_visits (community_id, user_id, seen_at, signed_in_at, online_until)
		SELECT community_id, user_id, 0, 0, CAST($2 AS BIGINT) FROM members WHERE community_id = $1 AND `+tx.Dialect().In("user_id", "$3")+` ORDER BY user_id
		ON CONFLICT (community_id, user_id) DO UPDATE SET
			online_until = CASE WHEN excluded.online_until > member_visits.online_until THEN excluded.online_until ELSE member_visits.online_until END`,
		communityID, until, sqldb.Keys(memberIDs))
	return err
}
