package bulk

import (
	"slices"

	"github.com/regulars/regulars/internal/bulk/apply"
	"github.com/regulars/regulars/internal/event"
)

// The types of events about bulk jobs.
const (
	EventMembersImported = apply.EventMembersImported
	EventJobFinished     = "bulk_job.finished" // JobFinished
)

// EventTypes describes these types.
var EventTypes = slices.Concat(apply.EventTypes, []event.Type{
	{Name: EventJobFinished, Data: JobFinished{}, Description: "A bulk job ended."},
})

// JobFinished is the data of EventJobFinished.
type JobFinished struct {
	JobID   string `json:"jobId"`
	JobType string `json:"jobType" enum:"import,update,undo,premium_currency"`
	Status  string `json:"status" enum:"completed,completed_with_errors,failed,cancelled"`
	DryRun  bool   `json:"dryRun"`
	Created int64  `json:"created" doc:"Rows that created a member."`
	Updated int64  `json:"updated" doc:"Rows that changed a member."`
	Failed  int64  `json:"failed" doc:"Rows that failed."`
}
