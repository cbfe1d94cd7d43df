package bulk

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/event"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sheet"
	"github.com/regulars/regulars/internal/sqldb"
)

// work runs a bulk job from its saved position to its end. It may be called
// again after any crash.
func (b *Bulk) work(ctx context.Context, queued *jobs.Job, args runArgs) error {
	r := &run{Bulk: b, queued: queued}
	ctx, r.watch = b.db.WatchChanges(ctx)
	var err error
	r.job, err = loadJob(ctx, b.db, args.CommunityID, args.JobID)
	if errs.KindOf(err) == errs.NotFound {
		return nil // its community was erased
	}
	if err != nil {
		return r.settle(ctx, err)
	}
	if r.start, err = b.beginning(ctx, args.CommunityID, args.JobID, nil, b.verifyAgain); err != nil {
		return r.settle(ctx, err)
	}
	err = r.tx(ctx, func(tx *sqldb.Tx) error { return r.begin(ctx, tx, args) })
	if err != nil {
		return r.settle(ctx, err)
	}
	if err := r.mayGoOn(ctx); err != nil {
		return r.settle(ctx, err)
	}
	if r.job.Type == Undo {
		return r.settle(ctx, r.undo(ctx))
	}
	return r.settle(ctx, r.readFile(ctx))
}

// run is one attempt of one job.
type run struct {
	*Bulk
	queued *jobs.Job
	watch  *sqldb.ChangeWatch
	start  sheet.Pos // of the file's rows
	job    job

	convoysFrom int64 // rows that are read before there are convoys again
}

// begin marks the job as running. A dry run that was interrupted starts over:
// what it had imagined is gone.
func (r *run) begin(ctx context.Context, tx *sqldb.Tx, args runArgs) (err error) {
	if r.job, err = lockJob(ctx, tx, args.CommunityID, args.JobID); err != nil {
		return err
	}
	j := &r.job
	if j.Status != Queued && j.Status != Running {
		return errMoved
	}
	now := r.clock.MS()
	if j.StartedAt == 0 {
		j.StartedAt = now
	}
	if j.DryRun && j.Pieces > 0 {
		j.Position, j.Pieces, j.Counts, j.DoneBytes = r.start, 0, Counts{}, 0
		if err := deletePieces(ctx, tx, j.CommunityID, j.ID); err != nil {
			return err
		}
	}
	j.Status = Running
	return setRunning(ctx, tx, j, now)
}

// readFile works off an import or update.
func (r *run) readFile(ctx context.Context) error {
	err := errNoConvoy
	for errors.Is(err, errNoConvoy) {
		err = r.readOn(ctx)
	}
	if err != nil {
		return err
	}
	return r.tx(ctx, func(tx *sqldb.Tx) error { return r.finish(ctx, tx, "", nil) })
}

// readOn reads the file from the job's position to its end.
func (r *run) readOn(ctx context.Context) error {
	table, err := r.openTable(ctx, &r.job, nil)
	if err != nil {
		return err
	}
	defer table.close()
	layout, rules, err := r.prepareRules(ctx, table)
	if err != nil {
		return err
	}
	step, err := r.stepFor(ctx, rules, layout)
	if err != nil {
		return err
	}
	defer step.close()
	if err := table.Seek(r.job.Position); err != nil {
		return err
	}
	reading, stop := context.WithCancel(ctx)
	defer collector.begin()()
	f := r.startFeed(reading, table, newReader(layout, r.job.formats(), rules.open), step)
	defer f.stop()
	defer stop()
	for p := range f.pieces {
		if err := r.applyBatch(ctx, step, p); err != nil {
			return r.without(p, err)
		}
		if err := step.settled(ctx, p); err != nil {
			return err
		}
		last := p.last
		f.done(p)
		collector.adapt()
		if !last && r.mayYield() && r.queued.ShouldYield() {
			return jobs.ErrYielded
		}
	}
	return f.err
}

// passed takes the job in memory behind a piece.
func (r *run) passed(p *piece) {
	pieces, rows := p.size()
	if rows == 0 {
		return // behind a file that ended with the piece before
	}
	r.job.Pieces += pieces
	r.job.Counts.Read += rows
	r.job.Position, r.job.DoneBytes = p.next, p.doneBytes
}

// without makes no convoys for a while where one failed.
func (r *run) without(p *piece, err error) error {
	if errors.Is(err, errNoConvoy) {
		_, rows := p.size()
		r.convoysFrom = r.job.Counts.Read + 8*rows
	}
	return err
}

// step is what one piece goes through: applied for real, only planned, or
// applied against a plan.
type step interface {
	// pieceRows is how many rows the next piece has after so many were read.
	pieceRows(read int64) int
	// foresee is called before the transaction, in a goroutine of its own. It
	// returns the pieces that are ready for theirs; with end, all of them are.
	foresee(ctx context.Context, p *piece, end bool) ([]*piece, error)
	take(ctx context.Context, tx *sqldb.Tx, p *piece) ([]record, Counts, error)
	settled(ctx context.Context, p *piece) error // the piece is committed
	close()
}

func (r *run) pieceRows(read int64) int { return r.limits.rowsAfter(read) }

func (r *run) foresee(_ context.Context, p *piece, _ bool) ([]*piece, error) {
	return []*piece{p}, nil
}

func (r *run) settled(context.Context, *piece) error { return nil }

func (r *run) close() {}

func (r *run) stepFor(ctx context.Context, ru *rules, l *layout) (step, error) {
	a := &application{rules: ru, communityID: r.job.CommunityID, source: member.Source{Type: string(r.job.Type), ID: r.job.ID}, actor: r.job.Actor}
	switch {
	case r.job.DryRun:
		return newRehearsal(ctx, r, a, l)
	case r.job.OriginID != "":
		a.tells = true
		return &performance{run: r, application: a}, nil
	}
	there, err := r.members.Count(ctx, r.job.CommunityID)
	if err != nil {
		return nil, err
	}
	// Where there are members already, the first piece shows whether they are
	// those of the file.
	a.hopeful.Store(r.job.Type == Import && r.convoysFrom <= r.job.Counts.Read && (there == 0 || r.job.Counts.Read > 0))
	a.patience.Store(longConvoy)
	a.db, a.watch = r.db, r.watch
	tags, err := loadTags(ctx, r.db, r.job.CommunityID)
	a.tags.Store(&tags)
	return &plainStep{run: r, application: a, written: make(chan *convoy, 1), read: r.job.Counts.Read, convoysFrom: r.convoysFrom}, err
}

// applyOnce applies a piece and saves the position behind it.
func (r *run) applyOnce(ctx context.Context, tx *sqldb.Tx, step step, p *piece) error {
	_, rows := p.size()
	if done, err := turnOfRows(ctx, tx, &r.job); err != nil || done || rows == 0 {
		return err
	}
	if plain, ok := step.(*plainStep); ok && p.convoy != nil {
		if err := plain.takeConvoy(ctx, tx, p); err != nil {
			return err
		}
		return r.queued.Advance(ctx, tx, r.job.Counts.Read+rows)
	}
	list, counts, err := step.take(ctx, tx, p)
	if err != nil {
		return refused(err)
	}
	p.records, p.counts = list, counts
	if err := r.keep(ctx, tx, p); err != nil {
		return err
	}
	if err := advance(ctx, tx, &r.job, p, counts, r.clock.MS()); err != nil {
		return err
	}
	return r.queued.Advance(ctx, tx, r.job.Counts.Read+rows)
}

// plainStep applies pieces for real.
type plainStep struct {
	*run
	*application
	written chan *convoy // whose memory can be used again
	// These belong to the goroutine that foresees.
	open        *piece // whose convoy is not full yet
	read        int64  // rows of the file before the next piece
	convoysFrom int64  // rows that are read before there are convoys
}

func (s *plainStep) take(ctx context.Context, tx *sqldb.Tx, p *piece) ([]record, Counts, error) {
	done, err := s.apply(ctx, tx, p, s.clock.Now())
	if err != nil {
		return nil, Counts{}, err
	}
	return records(p.rows, done.verdicts, nil), done.counts, nil
}

func (s *plainStep) pieceRows(read int64) int {
	if s.hopeful.Load() && read >= s.convoysFrom {
		return s.limits.rowsAfter(0)
	}
	return s.limits.rowsAfter(read)
}

func (s *plainStep) foresee(ctx context.Context, p *piece, end bool) ([]*piece, error) {
	p.forecast = s.predict(ctx, p.rows, *s.tags.Load(), s.clock.Now())
	return s.enlist(p, end)
}

func (r *run) prepareRules(ctx context.Context, table openFile) (*layout, *rules, error) {
	d, err := r.dictionary(ctx, r.db, &r.job)
	if err != nil {
		return nil, nil, err
	}
	layout, err := d.read(table.Header(), r.job.Options.Mapping)
	if err != nil {
		return nil, nil, err
	}
	roles, err := access.Roles(ctx, r.db, r.job.CommunityID)
	if err != nil {
		return nil, nil, err
	}
	rules := newRules(r.job.Type, r.job.Options, r.job.Actor == actor.Actor{Kind: actor.Open}.Ref(), d.fields, roles)
	rules.readHeaders(layout)
	if rules.open {
		if rules.installers, err = account.InstallationOwners(ctx, r.db); err != nil {
			return nil, nil, err
		}
	}
	rules.power, err = r.power(ctx, r.db)
	return layout, rules, err
}

// finish ends the job together with its entry in the queue: an entry that
// outlives the job would be dead after three crashes. With a code it has failed.
func (r *run) finish(ctx context.Context, tx *sqldb.Tx, code string, cause error) error {
	j, err := lockJob(ctx, tx, r.job.CommunityID, r.job.ID)
	if err != nil {
		return err
	}
	if j.Status != Running && (j.Status != Queued || code == "") {
		return errMoved
	}
	status, text := Completed, ""
	if j.Counts.Failed > 0 {
		status = CompletedWithErrors
	}
	if j.DryRun {
		status = Completed
	}
	if code != "" {
		status, text = Failed, errs.From(cause).Message
	}
	if err := r.end(ctx, tx, &j, status, code, text); err != nil {
		return err
	}
	return r.queued.Complete(ctx, tx)
}

// end writes the end of a job, in whatever way it came.
func (b *Bulk) end(ctx context.Context, tx *sqldb.Tx, j *job, status, code, text string) error {
	now := b.clock.MS()
	j.Status, j.ErrorCode, j.ErrorText, j.FinishedAt, j.ExpiresAt = status, code, text, now, now+b.limits.Keep.Milliseconds()
	if err := setEnded(ctx, tx, j); err != nil {
		return err
	}
	if err := b.notify(ctx, tx, j); err != nil {
		return err
	}
	return event.Append(ctx, tx, now, event.Event{
		CommunityID: j.CommunityID, Type: event.BulkJobFinished,
		Data: event.BulkJob{JobID: j.ID, JobType: string(j.Type), Status: status, DryRun: j.DryRun, Created: j.Counts.Created, Updated: j.Counts.Updated, Failed: j.Counts.Failed},
	})
}

// settle decides what the end of an attempt means for the queue.
func (r *run) settle(ctx context.Context, err error) error {
	switch {
	case err == nil, errors.Is(err, errMoved):
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.Is(err, field.ErrChanged):
		return jobs.SnoozeFor(time.Second, WaitFieldChange) // it continues with the fields as they are then
	case errors.Is(err, errMissing):
		if other, err := r.queued.HasOtherNode(ctx); err != nil || other {
			return cmp.Or(err, jobs.ErrWrongNode)
		}
		return r.fail(ctx, errs.From(err).Code, err)
	case errors.Is(err, sheet.ErrDamaged) && !errs.Is(err, "zip_bomb"):
		return r.fail(ctx, "damaged_file", errs.New(errs.Invalid, "damaged_file", "The file is damaged behind the last row that is listed. Repair the file and upload it again."))
	case errs.From(err) != nil && errs.KindOf(err) != errs.Unavailable && r.job.ID != "":
		return r.fail(ctx, errs.From(err).Code, err)
	}
	return err
}

func (r *run) fail(ctx context.Context, code string, cause error) error {
	err := r.tx(ctx, func(tx *sqldb.Tx) error { return r.finish(ctx, tx, code, cause) })
	if errors.Is(err, errMoved) {
		return nil
	}
	return err
}

// tx runs f in a transaction that only the holder of the job's lease can
// commit. While the database is away or its disk full it waits and repeats.
func (r *run) tx(ctx context.Context, f func(*sqldb.Tx) error, options ...sqldb.TxOption) error {
	races := 0
	resume := func() {}
	defer func() { resume() }()
	for pause := 100 * time.Millisecond; ; pause = min(2*pause, 5*time.Second) {
		err := r.queued.Tx(ctx, f, options...)
		switch {
		case err == nil || ctx.Err() != nil:
			return err
		case sqldb.IsDuplicate(err) && !isRefused(err) && races < 10:
			races++ // somebody else took a key between the look and the leap
			continue
		case !sqldb.IsUnavailable(err):
			return err
		}
		reason := jobs.WaitDatabase
		if sqldb.IsDiskFull(err) {
			reason = jobs.WaitDisk
		}
		r.log.WarnContext(ctx, "the database cannot be written, bulk job waits", "job_id", r.job.ID, "reason", reason, "error", err.Error())
		resume = r.queued.ReportWait(reason)
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(pause):
		}
	}
}
