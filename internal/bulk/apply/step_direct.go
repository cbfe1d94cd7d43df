package apply

import (
	"context"

	"github.com/regulars/regulars/internal/bulk/job"
	"github.com/regulars/regulars/internal/bulk/outcome"
	"github.com/regulars/regulars/internal/bulk/plan"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sqldb"
)

// directStep applies batches without a dry run.
type directStep struct {
	basicStep
	*applier
	freed      chan *batchGroup // for reuse
	open       *batch           // batch with the open group; used by prepare only
	read       int64            // rows before the next batch; used by prepare only
	groupsFrom int64            // no groups before this number of rows
}

func newDirectStep(ctx context.Context, r *fileRun, pl *plan.Planner) (*directStep, error) {
	there, err := member.CountMembers(ctx, r.DB, r.Job.CommunityID)
	if err != nil {
		return nil, err
	}
	// In a community with members, the first batch shows whether the file has
	// new ones.
	pl.Optimistic.Store(r.Job.Type == job.Import && r.groupsFrom <= r.Job.Counts.Read && (there == 0 || r.Job.Counts.Read > 0))
	pl.Watch = r.Watch
	tags, err := plan.LoadTags(ctx, r.DB, r.Job.CommunityID)
	pl.Tags.Store(&tags)
	s := &directStep{basicStep: basicStep{r}, applier: r.applier(pl), freed: make(chan *batchGroup, 1), read: r.Job.Counts.Read, groupsFrom: r.groupsFrom}
	return s, err
}

func (s *directStep) apply(ctx context.Context, tx *sqldb.Tx, p *batch) ([]outcome.Record, outcome.Counts, error) {
	done, err := s.applyBatch(ctx, tx, p, s.Clock.Now())
	if err != nil {
		return nil, outcome.Counts{}, err
	}
	return done.Records(p.Rows), done.Counts, nil
}

func (s *directStep) batchRows(read int64) int {
	if s.Optimistic.Load() && read >= s.groupsFrom {
		read = 0 // groups join batches
	}
	return s.basicStep.batchRows(read)
}

func (s *directStep) prepare(ctx context.Context, p *batch, end bool) ([]*batch, error) {
	p.plan = s.Prepare(ctx, p.Rows, *s.Tags.Load(), s.Clock.Now())
	return s.collect(p, end)
}

// collect adds a prepared batch to the open group and returns the batches that
// are ready. With end no batch follows.
func (s *directStep) collect(p *batch, end bool) (ready []*batch, err error) {
	read := s.read
	s.read += int64(len(p.Rows))
	if read < s.groupsFrom || !p.canJoin(s.open) {
		return s.flush(p), nil
	}
	if s.open == nil {
		s.open = &batch{number: p.number, group: s.newGroup(p.plan)}
	}
	if err := s.open.group.add(s.CommunityID, p); err != nil {
		return nil, err
	}
	s.open.Next, s.open.ProcessedBytes, s.open.Last = p.Next, p.ProcessedBytes, p.Last
	if !end && !s.open.group.full(groupLimit(s.BatchRows.groupAfter(read), s.Limiter.Rows(), len(p.Rows))) {
		return nil, nil
	}
	return s.flush(nil), nil
}

// groupLimit returns the number of rows at which a group is full: most, or fewer if another
// batch of as many rows as the last one would exceed limited.
func groupLimit(most, limited, last int) int64 {
	if limited < most {
		most = max(limited-last, 0) + 1
	}
	return int64(most)
}

// flush returns the open group, if any, and the batch after it.
func (s *directStep) flush(p *batch) (ready []*batch) {
	if s.open != nil {
		ready = append(ready, s.open)
		s.open = nil
	}
	if p != nil {
		ready = append(ready, p)
	}
	return ready
}

// newGroup returns an empty group, in the memory of a committed one if possible.
func (s *directStep) newGroup(p *plan.Plan) *batchGroup {
	made := &batchGroup{tags: p.Tags(), declines: p.Declines}
	select {
	case c := <-s.freed:
		c.members.Reset()
		made.members = c.members
	default:
	}
	return made
}

func (s *directStep) committed(_ context.Context, p *batch) error {
	if p.group == nil {
		return nil
	}
	select {
	case s.freed <- p.group:
	default:
	}
	return nil
}

// applyGroup writes a group and saves the position after it.
func (s *directStep) applyGroup(ctx context.Context, tx *sqldb.Tx, p *batch) error {
	if err := s.writeGroup(ctx, tx, p.group); err != nil {
		return err
	}
	for i := range p.group.batches {
		if err := s.Record(ctx, tx, &p.group.batches[i]); err != nil {
			return err
		}
	}
	return job.Advance(ctx, tx, s.Job, p.progress(), p.group.counts, s.Clock.MS())
}
