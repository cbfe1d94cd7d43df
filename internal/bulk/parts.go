package bulk

import (
	"context"
	"slices"

	"github.com/regulars/regulars/internal/event"
	"github.com/regulars/regulars/internal/sqldb"
)

// parts are the committed parts of a divided batch that share one row of
// bulk_pieces, so that a batch with many refused rows does not need one for
// each.
type parts struct {
	joined  int
	records []record
	counts  Counts
}

// mostParts bounds how often the outcomes of a row of bulk_pieces are written
// again.
const mostParts = 32

// open reports whether the next part joins the parts before.
func (ps *parts) open() bool { return ps != nil && ps.joined > 0 && ps.joined < mostParts }

// with returns the outcomes of the parts and one more.
func (ps *parts) with(list []record, counts Counts) ([]record, Counts) {
	counts.addAll(ps.counts)
	return slices.Concat(ps.records, list), counts
}

// add is called once a part is committed.
func (ps *parts) add(list []record, counts Counts) {
	switch {
	case ps == nil:
	case ps.open():
		ps.records, ps.counts = ps.with(list, counts)
		ps.joined++
	default:
		ps.joined, ps.records, ps.counts = 1, list, counts
	}
}

// keep keeps what a piece did, a part of a divided batch in the row of the parts
// before it, and writes its event.
func (r *run) keep(ctx context.Context, tx *sqldb.Tx, p *piece) error {
	done, err := packPiece(p.number, p.records, p.counts)
	if err != nil {
		return err
	}
	if !p.parts.open() {
		return r.record(ctx, tx, &done)
	}
	list, counts := p.parts.with(p.records, p.counts)
	whole, err := packPiece(p.number, list, counts)
	if err != nil {
		return err
	}
	if err := updatePiece(ctx, tx, &r.job, &whole); err != nil {
		return err
	}
	return r.tell(ctx, tx, &done)
}

// record keeps what a piece did and writes the one event of a piece that
// changed members.
func (r *run) record(ctx context.Context, tx *sqldb.Tx, done *storedPiece) error {
	if err := insertPiece(ctx, tx, &r.job, done); err != nil {
		return err
	}
	return r.tell(ctx, tx, done)
}

func (r *run) tell(ctx context.Context, tx *sqldb.Tx, done *storedPiece) error {
	if r.job.DryRun || done.Counts.Created+done.Counts.Updated == 0 {
		return nil
	}
	return event.Append(ctx, tx, r.clock.MS(), event.Event{CommunityID: r.job.CommunityID, Type: event.MembersImported, Data: event.MembersChanged{
		JobID: r.job.ID, JobType: string(r.job.Type), FirstLine: int(done.FirstLine), LastLine: int(done.LastLine), Created: done.Counts.Created, Updated: done.Counts.Updated,
	}})
}
