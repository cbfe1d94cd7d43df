// Package jobmember lists the members that a bulk job created or changed, for filters
// of members. Few jobs are asked for, so a list is written on the first request.
package jobmember

import (
	"context"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/bulk/job"
	"github.com/regulars/regulars/internal/bulk/outcome"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/sqldb"
)

// listedAtOnce is the number of rows whose members a request lists. The list of a job
// with more is written by a job in the queue.
const listedAtOnce = 5_000

// Members lists the members of jobs. It is safe for concurrent use.
type Members struct {
	db     *sqldb.DB
	access actor.Authorizer
	clock  clock.Clock
}

// New returns Members and registers the worker that writes long lists.
func New(db *sqldb.DB, access actor.Authorizer, now clock.Clock, engine *jobs.Engine) *Members {
	m := &Members{db, access, now}
	jobs.Register(engine, m.work)
	return m
}

// List is the state of the list of a job, whose members directory.Filter.JobID selects.
type List struct {
	FileName string
	Rows     int64 // created and updated
	Listed   int64 // of Rows, whose members are in the list
	Complete bool
}

// MembersOf returns the list of the members that an ended job created or changed. It
// begins to write a list of many members on its first call. It fails with NotFound
// job_not_found, Gone expired, Conflict job_running, or Invalid changes_nothing for a
// dry run.
func (m *Members) MembersOf(ctx context.Context, caller actor.Actor, communityID, jobID string) (List, error) {
	if err := m.access.Can(ctx, caller, communityID, permission.BulkUpdateUser); err != nil {
		return List{}, err
	}
	j, err := job.Load(ctx, m.db, communityID, jobID)
	switch {
	case err != nil:
		return List{}, err
	case job.Expired(&j, m.clock.MS()):
		return List{}, job.ErrExpired()
	case j.DryRun:
		return List{}, errs.New(errs.Invalid, "changes_nothing", "A dry run creates and changes no members.")
	case j.FinishedAt == 0:
		return List{}, errs.New(errs.Conflict, "job_running", "The job has not ended. Its members are listed when it has.")
	}
	p, err := m.write(ctx, &j)
	return List{FileName: j.FileName, Rows: j.Counts.Created + j.Counts.Updated, Listed: p.listed, Complete: p.complete}, err
}

// progress is how far a list is written.
type progress struct {
	next     int64 // number of the first batch that is not listed
	listed   int64 // created and updated rows of the batches before
	complete bool
}

// write writes or queues the list of a job unless it is complete.
func (m *Members) write(ctx context.Context, j *job.Job) (p progress, err error) {
	if p, err = load(ctx, m.db, j.CommunityID, j.ID); err != nil || p.complete {
		return p, err
	}
	if j.Counts.Created+j.Counts.Updated > listedAtOnce {
		return p, m.db.Tx(ctx, func(tx *sqldb.Tx) error { return queue(ctx, tx, j) })
	}
	err = m.db.Tx(ctx, func(tx *sqldb.Tx) (err error) {
		p, err = load(ctx, tx, j.CommunityID, j.ID)
		for err == nil && !p.complete {
			p, err = p.listBatch(ctx, tx, j)
		}
		return err
	})
	return p, err
}

// listBatch lists the members of the next batch, and returns the progress after it.
func (p progress) listBatch(ctx context.Context, tx *sqldb.Tx, j *job.Job) (progress, error) {
	batch, err := outcome.Find(ctx, tx, j.CommunityID, j.ID, p.next, 0, 0)
	if err != nil {
		return p, err
	}
	if p.complete = batch == nil; !p.complete {
		ids, err := changedBy(batch)
		if err != nil {
			return p, err
		}
		if err := insert(ctx, tx, j.CommunityID, j.ID, ids); err != nil {
			return p, err
		}
		p.next, p.listed = batch.Number+1, p.listed+batch.Counts.Created+batch.Counts.Updated
	}
	return p, save(ctx, tx, j.CommunityID, j.ID, p)
}

// changedBy returns the ids of the members that a batch created or changed.
func changedBy(batch *outcome.Batch) ([]string, error) {
	records, err := outcome.Unpack(batch.Outcomes)
	if err != nil {
		return nil, err
	}
	ids := make([]string, 0, batch.Counts.Created+batch.Counts.Updated)
	for i := range records {
		if o := records[i].Outcome; (o == outcome.Created || o == outcome.Updated) && records[i].UserID != "" {
			ids = append(ids, records[i].UserID)
		}
	}
	return ids, nil
}

// listArgs identify an ended job with many changed rows.
type listArgs struct {
	CommunityID string `json:"communityId"`
	JobID       string `json:"jobId"`
}

// Kind is the kind of the queue job.
func (listArgs) Kind() string { return "bulk.list_members" }

func queue(ctx context.Context, tx *sqldb.Tx, j *job.Job) error {
	o := j.QueueOptions()
	o.Unique = "bulk-members:" + j.ID
	_, err := jobs.Insert(ctx, tx, listArgs{j.CommunityID, j.ID}, o)
	return err
}

// work writes the list of a job.
func (m *Members) work(ctx context.Context, queued *jobs.Job, args listArgs) error {
	j, err := job.Load(ctx, m.db, args.CommunityID, args.JobID)
	if errs.KindOf(err) == errs.NotFound || err == nil && job.Expired(&j, m.clock.MS()) {
		return nil
	}
	var p progress
	for err == nil && !p.complete {
		err = queued.Tx(ctx, func(tx *sqldb.Tx) (err error) {
			if p, err = load(ctx, tx, j.CommunityID, j.ID); err != nil || p.complete {
				return err
			}
			if p, err = p.listBatch(ctx, tx, &j); err != nil {
				return err
			}
			return queued.Advance(ctx, tx, p.next)
		}, sqldb.RelaxedSync)
		if err == nil && !p.complete && queued.ShouldYield() {
			err = jobs.ErrYielded
		}
	}
	return err
}
