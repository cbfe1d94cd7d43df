package member

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/id"
)

// Created is the type of the source of values that a member was created with.
const Created = "created"

const (
	createdPrefix = "created:"
	crowdOfOne    = 200   // members looked at in one step
	mostLookedAt  = 4_000 // members looked at for one page
)

// initial returns up to limit rows of what members were created with, from the
// member and field that a cursor names, and the cursor of the next.
func (s *Members) initial(ctx context.Context, communityID string, f HistoryFilter, cursor string, limit int) (rows []HistoryRow, next string, err error) {
	fromUser, fromField, _ := strings.Cut(cursor, ":")
	if !id.Valid(fromUser) {
		fromUser, fromField = "g", "" // after every hex digit
	}
	for range mostLookedAt / crowdOfOne {
		ids, err := selectJoined(ctx, s.db, communityID, f, fromUser, crowdOfOne)
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
		if len(ids) < crowdOfOne {
			return rows, "", nil
		}
		// The last one is looked at again: "~" is after each of their fields.
		fromUser, fromField = ids[len(ids)-1], "~"
	}
	return rows, createdPrefix + fromUser + ":" + fromField, nil
}

// initialOf are the rows of some members, in the order of the ids, then of the
// fields' ids.
func (s *Members) initialOf(ctx context.Context, communityID string, ids []string, f HistoryFilter) ([]HistoryRow, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	people, err := Lookup(ctx, s.db, communityID, KeySet{IDs: ids}, false)
	if err != nil {
		return nil, err
	}
	first, err := selectFirstChanges(ctx, s.db, communityID, ids)
	if err != nil {
		return nil, err
	}
	changed := map[[2]string]HistoryRow{}
	for _, h := range first {
		changed[[2]string{h.UserID, h.FieldID}] = h
	}
	fields, err := everyField(ctx, s.db, communityID)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(people, func(a, b *Record) int { return strings.Compare(b.ID, a.ID) })
	var rows []HistoryRow
	for _, r := range people {
		if r.IsMember() && r.JoinedAt >= f.From && (f.To == 0 || r.JoinedAt < f.To) {
			rows = append(rows, r.initial(fields, changed, f.FieldID)...)
		}
	}
	return rows, nil
}

// initial is what a member was created with: of each field the value before
// its first change, else the one it has.
func (r *Record) initial(fields map[string]*field.Field, changed map[[2]string]HistoryRow, only string) (rows []HistoryRow) {
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
		rows = append(rows, HistoryRow{
			ID: initialID(r.JoinedAt, r.ID, fieldID), UserID: r.ID, FieldID: fieldID, New: value,
			ValidFrom: r.JoinedAt, RecordedAt: r.JoinedAt, Source: Source{Type: Created},
		})
	}
	slices.SortFunc(rows, func(a, b HistoryRow) int { return cmp.Compare(a.FieldID, b.FieldID) })
	return rows
}

// initialID is the id of a row that is made up: the same each time.
func initialID(joinedAt int64, userID, fieldID string) string {
	sum := sha256.Sum256([]byte(userID + " " + fieldID))
	return id.New(timeOf(joinedAt))[:12] + hex.EncodeToString(sum[:6])
}
