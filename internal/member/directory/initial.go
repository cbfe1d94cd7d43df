package directory

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/member"
)

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
		fromUser, fromField = "g", "" // after every hex digit
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
