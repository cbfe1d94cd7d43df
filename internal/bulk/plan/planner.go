// Package plan decides the changes of rows. It matches rows to members, in the
// order of the file, and writes nothing.
package plan

import (
	"context"
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"github.com/regulars/regulars/internal/bulk/outcome"
	"github.com/regulars/regulars/internal/bulk/posting"
	"github.com/regulars/regulars/internal/bulk/source"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/ledger"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/text"
)

// Planner plans the batches of one job.
type Planner struct {
	Rules          *Rules
	CommunityID    string
	JobID          string // its earlier batches repeat members
	Since          int64  // start of the job, Unix milliseconds
	DB             *sqldb.DB
	Ledger         *ledger.Ledger                    // for files with amounts
	Watch          *sqldb.ChangeWatch                // nil: no lookups before the transaction
	ListCreated    bool                              // list all values of created members, for a digest
	Tags           atomic.Pointer[map[string]string] // name -> id, as of the last transaction
	Optimistic     atomic.Bool                       // the last batch had only new members; assume it of the next
	changedKeys    map[Key]bool                      // of the members that the last batch changed
	changesUnknown bool                              // changedKeys is incomplete
}

// Plan has the decisions for a batch. A plan that was prepared before the
// transaction of the batch, while the previous one is written, is optimistic
// (all members are new) or has lookups of a version of the database.
type Plan struct {
	Decisions
	decider    *decider
	balances   *posting.Batch // that the plan read; nil: none, or posted
	prefetched bool
	version    sqldb.DataVersion

	Declines member.Declines // that the plan depends on
}

// Spans are the rows of each exchange of keys.
func (p *Plan) Spans() []Span { return p.decider.claims.spans }

// Blocked are the keys that failed rows need and may get in an exchange with a later
// batch.
func (p *Plan) Blocked() []Blocked { return p.decider.blocked }

// Writes are the table rows of the plan.
func (p *Plan) Writes() Writes { return p.decider.identities.Writes() }

// NewTags are the tags to create, with the lines of the first rows that named
// them.
func (p *Plan) NewTags() (tags []member.Tag, lines []int) { return p.decider.newTags, p.decider.lines }

// Tags are the tags that the plan depends on.
func (p *Plan) Tags() map[string]string { return p.decider.tags }

// OnlyNew reports whether all rows are new members without lookups, and no tag
// is created.
func (p *Plan) OnlyNew() bool {
	return !p.prefetched && p.Counts.Updated+p.Counts.Unchanged == 0 && len(p.decider.newTags) == 0
}

// Plan returns the plan of a batch for its transaction: the prepared one if it
// is still valid.
//
// Lookups of new members are skipped if possible. A unique violation shows that
// a member exists; then the caller retries with fresh, which looks all members
// up.
func (pl *Planner) Plan(ctx context.Context, tx *sqldb.Tx, rows []source.Row, before *Plan, fresh bool, now time.Time) (*Plan, error) {
	tags, err := pl.Start(ctx, tx)
	if err != nil {
		return nil, err
	}
	pl.Tags.Store(&tags)
	holds, err := pl.stillValid(ctx, tx, before, tags)
	if err != nil || holds {
		return before, err
	}
	return pl.planFresh(ctx, tx, rows, tags, now, pl.Optimistic.Load() && !fresh)
}

// PlanExpected plans every row again. A row with another change than its record
// of the dry run fails as plan_stale. It returns the rows with these marked. Until
// it is settled that no later row exchanges a key, a plan with Blocked keys is
// returned before that.
func (pl *Planner) PlanExpected(ctx context.Context, tx *sqldb.Tx, rows []source.Row, expected []outcome.Record, settled bool, now time.Time) (*Plan, []source.Row, error) {
	tags, err := pl.Start(ctx, tx)
	if err != nil {
		return nil, nil, err
	}
	rows = slices.Clone(rows)
	for {
		p, err := pl.planFresh(ctx, tx, rows, tags, now, false)
		if err != nil {
			return nil, nil, err
		}
		if !settled && len(p.Blocked()) > 0 {
			return p, rows, nil
		}
		names, stale := p.decider.tagNames(), false
		for i := range rows {
			if rows[i].Stale || p.list[i].matches(&expected[i], names) {
				continue
			}
			// Later rows may depend on this one.
			rows[i].Stale, stale = true, true
		}
		if !stale {
			return p, rows, nil
		}
	}
}

// Start verifies the fields and returns the tags.
func (pl *Planner) Start(ctx context.Context, tx *sqldb.Tx) (map[string]string, error) {
	if err := pl.VerifyFields(ctx, tx); err != nil {
		return nil, err
	}
	return LoadTags(ctx, tx, pl.CommunityID)
}

// Applied is called after a plan was written.
func (pl *Planner) Applied(p *Plan) {
	pl.Optimistic.Store(p.Counts.Updated+p.Counts.Unchanged == 0)
	pl.changedKeys, pl.changesUnknown = p.decider.identities.changedKeys(), false
}

// AppliedUnknown is called after members with unknown keys were changed.
func (pl *Planner) AppliedUnknown() { pl.changedKeys, pl.changesUnknown = nil, true }

// Holders returns the members with one of the keys in the database.
func (pl *Planner) Holders(ctx context.Context, keys []Key) (*IdentityMap, error) {
	m := NewIdentityMap(len(keys))
	return m, m.Load(ctx, pl.DB, pl.CommunityID, keys, false)
}

// VerifyFields fails with field.ErrChanged if the fields of the file changed.
func (pl *Planner) VerifyFields(ctx context.Context, tx *sqldb.Tx) error {
	return field.Verify(ctx, tx, pl.CommunityID, pl.Rules.fields, func(f *field.Field) bool {
		_, inFile := pl.Rules.headers[f.ID]
		return inFile || f.DefaultValue != nil
	})
}

// LoadTags returns the ids of all tags by normalised name.
func LoadTags(ctx context.Context, q sqldb.Querier, communityID string) (map[string]string, error) {
	tags, err := member.Tags(ctx, q, communityID)
	byName := make(map[string]string, len(tags))
	for _, t := range tags {
		byName[text.Name(t.Name)] = t.ID
	}
	return byName, err
}

// planFresh decides all rows. As long as a decision depends on keys that are
// neither looked up nor verified otherwise, it looks them up and decides again.
func (pl *Planner) planFresh(ctx context.Context, q sqldb.Querier, rows []source.Row, tags map[string]string, now time.Time, optimistic bool) (*Plan, error) {
	keys := []Key{}
	if !optimistic {
		keys = firstKeys(pl.Rules, rows)
	}
	declines, declined, err := pl.loadDeclined(ctx, q, rows)
	if err != nil {
		return nil, err
	}
	balances, err := posting.Open(ctx, pl.Ledger, q, pl.CommunityID, pl.Rules.units)
	if err != nil {
		return nil, err
	}
	earlier := earlierLines{}
	for {
		// Each round changes the members in the map.
		p := newDecider(pl.Rules, NewIdentityMap(len(rows)), tags, now)
		p.declined, p.since, p.earlier = declined, pl.Since, earlier
		p.listCreated = pl.ListCreated
		_, locks := q.(*sqldb.Tx)
		if err := p.identities.Load(ctx, q, pl.CommunityID, keys, locks); err != nil {
			return nil, err
		}
		if err := balances.Load(ctx, p.identities.members()); err != nil {
			return nil, err
		}
		p.balances = balances
		done := p.decideAll(rows)
		unverified := p.unverifiedKeys(rows, optimistic)
		if len(p.suspects) > 0 {
			if err := pl.findEarlier(ctx, q, p.suspects, earlier); err != nil {
				return nil, err
			}
			keys = append(keys, unverified...)
			continue
		}
		if len(unverified) == 0 {
			return &Plan{Decisions: done, decider: p, balances: balances, Declines: declines}, nil
		}
		keys = append(keys, unverified...)
	}
}

// Prepare plans a batch outside its transaction. It returns nil if the
// transaction could not verify the plan.
func (pl *Planner) Prepare(ctx context.Context, rows []source.Row, tags map[string]string, now time.Time) *Plan {
	if !pl.Optimistic.Load() {
		return pl.prepareWithLookup(ctx, rows, tags, now)
	}
	declines, declined, err := pl.loadDeclined(ctx, pl.DB, rows)
	if err != nil {
		return nil
	}
	p := newDecider(pl.Rules, NewIdentityMap(len(rows)), tags, now)
	p.declined = declined
	done := p.decideAll(rows)
	if len(p.unverifiedKeys(rows, true)) > 0 {
		return nil
	}
	return &Plan{Decisions: done, decider: p, Declines: declines}
}

// prepareWithLookup plans a batch with the members before the transaction. An
// error occurs again in the transaction.
func (pl *Planner) prepareWithLookup(ctx context.Context, rows []source.Row, tags map[string]string, now time.Time) *Plan {
	if pl.Watch == nil {
		return nil
	}
	mark, ok := pl.Watch.Version()
	if !ok {
		return nil
	}
	f, err := pl.planFresh(ctx, pl.DB, rows, tags, now, false)
	if err != nil {
		return nil
	}
	f.prefetched, f.version = true, mark
	return f
}

// stillValid reports whether a prepared plan equals a new one: no other
// connection has written since, and the previous batch changed no member of the
// plan.
func (pl *Planner) stillValid(ctx context.Context, tx *sqldb.Tx, f *Plan, tags map[string]string) (bool, error) {
	if f == nil || !maps.Equal(tags, f.decider.tags) {
		return false, nil
	}
	if same, err := pl.DeclinesUnchanged(ctx, tx, f.Declines); err != nil || !same {
		return false, err
	}
	if !f.prefetched {
		return true, nil
	}
	posted := f.balances == nil && len(pl.Rules.units) > 0 // by a transaction that was rolled back
	if pl.changesUnknown || posted {
		return false, nil
	}
	if quiet, err := tx.Unchanged(ctx, pl.Watch, f.version); err != nil || !quiet {
		return false, err
	}
	for k := range f.decider.identities.lookedUp {
		if pl.changedKeys[k] {
			return false, nil
		}
	}
	return !slices.ContainsFunc(f.decider.identities.entries, func(p *Entry) bool { return pl.changedKeys[Key{source.RefKey, p.ID}] }), nil
}

// loadDeclined returns the addresses of declined memberships, and the state of
// the declines.
func (pl *Planner) loadDeclined(ctx context.Context, q sqldb.Querier, rows []source.Row) (member.Declines, map[string]bool, error) {
	state, err := member.DeclinesOf(ctx, q, pl.CommunityID)
	if err != nil || state.Count == 0 {
		return state, nil, err
	}
	keys := make([]string, 0, len(rows))
	for i := range rows {
		if rows[i].EmailKey != "" {
			keys = append(keys, rows[i].EmailKey)
		}
	}
	declined, err := member.Declined(ctx, q, pl.CommunityID, keys)
	return state, declined, err
}

// DeclinesUnchanged reports whether the declines are the same as before. They do
// not change until the transaction ends, which shares a lock on the fields with
// them.
func (pl *Planner) DeclinesUnchanged(ctx context.Context, tx *sqldb.Tx, before member.Declines) (bool, error) {
	now, err := member.DeclinesOf(ctx, tx, pl.CommunityID)
	return now == before, err
}
