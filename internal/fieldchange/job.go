package fieldchange

import (
	"context"
	"fmt"
	"time"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sqldb"
)

const (
	batchSize = 1_000 // members in one transaction
	maxInline = 5_000 // largest community that is converted without a job
)

// fieldJob is the state of a job, as stored.
type fieldJob struct {
	communityID, fieldID string
	kind, stage          string
	target               target
	position             string // the last member done
	done, total          int64
	actor                string
}

// target is the new definition of a field.
type target struct {
	Field   field.Field        `json:"field"`
	From    *field.Field       `json:"from,omitempty"` // definition before the conversion
	Replace map[string]*string `json:"replace,omitempty"`
	Source  member.Source      `json:"source"`

	Skipped member.Skipped `json:"skipped,omitzero"` // members with previous values
}

type fieldJobArgs struct {
	CommunityID string `json:"communityId"`
	FieldID     string `json:"fieldId"`
}

// Kind is the kind of the job.
func (fieldJobArgs) Kind() string { return "member.field_work" }

// RegisterJobs registers the worker of field jobs. Call it before the engine
// starts.
func (s *Changes) RegisterJobs(engine *jobs.Engine) {
	jobs.Register(engine, s.runJob, s.jobDied)
}

// runJob runs a job from its stored position to the end. It may run again after
// a crash.
func (s *Changes) runJob(ctx context.Context, j *jobs.Job, args fieldJobArgs) error {
	for {
		more, err := false, error(nil)
		run := func(tx *sqldb.Tx) error {
			if more, err = s.runBatch(ctx, tx, args.CommunityID, args.FieldID); err != nil {
				return err
			}
			if !more {
				return j.Complete(ctx, tx)
			}
			return j.Step(ctx, tx)
		}
		if txErr := j.Tx(ctx, run, sqldb.WithoutGroupCommit); txErr != nil {
			refused := errs.From(txErr)
			if refused == nil || refused.Kind != errs.Conflict {
				return txErr
			}
			return s.failJob(ctx, j, args, refused.Sentence)
		}
		if !more {
			return nil
		}
		if j.ShouldYield() {
			return jobs.ErrYielded
		}
	}
}

// failJob stores the reason of a failure and deletes the keys that Identify had
// inserted; keys left by a crash are deleted before the next Identify.
func (s *Changes) failJob(ctx context.Context, j *jobs.Job, args fieldJobArgs, reason errs.Sentence) error {
	err := j.Tx(ctx, func(tx *sqldb.Tx) error { return setFailed(ctx, tx, args.CommunityID, args.FieldID, reason) }, sqldb.WithoutGroupCommit)
	for more := true; more && err == nil; {
		err = j.Tx(ctx, func(tx *sqldb.Tx) (err error) {
			if more, err = deleteTaken(ctx, tx, args.CommunityID, args.FieldID); err != nil {
				return err
			}
			return j.Step(ctx, tx)
		}, sqldb.WithoutGroupCommit)
	}
	return err
}

func queueJob(ctx context.Context, tx *sqldb.Tx, communityID, fieldID, owner string) error {
	_, err := jobs.Insert(ctx, tx, fieldJobArgs{communityID, fieldID}, jobs.Options{
		Unique: communityID + fieldID, CommunityID: communityID, Owner: owner, Lane: jobs.Large,
	})
	return err
}

// Sweep queues field jobs without a queued job: of deleted fields after a
// failure, and those that a migration created. A job that crashed its process
// repeatedly waits for a day.
func (s *Changes) Sweep(ctx context.Context) error {
	return s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		waiting, err := selectJobs(ctx, tx)
		if err != nil {
			return err
		}
		for _, w := range waiting {
			died, err := jobs.CrashedSince(ctx, tx, w, w.CommunityID+w.FieldID, s.clock.Now().Add(-24*time.Hour))
			if err != nil {
				return err
			}
			if died {
				continue
			}
			if err := queueJob(ctx, tx, w.CommunityID, w.FieldID, ""); err != nil {
				return err
			}
		}
		return nil
	})
}

// runBatch processes the next batch in the caller's transaction and reports
// whether there is more. It fails with a Conflict if the values forbid the
// change; then nothing has changed.
func (s *Changes) runBatch(ctx context.Context, tx *sqldb.Tx, communityID, fieldID string) (more bool, err error) {
	w, err := loadJob(ctx, tx, communityID, fieldID)
	if err != nil || w == nil {
		return false, err
	}
	f, err := field.LoadByID(ctx, tx, communityID, fieldID)
	if err != nil {
		return false, err
	}
	p := batch{fieldJob: w, field: &f}
	if p.kind == field.DropKeys || p.stage == stageKeys {
		p.now = s.clock.MS()
		return p.deleteKeys(ctx, tx)
	}
	if err := p.lock(ctx, tx); err != nil {
		return false, err
	}
	p.now = s.clock.MS() // after the locks
	if len(p.documents) > 0 {
		if err := p.apply(ctx, tx); err != nil {
			return false, err
		}
		w.position = p.documents[len(p.documents)-1].UserID
		w.done += int64(len(p.documents))
		return true, saveJob(ctx, tx, w, p.now)
	}
	// No member is added until the transaction ends.
	if err := member.GuardFields(ctx, tx, communityID); err != nil {
		return false, err
	}
	late, err := lockDocuments(ctx, tx, communityID, w.position, 1)
	if err != nil || len(late) > 0 {
		return true, err
	}
	if more, err = p.end(ctx, tx); err == nil && !more {
		tx.AfterCommit(func() { s.members.ReportSkipped(ctx, "field "+p.kind, p.communityID, p.fieldID, p.target.Skipped) })
	}
	return more, err
}

// lock locks the next members, after the definitions: every writer locks in
// this order.
func (p *batch) lock(ctx context.Context, tx *sqldb.Tx) error {
	more, err := membersAfter(ctx, tx, p.communityID, p.position)
	if err != nil || !more {
		return err
	}
	if err := field.LockShared(ctx, tx, p.communityID); err != nil {
		return err
	}
	p.documents, err = lockDocuments(ctx, tx, p.communityID, p.position, batchSize)
	return err
}

// batch is the part of a job that one transaction processes.
type batch struct {
	*fieldJob
	field     *field.Field
	documents []member.Document
	now       int64
}

func (p *batch) apply(ctx context.Context, tx *sqldb.Tx) error {
	switch p.kind {
	case field.FillIndex:
		return p.fill(ctx, tx)
	case field.Identify:
		return p.identify(ctx, tx)
	case field.ConvertAll:
		if p.stage == stageCheck {
			return p.check(ctx, tx)
		}
		return p.convert(ctx, tx)
	case field.ClearValues:
		return p.clear(ctx, tx)
	}
	return fmt.Errorf("no work of the kind %q", p.kind)
}

// The stages of a job. All values are checked before one changes.
const (
	stageCheck   = "check"
	stageApply   = "apply"
	stagePartial = "partial" // given up, see jobDied
	stageKeys    = "keys"    // of ClearValues: the keys are deleted first
)

// end completes the present stage after the last member, and reports whether
// there is more.
func (p *batch) end(ctx context.Context, tx *sqldb.Tx) (more bool, err error) {
	switch {
	case p.kind == field.ClearValues:
		return false, removeField(ctx, tx, p.communityID, p.fieldID)
	case p.kind == field.ConvertAll && p.stage == stageCheck:
		p.stage, p.position, p.done = stageApply, "", 0
		if err := p.switchType(ctx, tx); err != nil {
			return false, err
		}
		return true, saveJob(ctx, tx, p.fieldJob, p.now)
	case p.kind == field.FillIndex:
		p.field.Indexed = true
	case p.kind == field.Identify:
		p.field.Identifier = true
	}
	if err := field.Store(ctx, tx, p.communityID, *p.field, p.now); err != nil {
		return false, err
	}
	more, err = startJob(ctx, tx, p.fieldJob, *p.field, p.now)
	if err != nil || more || p.target.Skipped.Count == 0 {
		return more, err
	}
	return false, p.reportRefused(ctx, tx)
}

// reportRefused ends a job with an error that counts the members with previous
// values. A job without a queue fails, and nothing has changed.
func (p *batch) reportRefused(ctx context.Context, tx *sqldb.Tx) error {
	why := errs.New(errs.Conflict, "values_refused", "The database rejected new values (%d). These members keep the previous value; the first has the id %s. Change them by hand.", p.target.Skipped.Count, p.target.Skipped.First[0])
	if p.total <= maxInline {
		return why
	}
	if err := saveJob(ctx, tx, p.fieldJob, p.now); err != nil {
		return err
	}
	return setFailed(ctx, tx, p.communityID, p.fieldID, why.Sentence)
}

// switchType gives the field its new type. Its keys are stale; the next stages
// delete them and create new ones.
func (p *batch) switchType(ctx context.Context, tx *sqldb.Tx) error {
	from, to := *p.field, p.target.Field
	p.target.From = &from
	p.field.Type, p.field.Options, p.field.DefaultValue = to.Type, to.Options, to.DefaultValue
	p.field.Identifier, p.field.Filterable, p.field.Indexed = false, false, false
	return field.Store(ctx, tx, p.communityID, *p.field, p.now)
}

// startJob stores the next stage towards the target, or deletes the job if
// there is none.
func startJob(ctx context.Context, tx *sqldb.Tx, w *fieldJob, f field.Field, now int64) (more bool, err error) {
	convert := field.Conversion{From: &f, To: &w.target.Field, Replace: w.target.Replace}
	stale, err := member.StaleKeys(ctx, tx, w.communityID, f)
	if err != nil {
		return false, err
	}
	switch to := w.target.Field; {
	case to.ID == "": // created by a migration, without further stages
		return false, deleteJob(ctx, tx, w.communityID, w.fieldID)
	case convert.Needed():
		w.kind, w.stage = field.ConvertAll, stageCheck
	case len(stale) > 0:
		w.kind, w.stage = field.DropKeys, ""
	case to.Identifier && !f.Identifier:
		w.kind, w.stage = field.Identify, ""
	case to.Filterable && !f.Indexed:
		w.kind, w.stage = field.FillIndex, ""
		f.Filterable = true
		if err := field.Store(ctx, tx, w.communityID, f, now); err != nil {
			return false, err
		}
	default:
		return false, deleteJob(ctx, tx, w.communityID, w.fieldID)
	}
	w.position, w.done = "", 0
	return true, saveJob(ctx, tx, w, now)
}
