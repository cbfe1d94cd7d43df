// Package audit is the log of what people and programs did in a community: who
// changed which thing, when, and from what to what. Whoever changes something
// writes its entry in the same transaction.
package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
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
	_, err = tx.Exec(ctx, `INSERT INTO audit_log (community_id, id, at, actor, actor_name, action, target_type, target_id, target_name, changes)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		e.CommunityID, id.New(time.UnixMilli(e.At)), e.At, e.Actor, e.ActorName, e.Action, e.Target.Type, e.Target.ID, e.Target.Name, string(changes))
	return err
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
	where, args := []string{"community_id = $1", "at >= $2"}, []any{communityID, f.From}
	only := func(condition string, arg any) {
		args = append(args, arg)
		where = append(where, fmt.Sprintf(condition, fmt.Sprintf("$%d", len(args))))
	}
	if f.Actor != "" {
		only("actor = %s", f.Actor)
	}
	if noun, whole := strings.CutSuffix(f.Action, "."); whole {
		only("target_type = %s", noun)
	} else if f.Action != "" {
		only("action = %s", f.Action)
	}
	if f.Target != "" {
		only("target_id = %s", f.Target)
	}
	if f.To != 0 {
		only("at < %s", f.To)
	}
	if id.Valid(f.Cursor) {
		only("id < %s", f.Cursor)
	}
	entries, err = sqldb.All(ctx, q, scan, fmt.Sprintf(`SELECT id, community_id, at, actor, actor_name, action, target_type, target_id, target_name, changes
		FROM audit_log WHERE %s ORDER BY id DESC LIMIT %d`, strings.Join(where, " AND "), f.Limit+1), args...)
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
	return sqldb.All(ctx, q, func(s sqldb.Scanner) (a Actor, err error) {
		err = s.Scan(&a.Ref, &a.Name)
		return a, err
	}, "SELECT actor, max(actor_name) FROM audit_log WHERE community_id = $1 GROUP BY actor ORDER BY 2, 1 LIMIT 100", communityID)
}

func scan(s sqldb.Scanner) (Entry, error) {
	var e Entry
	var changes string
	err := s.Scan(&e.ID, &e.CommunityID, &e.At, &e.Actor, &e.ActorName, &e.Action, &e.Target.Type, &e.Target.ID, &e.Target.Name, &changes)
	if err != nil {
		return e, err
	}
	return e, json.Unmarshal([]byte(changes), &e.Changes)
}
