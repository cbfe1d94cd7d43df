package apply

import (
	"context"

	"github.com/regulars/regulars/internal/bulk/outcome"
	"github.com/regulars/regulars/internal/event"
	"github.com/regulars/regulars/internal/sqldb"
)

// EventMembersImported is the type of the event of a batch that changed members.
const EventMembersImported = "members.imported"

// EventTypes describes this type.
var EventTypes = []event.Type{{
	Name: EventMembersImported, Data: MembersImported{},
	Description: "A bulk job changed members: one event for each batch, and none for each row.",
}}

// MembersImported is the data of EventMembersImported. The details of the job
// list the rows.
type MembersImported struct {
	JobID        string    `json:"jobId"`
	JobType      string    `json:"jobType" enum:"import,update,undo,premium_currency"`
	FirstLine    int64     `json:"firstLine"`
	LastLine     int64     `json:"lastLine"`
	CreatedCount int64     `json:"createdCount"`
	UpdatedCount int64     `json:"updatedCount"`
	Created      event.IDs `json:"created,omitempty" doc:"The ids of the new members in file order: 12 bytes each, concatenated, in base64."`
	Removed      event.IDs `json:"removed,omitempty" doc:"The same for members that an undo removed."`
}

// appendEvent appends the event of a batch that changed members.
func (a *Attempt) appendEvent(ctx context.Context, tx *sqldb.Tx, done *outcome.Batch) error {
	if a.Job.DryRun || done.Counts.Created+done.Counts.Updated == 0 {
		return nil
	}
	e := event.Event{CommunityID: a.Job.CommunityID, Type: EventMembersImported, Actor: a.Job.Actor}
	return event.Append(ctx, tx, a.Clock.MS(), e, MembersImported{
		JobID: a.Job.ID, JobType: string(a.Job.Type), FirstLine: done.FirstLine, LastLine: done.LastLine,
		CreatedCount: done.Counts.Created, UpdatedCount: done.Counts.Updated - int64(done.Removed.Len()), Created: done.Created, Removed: done.Removed,
	})
}
