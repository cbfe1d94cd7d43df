package bulk

import (
	"context"

	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sheet"
)

// Status is how a job stands, as the wire shows it. Times are RFC 3339.
type Status struct {
	JobID         string          `json:"jobId"`
	Type          Type            `json:"type"`
	Status        string          `json:"status"`
	DryRun        bool            `json:"dryRun"`
	PlanJobID     string          `json:"planJobId,omitempty" doc:"the dry run whose plan this job applies"`
	UndoOf        string          `json:"undoOf,omitempty" doc:"the job this one takes back"`
	FileName      string          `json:"fileName"`
	Detected      *sheet.Detected `json:"detected,omitempty"`
	Counts        Counts          `json:"counts"`
	Percent       *float64        `json:"percent" doc:"null while unknown"`
	RowsPerSecond float64         `json:"rowsPerSecond"`
	EtaSeconds    *float64        `json:"etaSeconds" doc:"null while unknown"`
	Waiting       *Waiting        `json:"waiting" doc:"why the job makes no progress at the moment; null: it does, or it has ended"`
	Error         *JobError       `json:"error,omitempty"`
	CreatedBy     string          `json:"createdBy"`
	CreatedAt     string          `json:"createdAt"`
	StartedAt     *string         `json:"startedAt" doc:"null until it has"`
	FinishedAt    *string         `json:"finishedAt" doc:"null until it has"`
}

// JobError says why a job could not go on.
type JobError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// Finished reports whether the job will not change any more by itself.
func (s Status) Finished() bool { return s.Status != Queued && s.Status != Running }

// Status returns how a job stands. It fails with NotFound job_not_found.
func (b *Bulk) Status(ctx context.Context, communityID, jobID string) (Status, error) {
	j, err := loadJob(ctx, b.db, communityID, jobID)
	if err != nil {
		return Status{}, err
	}
	one, err := b.statuses(ctx, []job{j})
	if err != nil {
		return Status{}, err
	}
	return one[0], nil
}

// QueueJob returns the id of the queue's job behind a bulk job, for a command
// that works it itself. It fails with NotFound job_not_found.
func (b *Bulk) QueueJob(ctx context.Context, communityID, jobID string) (string, error) {
	j, err := loadJob(ctx, b.db, communityID, jobID)
	return j.QueueJobID, err
}

// List returns the jobs a filter chooses, newest first, and how many there
// are. It fails with Invalid unknown_type or unknown_status.
func (b *Bulk) List(ctx context.Context, communityID string, f ListFilter) ([]Status, int64, error) {
	switch Type(f.Type) {
	case "", Import, Update, Undo, "premium_currency":
	default:
		return nil, 0, errs.New(errs.Invalid, "unknown_type", "A job's type is import, update, premium_currency or undo.")
	}
	switch f.Status {
	case "", Queued, Running, Completed, CompletedWithErrors, Failed, Cancelled, Undone:
	default:
		return nil, 0, errs.New(errs.Invalid, "unknown_status", "A job's status is queued, running, completed, completed_with_errors, failed, cancelled or undone.")
	}
	list, total, err := selectJobs(ctx, b.db, communityID, f)
	if err != nil {
		return nil, 0, err
	}
	statuses, err := b.statuses(ctx, list)
	return statuses, total, err
}

func (b *Bulk) status(j job) Status {
	s := Status{
		JobID: j.ID, Type: j.Type, Status: j.Status, DryRun: j.DryRun, FileName: j.FileName, Detected: j.Detected, Counts: j.Counts,
		CreatedBy: j.ActorName, CreatedAt: clock.Format(j.CreatedAt), StartedAt: moment(j.StartedAt), FinishedAt: moment(j.FinishedAt),
	}
	if s.CreatedBy == "" {
		s.CreatedBy = j.Actor
	}
	if j.Type == Undo {
		s.UndoOf = j.OriginID
	} else {
		s.PlanJobID = j.OriginID
	}
	if j.ErrorCode != "" {
		s.Error = &JobError{j.ErrorCode, j.ErrorText}
	}
	b.pace(&s, &j)
	return s
}

// moment is a time on the wire, nil while it has not come.
func moment(ms int64) *string {
	if ms == 0 {
		return nil
	}
	return new(clock.Format(ms))
}

// pace fills in how far the job is, how fast it goes and how long it will
// still take, all from the row.
func (b *Bulk) pace(s *Status, j *job) {
	end := j.UpdatedAt
	if j.FinishedAt > 0 {
		end = j.FinishedAt
	}
	took := float64(end-j.StartedAt) / 1000
	if j.StartedAt > 0 && took > 0 {
		s.RowsPerSecond = rounded(float64(j.Counts.Read) / took)
	}
	done, total := j.DoneBytes, j.FileSize
	if j.Type == Undo {
		done, total = j.Counts.Read, j.TotalRows
	}
	switch {
	case j.Status == Completed || j.Status == CompletedWithErrors || j.Status == Undone:
		s.Percent, s.EtaSeconds = new(100.0), new(0.0)
	case total > 0 && j.StartedAt > 0 && done > 0:
		share := min(float64(done)/float64(total), 1)
		s.Percent = new(rounded(share * 100))
		if j.Status == Running && took > 0 {
			s.EtaSeconds = new(rounded(took/share - took))
		}
	}
}

func rounded(f float64) float64 { return float64(int64(f*10+0.5)) / 10 }
