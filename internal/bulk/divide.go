package bulk

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/sqldb"
)

// refusedError is a constraint violation by the rows of a batch, not by the
// records of the job.
type refusedError struct{ error }

func (e refusedError) Unwrap() error { return e.error }

// refused wraps an error of the rows of a batch that the same rows may cause
// again.
func refused(err error) error {
	if sqldb.IsConstraint(err) {
		return refusedError{err}
	}
	return err
}

func isRefused(err error) bool {
	_, ok := errors.AsType[refusedError](err)
	return ok
}

// lastTries is how often a single row is planned afresh before it fails: other
// writers may take its keys between look-up and insert.
const lastTries = 3

// applyBatch applies a batch. If a constraint refuses it again after a fresh
// look-up, it is divided until the refused rows are alone and fail as findings.
// Each part is committed with the position behind it, in file order, so a crash
// resumes between two parts.
func (r *run) applyBatch(ctx context.Context, step step, p *piece) error {
	err := r.commit(ctx, step, p, nil)
	if !isRefused(err) {
		return err
	}
	p.fresh = true
	if err = r.commit(ctx, step, p, nil); !isRefused(err) {
		return err
	}
	r.log.WarnContext(ctx, "batch violates a constraint and is divided", "job_id", r.job.ID, "rows", len(p.rows), "error", err.Error())
	p.parts = &parts{}
	err = r.divide(ctx, step, p, err)
	if plain, ok := step.(*plainStep); ok {
		plain.unlisted = true // touched knows the last part only
	}
	return err
}

// commit applies a batch in one transaction, or rolls it back if failure is not
// nil. The number of the batch follows the committed ones: a batch before it may
// have been divided since it was read.
func (r *run) commit(ctx context.Context, step step, p *piece, failure error) error {
	p.number = r.job.Pieces
	if p.parts.open() {
		p.number--
	}
	if p.convoy != nil {
		for i := range p.convoy.pieces {
			p.convoy.pieces[i].Number = p.number + int64(i)
		}
	}
	// The end of the job makes its pieces safe; until then, what a power
	// cut takes away is done again from the position before it.
	err := r.tx(ctx, func(tx *sqldb.Tx) error { return cmp.Or(r.applyOnce(ctx, tx, step, p), failure) }, sqldb.RelaxedSync)
	if err == nil {
		r.passed(p)
		p.parts.add(p.records, p.counts)
	}
	return err
}

// divide applies the parts of a refused batch. Rows whose members exchange keys
// stay in one part: where that leaves no place to divide it, the rows that are
// refused alone fail first.
func (r *run) divide(ctx context.Context, step step, p *piece, cause error) error {
	if len(p.rows) == 1 {
		return r.isolate(ctx, step, p, cause)
	}
	at, ok := p.cut()
	if !ok {
		if err := r.failRefused(ctx, step, p); err != nil {
			return err
		}
		if err := r.commit(ctx, step, p, nil); !isRefused(err) {
			return err
		}
	}
	for _, half := range p.divided(at, r.job.DoneBytes) {
		err := r.commit(ctx, step, half, nil)
		if isRefused(err) {
			err = r.divide(ctx, step, half, err)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// cut returns the place nearest to the middle of a batch of several rows that
// divides no exchange; if there is none, the middle and false.
func (p *piece) cut() (at int, ok bool) {
	open := make([]int, len(p.rows)+1) // exchanges that begin before a row, less those that end before it
	for _, s := range p.exchanges {
		open[s.from+1]++
		open[s.to+1]--
	}
	middle := len(p.rows) / 2
	for i, across := 1, open[0]; i < len(p.rows); i++ {
		across += open[i]
		if across == 0 && (!ok || max(i-middle, middle-i) < max(at-middle, middle-at)) {
			at, ok = i, true
		}
	}
	if !ok {
		at = middle
	}
	return at, ok
}

// divided are the rows of a batch before a place and from there on; doneBytes is
// the progress before the batch.
func (p *piece) divided(at int, doneBytes int64) [2]*piece {
	between := doneBytes + (p.doneBytes-doneBytes)*int64(at)/int64(len(p.rows))
	return [2]*piece{
		{rows: p.rows[:at], next: p.rows[at].pos, doneBytes: between, fresh: true, parts: p.parts},
		{rows: p.rows[at:], next: p.next, doneBytes: p.doneBytes, last: p.last, fresh: true, parts: p.parts},
	}
}

var errTried = errors.New("bulk: rolled back after a trial")

// failRefused fails the rows of a batch that a constraint refuses alone, in
// transactions that are rolled back. A row that is refused only after others of
// the batch stays.
func (r *run) failRefused(ctx context.Context, step step, p *piece) (err error) {
	for tries := 0; tries == 0 || len(p.rows) == 1 && isRefused(err) && tries < lastTries; tries++ {
		err = r.commit(ctx, step, p, errTried)
	}
	switch {
	case errors.Is(err, errTried):
		return nil
	case !isRefused(err):
		return err
	case len(p.rows) == 1:
		r.failRow(ctx, &p.rows[0], err)
		return nil
	}
	for _, half := range p.divided(len(p.rows)/2, p.doneBytes) {
		if err := r.failRefused(ctx, step, half); err != nil {
			return err
		}
	}
	return nil
}

// isolate applies a batch of one row, or fails the row.
func (r *run) isolate(ctx context.Context, step step, p *piece, cause error) error {
	for range lastTries - 1 {
		err := r.commit(ctx, step, p, nil)
		if !isRefused(err) {
			return err
		}
		cause = err
	}
	r.failRow(ctx, &p.rows[0], cause)
	return r.commit(ctx, step, p, nil)
}

// failRow makes the violation of a constraint a finding.
func (r *run) failRow(ctx context.Context, row *row, cause error) {
	r.log.WarnContext(ctx, "row violates a constraint", "job_id", r.job.ID, "line", row.line, "error", cause.Error())
	row.problems = append(row.problems, row.conflict(cause))
}

const (
	conflictOfValue = "Another change took this value, or the database refuses it. Choose another value and import the row again."
	conflictOfRow   = "The database refuses this row: its values contradict a rule, or another change at the same time. Compare the row with the members it names, correct it and import it again."
)

// conflict is the finding of a row that violates a constraint, with the column
// where the violated key tells it.
func (r *row) conflict(cause error) Problem {
	if s := r.violating(sqldb.Constraint(cause)); s != nil {
		return Problem{s.column.header, "conflict", conflictOfValue, s.text}
	}
	return Problem{"", "conflict", conflictOfRow, r.identifier()}
}

// violating returns the cell that a violated key is of, nil if the key does not
// tell.
func (r *row) violating(constraint string) *set {
	own := func(s *set) bool { return s.field.Identifier && !s.field.Default && s.value != nil }
	var belongs func(*set) bool
	switch {
	case strings.Contains(constraint, "username"):
		belongs = func(s *set) bool { return s.field.Default && s.field.Field == field.Username }
	case strings.HasPrefix(constraint, "tags"):
		belongs = func(s *set) bool { return s.field.Type == field.TagList }
	case strings.HasPrefix(constraint, "member_identifiers"):
		belongs = own
	default:
		return nil
	}
	i := slices.IndexFunc(r.sets, func(s set) bool { return belongs(&s) })
	if i < 0 || slices.ContainsFunc(r.sets[i+1:], func(s set) bool { return belongs(&s) }) {
		return nil // none, or several
	}
	return &r.sets[i]
}

// reverseBatch takes records back in the caller's transaction, each part behind
// a savepoint. Records that a constraint refuses after a fresh look-up fail, and
// the others are taken back.
func (r *run) reverseBatch(ctx context.Context, tx *sqldb.Tx, list []record) ([]record, error) {
	undone, err := r.reverse(ctx, tx, list)
	for tries := 1; isRefused(err) && (tries < 2 || len(list) == 1 && tries < lastTries); tries++ {
		undone, err = r.reverse(ctx, tx, list)
	}
	return r.reverseHalves(ctx, tx, list, undone, err)
}

// reverseHalves is the rest of reverseBatch behind a first try of the list.
func (r *run) reverseHalves(ctx context.Context, tx *sqldb.Tx, list, undone []record, err error) ([]record, error) {
	switch {
	case !isRefused(err):
		return undone, err
	case len(list) == 1:
		r.log.WarnContext(ctx, "undo of a row violates a constraint", "job_id", r.job.ID, "line", list[0].Pos.Line, "error", err.Error())
		kept := record{Outcome: RowFailed, Pos: list[0].Pos, UserID: list[0].UserID}
		kept.keep("", "conflict", "The database refuses the previous values: they contradict a rule, or another change at the same time. Compare the member and set the values by hand.", "")
		return []record{kept}, nil
	}
	all := make([]record, 0, len(list))
	for _, half := range [][]record{list[:len(list)/2], list[len(list)/2:]} {
		undone, err := r.reverse(ctx, tx, half)
		if undone, err = r.reverseHalves(ctx, tx, half, undone, err); err != nil {
			return nil, err
		}
		all = append(all, undone...)
	}
	return all, nil
}

// reverse takes records back behind a savepoint.
func (r *run) reverse(ctx context.Context, tx *sqldb.Tx, list []record) (undone []record, err error) {
	err = tx.Savepoint(ctx, func() error {
		u, err := r.newReversal(ctx, tx, list)
		if err != nil {
			return err
		}
		undone = make([]record, len(list))
		for i := range list {
			undone[i] = u.reverse(&list[i])
		}
		return refused(u.write(ctx, tx))
	})
	return undone, err
}
