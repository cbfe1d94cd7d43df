package directory

import (
	"context"
	"strings"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sqldb"
)

// HistoryFilter selects rows of the history; empty fields select all.
type HistoryFilter struct {
	UserID  string
	FieldID string
	Source  string // type of a Source
	From    int64  // first ValidFrom, Unix milliseconds
	To      int64  // end of ValidFrom, exclusive
	Cursor  string // as returned by Histories
	Limit   int
}

// Histories returns a page of at most f.Limit changes, newest first, and the
// cursor of the next page, "" at the end. After the recorded changes follow the
// initial values of members, a row for each value, of source "created"; deleted
// members have none. Initial values are computed, so a page can be short before
// the end. An unknown cursor starts at the newest row.
func (s *Directory) Histories(ctx context.Context, caller actor.Actor, communityID string, f HistoryFilter) ([]member.HistoryRow, string, error) {
	if err := s.access.CanAny(ctx, caller, communityID, permission.UserFields, permission.GetUserData); err != nil {
		return nil, "", err
	}
	var rows []member.HistoryRow
	from, made := strings.CutPrefix(f.Cursor, createdPrefix)
	if !made && f.Source != Created {
		recorded, err := selectHistory(ctx, s.db, communityID, f)
		if err != nil {
			return nil, "", err
		}
		if len(recorded) > f.Limit {
			recorded = recorded[:f.Limit]
			return recorded, recorded[f.Limit-1].ID, s.NameHistory(ctx, communityID, recorded)
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
	return rows, next, s.NameHistory(ctx, communityID, rows)
}

// NameHistory replaces ids with names in rows.
func (s *Directory) NameHistory(ctx context.Context, communityID string, rows []member.HistoryRow) error {
	names, err := s.namesOf(ctx, communityID, nil)
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

// everyField returns the fields by id, deleted ones included.
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
