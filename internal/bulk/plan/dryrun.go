package plan

import (
	"context"
	"errors"
	"hash/maphash"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/bulk/outcome"
	"github.com/regulars/regulars/internal/bulk/posting"
	"github.com/regulars/regulars/internal/bulk/source"
	"github.com/regulars/regulars/internal/bulk/spill"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sheet/record"
	"github.com/regulars/regulars/internal/sqldb"
)

// DryRun plans a file without changes. Changed members that later rows may refer
// to are carried over from batch to batch: those with a repeated key (found by a
// first pass over the file), with another key that occurs in it, and renamed
// ones.
type DryRun struct {
	*Planner
	DryRunInput
	ended         func()
	seed          maphash.Seed
	kinds         map[string]bool // with a column in the file
	duplicates    *spill.Duplicates
	carriedOver   *carriedEntries
	simulatedTags map[string]string // name -> id
	identities    *IdentityMap      // of the current batch
	namedBy       map[*Entry][]Key  // the keys of the rows of a member
	blocked       []Blocked         // of the current batch
	newTags       []outcome.PlannedTag
}

// DryRunInput is the file of a dry run and its resources.
type DryRunInput struct {
	Header  *source.Header
	Formats field.Formats
	Open    func(context.Context) (source.File, error)
	Yield   func() bool // reports whether the first pass ends with jobs.ErrYielded
	Spill   spill.Files
	Budget  *spill.Budget
}

// NewDryRun makes the first pass over the file, for its keys.
func NewDryRun(ctx context.Context, pl *Planner, in DryRunInput) (_ *DryRun, err error) {
	h := &DryRun{Planner: pl, DryRunInput: in, ended: in.Budget.Begin(), seed: maphash.MakeSeed(), kinds: in.Header.KeyKinds(), simulatedTags: map[string]string{}}
	h.duplicates, err = spill.FindDuplicates(ctx, in.Spill, in.Budget, func(visit func(uint64, int) error) error { return h.readKeys(ctx, visit) })
	if err != nil {
		h.ended()
		return nil, err
	}
	h.carriedOver = newCarriedEntries(in.Spill, func() int64 { return in.Budget.Share() / 2 }, pl.Rules.fields)
	return h, nil
}

// Close deletes the temporary files.
func (h *DryRun) Close() {
	h.carriedOver.close()
	h.duplicates.Close()
	h.ended()
}

// Plan plans the rows of a batch.
func (h *DryRun) Plan(ctx context.Context, tx *sqldb.Tx, rows []source.Row, now time.Time) ([]outcome.Record, outcome.Counts, error) {
	tags, err := LoadTags(ctx, tx, h.CommunityID)
	if err != nil {
		return nil, outcome.Counts{}, err
	}
	h.identities = NewIdentityMap(len(rows))
	keys := allKeys(h.Rules, rows)
	if err := h.load(ctx, tx, h.identities, keys); err != nil {
		return nil, outcome.Counts{}, err
	}
	d := newDecider(h.Rules, h.identities, tags, now)
	d.tagIDs, d.listCreated = h.simulatedTags, true
	if d.balances, err = posting.Open(ctx, h.Ledger, h.DB, h.CommunityID, h.Rules.units); err != nil {
		return nil, outcome.Counts{}, err
	}
	if err := d.balances.Load(ctx, h.identities.members()); err != nil {
		return nil, outcome.Counts{}, err
	}
	if _, d.declined, err = h.loadDeclined(ctx, tx, rows); err != nil {
		return nil, outcome.Counts{}, err
	}
	done := d.decideAll(rows)
	h.blocked, h.newTags = d.blocked, plannedTags(rows, done.list, h.simulatedTags)
	h.namedBy = map[*Entry][]Key{}
	for i := range done.list {
		if entry := done.list[i].Entry; entry != nil {
			h.namedBy[entry] = append(h.namedBy[entry], d.lookupKeys(&rows[i])...)
		}
	}
	return records(rows, done.list, d.tagNames()), done.Counts, nil
}

// Blocked are the keys that failed rows of the current batch need and may get in an
// exchange with a later one.
func (h *DryRun) Blocked() []Blocked { return h.blocked }

// NewTags are the tags that rows of the current batch name and that do not exist.
func (h *DryRun) NewTags() []outcome.PlannedTag { return h.newTags }

// plannedTags counts the rows that name simulated tags.
func plannedTags(rows []source.Row, list []Decision, simulated map[string]string) []outcome.PlannedTag {
	if len(simulated) == 0 {
		return nil
	}
	names, found := map[string]string{}, map[string]outcome.PlannedTag{}
	for name, tagID := range simulated {
		names[tagID] = name
	}
	for i := range list {
		for _, c := range list[i].changes {
			ids, _ := c.New.([]string) // nil: none
			if c.Field.Type != field.TagList {
				continue
			}
			for _, tagID := range ids {
				name, isNew := names[tagID]
				if !isNew {
					continue
				}
				t := found[name]
				if t.Rows == 0 {
					t.Name, t.Line = name, rows[i].Line
				}
				t.Rows++
				found[name] = t
			}
		}
	}
	return slices.Collect(maps.Values(found))
}

// firstReadRows is the number of rows after which the first pass reuses their
// memory.
const firstReadRows = 1_024

// readKeys visits the keys of each row of the file.
func (h *DryRun) readKeys(ctx context.Context, visit func(hash uint64, line int) error) error {
	table, err := h.Open(ctx)
	if err != nil {
		return err
	}
	defer table.Close()
	m, rd := matcher{update: h.Rules.update}, source.NewReader(h.Header.KeysOnly(), h.Formats, h.Rules.Open)
	var src record.Row
	for n := 0; ; n++ {
		if n%firstReadRows == 0 {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if h.Yield() {
				return jobs.ErrYielded
			}
			rd.Reset()
		}
		if err := table.Next(&src); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		read := rd.Read(&src)
		for _, k := range m.lookupKeys(&read) {
			if err := visit(k.hash(h.seed), src.Line); err != nil {
				return err
			}
		}
	}
}

// Holders returns the members with one of the keys, as planned before the current
// batch.
func (h *DryRun) Holders(ctx context.Context, keys []Key) (*IdentityMap, error) {
	m := NewIdentityMap(len(keys))
	return m, h.load(ctx, h.DB, m, keys)
}

// load adds the members with one of the keys to m.
func (h *DryRun) load(ctx context.Context, q sqldb.Querier, m *IdentityMap, keys []Key) error {
	if err := h.restoreCarried(m, keys); err != nil {
		return err
	}
	return m.Load(ctx, q, h.CommunityID, keys, false)
}

// restoreCarried adds copies of the carried-over entries with one of the keys to m.
func (h *DryRun) restoreCarried(m *IdentityMap, keys []Key) error {
	if h.carriedOver.empty() {
		return nil
	}
	hashes := make([]uint64, len(keys))
	for i, k := range keys {
		hashes[i] = k.hash(h.seed)
	}
	found, err := h.carriedOver.find(hashes)
	if err != nil {
		return err
	}
	for _, s := range found {
		p, err := h.carriedOver.unpack(s)
		if err != nil {
			return err
		}
		m.reinsert(p)
	}
	return nil
}

// Committed carries over the entries that later rows may refer to, and drops the
// others.
func (h *DryRun) Committed(ctx context.Context, rows []source.Row) error {
	if len(rows) == 0 {
		return nil // the file ended with the previous batch
	}
	line := int64(rows[len(rows)-1].Line)
	var later []uint64
	for _, entry := range h.identities.entries {
		if entry.oldUsername == "" && !entry.Dirty && !entry.created && !entry.carriedOver && len(entry.balances) == 0 {
			continue
		}
		entry.simulated = entry.simulated || entry.created
		var err error
		if later, err = h.keysAfter(later[:0], entry, line); err != nil {
			return err
		}
		if entry.packed != nil {
			if err := h.carriedOver.remove(ctx, entry.packed); err != nil {
				return err
			}
		}
		if len(later) == 0 {
			continue
		}
		if err := h.carriedOver.put(ctx, entry, later); err != nil {
			return err
		}
	}
	return nil
}

// keysAfter appends the hashes of an entry's keys that may occur after a line.
func (h *DryRun) keysAfter(hashes []uint64, entry *Entry, line int64) ([]uint64, error) {
	for _, k := range h.keysOf(entry) {
		hash := k.hash(h.seed)
		last, repeats, err := h.duplicates.LastLine(hash)
		if err != nil {
			return nil, err
		}
		again := last > line
		if !repeats {
			again = h.kinds[k.Kind] && h.duplicates.MayOccur(hash) && !slices.Contains(h.namedBy[entry], k)
		}
		if again && !slices.Contains(hashes, hash) {
			hashes = append(hashes, hash)
		}
	}
	return hashes, nil
}

// keysOf are the present keys of an entry and those from before the file.
func (h *DryRun) keysOf(p *Entry) []Key {
	keys := []Key{{field.EmailName, p.EmailKey}, {field.Username, p.UsernameKey}}
	if !p.simulated { // a simulated member has neither id nor number
		keys = append(keys, Key{source.RefKey, p.ID}, Key{source.RefKey, formatNumber(p.Number)})
	}
	if p.oldUsername != "" {
		keys = append(keys, Key{field.Username, account.UsernameKey(p.oldUsername)})
	}
	for i := range h.Rules.fields {
		f := &h.Rules.fields[i]
		if !f.Identifier || f.Default {
			continue
		}
		for _, value := range []any{p.Get(f), p.oldIdentifiers[f]} {
			if value != nil {
				keys = append(keys, Key{f.ID, member.IdentifierKey(value)})
			}
		}
	}
	return keys
}
