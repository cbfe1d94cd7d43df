package firing

import (
	"context"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/automation"
	"github.com/regulars/regulars/internal/cursor"
	"github.com/regulars/regulars/internal/id"
)

// Outcomes of firings.
const (
	Done    = "done"
	Skipped = "skipped" // a limit was reached
	Failed  = "failed"  // nothing was changed
)

// Outcomes are all outcomes.
var Outcomes = []string{Done, Skipped, Failed}

// Entry is a row of the log.
type Entry struct {
	ID           string // in the order of time
	AutomationID string
	EventID      string
	UserID       string // "": the event has no member
	Outcome      string
	Reason       string // why it was not done: the code of an error, or a limit
	Actions      []Result
	At           int64 // Unix milliseconds
}

// Result is the result of an action.
type Result struct {
	Type string `json:"type"`
	OK   bool   `json:"ok"`
	Ref  string `json:"ref,omitempty"` // id of what it made or changed
	Text string `json:"text,omitempty"`
}

// Log returns a page of the log of an automation, also of a deleted one, the newest entry
// first, and the cursor of the next page, "" at the end. outcome "": all. It fails as
// access.Can does for Gamification, with NotFound "automation_not_found" or Invalid
// "invalid_cursor".
func (f *Firings) Log(ctx context.Context, caller actor.Actor, communityID, automationID, outcome, after string, limit int) ([]Entry, string, error) {
	if err := f.d.Access.Can(ctx, caller, communityID, permission.Gamification); err != nil {
		return nil, "", err
	}
	if _, err := automation.LoadAny(ctx, f.d.DB, communityID, automationID); err != nil {
		return nil, "", err
	}
	cursors := cursor.Of("automation log", automationID, outcome)
	before, err := cursors.ParseID(after, id.Max)
	if err != nil {
		return nil, "", err
	}
	list, err := selectLog(ctx, f.d.DB, communityID, automationID, outcome, before, limit+1)
	list, next := cursor.Page(cursors, list, limit, func(e *Entry) string { return e.ID })
	return list, next, err
}
