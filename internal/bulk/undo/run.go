// Package undo restores the state before an import or update.
package undo

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/regulars/regulars/internal/bulk/apply"
	"github.com/regulars/regulars/internal/bulk/job"
	"github.com/regulars/regulars/internal/bulk/outcome"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/ledger"
	"github.com/regulars/regulars/internal/roster"
	"github.com/regulars/regulars/internal/sqldb"
)

// Deps are the parts that an undo uses.
type Deps struct {
	DB     *sqldb.DB
	Ledger *ledger.Ledger
	Erase  roster.Eraser // of removed members, in other features; nil: none has data of them
}

// run is one attempt at the undo of a job.
type run struct {
	*apply.Attempt
	Deps
}

// Run undoes the batches of the original job from the last to the first, and
// deletes the tags and fields that it created. The number of undone batches is the
// position.
func Run(ctx context.Context, a *apply.Attempt, d Deps, original *job.Job) error {
	r := &run{a, d}
	for n := r.Job.Batches; n < original.Batches; n++ {
		if err := r.Tx(ctx, func(tx *sqldb.Tx) error { return r.undoBatch(ctx, tx, original, n) }, sqldb.RelaxedSync); err != nil {
			return err
		}
		if r.Queued.ShouldYield() {
			return jobs.ErrYielded
		}
	}
	if err := r.undoTags(ctx, original.ID); err != nil {
		return err
	}
	return r.undoFields(ctx, original)
}

func (r *run) undoBatch(ctx context.Context, tx *sqldb.Tx, original *job.Job, number int64) error {
	if done, err := job.LockForBatch(ctx, tx, r.Job, number); err != nil || done {
		return err
	}
	found, err := outcome.Find(ctx, tx, original.CommunityID, original.ID, original.Batches-1-number, 0, 0)
	if err != nil {
		return err
	}
	if found == nil || found.Number != original.Batches-1-number {
		return job.ErrExpired()
	}
	list, err := outcome.Unpack(found.Outcomes)
	if err != nil {
		return err
	}
	// Dependent changes are undone in reverse order.
	list = slices.DeleteFunc(list, func(rec outcome.Record) bool { return rec.Outcome != outcome.Created && rec.Outcome != outcome.Updated })
	slices.Reverse(list)
	undone, err := r.reverseBatch(ctx, tx, list)
	if err != nil {
		return err
	}
	var counts outcome.Counts
	for i := range undone {
		counts.Add(undone[i].Outcome)
	}
	done, err := outcome.NewBatch(number, undone, counts)
	if err != nil {
		return err
	}
	for i, rec := range slices.Backward(undone) { // in file order
		if list[i].Outcome == outcome.Created && rec.Outcome == outcome.Updated {
			done.Removed = done.Removed.Add(rec.UserID)
		}
	}
	if err := r.Record(ctx, tx, &done); err != nil {
		return err
	}
	if err := job.Advance(ctx, tx, r.Job, job.Progress{Batches: 1}, counts, r.Clock.MS()); err != nil {
		return err
	}
	if err := job.AddKept(ctx, tx, r.Job, keptRows(undone)); err != nil {
		return err
	}
	return r.Queued.Advance(ctx, tx, number+1)
}

// keptRows counts the rows with something that was kept.
func keptRows(list []outcome.Record) (n int64) {
	for i := range list {
		if list[i].Kept() {
			n++
		}
	}
	return n
}

// shown is a value as text.
func shown(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		return v
	}
	text, err := json.Marshal(value)
	if err != nil {
		panic(err) //nolint:forbidigo // values of fields always encode
	}
	return string(text)
}

// reverseBatch undoes records in the caller's transaction. Records that a
// constraint rejects after a fresh lookup fail; the others are undone.
func (r *run) reverseBatch(ctx context.Context, tx *sqldb.Tx, list []outcome.Record) ([]outcome.Record, error) {
	undone, err := r.reverse(ctx, tx, list)
	for tries := 1; apply.IsRejected(err) && (tries < 2 || len(list) == 1 && tries < apply.RowAttempts); tries++ {
		undone, err = r.reverse(ctx, tx, list)
	}
	return r.reverseHalves(ctx, tx, list, undone, err)
}

// reverseHalves continues reverseBatch after the result of a first attempt.
func (r *run) reverseHalves(ctx context.Context, tx *sqldb.Tx, list, undone []outcome.Record, err error) ([]outcome.Record, error) {
	switch {
	case !apply.IsRejected(err):
		return undone, err
	case len(list) == 1:
		r.Log.WarnContext(ctx, "undo of a row violates a constraint", "job_id", r.Job.ID, "line", list[0].Pos.Line, "error", err.Error())
		kept := outcome.Record{Outcome: outcome.Failed, Pos: list[0].Pos, UserID: list[0].UserID}
		kept.AddError("", "conflict", errs.Constant("The database refuses the previous values: they contradict a rule, or another change at the same time. Compare the member and set the values by hand."), "")
		return []outcome.Record{kept}, nil
	}
	all := make([]outcome.Record, 0, len(list))
	for _, half := range [][]outcome.Record{list[:len(list)/2], list[len(list)/2:]} {
		undone, err := r.reverse(ctx, tx, half)
		if undone, err = r.reverseHalves(ctx, tx, half, undone, err); err != nil {
			return nil, err
		}
		all = append(all, undone...)
	}
	return all, nil
}

// reverse undoes records in a savepoint.
func (r *run) reverse(ctx context.Context, tx *sqldb.Tx, list []outcome.Record) (undone []outcome.Record, err error) {
	err = tx.Savepoint(ctx, func() error {
		u, err := r.newReversal(ctx, tx, list)
		if err != nil {
			return err
		}
		undone = make([]outcome.Record, len(list))
		for i := range list {
			undone[i] = u.reverse(&list[i])
		}
		return apply.Rejected(u.write(ctx, tx))
	})
	return undone, err
}
