package member

import (
	"context"
	"time"

	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/sqldb"
)

// Source is the provenance of a change: its kind and id. "import", "update" and
// "undo" are bulk jobs; "api" is a request, with the id of its key; "console" a
// change on a page; "revert" the revert of a row of the history; "field" and "tag" a
// change of their definition.
type Source struct {
	Type string `json:"type"`
	ID   string `json:"id"`
}

// HistoryRow is one change of one field of one member. Old and New are values
// of the field, nil when unset; names for roles and tags.
type HistoryRow struct {
	ID         string
	UserID     string
	FieldID    string
	Field      string // database name, also of a deleted field
	FieldName  string // display name, also of a deleted field
	Old, New   any
	ValidFrom  int64
	RecordedAt int64
	Source     Source
	Actor      string
}

// Change is a new value of a field of a member. Values of roles and tags are
// lists of ids.
type Change struct {
	ID         string // of the row; "": RecordChanges creates one
	UserID     string
	Field      *field.Field
	Old, New   any
	ValidFrom  int64 // Unix milliseconds; 0: when it is recorded
	RecordedAt int64 // Record.Stamp
}

// NewID returns an id that is greater than those of the earlier changes of the
// member.
func (c *Change) NewID() string { return id.New(time.UnixMilli(c.RecordedAt)) }

// ChangedByOthers returns the members that have a change from none of the
// sources.
func ChangedByOthers(ctx context.Context, q sqldb.Querier, communityID string, userIDs []string, sourceIDs ...string) (map[string]bool, error) {
	found, err := selectChangedByOthers(ctx, q, communityID, userIDs, sourceIDs)
	changed := make(map[string]bool, len(found))
	for _, userID := range found {
		changed[userID] = true
	}
	return changed, err
}
