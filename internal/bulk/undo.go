package bulk

import (
	"context"
	"slices"

	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/sqldb"
)

// undo works through the pieces of the original job from the last to the first.
// The number of pieces done is the position.
func (r *run) undo(ctx context.Context) error {
	original, err := loadJob(ctx, r.db, r.job.CommunityID, r.job.OriginID)
	if err != nil {
		return err
	}
	if expired(&original, r.clock.MS()) {
		return errExpired()
	}
	for n := r.job.Pieces; n < original.Pieces; n++ {
		p := &piece{number: n}
		if err := r.tx(ctx, func(tx *sqldb.Tx) error { return r.undoPiece(ctx, tx, &original, p) }, sqldb.RelaxedSync); err != nil {
			return err
		}
		if r.queued.ShouldYield() {
			return jobs.ErrYielded
		}
	}
	if err := r.undoTags(ctx, original.ID); err != nil {
		return err
	}
	return r.tx(ctx, func(tx *sqldb.Tx) error {
		if err := setUndone(ctx, tx, original.CommunityID, original.ID, r.clock.MS()); err != nil {
			return err
		}
		return r.finish(ctx, tx, "", nil)
	})
}

func (r *run) undoPiece(ctx context.Context, tx *sqldb.Tx, original *job, p *piece) error {
	if done, err := turn(ctx, tx, &r.job, p.number); err != nil || done {
		return err
	}
	found, err := pieceFrom(ctx, tx, original, original.Pieces-1-p.number, 0, 0)
	if err != nil {
		return err
	}
	if found == nil || found.Number != original.Pieces-1-p.number {
		return errExpired()
	}
	list, err := unpack(found.Outcomes)
	if err != nil {
		return err
	}
	// Changes that depend on each other are undone in the reverse order.
	list = slices.DeleteFunc(list, func(rec record) bool { return rec.Outcome != Created && rec.Outcome != Updated })
	slices.Reverse(list)
	undone, err := r.reverseBatch(ctx, tx, list)
	if err != nil {
		return err
	}
	var counts Counts
	for i := range undone {
		counts.add(undone[i].Outcome)
	}
	done, err := packPiece(p.number, undone, counts)
	if err != nil {
		return err
	}
	if err := r.record(ctx, tx, &done); err != nil {
		return err
	}
	if err := advance(ctx, tx, &r.job, p, counts, r.clock.MS()); err != nil {
		return err
	}
	return r.queued.Advance(ctx, tx, p.number+1)
}

func (c *storedChange) before() (any, error) { return field.DecodeValue(c.Old) }
func (c *storedChange) after() (any, error)  { return field.DecodeValue(c.New) }

// shown is a value as a Problem shows it.
func shown(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		return v
	}
	return encode(value)
}
