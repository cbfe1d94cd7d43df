package presence

import (
	"context"
	"database/sql"
	"errors"

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

// addDay adds to what a member did on a day.
func addDay(ctx context.Context, tx *sqldb.Tx, communityID, memberID string, day, visits, minutes int64) error {
	if visits == 0 && minutes == 0 {
		return nil
	}
	_, err := tx.Exec(ctx, `INSERT INTO presence_days (community_id, user_id, day, visits, minutes) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (community_id, user_id, day) DO UPDATE SET visits = presence_days.visits + excluded.visits, minutes = presence_days.minutes + excluded.minutes`,
		communityID, memberID, day, visits, minutes)
	return err
}

// EraseMembers deletes the visits of members. It is a roster.Eraser.
func EraseMembers(ctx context.Context, tx *sqldb.Tx, communityID string, memberIDs []string) error {
	if len(memberIDs) == 0 {
		return nil
	}
	for _, table := range []string{"member_presence", "presence_days", "member_visits"} {
		if _, err := tx.Exec(ctx, "DELETE FROM "+table+" WHERE community_id = $1 AND "+tx.Dialect().In("user_id", "$2"), communityID, sqldb.Keys(memberIDs)); err != nil {
			return err
		}
	}
	return nil
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

// upsertVisit stores the last visit of a member.
func upsertVisit(ctx context.Context, q sqldb.Querier, communityID, memberID string, v Visit) error {
	_, err := q.Exec(ctx, `INSERT INTO member_visits (community_id, user_id, seen_at, signed_in_at, online_until) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (community_id, user_id) DO UPDATE SET
			online_until = CASE WHEN excluded.online_until > member_visits.online_until THEN excluded.online_until ELSE member_visits.online_until END,
			seen_at = CASE WHEN excluded.seen_at > member_visits.seen_at THEN excluded.seen_at ELSE member_visits.seen_at END,
			signed_in_at = CASE WHEN excluded.signed_in_at > member_visits.signed_in_at THEN excluded.signed_in_at ELSE member_visits.signed_in_at END`,
		communityID, memberID, v.SeenAt, v.SignedInAt, v.SeenAt+OnlineFor.Milliseconds())
	return err
}

// LoadVisit returns the last visit of a member; it is zero if there was none.
func LoadVisit(ctx context.Context, q sqldb.Querier, communityID, memberID string) (v Visit, err error) {
	err = q.QueryRow(ctx, "SELECT seen_at, signed_in_at, online_until FROM member_visits WHERE community_id = $1 AND user_id = $2", communityID, memberID).Scan(&v.SeenAt, &v.SignedInAt, &v.OnlineUntil)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return v, err
}
