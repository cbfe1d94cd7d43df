// Package apply writes the plans of a file's batches to the database, each with its
// outcomes and the position of the job in one transaction.
package apply

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/regulars/regulars/internal/bulk/job"
	"github.com/regulars/regulars/internal/bulk/outcome"
	"github.com/regulars/regulars/internal/bulk/plan"
	"github.com/regulars/regulars/internal/bulk/source"
	"github.com/regulars/regulars/internal/bulk/spill"
	"github.com/regulars/regulars/internal/collector"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/ledger"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/roster"
	"github.com/regulars/regulars/internal/sqldb"
)

// Deps are the dependencies of File.
type Deps struct {
	DB        *sqldb.DB
	Members   *roster.Roster
	Ledger    *ledger.Ledger
	BatchRows BatchRows
	Open      func(context.Context) (source.File, error) // opens the file of the job
	Spill     spill.Files
	Budget    *spill.Budget // of dry runs
}

// fileRun applies a file in one attempt.
type fileRun struct {
	*Attempt
	Deps

	groupsFrom int64 // no groups before this number of rows
	ahead      *plan.Lookahead
}

// File applies the rows of a job's file from the saved position to the end.
func File(ctx context.Context, a *Attempt, d Deps) error {
	r := &fileRun{Attempt: a, Deps: d}
	err := errGroupConflict
	for errors.Is(err, errGroupConflict) {
		err = r.readFile(ctx)
	}
	return err
}

// readFile applies the rows until the end or a failed group.
func (r *fileRun) readFile(ctx context.Context) error {
	table, err := r.Open(ctx)
	if err != nil {
		return err
	}
	defer table.Close()
	columns, rules, err := plan.LoadRules(ctx, r.DB, r.Job, table.Header(), r.Clock.MS())
	if err != nil {
		return err
	}
	step, err := r.stepFor(ctx, rules, columns)
	if err != nil {
		return err
	}
	defer step.close()
	if err := table.Seek(r.Job.Position); err != nil {
		return err
	}
	r.ahead = plan.NewLookahead(rules, columns, r.Job.Formats(), r.Open)
	defer r.ahead.Close()
	reading, stop := context.WithCancel(ctx)
	defer collector.BeginJob()()
	f := r.startFeed(reading, table, source.NewReader(columns, r.Job.Formats(), rules.Open), step)
	defer f.stop()
	defer stop()
	for p := range f.batches {
		if err := r.applyWithExchanges(ctx, step, f, p); err != nil {
			return r.disableGroupsAfter(p, err)
		}
		if err := step.committed(ctx, p); err != nil {
			return err
		}
		last := p.Last
		f.done(p)
		collector.Adapt()
		if !last && r.mayYield() && r.Queued.ShouldYield() {
			return jobs.ErrYielded
		}
	}
	return f.err
}

// advanceInMemory updates the progress of the job in memory.
func (r *fileRun) advanceInMemory(p *batch) {
	batches, rows := p.count()
	if rows == 0 {
		return // the file ended with the previous batch
	}
	r.Job.Batches += batches
	r.Job.Counts.Read += rows
	r.Job.Position, r.Job.ProcessedBytes = p.Next, p.ProcessedBytes
}

// disableGroupsAfter pauses groups after a conflict.
func (r *fileRun) disableGroupsAfter(p *batch, err error) error {
	if errors.Is(err, errGroupConflict) {
		_, rows := p.count()
		r.groupsFrom = max(r.groupsFrom, r.Job.Counts.Read+8*rows)
	}
	return err
}

// stepFor returns the step for the job.
func (r *fileRun) stepFor(ctx context.Context, ru *plan.Rules, l *source.Header) (step, error) {
	pl := &plan.Planner{Rules: ru, CommunityID: r.Job.CommunityID, JobID: r.Job.ID, Since: r.Job.StartedAt, DB: r.DB, Ledger: r.Ledger}
	switch {
	case r.Job.DryRun:
		dry, err := plan.NewDryRun(ctx, pl, plan.DryRunInput{
			Header: l, Formats: r.Job.Formats(), Open: r.Open, Spill: r.Spill, Budget: r.Budget,
			Yield: func() bool { return r.mayYield() && r.Queued.ShouldYield() },
		})
		if err != nil {
			return nil, err
		}
		return dryRunStep{basicStep{r}, dry}, nil
	case r.Job.ParentID != "":
		pl.ListCreated = true
		return &planStep{basicStep: basicStep{r}, applier: r.applier(pl)}, nil
	}
	return newDirectStep(ctx, r, pl)
}

func (r *fileRun) applier(pl *plan.Planner) *applier {
	return &applier{Planner: pl, source: member.Source{Type: string(r.Job.Type), ID: r.Job.ID}, actor: r.Job.Actor}
}

// applyOnce applies a batch and saves the position after it.
func (r *fileRun) applyOnce(ctx context.Context, tx *sqldb.Tx, step step, p *batch) error {
	_, rows := p.count()
	if done, err := job.LockForRows(ctx, tx, r.Job); err != nil || done || rows == 0 {
		return err
	}
	if plain, ok := step.(*directStep); ok && p.group != nil {
		if err := plain.applyGroup(ctx, tx, p); err != nil {
			return err
		}
		return r.Queued.Advance(ctx, tx, r.Job.Counts.Read+rows)
	}
	list, counts, err := step.apply(ctx, tx, p)
	if err != nil {
		return Rejected(err)
	}
	p.records, p.counts = list, counts
	if err := r.saveOutcomes(ctx, tx, p); err != nil {
		return err
	}
	if err := job.Advance(ctx, tx, r.Job, p.progress(), counts, r.Clock.MS()); err != nil {
		return err
	}
	return r.Queued.Advance(ctx, tx, r.Job.Counts.Read+rows)
}

// saveOutcomes stores the outcomes of a batch and appends its event. The parts
// of a divided batch share one row.
func (r *fileRun) saveOutcomes(ctx context.Context, tx *sqldb.Tx, p *batch) error {
	done, err := outcome.NewBatch(p.number, p.records, p.counts)
	if err != nil {
		return err
	}
	if !p.parts.open() {
		return r.Record(ctx, tx, &done)
	}
	list, counts := p.parts.with(p.records, p.counts)
	whole, err := outcome.NewBatch(p.number, list, counts)
	if err != nil {
		return err
	}
	if err := outcome.Update(ctx, tx, r.Job.CommunityID, r.Job.ID, &whole); err != nil {
		return err
	}
	return r.appendEvent(ctx, tx, &done)
}

// RowAttempts is the number of attempts with a single row before it fails: other
// writers may insert its keys between lookup and insert.
const RowAttempts = 3

// applyBatch applies a batch. If a constraint rejects it also after a fresh
// lookup, the batch is divided until the rejected rows are alone and fail. Each
// part is committed with its position, in file order, so a restart continues
// between parts.
func (r *fileRun) applyBatch(ctx context.Context, step step, p *batch) error {
	err := r.commit(ctx, step, p, nil)
	if !IsRejected(err) {
		return err
	}
	p.fresh = true
	if err = r.commit(ctx, step, p, nil); !IsRejected(err) {
		return err
	}
	r.Log.WarnContext(ctx, "batch violates a constraint and is divided", "job_id", r.Job.ID, "rows", len(p.Rows), "error", err.Error())
	p.parts = &parts{}
	err = r.divide(ctx, step, p, err)
	if plain, ok := step.(*directStep); ok {
		plain.AppliedUnknown() // only the keys of the last part are known
	}
	return err
}

// commit applies a batch in one transaction, or rolls it back if failure is not
// nil. Its number follows the committed batches, since an earlier batch may have
// been divided.
func (r *fileRun) commit(ctx context.Context, step step, p *batch, failure error) error {
	p.number = r.Job.Batches
	if p.parts.open() {
		p.number--
	}
	if p.group != nil {
		for i := range p.group.batches {
			p.group.batches[i].Number = p.number + int64(i)
		}
	}
	// The end of the job is durable. Batches that are lost in a power failure
	// are applied again from the position before.
	r.Limiter.Wait(ctx)
	var began time.Time
	err := r.Tx(ctx, func(tx *sqldb.Tx) error {
		began = r.Clock.Now()
		return cmp.Or(r.applyOnce(ctx, tx, step, p), failure)
	}, sqldb.RelaxedSync)
	if err == nil {
		_, rows := p.count()
		r.Limiter.Record(rows, began)
		r.advanceInMemory(p)
		p.parts.add(p.records, p.counts)
	}
	return err
}

// divide applies the parts of a rejected batch. Rows that exchange keys stay
// together; if that leaves no place to divide, the rows that are rejected alone
// fail first.
func (r *fileRun) divide(ctx context.Context, step step, p *batch, cause error) error {
	if len(p.Rows) == 1 {
		return r.isolate(ctx, step, p, cause)
	}
	at, ok := p.cut()
	if !ok {
		if err := r.failRejected(ctx, step, p); err != nil {
			return err
		}
		if err := r.commit(ctx, step, p, nil); !IsRejected(err) {
			return err
		}
	}
	for _, half := range p.divided(at, r.Job.ProcessedBytes) {
		err := r.commit(ctx, step, half, nil)
		if IsRejected(err) {
			err = r.divide(ctx, step, half, err)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

var errTrial = errors.New("bulk: rolled back after a trial")

// failRejected fails the rows that are rejected alone, in transactions that are
// rolled back. A row that is rejected only after others of the batch is
// retained.
func (r *fileRun) failRejected(ctx context.Context, step step, p *batch) (err error) {
	for tries := 0; tries == 0 || len(p.Rows) == 1 && IsRejected(err) && tries < RowAttempts; tries++ {
		err = r.commit(ctx, step, p, errTrial)
	}
	switch {
	case errors.Is(err, errTrial):
		return nil
	case !IsRejected(err):
		return err
	case len(p.Rows) == 1:
		r.failRow(ctx, &p.Rows[0], err)
		return nil
	}
	for _, half := range p.divided(len(p.Rows)/2, p.ProcessedBytes) {
		if err := r.failRejected(ctx, step, half); err != nil {
			return err
		}
	}
	return nil
}

// isolate applies a batch of one row, or fails the row.
func (r *fileRun) isolate(ctx context.Context, step step, p *batch, cause error) error {
	for range RowAttempts - 1 {
		err := r.commit(ctx, step, p, nil)
		if !IsRejected(err) {
			return err
		}
		cause = err
	}
	r.failRow(ctx, &p.Rows[0], cause)
	return r.commit(ctx, step, p, nil)
}

// failRow adds the constraint violation to the errors of a row.
func (r *fileRun) failRow(ctx context.Context, row *source.Row, cause error) {
	r.Log.WarnContext(ctx, "row violates a constraint", "job_id", r.Job.ID, "line", row.Line, "error", cause.Error())
	row.Errors = append(row.Errors, conflict(row, cause))
}

// blockedError rolls a batch back. Its rows need keys of other members, and the
// rows of an exchange may be in later batches.
type blockedError struct{ keys []plan.Blocked }

func (*blockedError) Error() string { return "bulk: a later row may exchange a key" }

// checkBlocked returns a blockedError unless it is settled that no later row
// exchanges the keys.
func (p *batch) checkBlocked(keys []plan.Blocked) error {
	if p.settled || len(keys) == 0 {
		return nil
	}
	return &blockedError{keys}
}

// applyWithExchanges applies a batch. If members of the batch exchange keys with
// members of later rows, the batches up to those rows are applied together.
func (r *fileRun) applyWithExchanges(ctx context.Context, step step, f *feed, p *batch) error {
	for {
		err := r.applyBatch(ctx, step, p)
		blocked, ok := errors.AsType[*blockedError](err)
		if !ok {
			return err
		}
		rows, err := r.ahead.Rows(ctx, blocked.keys, p.Next, r.Job.Counts.Read+int64(len(p.Rows)), step.Holders)
		if err != nil {
			return err
		}
		if p.settled = rows == 0; !p.settled {
			if err := r.extend(f, p, rows); err != nil {
				return err
			}
		}
	}
}

// maxJoinedRows limits a batch with exchanges.
const maxJoinedRows = 60_000

// extend adds the batches with the next rows to a batch.
func (r *fileRun) extend(f *feed, p *batch, rows int) error {
	p.plan, p.settled = nil, len(p.Rows)+rows > maxJoinedRows
	for rows > 0 && !p.settled {
		next, ok := <-f.batches
		switch {
		case !ok: // reading failed
			p.settled = true
		case next.group != nil:
			r.groupsFrom = r.Job.Counts.Read + int64(len(p.Rows)+rows) + 1
			return errGroupConflict // read again without groups
		default:
			p.Rows = append(p.Rows, next.Rows...)
			p.Next, p.ProcessedBytes, p.Last = next.Next, next.ProcessedBytes, next.Last
			rows -= len(next.Rows)
		}
	}
	return nil
}
