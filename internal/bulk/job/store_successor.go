package job

import (
	"context"

	"github.com/regulars/regulars/internal/sqldb"
)

// Successor is a job that follows another one: it applies its plan, undoes it or
// imports its unread rows.
type Successor struct {
	ID        string
	Type      Type
	Status    string
	Batches   int64
	Parent    string // as Job.ParentID
	Continues string // as Job.Continues
}

// Applies reports whether the successor applied, or will apply, the plan of its
// parent. One that ended before its first batch does not count.
func (s *Successor) Applies() bool {
	return s.Type != Undo && s.Parent != "" && s.Status != Undone && (s.Batches > 0 || s.Status != Failed && s.Status != Cancelled)
}

// Undoes reports whether the successor undoes its parent, or did so to the end.
func (s *Successor) Undoes() bool {
	return s.Type == Undo && s.Status != Failed && s.Status != Cancelled
}

// Successors returns the successors of jobs, the oldest first.
func Successors(ctx context.Context, q sqldb.Querier, communityID string, jobIDs []string) ([]Successor, error) {
	in := q.Dialect().In
	return sqldb.All(ctx, q, func(s sqldb.Scanner) (f Successor, err error) {
		return f, s.Scan(&f.ID, &f.Type, &f.Status, &f.Batches, &f.Parent, &f.Continues)
	}, `SELECT id, type, status, batches, parent_job_id, continues_job_id FROM bulk_jobs
		WHERE community_id = $1 AND status <> 'draft' AND (`+in("parent_job_id", "$2")+" OR "+in("continues_job_id", "$2")+") ORDER BY id", communityID, sqldb.Keys(jobIDs))
}

// Relations are the ids of the successors of a job; "": none.
type Relations struct {
	AppliedBy   string `json:"appliedBy,omitempty" doc:"the job that applies the plan of this dry run"`
	UndoneBy    string `json:"undoneBy,omitempty" doc:"the job that undoes this one, or did"`
	ContinuedBy string `json:"continuedBy,omitempty" doc:"the job that imports the unread rows of this one"`
}

// Relate returns the relations of jobs that have any.
func Relate(ctx context.Context, q sqldb.Querier, communityID string, jobIDs []string) (map[string]Relations, error) {
	followers, err := Successors(ctx, q, communityID, jobIDs)
	of := map[string]Relations{}
	for i := range followers {
		f := &followers[i]
		parent, stopped := of[f.Parent], of[f.Continues]
		switch {
		case f.Undoes():
			parent.UndoneBy = f.ID
		case f.Applies():
			parent.AppliedBy = f.ID
		}
		of[f.Parent] = parent
		if f.Continues != "" && f.Status != Undone {
			stopped.ContinuedBy = f.ID
			of[f.Continues] = stopped
		}
	}
	return of, err
}

// AddKept adds to the rows of an undo with something that was kept.
func AddKept(ctx context.Context, tx *sqldb.Tx, j *Job, rows int64) error {
	_, err := tx.Exec(ctx, "UPDATE bulk_jobs SET kept_rows = kept_rows + $1 WHERE community_id = $2 AND id = $3", rows, j.CommunityID, j.ID)
	return err
}

// UndosOf returns the ids of the undo jobs of a job.
func UndosOf(ctx context.Context, q sqldb.Querier, communityID, jobID string) ([]string, error) {
	return sqldb.All(ctx, q, sqldb.Value[string], "SELECT id FROM bulk_jobs WHERE community_id = $1 AND parent_job_id = $2 AND type = 'undo'", communityID, jobID)
}

// CountOpenUndos counts the active undo jobs of a job.
func CountOpenUndos(ctx context.Context, q sqldb.Querier, communityID, jobID string) (int, error) {
	return sqldb.One(ctx, q, "job", sqldb.Value[int], `SELECT count(*) FROM bulk_jobs
		WHERE community_id = $1 AND parent_job_id = $2 AND type = 'undo' AND status IN ('queued', 'running')`, communityID, jobID)
}

// AppliedBy returns the ids of the jobs that apply or applied a plan, the latest
// first; see Successor.Applies.
func AppliedBy(ctx context.Context, q sqldb.Querier, communityID, planID string) (ids []string, err error) {
	followers, err := Successors(ctx, q, communityID, []string{planID})
	for i := len(followers) - 1; i >= 0; i-- {
		if followers[i].Parent == planID && followers[i].Applies() {
			ids = append(ids, followers[i].ID)
		}
	}
	return ids, err
}
