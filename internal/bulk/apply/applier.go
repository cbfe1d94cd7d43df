package apply

import (
	"cmp"
	"context"
	"maps"
	"time"

	"github.com/regulars/regulars/internal/bulk/outcome"
	"github.com/regulars/regulars/internal/bulk/plan"
	"github.com/regulars/regulars/internal/bulk/source"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sqldb"
)

// applier writes the plans of one job to the database.
type applier struct {
	*plan.Planner
	source member.Source
	actor  string
}

// applyBatch plans and writes a batch in the caller's transaction. It may be
// called again with the same batch.
func (a *applier) applyBatch(ctx context.Context, tx *sqldb.Tx, b *batch, now time.Time) (*plan.Plan, error) {
	p, err := a.Plan(ctx, tx, b.Rows, b.plan, b.fresh, now)
	if err != nil {
		return nil, err
	}
	if err := b.checkBlocked(p.Blocked()); err != nil {
		return nil, err
	}
	b.exchanges = p.Spans()
	if err := a.write(ctx, tx, p, b.Rows); err != nil {
		if IsRejected(Rejected(err)) {
			b.plan = nil
			a.Optimistic.Store(false)
		}
		return nil, err
	}
	a.Applied(p)
	return p, nil
}

// write writes a plan, each table once and in the order of its key.
func (a *applier) write(ctx context.Context, tx *sqldb.Tx, p *plan.Plan, rows []source.Row) error {
	tags, lines := p.NewTags()
	if err := member.InsertTags(ctx, tx, a.CommunityID, tags); err != nil {
		return err
	}
	created := make([]outcome.Tag, len(tags))
	for i := range tags {
		created[i] = outcome.Tag{ID: tags[i].ID, Line: lines[i]}
	}
	if err := outcome.InsertTags(ctx, tx, a.CommunityID, a.source.ID, created); err != nil {
		return err
	}
	w := p.Writes()
	if err := member.RenameAll(ctx, tx, a.CommunityID, w.Renames); err != nil {
		return err
	}
	if err := member.Insert(ctx, tx, a.CommunityID, w.Members); err != nil {
		return err
	}
	if err := member.Update(ctx, tx, a.CommunityID, w.Changed); err != nil {
		return err
	}
	if err := member.SetIdentifiers(ctx, tx, a.CommunityID, w.RemovedIdentifiers, w.SetIdentifiers); err != nil {
		return err
	}
	if err := member.RecordChanges(ctx, tx, a.CommunityID, p.History(), a.source, a.actor); err != nil {
		return err
	}
	return p.Post(ctx, tx, a.Planner, rows)
}

// writeGroup writes the members of a batch group. It fails with errGroupConflict
// if they are not new.
func (a *applier) writeGroup(ctx context.Context, tx *sqldb.Tx, c *batchGroup) error {
	tags, err := a.Start(ctx, tx)
	if err != nil {
		return err
	}
	a.Tags.Store(&tags)
	if !maps.Equal(tags, c.tags) {
		return errGroupConflict
	}
	if same, err := a.DeclinesUnchanged(ctx, tx, c.declines); err != nil || !same {
		return cmp.Or(err, errGroupConflict)
	}
	a.AppliedUnknown()
	err = member.InsertPacked(ctx, tx, a.CommunityID, &c.members)
	if err == nil {
		err = member.SetIdentifiers(ctx, tx, a.CommunityID, nil, c.identifiers)
	}
	if sqldb.IsConstraint(err) {
		return errGroupConflict
	}
	return err
}
