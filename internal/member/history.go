package member

import (
	"context"

	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/sqldb"
)

// Source is what made a change: the kind of thing ("import", "update", "undo",
// "api", …) and its id.
type Source struct{ Type, ID string }

// HistoryRow is one change of one field of one member. Old and New are values
// of the field, nil when unset; of roles and tags they are names.
type HistoryRow struct {
	ID         string
	UserID     string
	FieldID    string
	FieldName  string // what people read; the id of a field that is gone
	Old, New   any
	ValidFrom  int64
	RecordedAt int64
	Source     Source
	Actor      string
}

// Change is a field of one person that gets another value. Of roles and tags
// the values are lists of ids.
type Change struct {
	UserID   string
	Field    *Field
	Old, New any
}

// RecordChanges writes the changes of one source into the history, in the caller's
// transaction. now is in Unix milliseconds.
func RecordChanges(ctx context.Context, tx *sqldb.Tx, communityID string, changes []Change, source Source, actor string, now int64) error {
	columns := []string{"community_id", "user_id", "id", "field_id", "old_value", "new_value", "valid_from", "recorded_at", "source_type", "source_id", "actor"}
	at := timeOf(now)
	return tx.InsertRows(ctx, sqldb.Rows{Table: "field_history", Columns: columns, N: len(changes), Fill: func(i int, row []any) {
		c := &changes[i]
		row[0], row[1], row[2], row[3] = communityID, c.UserID, id.New(at), c.Field.ID
		row[4], row[5] = encodeJSON(c.Old), encodeJSON(c.New)
		row[6], row[7], row[8], row[9], row[10] = now, now, source.Type, source.ID, actor
	}})
}

// ChangedByOthers returns those of the users who have a change in their
// history that came from none of the sources.
func ChangedByOthers(ctx context.Context, q sqldb.Querier, communityID string, userIDs []string, sourceIDs ...string) (map[string]bool, error) {
	found, err := sqldb.All(ctx, q, sqldb.Value[string], `SELECT DISTINCT user_id FROM field_history
		WHERE community_id = $1 AND `+q.Dialect().In("user_id", "$2")+" AND NOT "+q.Dialect().In("source_id", "$3"), communityID, sqldb.Keys(userIDs), sqldb.Keys(sourceIDs))
	changed := make(map[string]bool, len(found))
	for _, userID := range found {
		changed[userID] = true
	}
	return changed, err
}

// History returns a member's changes, newest first: a page of at most limit
// rows, and the cursor of the next page ("": none). An unknown cursor starts
// at the newest.
func (s *Members) History(ctx context.Context, communityID, userID, cursor string, limit int) ([]HistoryRow, string, error) {
	if !id.Valid(cursor) {
		cursor = "g" // after every hex digit
	}
	rows, err := selectHistory(ctx, s.db, communityID, userID, cursor, limit+1)
	if err != nil {
		return nil, "", err
	}
	next := ""
	if len(rows) > limit {
		rows = rows[:limit]
		next = rows[limit-1].ID
	}
	return rows, next, s.nameHistory(ctx, communityID, rows)
}

// nameHistory puts names where the rows hold ids.
func (s *Members) nameHistory(ctx context.Context, communityID string, rows []HistoryRow) error {
	names, err := LoadNames(ctx, s.db, communityID)
	if err != nil {
		return err
	}
	fields, err := Fields(ctx, s.db, communityID)
	if err != nil {
		return err
	}
	byID := map[string]*Field{}
	for i := range fields {
		byID[fields[i].ID] = &fields[i]
	}
	for i := range rows {
		row := &rows[i]
		row.FieldName = row.FieldID
		if f := byID[row.FieldID]; f != nil {
			row.FieldName = f.Name
			row.Old, row.New = names.Show(f, row.Old), names.Show(f, row.New)
		}
	}
	return nil
}
