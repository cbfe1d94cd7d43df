// Package audit is the log of changes in a community: actor, action, target,
// time, old and new values. A change and its entry are written in one
// transaction.
package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/sqldb"
)

// Verb is an action, noun.verb: role.update. A feature lists its verbs.
type Verb string

// Entry is one action. It must not contain secrets.
type Entry struct {
	ID          string // set by Append
	CommunityID string
	At          int64  // Unix milliseconds
	Actor       string // account:<id>, key:<id>, command
	ActorName   string // at that time
	Action      Verb
	Target      Target
	Changes     []Change
}

// Target is the object of an action.
type Target struct {
	Type string `json:"type"` // the noun of the action
	ID   string `json:"id"`
	Name string `json:"name"` // at that time
}

// Change is a changed field of the target; nil values are absent.
type Change struct {
	Field string `json:"field"`
	Old   any    `json:"old"`
	New   any    `json:"new"`
}

// Append writes an entry in the transaction of the caller.
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

// Filter selects entries; empty fields match all.
type Filter struct {
	Actor  string // as in Entry
	Action string // an action, or a noun followed by a dot: "role."
	Target string // the id of a target
	From   int64  // Unix milliseconds, inclusive
	To     int64  // Unix milliseconds, exclusive; 0: unbounded
	Cursor string // as returned by List
	Limit  int
}

// List returns the entries of a community, newest first, and the cursor of the
// next page, "" at the end.
func List(ctx context.Context, q sqldb.Querier, communityID string, f Filter) (entries []Entry, next string, err error) {
	entries, err = selectEntries(ctx, q, communityID, f)
	if len(entries) > f.Limit {
		entries = entries[:f.Limit]
		next = entries[f.Limit-1].ID
	}
	return entries, next, err
}

// Actor is an actor with its most recent name.
type Actor struct{ Ref, Name string }

// Actors returns at most 100 actors of a community, by name.
func Actors(ctx context.Context, q sqldb.Querier, communityID string) ([]Actor, error) {
	return selectActors(ctx, q, communityID)
}

// Anonymise removes names and changed values of people from the log of a
// community, in the transaction of the caller. Actions, times and ids remain.
// actors are references of these people, targets the ids of objects about
// them.
func Anonymise(ctx context.Context, tx *sqldb.Tx, communityID string, actors, targets []string) error {
	if err := eraseTargets(ctx, tx, communityID, targets); err != nil {
		return err
	}
	return eraseActors(ctx, tx, communityID, actors)
}
