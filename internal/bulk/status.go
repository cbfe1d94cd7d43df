package bulk

import (
	"context"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/bulk/job"
	"github.com/regulars/regulars/internal/bulk/newfield"
	"github.com/regulars/regulars/internal/bulk/outcome"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sheet"
)

// Status is the state of a job, as JSON. Times are RFC 3339.
type Status struct {
	job.Relations
	JobID         string            `json:"jobId"`
	Type          job.Type          `json:"type"`
	Status        string            `json:"status"`
	DryRun        bool              `json:"dryRun"`
	PlanJobID     string            `json:"planJobId,omitempty" doc:"the dry run whose plan this job applies"`
	UndoOf        string            `json:"undoOf,omitempty" doc:"the job this one takes back"`
	Continues     string            `json:"continues,omitempty" doc:"the stopped job; this one imports its unread rows"`
	FileName      string            `json:"fileName"`
	FileID        string            `json:"-"` // "": expired, or an undo
	Options       *job.Options      `json:"options,omitempty" doc:"of the file; absent for an undo"`
	Detected      *sheet.Detected   `json:"detected,omitempty"`
	Counts        outcome.Counts    `json:"counts"`
	Creates       *newfield.Creates `json:"creates,omitempty" doc:"what the run of this dry run will create, apart from members; not in lists"`
	Kept          int64             `json:"kept,omitempty" doc:"rows of an undo with something that was kept; the details have the causes"`
	Unread        *int64            `json:"unread" doc:"rows that a stopped job did not read; null until they are counted, or if the file cannot be read"`
	Warnings      []sheet.Warning   `json:"warnings" doc:"assumptions about the file, and the fields and tags of the job that an undo kept; no row fails because of them"`
	Percent       *float64          `json:"percent" doc:"null while unknown"`
	RowsPerSecond float64           `json:"rowsPerSecond"`
	EtaSeconds    *float64          `json:"etaSeconds" doc:"null while unknown"`
	Waiting       *Waiting          `json:"waiting" doc:"why the job makes no progress at the moment; null: it does, or it has ended"`
	Error         *JobError         `json:"error,omitempty"`
	CreatedBy     string            `json:"createdBy"`
	Starter       string            `json:"-"` // actor.Actor.Ref of CreatedBy
	CreatedAt     string            `json:"createdAt"`
	StartedAt     *string           `json:"startedAt" doc:"null until it has"`
	FinishedAt    *string           `json:"finishedAt" doc:"null until it has"`
}

// JobError is the reason that a job failed.
type JobError struct {
	Code    string        `json:"code"`
	Message errs.Sentence `json:"message"`
}

// Finished reports whether the job has ended.
func (s Status) Finished() bool { return s.Status != job.Queued && s.Status != job.Running }

// Status returns the state of a job; profiles of members name it too. It fails
// with NotFound job_not_found.
func (b *Bulk) Status(ctx context.Context, caller actor.Actor, communityID, jobID string) (Status, error) {
	if err := b.access.CanAny(ctx, caller, communityID, permission.BulkUpdateUser, permission.GetUserData); err != nil {
		return Status{}, err
	}
	j, err := job.Load(ctx, b.db, communityID, jobID)
	if err != nil {
		return Status{}, err
	}
	one, err := b.statuses(ctx, communityID, []job.Job{j})
	if err != nil {
		return Status{}, err
	}
	one[0].Creates, err = newfield.CreatesOf(ctx, b.db, &j)
	return one[0], err
}

// QueueJob returns the id of a bulk job's queue job, for a command that runs it
// itself. It fails with NotFound job_not_found.
func (b *Bulk) QueueJob(ctx context.Context, communityID, jobID string) (string, error) {
	j, err := job.Load(ctx, b.db, communityID, jobID)
	return j.QueueJobID, err
}

// List returns the selected jobs, newest first, and their number. It fails with
// Invalid unknown_type or unknown_status.
func (b *Bulk) List(ctx context.Context, caller actor.Actor, communityID string, f job.Filter) ([]Status, int64, error) {
	if err := b.may(ctx, caller, communityID); err != nil {
		return nil, 0, err
	}
	if err := f.Check(); err != nil {
		return nil, 0, err
	}
	list, total, err := job.List(ctx, b.db, communityID, f)
	if err != nil {
		return nil, 0, err
	}
	statuses, err := b.statuses(ctx, communityID, list)
	return statuses, total, err
}

// Starters returns the latest actors with jobs, at most limit.
func (b *Bulk) Starters(ctx context.Context, caller actor.Actor, communityID string, limit int) ([]job.Starter, error) {
	if err := b.may(ctx, caller, communityID); err != nil {
		return nil, err
	}
	return job.ListStarters(ctx, b.db, communityID, limit)
}

// DraftsOfJobs returns the caller's drafts with one of jobIDs as their latest job, by
// the id of the job.
func (b *Bulk) DraftsOfJobs(ctx context.Context, caller actor.Actor, communityID string, jobIDs []string) (map[string]string, error) {
	if err := b.may(ctx, caller, communityID); err != nil {
		return nil, err
	}
	return job.ListDraftsOfJobs(ctx, b.db, communityID, caller.Ref(), jobIDs, b.clock.MS())
}

func (b *Bulk) status(j job.Job) Status {
	s := Status{
		JobID: j.ID, Type: j.Type, Status: j.Status, DryRun: j.DryRun, FileName: j.FileName, FileID: j.FileID, Detected: shownFormat(j.Detected), Counts: j.Counts,
		CreatedBy: j.ActorName, Starter: j.Actor, CreatedAt: clock.Format(j.CreatedAt), StartedAt: moment(j.StartedAt), FinishedAt: moment(j.FinishedAt),
	}
	if s.CreatedBy == "" {
		s.CreatedBy = j.Actor
	}
	if j.Type == job.Undo {
		s.UndoOf = j.ParentID
	} else {
		s.PlanJobID, s.Options = j.ParentID, new(j.Options.WithoutChoices())
	}
	s.Continues, s.Kept = j.Continues, j.Kept
	s.Warnings = j.AllWarnings()
	if j.Unread != job.UnreadUnknown {
		s.Unread = &j.Unread
	}
	if j.ErrorCode != "" {
		s.Error = &JobError{j.ErrorCode, j.Error}
	}
	b.pace(&s, &j)
	return s
}

// shownFormat returns the format of a file, with the line of the header only if it
// is not the first; nil for nil.
func shownFormat(d *sheet.Detected) *sheet.Detected {
	if d == nil || d.HeaderLine != 1 {
		return d
	}
	shown := *d
	shown.HeaderLine = 0
	return &shown
}

// moment returns a time as JSON, nil for 0.
func moment(ms int64) *string {
	if ms == 0 {
		return nil
	}
	return new(clock.Format(ms))
}

// pace sets the progress, speed and remaining time.
func (b *Bulk) pace(s *Status, j *job.Job) {
	end := j.UpdatedAt
	if j.FinishedAt > 0 {
		end = j.FinishedAt
	}
	took := float64(end-j.StartedAt) / 1000
	if j.StartedAt > 0 && took > 0 {
		s.RowsPerSecond = rounded(float64(j.Counts.Read) / took)
	}
	done, total := j.ProcessedBytes, j.FileSize
	if j.Type == job.Undo {
		done, total = j.Counts.Read, j.TotalRows
	}
	switch {
	case j.Status == job.Completed || j.Status == job.CompletedWithErrors || j.Status == job.Undone:
		s.Percent, s.EtaSeconds = new(100.0), new(0.0)
	case total > 0 && j.StartedAt > 0 && done > 0:
		share := min(float64(done)/float64(total), 1)
		s.Percent = new(rounded(share * 100))
		if j.Status == job.Running && took > 0 {
			s.EtaSeconds = new(rounded(took/share - took))
		}
	}
}

func rounded(f float64) float64 { return float64(int64(f*10+0.5)) / 10 }
