package bulk

import (
	"context"
	"slices"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sqldb"
)

// rehearsal is a dry run. Nothing is written, so the people whom later rows may
// name are carried along: those with a key that repeats in the file, which a
// first reading found, those with another key that occurs in it, and those who
// would be renamed.
type rehearsal struct {
	*run
	*application
	ended   func()
	repeats *repeats
	carried *carriedPeople
	crowd   *crowd                 // of the piece at hand
	named   map[*person][]identity // by which keys its rows name somebody
}

func newRehearsal(ctx context.Context, r *run, a *application, l *layout) (_ *rehearsal, err error) {
	h := &rehearsal{run: r, application: a, ended: r.memory.begin()}
	if h.repeats, err = h.findRepeats(ctx, l); err != nil {
		h.ended()
		return nil, err
	}
	a.dreamt = map[string]string{}
	h.carried = newCarriedPeople(h.spiller(), func() int64 { return r.memory.share() / 2 }, a.rules.fields)
	return h, nil
}

func (h *rehearsal) close() {
	h.carried.close()
	h.repeats.close()
	h.ended()
}

func (h *rehearsal) spiller() spiller {
	return spiller{files: h.files, log: h.log.With("job_id", h.job.ID), waits: h.queued.ReportWait}
}

func (h *rehearsal) take(ctx context.Context, tx *sqldb.Tx, p *piece) ([]record, Counts, error) {
	tags, err := loadTags(ctx, tx, h.communityID)
	if err != nil {
		return nil, Counts{}, err
	}
	h.crowd = newCrowd(len(p.rows))
	keys := allKeys(h.rules, p.rows)
	if err := h.bringBack(keys); err != nil {
		return nil, Counts{}, err
	}
	if err := h.crowd.load(ctx, tx, h.communityID, keys, false); err != nil {
		return nil, Counts{}, err
	}
	plan := newPlanner(h.rules, h.crowd, tags, h.clock.Now())
	plan.tagIDs, plan.tells = h.dreamt, true
	if _, plan.declined, err = h.loadDeclined(ctx, tx, p.rows); err != nil {
		return nil, Counts{}, err
	}
	done := plan.decideAll(p.rows)
	h.named = map[*person][]identity{}
	for i := range done.verdicts {
		if who := done.verdicts[i].person; who != nil {
			h.named[who] = append(h.named[who], plan.lookups(&p.rows[i])...)
		}
	}
	return records(p.rows, done.verdicts, plan.tagNames()), done.counts, nil
}

// bringBack adds the carried people whom the rows of a piece may name to the
// crowd. Each is a copy, since the transaction may run again.
func (h *rehearsal) bringBack(keys []identity) error {
	if h.carried.empty() {
		return nil
	}
	hashes := make([]uint64, len(keys))
	for i, k := range keys {
		hashes[i] = k.hash(h.repeats.seed)
	}
	found, err := h.carried.named(hashes)
	if err != nil {
		return err
	}
	for _, s := range found {
		p, err := h.carried.unpack(s)
		if err != nil {
			return err
		}
		h.crowd.carry(p)
	}
	return nil
}

// settled carries along the people whom rows of later pieces may name, and
// forgets the others.
func (h *rehearsal) settled(ctx context.Context, p *piece) error {
	if len(p.rows) == 0 {
		return nil // behind a file that ended with the piece before
	}
	line := int64(p.rows[len(p.rows)-1].line)
	var later []uint64
	for _, who := range h.crowd.people {
		if who.wasNamed == "" && !who.dirty && !who.newMember && !who.carried {
			continue
		}
		who.imagined = who.imagined || who.newMember
		var err error
		if later, err = h.keysAfter(later[:0], who, line); err != nil {
			return err
		}
		if who.stored != nil {
			if err := h.carried.remove(ctx, who.stored); err != nil {
				return err
			}
		}
		if len(later) == 0 {
			continue
		}
		if err := h.carried.put(ctx, who, later); err != nil {
			return err
		}
	}
	return nil
}

// keysAfter appends the hashes of a person's keys that rows behind a line may
// have.
func (h *rehearsal) keysAfter(hashes []uint64, who *person, line int64) ([]uint64, error) {
	for _, k := range h.keysOf(who) {
		hash := k.hash(h.repeats.seed)
		last, repeats, err := h.repeats.last(hash)
		if err != nil {
			return nil, err
		}
		again := last > line
		if !repeats {
			again = h.repeats.mentions(k, hash) && !slices.Contains(h.named[who], k)
		}
		if again && !slices.Contains(hashes, hash) {
			hashes = append(hashes, hash)
		}
	}
	return hashes, nil
}

// keysOf are the keys that somebody has now or had before the file.
func (h *rehearsal) keysOf(p *person) []identity {
	keys := []identity{{field.EmailName, p.EmailKey}, {field.Username, p.UsernameKey}}
	if !p.imagined { // a member who was not made has neither id nor number
		keys = append(keys, identity{refKind, p.ID}, identity{refKind, decimalText(p.Number)})
	}
	if p.wasNamed != "" {
		keys = append(keys, identity{field.Username, account.UsernameKey(p.wasNamed)})
	}
	for i := range h.rules.fields {
		f := &h.rules.fields[i]
		if !f.Identifier || f.Default {
			continue
		}
		for _, value := range []any{p.Get(f), p.held[f]} {
			if value != nil {
				keys = append(keys, identity{f.ID, member.IdentifierKey(value)})
			}
		}
	}
	return keys
}

// carry puts somebody an earlier piece has changed into the crowd, ahead of
// what the database says of them.
func (c *crowd) carry(p *person) {
	p.carried, p.newMember, p.dirty = true, false, false
	c.add(p)
	if p.Number != 0 {
		c.refs[decimalText(p.Number)] = p
	}
	for f := range p.held {
		if value := p.Get(f); value != nil {
			c.identifiers[identity{f.ID, member.IdentifierKey(value)}] = p
		}
	}
}

// performance applies a file for real, row by row as its plan says.
type performance struct {
	*run
	*application
	expecting []record // of the plan's pieces, not yet reached
	next      int64    // number of the plan's next piece
}

// take plans every row afresh; one that would now do something else than the
// plan says fails as plan_stale and changes nothing.
func (s *performance) take(ctx context.Context, tx *sqldb.Tx, p *piece) ([]record, Counts, error) {
	expected, err := s.expected(ctx, tx, p)
	if err != nil {
		return nil, Counts{}, err
	}
	if err := s.steady(ctx, tx); err != nil {
		return nil, Counts{}, err
	}
	tags, err := loadTags(ctx, tx, s.communityID)
	if err != nil {
		return nil, Counts{}, err
	}
	rows := slices.Clone(p.rows)
	for {
		var stale bool
		f, err := s.plan(ctx, tx, rows, tags, s.clock.Now(), false)
		if err != nil {
			return nil, Counts{}, err
		}
		names := f.planner.tagNames()
		for i := range rows {
			if rows[i].stale || f.applied.verdicts[i].as(&expected[i], names) {
				continue
			}
			// What later rows may do depends on this one, so all are planned again.
			rows[i].stale, stale = true, true
		}
		if stale {
			continue
		}
		p.exchanges = f.planner.takes.spans
		if err := s.write(ctx, tx, f.planner, f.applied.verdicts); err != nil {
			return nil, Counts{}, err
		}
		return records(rows, f.applied.verdicts, nil), f.applied.counts, nil
	}
}

// expected returns the plan's records of a piece's rows: those with its lines.
func (s *performance) expected(ctx context.Context, q sqldb.Querier, p *piece) ([]record, error) {
	lost := errs.New(errs.Conflict, "plan_stale", "The plan does not cover every row of the file.")
	if len(s.expecting) == 0 || s.expecting[0].Pos.Line > p.rows[0].line {
		s.expecting, s.next = nil, 0
	}
	origin := &job{CommunityID: s.job.CommunityID, ID: s.job.OriginID}
	last := p.rows[len(p.rows)-1].line
	earlier := func(r record) bool { return r.Pos.Line < p.rows[0].line }
	for len(s.expecting) == 0 || s.expecting[len(s.expecting)-1].Pos.Line < last {
		line := 0
		if len(s.expecting) == 0 { // after a restart the pieces before are not read again
			line = p.rows[0].line
		}
		found, err := pieceFrom(ctx, q, origin, s.next, 0, line)
		if err != nil {
			return nil, err
		}
		if found == nil {
			return nil, lost
		}
		list, err := unpack(found.Outcomes)
		if err != nil {
			return nil, err
		}
		s.next = found.Number + 1
		s.expecting = slices.DeleteFunc(append(s.expecting, list...), earlier)
	}
	s.expecting = slices.DeleteFunc(s.expecting, earlier)
	if len(s.expecting) < len(p.rows) || s.expecting[0].Pos.Line != p.rows[0].line {
		return nil, lost
	}
	return s.expecting[:len(p.rows)], nil
}
