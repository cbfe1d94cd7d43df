package bulk

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sheet"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/text"
)

// piece is a run of rows that one transaction applies.
type piece struct {
	number    int64
	rows      []row
	next      sheet.Pos // where the piece after it starts
	doneBytes int64     // of the uploaded file
	last      bool      // nothing follows
	forecast  *forecast // nil: there is none
	fresh     bool      // a plan without a look-up was refused
	convoy    *convoy   // in place of rows: several pieces, of which number is the first
	blocks    [][]set   // that the rows' sets are in
	parts     *parts    // of the divided batch that this is a part of; nil: of none
	exchanges []span    // of the last plan: rows that only work together

	records []record // that the last transaction wrote
	counts  Counts
}

// size is how many pieces of the job a piece stands for, and of how many rows.
func (p *piece) size() (pieces, rows int64) {
	if p.convoy != nil {
		return int64(len(p.convoy.pieces)), p.convoy.counts.Read
	}
	if p.parts.open() {
		return 0, int64(len(p.rows))
	}
	return 1, int64(len(p.rows))
}

// application applies pieces of one job.
type application struct {
	rules       *rules
	communityID string
	source      member.Source
	actor       string
	tags        atomic.Pointer[map[string]string] // name -> id, as the last transaction saw them
	dreamt      map[string]string                 // of a dry run: tags it would have made
	tells       bool                              // see planner
	hopeful     atomic.Bool                       // the last piece met nobody: assume that of the next one too
	db          *sqldb.DB
	watch       *sqldb.ChangeWatch // nil: forecasts may not look people up
	touched     map[identity]bool  // keys of whom the last piece changed
	unlisted    bool               // the last piece changed people who are not in touched
	patience    atomic.Int64       // most rows of a convoy
}

// applied is what a piece did.
type applied struct {
	verdicts []verdict
	counts   Counts
}

// apply plans and writes a piece in the caller's transaction. It changes
// nothing outside tx and may be called again with the same piece.
//
// Who is new is not looked up first where that can be avoided: the unique keys
// tell. When they do, apply fails with a duplicate, and the next call looks
// everybody up.
func (a *application) apply(ctx context.Context, tx *sqldb.Tx, piece *piece, now time.Time) (applied, error) {
	if err := a.steady(ctx, tx); err != nil {
		return applied{}, err
	}
	tags, err := loadTags(ctx, tx, a.communityID)
	if err != nil {
		return applied{}, err
	}
	a.tags.Store(&tags)
	f := piece.forecast
	holds, err := a.holds(ctx, tx, f, tags)
	if err != nil {
		return applied{}, err
	}
	if !holds {
		if f, err = a.plan(ctx, tx, piece.rows, tags, now, a.hopeful.Load() && !piece.fresh); err != nil {
			return applied{}, err
		}
	}
	piece.exchanges = f.planner.takes.spans
	if err := a.write(ctx, tx, f.planner, f.applied.verdicts); err != nil {
		if sqldb.IsConstraint(err) {
			piece.forecast = nil
			a.hopeful.Store(false)
		}
		return applied{}, err
	}
	a.hopeful.Store(f.applied.counts.Updated+f.applied.counts.Unchanged == 0)
	a.touched, a.unlisted = f.planner.crowd.touched(), false
	return f.applied, nil
}

// steady makes sure that the fields are still those the rules know.
func (a *application) steady(ctx context.Context, tx *sqldb.Tx) error {
	return field.Verify(ctx, tx, a.communityID, a.rules.fields, func(f *field.Field) bool {
		_, inFile := a.rules.headers[f.ID]
		return inFile || f.DefaultValue != nil
	})
}

func loadTags(ctx context.Context, q sqldb.Querier, communityID string) (map[string]string, error) {
	tags, err := member.Tags(ctx, q, communityID)
	byName := make(map[string]string, len(tags))
	for _, t := range tags {
		byName[text.Name(t.Name)] = t.ID
	}
	return byName, err
}

// plan decides all rows. While a verdict rests on a key that nobody looked
// up, and that nothing else proves to be free or taken, it looks those keys up
// and decides again.
func (a *application) plan(ctx context.Context, q sqldb.Querier, rows []row, tags map[string]string, now time.Time, hopeful bool) (*forecast, error) {
	keys := []identity{}
	if !hopeful {
		keys = firstKeys(a.rules, rows)
	}
	declines, declined, err := a.loadDeclined(ctx, q, rows)
	if err != nil {
		return nil, err
	}
	for {
		// Each round starts from what the database said: a round changes people.
		p := newPlanner(a.rules, newCrowd(len(rows)), tags, now)
		p.declined = declined
		p.tells = a.tells
		_, locks := q.(*sqldb.Tx)
		if err := p.crowd.load(ctx, q, a.communityID, keys, locks); err != nil {
			return nil, err
		}
		done := p.decideAll(rows)
		unproven := p.unproven(rows, hopeful)
		if len(unproven) == 0 {
			return &forecast{planner: p, applied: done, declines: declines}, nil
		}
		keys = append(keys, unproven...)
	}
}

func (p *planner) decideAll(rows []row) applied {
	return p.exchange(rows, func() applied { return p.decideEach(rows) })
}

func (p *planner) decideEach(rows []row) applied {
	done := applied{verdicts: make([]verdict, len(rows))}
	for i := range rows {
		done.verdicts[i] = p.decide(&rows[i])
		done.counts.add(done.verdicts[i].outcome)
	}
	return done
}

// firstKeys are the keys by which the rows' people are found first.
func firstKeys(ru *rules, rows []row) []identity {
	p := planner{rules: ru}
	keys := make([]identity, 0, len(rows))
	for i := range rows {
		if known := p.keys(&rows[i]); len(rows[i].problems) == 0 && len(known) > 0 {
			keys = append(keys, known[0])
		}
	}
	return keys
}

// allKeys are the keys of all rows that can matter.
func allKeys(ru *rules, rows []row) []identity {
	p := planner{rules: ru}
	keys := make([]identity, 0, 2*len(rows))
	for i := range rows {
		if len(rows[i].problems) == 0 {
			keys = append(keys, p.lookups(&rows[i])...)
		}
	}
	return keys
}

// unproven are the keys of rows that the plan only assumes to be free, or to
// be somebody's. Hopeful plans leave it to the unique keys to prove that what
// they insert is new.
func (p *planner) unproven(rows []row, hopeful bool) (keys []identity) {
	for i := range rows {
		if len(rows[i].problems) > 0 {
			continue
		}
		for _, k := range p.lookups(&rows[i]) {
			if !p.crowd.proven(k, hopeful) {
				keys = append(keys, k)
			}
		}
	}
	return keys
}

// proven reports whether it is certain whose a key is: the database was asked,
// or it stands in a row that was read, or an insert will tell.
func (c *crowd) proven(k identity, hopeful bool) bool {
	if c.known[k] {
		return true
	}
	holder := c.find(k)
	switch {
	case holder == nil:
		return false
	case holder.newMember || k.field != field.EmailName && k.field != field.Username && k.field != refKind:
		return hopeful
	}
	return k.field != field.Username || holder.wasNamed == ""
}

// write stores what was planned, each table once and in the order of its key.
func (a *application) write(ctx context.Context, tx *sqldb.Tx, p *planner, verdicts []verdict) error {
	if err := member.InsertTags(ctx, tx, a.communityID, p.newTags); err != nil {
		return err
	}
	if err := insertJobTags(ctx, tx, a.communityID, a.source.ID, p); err != nil {
		return err
	}
	w := gather(p.crowd)
	if err := member.RenameAll(ctx, tx, a.communityID, w.renames); err != nil {
		return err
	}
	if err := member.Insert(ctx, tx, a.communityID, w.members); err != nil {
		return err
	}
	if err := member.Update(ctx, tx, a.communityID, w.changed); err != nil {
		return err
	}
	if err := member.SetIdentifiers(ctx, tx, a.communityID, w.gone, w.held); err != nil {
		return err
	}
	return member.RecordChanges(ctx, tx, a.communityID, history(verdicts), a.source, a.actor)
}

// writes are the rows of a piece by table.
type writes struct {
	renames    []member.Rename
	members    []*member.Record
	changed    []*member.Record
	gone, held []member.Identifier
}

func gather(c *crowd) writes {
	w := writes{members: make([]*member.Record, 0, len(c.people))}
	slices.SortFunc(c.people, func(a, b *person) int { return strings.Compare(a.ID, b.ID) })
	for _, p := range c.people {
		switch {
		case p.newMember:
			w.members = append(w.members, p.Record)
		case p.dirty:
			w.changed = append(w.changed, p.Record)
		}
		if p.wasNamed != "" && !p.newMember {
			w.renames = append(w.renames, member.Rename{ID: p.ID, Username: p.Username, UsernameKey: p.UsernameKey})
		}
		for f, before := range p.held {
			if before != nil {
				w.gone = append(w.gone, member.Identifier{FieldID: f.ID, Key: member.IdentifierKey(before), UserID: p.ID})
			}
			if value := p.Get(f); value != nil {
				w.held = append(w.held, member.Identifier{FieldID: f.ID, Key: member.IdentifierKey(value), UserID: p.ID})
			}
		}
	}
	return w
}

// history holds changes of people who were there; what somebody was created
// with needs none.
func history(verdicts []verdict) []member.Change {
	n := 0
	for i := range verdicts {
		if verdicts[i].outcome == Updated {
			n += len(verdicts[i].changes)
		}
	}
	changes := make([]member.Change, 0, n)
	for i := range verdicts {
		if verdicts[i].outcome == Updated {
			changes = append(changes, verdicts[i].changes...)
		}
	}
	return changes
}
