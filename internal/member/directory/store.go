package directory

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sqldb"
)

const historyColumns = "h.id, h.user_id, h.field_id, h.old_value, h.new_value, h.valid_from, h.recorded_at, h.source_type, h.source_id, h.actor"

// selectHistory returns up to one row more than the limit of the filter.
func selectHistory(ctx context.Context, q sqldb.Querier, communityID string, f HistoryFilter) ([]member.HistoryRow, error) {
	where, args := []string{"h.community_id = $1"}, []any{communityID}
	only := func(condition string, arg any) {
		args = append(args, arg)
		where = append(where, fmt.Sprintf(condition, len(args)))
	}
	if f.UserID != "" {
		only("h.user_id = $%d", f.UserID)
	} else {
		where = append(where, "NOT EXISTS (SELECT 1 FROM members m WHERE m.community_id = h.community_id AND m.user_id = h.user_id AND m.state = 'deleted')")
	}
	if f.FieldID != "" {
		only("h.field_id = $%d", f.FieldID)
	}
	if f.Source != "" {
		only("h.source_type = $%d", f.Source)
	}
	if f.From != 0 {
		only("h.valid_from >= $%d", f.From)
		// ValidFrom is never after RecordedAt: rows recorded before
		// From need not be read.
		only("h.id >= $%d", id.New(time.UnixMilli(f.From))[:12])
	}
	if f.To != 0 {
		only("h.valid_from < $%d", f.To)
	}
	if id.Valid(f.Cursor) {
		only("h.id < $%d", f.Cursor)
	}
	return sqldb.All(ctx, q, scanHistory, fmt.Sprintf("SELECT %s FROM field_history h WHERE %s ORDER BY h.id DESC LIMIT %d",
		historyColumns, strings.Join(where, " AND "), f.Limit+1), args...)
}

// LoadHistory returns a row of the history, or NotFound "history_not_found".
func LoadHistory(ctx context.Context, q sqldb.Querier, communityID, historyID string) (member.HistoryRow, error) {
	rows, err := sqldb.All(ctx, q, scanHistory, "SELECT "+historyColumns+" FROM field_history h WHERE h.community_id = $1 AND h.id = $2", communityID, historyID)
	if err != nil {
		return member.HistoryRow{}, err
	}
	if len(rows) == 0 {
		return member.HistoryRow{}, errs.New(errs.NotFound, "history_not_found", "Change not found. Initial values cannot be reverted.")
	}
	return rows[0], nil
}

func scanHistory(s sqldb.Scanner) (member.HistoryRow, error) {
	var h member.HistoryRow
	var before, after string
	err := s.Scan(&h.ID, &h.UserID, &h.FieldID, &before, &after, &h.ValidFrom, &h.RecordedAt, &h.Source.Type, &h.Source.ID, &h.Actor)
	if err != nil {
		return h, err
	}
	if h.Old, err = field.DecodeText(before); err != nil {
		return h, err
	}
	h.New, err = field.DecodeText(after)
	return h, err
}

// selectFirstChanges returns the first change of each field of members.
func selectFirstChanges(ctx context.Context, q sqldb.Querier, communityID string, userIDs []string) ([]member.HistoryRow, error) {
	return sqldb.All(ctx, q, scanHistory, `SELECT id, user_id, field_id, old_value, new_value, valid_from, recorded_at, source_type, source_id, actor
		FROM (SELECT field_history.*, ROW_NUMBER() OVER (PARTITION BY user_id, field_id ORDER BY id) AS place
			FROM field_history WHERE community_id = $1 AND `+q.Dialect().In("user_id", "$2")+`) AS ranked WHERE place = 1`, communityID, sqldb.Keys(userIDs))
}

// selectJoined returns the ids of members that are not deleted, in descending
// order from one on.
func selectJoined(ctx context.Context, q sqldb.Querier, communityID string, f HistoryFilter, from string, limit int) ([]string, error) {
	if f.UserID != "" {
		return []string{f.UserID}, nil
	}
	to := f.To
	if to == 0 {
		to = 1 << 62
	}
	return sqldb.All(ctx, q, sqldb.Value[string], fmt.Sprintf(`SELECT user_id FROM members WHERE community_id = $1 AND user_id <= $2 AND state <> 'deleted'
		AND joined_at >= $3 AND joined_at < $4 ORDER BY user_id DESC LIMIT %d`, limit), communityID, from, f.From, to)
}

func memberTotals(ctx context.Context, q sqldb.Querier, communityIDs []string) (map[string]int64, error) {
	totals := map[string]int64{}
	_, err := sqldb.All(ctx, q, func(s sqldb.Scanner) (struct{}, error) {
		var communityID string
		var total int64
		err := s.Scan(&communityID, &total)
		totals[communityID] = total
		return struct{}{}, err
	}, "SELECT community_id, CAST(SUM(total) AS BIGINT) FROM member_counts WHERE "+q.Dialect().In("community_id", "$1")+" GROUP BY community_id", sqldb.Keys(communityIDs))
	return totals, err
}

func firstOwners(ctx context.Context, q sqldb.Querier, communityIDs []string) (map[string]Person, error) {
	owners := map[string]Person{}
	_, err := sqldb.All(ctx, q, func(s sqldb.Scanner) (struct{}, error) {
		var communityID string
		var p Person
		err := s.Scan(&communityID, &p.ID, &p.Number, &p.Username)
		if _, known := owners[communityID]; !known {
			owners[communityID] = p
		}
		return struct{}{}, err
	}, "SELECT m.community_id, m.user_id, m.number, m.username FROM "+member.FromOwners(q.Dialect())+`
		WHERE m.owner AND m.state = 'active' AND `+q.Dialect().In("m.community_id", "$1")+" ORDER BY m.community_id, m.user_id", sqldb.Keys(communityIDs))
	return owners, err
}

// deletedCommunities returns the communities that an account owned when they were
// deleted, after oldest.
func deletedCommunities(ctx context.Context, q sqldb.Querier, accountID string, oldest int64) ([]string, error) {
	return sqldb.All(ctx, q, sqldb.Value[string], `SELECT c.id FROM communities c
		JOIN members m ON m.community_id = c.id AND m.account_id = $1 AND m.account_id <> '' AND m.state = 'active' AND m.owner
		WHERE c.deleted_at <> 0 AND c.deleted_at > $2 ORDER BY c.id`, accountID, oldest)
}
