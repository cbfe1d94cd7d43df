package member

import (
	"context"
	"fmt"
	"strings"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/sqldb"
)

const historyColumns = "h.id, h.user_id, h.field_id, h.old_value, h.new_value, h.valid_from, h.recorded_at, h.source_type, h.source_id, h.actor"

// selectHistory returns one row more than the filter's limit where there is
// one.
func selectHistory(ctx context.Context, q sqldb.Querier, communityID string, f HistoryFilter) ([]HistoryRow, error) {
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
		// Nothing is so from later than it was recorded: what is older than
		// From need not be read.
		only("h.id >= $%d", id.New(timeOf(f.From))[:12])
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

func loadHistory(ctx context.Context, q sqldb.Querier, communityID, historyID string) (HistoryRow, error) {
	rows, err := sqldb.All(ctx, q, scanHistory, "SELECT "+historyColumns+" FROM field_history h WHERE h.community_id = $1 AND h.id = $2", communityID, historyID)
	if err != nil {
		return HistoryRow{}, err
	}
	if len(rows) == 0 {
		return HistoryRow{}, errs.New(errs.NotFound, "history_not_found", "There is no such change. What a member was created with was no change and has nothing before it.")
	}
	return rows[0], nil
}

func scanHistory(s sqldb.Scanner) (HistoryRow, error) {
	var h HistoryRow
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

// selectFirstChanges returns the first change of each field of each of the
// users.
func selectFirstChanges(ctx context.Context, q sqldb.Querier, communityID string, userIDs []string) ([]HistoryRow, error) {
	return sqldb.All(ctx, q, scanHistory, `SELECT id, user_id, field_id, old_value, new_value, valid_from, recorded_at, source_type, source_id, actor
		FROM (SELECT field_history.*, ROW_NUMBER() OVER (PARTITION BY user_id, field_id ORDER BY id) AS place
			FROM field_history WHERE community_id = $1 AND `+q.Dialect().In("user_id", "$2")+`) AS ranked WHERE place = 1`, communityID, sqldb.Keys(userIDs))
}

// selectJoined returns the ids of members who are not deleted, the newest ids
// first, from one on.
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
