package member

import (
	"context"
	"fmt"
	"time"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/sqldb"
)

const (
	pieceOfWork = 1_000 // members of one transaction
	workAtOnce  = 5_000 // a community with so many members need not wait for a job
)

// fieldWork is what is still to be done, as its row keeps it.
type fieldWork struct {
	communityID, fieldID string
	kind, stage          string
	target               target
	position             string // the last member done
	done, total          int64
	actor                string
}

// target is what a field is to become.
type target struct {
	Field   field.Field        `json:"field"`
	From    *field.Field       `json:"from,omitempty"` // what it was before its values were converted
	Replace map[string]*string `json:"replace,omitempty"`
	Source  Source             `json:"source"`

	Skipped skipped `json:"skipped,omitzero"` // members who keep their values
}

type fieldWorkArgs struct {
	CommunityID string `json:"communityId"`
	FieldID     string `json:"fieldId"`
}

// Kind is the queue's name for work on the values of a field.
func (fieldWorkArgs) Kind() string { return "member.field_work" }

// WorkFields lets the engine work on the values of fields. Call it before the
// engine starts.
func (s *Members) WorkFields(engine *jobs.Engine) { jobs.Register(engine, s.workField, s.workGaveUp) }

// workField works on a field from the saved position to the end. It may be
// called again after any crash.
func (s *Members) workField(ctx context.Context, j *jobs.Job, args fieldWorkArgs) error {
	for {
		more, err := false, error(nil)
		run := func(tx *sqldb.Tx) error {
			if more, err = s.workOn(ctx, tx, args.CommunityID, args.FieldID); err != nil {
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
			return s.giveUp(ctx, j, args, refused.Message)
		}
		if !more {
			return nil
		}
		if j.ShouldYield() {
			return jobs.ErrYielded
		}
	}
}

// giveUp ends work with the reason. It deletes the keys that Identify had
// taken; those it leaves after a crash are deleted before the next Identify.
func (s *Members) giveUp(ctx context.Context, j *jobs.Job, args fieldWorkArgs, reason string) error {
	err := j.Tx(ctx, func(tx *sqldb.Tx) error { return setGivenUp(ctx, tx, args.CommunityID, args.FieldID, reason) }, sqldb.WithoutGroupCommit)
	for more := true; more && err == nil; {
		err = j.Tx(ctx, func(tx *sqldb.Tx) (err error) {
			if more, err = dropTaken(ctx, tx, args.CommunityID, args.FieldID); err != nil {
				return err
			}
			return j.Step(ctx, tx)
		}, sqldb.WithoutGroupCommit)
	}
	return err
}

func queueWork(ctx context.Context, tx *sqldb.Tx, communityID, fieldID, owner string) error {
	_, err := jobs.Insert(ctx, tx, fieldWorkArgs{communityID, fieldID}, jobs.Options{
		Unique: communityID + fieldID, CommunityID: communityID, Owner: owner, Lane: jobs.Large,
	})
	return err
}

// resumeWork queues work that has no job: that of a deleted field whose job was
// given up, or that a migration asked for. Work that ended its process again
// and again rests for a day.
func (s *Members) resumeWork(ctx context.Context) error {
	return s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		waiting, err := selectWork(ctx, tx)
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
			if err := queueWork(ctx, tx, w.CommunityID, w.FieldID, ""); err != nil {
				return err
			}
		}
		return nil
	})
}

// workOn does one piece of work in the caller's transaction and reports
// whether there is more. It fails with a Conflict when the values forbid it;
// then the work is to be given up, and nothing of the field has changed.
func (s *Members) workOn(ctx context.Context, tx *sqldb.Tx, communityID, fieldID string) (more bool, err error) {
	w, err := loadWork(ctx, tx, communityID, fieldID)
	if err != nil || w == nil {
		return false, err
	}
	f, err := field.LoadByID(ctx, tx, communityID, fieldID)
	if err != nil {
		return false, err
	}
	p := piece{fieldWork: w, field: &f}
	if p.kind == field.DropKeys || p.stage == stageKeys {
		p.now = s.clock.MS()
		return p.dropKeys(ctx, tx)
	}
	if err := p.take(ctx, tx); err != nil {
		return false, err
	}
	p.now = s.clock.MS() // after the locks
	if len(p.documents) > 0 {
		if err := p.work(ctx, tx); err != nil {
			return false, err
		}
		w.position = p.documents[len(p.documents)-1].userID
		w.done += int64(len(p.documents))
		return true, saveWork(ctx, tx, w, p.now)
	}
	// Nobody adds a member from here on until the switch is made.
	if err := guardFields(ctx, tx, communityID); err != nil {
		return false, err
	}
	late, err := lockDocuments(ctx, tx, communityID, w.position, 1)
	if err != nil || len(late) > 0 {
		return true, err
	}
	if more, err = p.end(ctx, tx); err == nil && !more {
		tx.AfterCommit(func() { s.reportSkipped(ctx, "field "+p.kind, p.communityID, p.fieldID, p.target.Skipped) })
	}
	return more, err
}

// take locks the next members, in the order in which everybody locks: the
// definitions first.
func (p *piece) take(ctx context.Context, tx *sqldb.Tx) error {
	more, err := membersAfter(ctx, tx, p.communityID, p.position)
	if err != nil || !more {
		return err
	}
	if err := field.LockShared(ctx, tx, p.communityID); err != nil {
		return err
	}
	p.documents, err = lockDocuments(ctx, tx, p.communityID, p.position, pieceOfWork)
	return err
}

// piece is the work of one transaction.
type piece struct {
	*fieldWork
	field     *field.Field
	documents []document
	now       int64
}

func (p *piece) work(ctx context.Context, tx *sqldb.Tx) error {
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

// The stages of a conversion: everything is checked before anything changes.
const (
	stageCheck   = "check"
	stageApply   = "apply"
	stagePartial = "partial" // given up, see workGaveUp
	stageKeys    = "keys"    // of ClearValues: the keys are deleted first
)

// end does what is to be done once every member was seen, and reports whether
// there is more work.
func (p *piece) end(ctx context.Context, tx *sqldb.Tx) (more bool, err error) {
	switch {
	case p.kind == field.ClearValues:
		return false, removeField(ctx, tx, p.communityID, p.fieldID)
	case p.kind == field.ConvertAll && p.stage == stageCheck:
		p.stage, p.position, p.done = stageApply, "", 0
		if err := p.turn(ctx, tx); err != nil {
			return false, err
		}
		return true, saveWork(ctx, tx, p.fieldWork, p.now)
	case p.kind == field.FillIndex:
		p.field.Filled = true
	case p.kind == field.Identify:
		p.field.Identifier = true
	}
	if err := field.Store(ctx, tx, p.communityID, *p.field, p.now); err != nil {
		return false, err
	}
	more, err = startWork(ctx, tx, p.fieldWork, *p.field, p.now)
	if err != nil || more || p.target.Skipped.Count == 0 {
		return more, err
	}
	return false, p.reportRefused(ctx, tx)
}

// reportRefused ends work with the error that names the members who keep their
// values. Work that is done at once fails, and then nothing has changed.
func (p *piece) reportRefused(ctx context.Context, tx *sqldb.Tx) error {
	why := errs.New(errs.Conflict, "values_refused", "The database refused new values (%d). These members keep the previous value; the first has the id %s. Change them by hand.", p.target.Skipped.Count, p.target.Skipped.First[0])
	if p.total <= workAtOnce {
		return why
	}
	if err := saveWork(ctx, tx, p.fieldWork, p.now); err != nil {
		return err
	}
	return setGivenUp(ctx, tx, p.communityID, p.fieldID, why.Message)
}

// turn makes the field one of its new type. Its keys are no longer those of
// its values; their deletion, and what the field lacks then, is work that
// follows.
func (p *piece) turn(ctx context.Context, tx *sqldb.Tx) error {
	from, to := *p.field, p.target.Field
	p.target.From = &from
	p.field.Type, p.field.Options, p.field.DefaultValue = to.Type, to.Options, to.DefaultValue
	p.field.Identifier, p.field.Filterable, p.field.Filled = false, false, false
	return field.Store(ctx, tx, p.communityID, *p.field, p.now)
}

// startWork writes down the next work that brings a field to its target, or
// that there is none.
func startWork(ctx context.Context, tx *sqldb.Tx, w *fieldWork, f field.Field, now int64) (more bool, err error) {
	convert := field.Conversion{From: &f, To: &w.target.Field, Replace: w.target.Replace}
	stale, err := staleKeys(ctx, tx, w.communityID, f)
	if err != nil {
		return false, err
	}
	switch to := w.target.Field; {
	case to.ID == "": // a migration asked for this one work only
		return false, dropWork(ctx, tx, w.communityID, w.fieldID)
	case convert.Needed():
		w.kind, w.stage = field.ConvertAll, stageCheck
	case len(stale) > 0:
		w.kind, w.stage = field.DropKeys, ""
	case to.Identifier && !f.Identifier:
		w.kind, w.stage = field.Identify, ""
	case to.Filterable && !f.Filled:
		w.kind, w.stage = field.FillIndex, ""
		f.Filterable = true
		if err := field.Store(ctx, tx, w.communityID, f, now); err != nil {
			return false, err
		}
	default:
		return false, dropWork(ctx, tx, w.communityID, w.fieldID)
	}
	w.position, w.done = "", 0
	return true, saveWork(ctx, tx, w, now)
}
