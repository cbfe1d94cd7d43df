package apply

import (
	"context"
	"slices"

	"github.com/regulars/regulars/internal/bulk/outcome"
	"github.com/regulars/regulars/internal/bulk/plan"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
)

// step processes batches: it applies them, plans them only, or applies a plan of
// a dry run.
type step interface {
	// batchRows returns the number of rows of the next batch after read rows.
	batchRows(read int64) int
	// prepare is called before the transaction, in another goroutine. It
	// returns the batches that are ready; with end, all of them.
	prepare(ctx context.Context, p *batch, end bool) ([]*batch, error)
	apply(ctx context.Context, tx *sqldb.Tx, p *batch) ([]outcome.Record, outcome.Counts, error)
	Holders(ctx context.Context, keys []plan.Key) (*plan.IdentityMap, error)
	committed(ctx context.Context, p *batch) error // called after the commit
	close()
}

// basicStep has the methods that most steps share.
type basicStep struct{ *fileRun }

func (s basicStep) batchRows(read int64) int { return min(s.BatchRows.after(read), s.Limiter.Rows()) }

func (s basicStep) prepare(_ context.Context, p *batch, _ bool) ([]*batch, error) {
	return []*batch{p}, nil
}

func (s basicStep) committed(context.Context, *batch) error { return nil }

func (s basicStep) close() {}

// dryRunStep plans batches.
type dryRunStep struct {
	basicStep
	dry *plan.DryRun
}

func (s dryRunStep) apply(ctx context.Context, tx *sqldb.Tx, p *batch) ([]outcome.Record, outcome.Counts, error) {
	records, counts, err := s.dry.Plan(ctx, tx, p.Rows, s.Clock.Now())
	if err == nil {
		err = p.checkBlocked(s.dry.Blocked())
	}
	if err == nil {
		err = outcome.AddPlannedTags(ctx, tx, s.Job.CommunityID, s.Job.ID, s.dry.NewTags())
	}
	return records, counts, err
}

func (s dryRunStep) Holders(ctx context.Context, keys []plan.Key) (*plan.IdentityMap, error) {
	return s.dry.Holders(ctx, keys)
}

func (s dryRunStep) committed(ctx context.Context, p *batch) error {
	return s.dry.Committed(ctx, p.Rows)
}

func (s dryRunStep) close() { s.dry.Close() }

// planStep applies batches row by row according to the plan of a dry run.
type planStep struct {
	basicStep
	*applier
	expecting []outcome.Record // of the plan, from the next row on
	next      int64            // number of the plan's next batch
}

func (s *planStep) apply(ctx context.Context, tx *sqldb.Tx, p *batch) ([]outcome.Record, outcome.Counts, error) {
	expected, err := s.expected(ctx, tx, p)
	if err != nil {
		return nil, outcome.Counts{}, err
	}
	done, rows, err := s.PlanExpected(ctx, tx, p.Rows, expected, p.settled, s.Clock.Now())
	if err != nil {
		return nil, outcome.Counts{}, err
	}
	if err := p.checkBlocked(done.Blocked()); err != nil {
		return nil, outcome.Counts{}, err
	}
	p.exchanges = done.Spans()
	if err := s.write(ctx, tx, done, rows); err != nil {
		return nil, outcome.Counts{}, err
	}
	return done.Records(rows), done.Counts, nil
}

// expected returns the plan's records for the rows of a batch.
func (s *planStep) expected(ctx context.Context, q sqldb.Querier, p *batch) ([]outcome.Record, error) {
	lost := errs.New(errs.Conflict, "plan_stale", "The plan does not cover every row of the file.")
	if len(s.expecting) == 0 || s.expecting[0].Pos.Line > p.Rows[0].Line {
		s.expecting, s.next = nil, 0
	}
	last := p.Rows[len(p.Rows)-1].Line
	earlier := func(r outcome.Record) bool { return r.Pos.Line < p.Rows[0].Line }
	for len(s.expecting) == 0 || s.expecting[len(s.expecting)-1].Pos.Line < last {
		line := 0
		if len(s.expecting) == 0 { // after a restart, skip the batches before
			line = p.Rows[0].Line
		}
		found, err := outcome.Find(ctx, q, s.Job.CommunityID, s.Job.ParentID, s.next, 0, line)
		if err != nil {
			return nil, err
		}
		if found == nil {
			return nil, lost
		}
		list, err := outcome.Unpack(found.Outcomes)
		if err != nil {
			return nil, err
		}
		s.next = found.Number + 1
		s.expecting = slices.DeleteFunc(append(s.expecting, list...), earlier)
	}
	s.expecting = slices.DeleteFunc(s.expecting, earlier)
	if len(s.expecting) < len(p.Rows) || s.expecting[0].Pos.Line != p.Rows[0].Line {
		return nil, lost
	}
	return s.expecting[:len(p.Rows)], nil
}
