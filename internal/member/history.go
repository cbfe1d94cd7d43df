package member

import (
	"context"
	"strings"

	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/sqldb"
)

// Source is what made a change: the kind of thing and its id, "" where it has
// none. "import", "update" and "undo" are bulk jobs; "api" is a request, by
// the id of its key; "console" a person at a page; "revert" the taking back of
// a row of the history; "field" and "tag" a change of their definition.
type Source struct{ Type, ID string }

// HistoryRow is one change of one field of one member. Old and New are values
// of the field, nil when unset; of roles and tags they are names.
type HistoryRow struct {
	ID         string
	UserID     string
	FieldID    string
	Field      string // database name, also of a field that is gone
	FieldName  string // what people read, also of a field that is gone
	Old, New   any
	ValidFrom  int64
	RecordedAt int64
	Source     Source
	Actor      string
}

// Change is a field of one person that gets another value. Of roles and tags
// the values are lists of ids.
type Change struct {
	ID         string // of its row in the history; "": RecordChanges makes one
	UserID     string
	Field      *field.Field
	Old, New   any
	ValidFrom  int64 // Unix milliseconds; 0: when it is recorded
	RecordedAt int64 // a Record's Stamp, in Unix milliseconds
}

// newID returns an id that sorts behind those of the member's earlier changes.
func (c *Change) newID() string { return id.New(timeOf(c.RecordedAt)) }

// RecordChanges writes the changes of one source into the history, in the
// transaction that locked and stamped their members.
func RecordChanges(ctx context.Context, tx *sqldb.Tx, communityID string, changes []Change, source Source, actor string) error {
	columns := []string{"community_id", "user_id", "id", "field_id", "old_value", "new_value", "valid_from", "recorded_at", "source_type", "source_id", "actor"}
	// What is the same in every row is boxed once.
	var community, sourceType, sourceID, by any = communityID, source.Type, source.ID, actor
	return tx.InsertRows(ctx, sqldb.Rows{Table: "field_history", Columns: columns, N: len(changes), Fill: func(i int, row []any) {
		c := &changes[i]
		row[0], row[1], row[2], row[3] = community, c.UserID, c.ID, c.Field.ID
		if c.ID == "" {
			row[2] = c.newID()
		}
		row[4], row[5] = string(field.AppendValue(nil, c.Old)), string(field.AppendValue(nil, c.New))
		row[6], row[7], row[8], row[9], row[10] = c.RecordedAt, c.RecordedAt, sourceType, sourceID, by
		if c.ValidFrom != 0 {
			row[6] = c.ValidFrom
		}
	}})
}

// ChangedByOthers returns those of the users who have a change in their
// history that came from none of the sources.
func ChangedByOthers(ctx context.Context, q sqldb.Querier, communityID string, userIDs []string, sourceIDs ...string) (map[string]bool, error) {
	found, err := selectChangedByOthers(ctx, q, communityID, userIDs, sourceIDs)
	changed := make(map[string]bool, len(found))
	for _, userID := range found {
		changed[userID] = true
	}
	return changed, err
}

// HistoryFilter chooses rows of the history; what is empty does not choose.
type HistoryFilter struct {
	UserID  string
	FieldID string
	Source  string // a Source's type
	From    int64  // ValidFrom in Unix milliseconds, that moment too
	To      int64  // before that moment
	Cursor  string // what Histories returned for the next page
	Limit   int
}

// Histories returns a page of at most f.Limit changes, and the cursor of the
// next page, "" at the end: what was recorded, newest first, then what members
// were created with, a row for each value, of source "created". Those rows are
// made up when they are asked for, so a page can be short of its limit before
// the end. Members who are deleted have none. An unknown cursor starts at the
// newest.
func (s *Members) Histories(ctx context.Context, communityID string, f HistoryFilter) ([]HistoryRow, string, error) {
	var rows []HistoryRow
	from, made := strings.CutPrefix(f.Cursor, createdPrefix)
	if !made && f.Source != Created {
		recorded, err := selectHistory(ctx, s.db, communityID, f)
		if err != nil {
			return nil, "", err
		}
		if len(recorded) > f.Limit {
			recorded = recorded[:f.Limit]
			return recorded, recorded[f.Limit-1].ID, s.nameHistory(ctx, communityID, recorded)
		}
		rows = recorded
	}
	next := ""
	if f.Source == "" || f.Source == Created {
		initial, cursor, err := s.initial(ctx, communityID, f, from, f.Limit-len(rows))
		if err != nil {
			return nil, "", err
		}
		rows, next = append(rows, initial...), cursor
	}
	return rows, next, s.nameHistory(ctx, communityID, rows)
}

// nameHistory puts names where the rows hold ids.
func (s *Members) nameHistory(ctx context.Context, communityID string, rows []HistoryRow) error {
	names, err := LoadNames(ctx, s.db, communityID)
	if err != nil {
		return err
	}
	byID, err := everyField(ctx, s.db, communityID)
	if err != nil {
		return err
	}
	for i := range rows {
		row := &rows[i]
		row.Field, row.FieldName = row.FieldID, row.FieldID
		if f := byID[row.FieldID]; f != nil {
			row.Field, row.FieldName = f.Field, f.Name
			row.Old, row.New = names.Show(f, row.Old), names.Show(f, row.New)
		}
	}
	return nil
}

// everyField are the fields by their ids, those that are gone too.
func everyField(ctx context.Context, q sqldb.Querier, communityID string) (map[string]*field.Field, error) {
	fields, err := field.List(ctx, q, communityID)
	if err != nil {
		return nil, err
	}
	gone, err := field.ListDeleted(ctx, q, communityID)
	if err != nil {
		return nil, err
	}
	byID := map[string]*field.Field{}
	for _, list := range [][]field.Field{gone, fields} {
		for i := range list {
			byID[list[i].ID] = &list[i]
		}
	}
	return byID, nil
}
