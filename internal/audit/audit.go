// Package audit is the log of what people and programs did in a community: who
// changed which thing, when, and from what to what. Whoever changes something
// writes its entry in the same transaction.
package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/sqldb"
)

// Entry is one thing that somebody did. Secrets have no place in it.
type Entry struct {
	ID          string // made by Append
	CommunityID string
	At          int64  // Unix milliseconds
	Actor       string // account:<id>, key:<id>, command
	ActorName   string // as it was then
	Action      string // noun.verb: role.update
	Target      Target
	Changes     []Change
}

// Target is what something was done to.
type Target struct {
	Type string `json:"type"` // the noun of the action
	ID   string `json:"id"`
	Name string `json:"name"` // as it was then
}

// Change is a part of the target that became another; nil when it was or is
// not there.
type Change struct {
	Field string `json:"field"`
	Old   any    `json:"old"`
	New   any    `json:"new"`
}

// Append writes an entry in the caller's transaction.
func Append(ctx context.Context, tx *sqldb.Tx, e Entry) error {
	if e.Changes == nil {
		e.Changes = []Change{}
	}
	changes, err := json.Marshal(e.Changes)
	if err != nil {
		return fmt.Errorf("audit %s: %w", e.Action, err)
	}
	e.ID = id.New(time.UnixMilli(e.At))
	return insertEntry(ctx, tx, e, string(changes))
}

// Filter chooses entries; what is empty does not choose.
type Filter struct {
	Actor  string // as in Entry
	Action string // a whole action, or a noun with a dot at its end: "role."
	Target string // the id of a target
	From   int64  // Unix milliseconds, that moment too
	To     int64  // Unix milliseconds, before that moment; 0: no end
	Cursor string // what List returned for the next page
	Limit  int
}

// List returns a community's entries, newest first, and the cursor of the next
// page, "" at the end.
func List(ctx context.Context, q sqldb.Querier, communityID string, f Filter) (entries []Entry, next string, err error) {
	entries, err = selectEntries(ctx, q, communityID, f)
	if len(entries) > f.Limit {
		entries = entries[:f.Limit]
		next = entries[f.Limit-1].ID
	}
	return entries, next, err
}

// Actor is somebody who did something, by the name they had last.
type Actor struct{ Ref, Name string }

// Actors returns who did anything in a community, by name, a hundred at most.
func Actors(ctx context.Context, q sqldb.Querier, communityID string) ([]Actor, error) {
	return selectActors(ctx, q, communityID)
}
