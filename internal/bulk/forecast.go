package bulk

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sqldb"
)

// forecast is a plan made before its transaction, while the one before still
// writes: in the hope that everybody in the piece is new, or with people
// looked up at a time that mark tells.
type forecast struct {
	planner *planner
	applied applied
	looked  bool
	mark    sqldb.DataVersion

	declines member.Declines // that the plan rests on
}

// predict plans a piece outside a transaction. It returns nil where the plan
// would rest on more than the transaction can prove.
func (a *application) predict(ctx context.Context, rows []row, tags map[string]string, now time.Time) *forecast {
	if !a.hopeful.Load() {
		return a.lookAhead(ctx, rows, tags, now)
	}
	declines, declined, err := a.loadDeclined(ctx, a.db, rows)
	if err != nil {
		return nil
	}
	p := newPlanner(a.rules, newCrowd(len(rows)), tags, now)
	p.declined = declined
	done := p.decideAll(rows)
	if len(p.unproven(rows, true)) > 0 {
		return nil
	}
	return &forecast{planner: p, applied: done, declines: declines}
}

// lookAhead plans a piece with people as they are before the transaction. An
// error is for the transaction to meet again.
func (a *application) lookAhead(ctx context.Context, rows []row, tags map[string]string, now time.Time) *forecast {
	if a.watch == nil {
		return nil
	}
	mark, ok := a.watch.Version()
	if !ok {
		return nil
	}
	f, err := a.plan(ctx, a.db, rows, tags, now, false)
	if err != nil {
		return nil
	}
	f.looked, f.mark = true, mark
	return f
}

// holds reports whether a forecast is still what the transaction would plan:
// nobody else wrote since, and the piece before changed nobody it speaks of.
func (a *application) holds(ctx context.Context, tx *sqldb.Tx, f *forecast, tags map[string]string) (bool, error) {
	if f == nil || !maps.Equal(tags, f.planner.tags) {
		return false, nil
	}
	if same, err := a.sameDeclines(ctx, tx, f.declines); err != nil || !same {
		return false, err
	}
	if !f.looked {
		return true, nil
	}
	if a.unlisted {
		return false, nil
	}
	if quiet, err := tx.Unchanged(ctx, a.watch, f.mark); err != nil || !quiet {
		return false, err
	}
	for k := range f.planner.crowd.known {
		if a.touched[k] {
			return false, nil
		}
	}
	return !slices.ContainsFunc(f.planner.crowd.people, func(p *person) bool { return a.touched[identity{refKind, p.ID}] }), nil
}
