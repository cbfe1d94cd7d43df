package directory

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/id"
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

// Created is the source type of initial values.
const Created = "created"

const (
	createdPrefix = "created:"
	initialBatch  = 200   // members looked at in one step
	maxRead       = 4_000 // members read for one page
)

// initial returns up to limit initial values, from the member and field of a
// cursor, and the cursor of the next.
func (s *Directory) initial(ctx context.Context, communityID string, f HistoryFilter, cursor string, limit int) (rows []member.HistoryRow, next string, err error) {
	fromUser, fromField, _ := strings.Cut(cursor, ":")
	if !id.Valid(fromUser) {
		fromUser, fromField = id.Max, ""
	}
	for range maxRead / initialBatch {
		ids, err := selectJoined(ctx, s.db, communityID, f, fromUser, initialBatch)
		if err != nil {
			return nil, "", err
		}
		found, err := s.initialOf(ctx, communityID, ids, f)
		if err != nil {
			return nil, "", err
		}
		for i := range found {
			row := &found[i]
			if row.UserID == fromUser && row.FieldID < fromField {
				continue
			}
			if len(rows) == limit {
				return rows, createdPrefix + row.UserID + ":" + row.FieldID, nil
			}
			rows = append(rows, *row)
		}
		if len(ids) < initialBatch {
			return rows, "", nil
		}
		// The last member is read again: "~" is after all field ids.
		fromUser, fromField = ids[len(ids)-1], "~"
	}
	return rows, createdPrefix + fromUser + ":" + fromField, nil
}

// initialOf returns the initial values of members, in the order of the ids of
// members, then of fields.
func (s *Directory) initialOf(ctx context.Context, communityID string, ids []string, f HistoryFilter) ([]member.HistoryRow, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	people, err := member.Lookup(ctx, s.db, communityID, member.KeySet{IDs: ids}, false)
	if err != nil {
		return nil, err
	}
	first, err := selectFirstChanges(ctx, s.db, communityID, ids)
	if err != nil {
		return nil, err
	}
	changed := map[[2]string]member.HistoryRow{}
	for _, h := range first {
		changed[[2]string{h.UserID, h.FieldID}] = h
	}
	fields, err := everyField(ctx, s.db, communityID)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(people, func(a, b *member.Record) int { return strings.Compare(b.ID, a.ID) })
	var rows []member.HistoryRow
	for _, r := range people {
		if r.IsMember() && r.JoinedAt >= f.From && (f.To == 0 || r.JoinedAt < f.To) {
			rows = append(rows, initialRows(r, fields, changed, f.FieldID)...)
		}
	}
	return rows, nil
}

// initialRows returns the initial values of a member: the value before the
// first change of a field, else the present value.
func initialRows(r *member.Record, fields map[string]*field.Field, changed map[[2]string]member.HistoryRow, only string) (rows []member.HistoryRow) {
	for fieldID, f := range fields {
		if only != "" && only != fieldID {
			continue
		}
		change, ok := changed[[2]string{r.ID, fieldID}]
		value := change.Old
		if !ok {
			value = r.Get(f)
		}
		if value == nil {
			continue
		}
		rows = append(rows, member.HistoryRow{
			ID: initialID(r.JoinedAt, r.ID, fieldID), UserID: r.ID, FieldID: fieldID, New: value,
			ValidFrom: r.JoinedAt, RecordedAt: r.JoinedAt, Source: member.Source{Type: Created},
		})
	}
	slices.SortFunc(rows, func(a, b member.HistoryRow) int { return cmp.Compare(a.FieldID, b.FieldID) })
	return rows
}

// initialID returns the id of an initial value; it is always the same.
func initialID(joinedAt int64, userID, fieldID string) string {
	sum := sha256.Sum256([]byte(userID + " " + fieldID))
	return id.New(time.UnixMilli(joinedAt))[:12] + hex.EncodeToString(sum[:6])
}
