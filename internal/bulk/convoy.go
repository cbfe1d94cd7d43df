package bulk

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"strings"

	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sqldb"
)

// convoy is several pieces of nothing but new people, which one transaction
// writes in the order of keys: a page of an index that people of many pieces
// fall on is then written once and not once for each piece. The unique keys
// prove that everybody in it is new and stands in it once, so the order of its
// rows does not matter; if they do not, nothing of it stays and the file is
// read again from its beginning, piece by piece.
type convoy struct {
	tags     map[string]string // that its pieces were planned with
	declines member.Declines   // the same
	members  member.Packed
	held     []member.Identifier
	pieces   []storedPiece
	counts   Counts
}

// errNoConvoy says that a convoy has to be read again in pieces.
var errNoConvoy = errors.New("not everything in the convoy is new")

// convoyPieces is how many full pieces a convoy is of at most.
const convoyPieces = 8

// convoyAfter returns the number of rows of a convoy that begins after so many
// rows were read: a third of them. The writer does not wait for the reader, and
// a short file does not need the memory of a long one.
func (l Limits) convoyAfter(read int64) int {
	return min(max(l.rowsAfter(0), int(read/3)), convoyPieces*l.PieceRows)
}

// enlist takes a piece that was foreseen and returns what is ready to be
// written. With end nothing follows.
func (s *plainStep) enlist(p *piece, end bool) (ready []*piece, err error) {
	read := s.read
	s.read += int64(len(p.rows))
	if read < s.convoysFrom || !p.joins(s.open) {
		return s.flush(p), nil
	}
	if s.open == nil {
		s.open = &piece{number: p.number, convoy: s.newConvoy(p.forecast)}
	}
	if err := s.open.convoy.add(s.application, p); err != nil {
		return nil, err
	}
	s.open.next, s.open.doneBytes, s.open.last = p.next, p.doneBytes, p.last
	if !end && !s.open.convoy.full(min(s.patience.Load(), int64(s.limits.convoyAfter(read)))) {
		return nil, nil
	}
	return s.flush(nil), nil
}

// newConvoy returns an empty convoy, in the memory of one that was written if
// there is such.
func (s *plainStep) newConvoy(f *forecast) *convoy {
	made := &convoy{tags: f.planner.tags, declines: f.declines}
	select {
	case c := <-s.written:
		c.members.Reset()
		made.members = c.members
	default:
	}
	return made
}

func (s *plainStep) settled(_ context.Context, p *piece) error {
	if p.convoy == nil {
		return nil
	}
	select {
	case s.written <- p.convoy:
	default:
	}
	return nil
}

// convoyBytes bounds a convoy of very long rows.
const convoyBytes = 12 << 20

func (c *convoy) full(rows int64) bool {
	return c.counts.Read >= rows || c.members.Bytes() >= convoyBytes
}

// flush returns the open convoy, if there is one, and the piece behind it.
func (s *plainStep) flush(p *piece) (ready []*piece) {
	if s.open != nil {
		ready = append(ready, s.open)
		s.open = nil
	}
	if p != nil {
		ready = append(ready, p)
	}
	return ready
}

// joins reports whether a piece may be part of a convoy.
func (p *piece) joins(open *piece) bool {
	f := p.forecast
	switch {
	case len(p.rows) == 0 || f == nil || f.looked:
		return false
	case f.applied.counts.Updated+f.applied.counts.Unchanged > 0 || len(f.planner.newTags) > 0:
		return false
	}
	return open == nil || maps.Equal(open.convoy.tags, f.planner.tags) && open.convoy.declines == f.declines
}

// add packs what a piece does. Its rows are not needed any more.
func (c *convoy) add(a *application, p *piece) error {
	f := p.forecast
	w := gather(f.planner.crowd)
	c.members.Add(a.communityID, w.members)
	for _, held := range w.held {
		held.Key = strings.Clone(held.Key) // else each keeps the record of its row in memory
		c.held = append(c.held, held)
	}
	done, err := packPiece(p.number, records(p.rows, f.applied.verdicts, nil), f.applied.counts)
	c.pieces = append(c.pieces, done)
	c.counts.addAll(f.applied.counts)
	p.forecast = nil
	return err
}

// writeConvoy writes the people of a convoy. When they are not what they were
// taken for it fails with errNoConvoy.
func (a *application) writeConvoy(ctx context.Context, tx *sqldb.Tx, c *convoy) error {
	if err := a.steady(ctx, tx); err != nil {
		return err
	}
	tags, err := loadTags(ctx, tx, a.communityID)
	if err != nil {
		return err
	}
	a.tags.Store(&tags)
	if !maps.Equal(tags, c.tags) {
		return errNoConvoy
	}
	if same, err := a.sameDeclines(ctx, tx, c.declines); err != nil || !same {
		return cmp.Or(err, errNoConvoy)
	}
	a.touched, a.unlisted = nil, true
	err = member.InsertPacked(ctx, tx, a.communityID, &c.members)
	if err == nil {
		err = member.SetIdentifiers(ctx, tx, a.communityID, nil, c.held)
	}
	if sqldb.IsConstraint(err) {
		return errNoConvoy
	}
	return err
}

// takeConvoy writes a convoy and saves the position behind it.
func (s *plainStep) takeConvoy(ctx context.Context, tx *sqldb.Tx, p *piece) error {
	waits := s.run.db.WriterWaits()
	if err := s.writeConvoy(ctx, tx, p.convoy); err != nil {
		return err
	}
	for i := range p.convoy.pieces {
		if err := s.record(ctx, tx, &p.convoy.pieces[i]); err != nil {
			return err
		}
	}
	if err := advance(ctx, tx, &s.job, p, p.convoy.counts, s.clock.MS()); err != nil {
		return err
	}
	s.beKind(s.run.db.WriterWaits() > waits)
	return nil
}

// Convoys are short while somebody else waits for the writer, and get longer
// again when nobody does.
const (
	shortConvoy = 5_000
	longConvoy  = 1 << 20 // Limits bound it
)

func (a *application) beKind(waited bool) {
	if waited {
		a.patience.Store(shortConvoy)
		return
	}
	a.patience.Store(min(2*a.patience.Load(), longConvoy))
}
