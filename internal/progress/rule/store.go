package rule

import (
	"context"

	"github.com/regulars/regulars/internal/sqldb"
)

const settingsColumns = "version, valid_from, settings"

func scanSettings(s sqldb.Scanner) (Settings, error) {
	var version, from int64
	var text string
	if err := s.Scan(&version, &from, &text); err != nil {
		return Settings{}, err
	}
	return decode(text, version, from)
}

// newest returns the version in force.
func newest(ctx context.Context, q sqldb.Querier, communityID string) (Settings, error) {
	found, err := sqldb.All(ctx, q, scanSettings, "SELECT "+settingsColumns+" FROM xp_settings WHERE community_id = $1 ORDER BY version DESC LIMIT 1", communityID)
	if err != nil || len(found) == 0 {
		return Defaults(), err
	}
	return found[0], nil
}

// versionsSince returns the versions from the one in force at a time on, oldest first. The
// defaults are first if no other was in force then.
func versionsSince(ctx context.Context, q sqldb.Querier, communityID string, at int64) ([]Settings, error) {
	found, err := sqldb.All(ctx, q, scanSettings, "SELECT "+settingsColumns+` FROM xp_settings WHERE community_id = $1
		AND version >= COALESCE((SELECT MAX(version) FROM xp_settings WHERE community_id = $1 AND valid_from <= $2), 0) ORDER BY version`, communityID, at)
	if len(found) == 0 || found[0].from > at {
		found = append([]Settings{Defaults()}, found...)
	}
	return found, err
}

func insertSettings(ctx context.Context, tx *sqldb.Tx, communityID string, s Settings) error {
	text, err := s.encode()
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, "INSERT INTO xp_settings (community_id, "+settingsColumns+") VALUES ($1, $2, $3, $4)", communityID, s.Version, s.from, text)
	return err
}

// payment is a row of xp_payments.
type payment struct {
	userID string
	action Action
	at     int64 // of the fact, Unix milliseconds
	source string
	day    int64
}

// paymentsBetween returns the payments of members for an action between two times.
func paymentsBetween(ctx context.Context, q sqldb.Querier, communityID string, action Action, userIDs []string, from, to int64) ([]payment, error) {
	return sqldb.All(ctx, q, func(s sqldb.Scanner) (payment, error) {
		p := payment{action: action}
		return p, s.Scan(&p.userID, &p.at, &p.source, &p.day)
	}, "SELECT user_id, paid_at, source_id, day FROM "+q.Dialect().PerKey("xp_payments", "user_id", "community_id = $1 AND action = $3 AND paid_at BETWEEN $4 AND $5", "$2"),
		communityID, sqldb.Keys(userIDs), string(action), from, to)
}

func insertPayments(ctx context.Context, tx *sqldb.Tx, communityID string, list []payment) error {
	return tx.InsertRows(ctx, sqldb.Rows{
		Table: "xp_payments", Columns: []string{"community_id", "user_id", "action", "paid_at", "source_id", "day"}, N: len(list), Fill: func(i int, row []any) {
			p := list[i]
			row[0], row[1], row[2], row[3], row[4], row[5] = communityID, p.userID, string(p.action), p.at, p.source, p.day
		},
	})
}

// deletePayments deletes the payments before a day.
func deletePayments(ctx context.Context, q sqldb.Querier, day int64) error {
	_, err := q.Exec(ctx, "DELETE FROM xp_payments WHERE day < $1", day)
	return err
}

// EraseMembers deletes the payments of members, which no sum needs. It is a roster.Eraser.
func EraseMembers(ctx context.Context, tx *sqldb.Tx, communityID string, memberIDs []string) error {
	_, err := tx.Exec(ctx, "DELETE FROM xp_payments WHERE community_id = $1 AND "+tx.Dialect().In("user_id", "$2"), communityID, sqldb.Keys(memberIDs))
	return err
}
