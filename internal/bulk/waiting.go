package bulk

import (
	"context"

	"github.com/regulars/regulars/internal/bulk/job"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/jobs"
)

// Waiting is the reason that a job makes no progress.
type Waiting struct {
	_ struct{} `nullable:"true"`

	Reason        string  `json:"reason" doc:"A stable code: free_worker (all workers are busy), account_jobs or community_jobs (other jobs of the same account or key, or community, run first), interrupted (a process ended while it worked on the job; such jobs start one at a time), retry (an attempt failed), database (the database was away), field_change (the fields of the community are being changed), no_server (no server runs), silent_server (the server that works on it does not respond), other_server (the file is on another server, which continues the job), disk_full (the disk of the server is full), file_storage (the service that stores files does not answer), later."`
	Since         string  `json:"since"`
	NextAttemptAt *string `json:"nextAttemptAt" doc:"null if the job continues as soon as the reason has gone"`
}

// Reasons of bulk jobs; package jobs has the others.
const (
	WaitFieldChange = "field_change" // the fields of the community are being changed
	WaitFiles       = "file_storage" // the service that stores files does not answer
)

// statuses returns the states of jobs with the reasons they wait and their
// successors.
func (b *Bulk) statuses(ctx context.Context, communityID string, list []job.Job) ([]Status, error) {
	live, ids := []string{}, make([]string, len(list))
	for i := range list {
		ids[i] = list[i].ID
		if list[i].Status == job.Queued || list[i].Status == job.Running {
			live = append(live, list[i].QueueJobID)
		}
	}
	waits, err := b.engine.Waits(ctx, live...)
	if err != nil {
		return nil, err
	}
	related, err := job.Relate(ctx, b.db, communityID, ids)
	if err != nil {
		return nil, err
	}
	statuses := make([]Status, len(list))
	for i := range list {
		statuses[i] = b.status(list[i])
		statuses[i].Relations = related[list[i].ID]
		if w, ok := waits[list[i].QueueJobID]; ok {
			statuses[i].Waiting = waitingOf(w)
		}
	}
	return statuses, nil
}

func waitingOf(w jobs.Wait) *Waiting {
	return &Waiting{Reason: w.Reason, Since: clock.Format(w.Since), NextAttemptAt: moment(w.NextAttempt)}
}
