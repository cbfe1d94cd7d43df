package bulk

import (
	"context"
	"maps"
	"slices"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sqldb"
)

// rehearsal is a dry run. Nothing is written, so the people whom later pieces
// may name again are carried along in memory: those whose keys repeat in the
// file, which a first reading found, those who have another key that stands
// in it, and those who would be renamed.
type rehearsal struct {
	*run
	*application
	repeats *repeats
	carried []*person
	crowd   *crowd                 // of the piece at hand
	named   map[*person][]identity // by which keys its rows name somebody
}

func newRehearsal(ctx context.Context, r *run, a *application, l *layout) (*rehearsal, error) {
	found, err := r.findRepeats(ctx, a.rules, l)
	if err != nil {
		return nil, err
	}
	a.dreamt = map[string]string{}
	return &rehearsal{run: r, application: a, repeats: found}, nil
}

func (h *rehearsal) take(ctx context.Context, tx *sqldb.Tx, p *piece) ([]record, Counts, error) {
	tags, err := loadTags(ctx, tx, h.communityID)
	if err != nil {
		return nil, Counts{}, err
	}
	h.crowd = newCrowd(len(p.rows))
	for _, known := range h.carried {
		h.crowd.carry(known.clone()) // the transaction may run again
	}
	if err := h.crowd.load(ctx, tx, h.communityID, allKeys(h.rules, p.rows), false); err != nil {
		return nil, Counts{}, err
	}
	plan := newPlanner(h.rules, h.crowd, tags, h.clock.Now())
	plan.tagIDs, plan.tells = h.dreamt, true
	done := plan.decideAll(p.rows)
	h.named = map[*person][]identity{}
	for i := range done.verdicts {
		if who := done.verdicts[i].person; who != nil {
			h.named[who] = append(h.named[who], plan.lookups(&p.rows[i])...)
		}
	}
	return records(p.rows, done.verdicts, plan.tagNames()), done.counts, nil
}

func (h *rehearsal) foresee(*piece) {}

// settled keeps whom later rows may name.
func (h *rehearsal) settled(*piece) {
	h.carried = h.carried[:0]
	for _, p := range h.crowd.people {
		if p.wasNamed != "" || (p.dirty || p.newMember || p.carried) && h.comesAgain(p) {
			p.carried, p.Communities = true, max(p.Communities, 1)
			h.carried = append(h.carried, p)
		}
	}
}

// comesAgain reports whether a row of another piece may depend on somebody: it
// has a key that they have now or had before.
func (h *rehearsal) comesAgain(p *person) bool {
	keys := []identity{{member.EmailName, p.EmailKey}, {member.Username, p.UsernameKey}, {refKind, p.AccountID}, {refKind, decimalText(p.Number)}}
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
	return slices.ContainsFunc(keys, func(k identity) bool {
		return h.repeats.has(k) || !slices.Contains(h.named[p], k) && h.repeats.mentions(k)
	})
}

// clone is a person who can be changed without changing p.
func (p *person) clone() *person {
	again, record := *p, *p.Record
	record.Values, again.held = p.Values.Clone(), maps.Clone(p.held)
	again.Record = &record
	return &again
}

// carry puts somebody an earlier piece has changed into the crowd, ahead of
// what the database says of them.
func (c *crowd) carry(p *person) {
	p.carried, p.newAccount, p.newMember, p.dirty = true, false, false, false
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
			if rows[i].stale || f.applied.verdicts[i].digest(names) == expected[i].Digest {
				continue
			}
			// What later rows may do depends on this one, so all are planned again.
			rows[i].stale, stale = true, true
		}
		if stale {
			continue
		}
		if err := s.write(ctx, tx, f.planner, f.applied.verdicts); err != nil {
			return nil, Counts{}, err
		}
		return records(rows, f.applied.verdicts, nil), f.applied.counts, nil
	}
}

func (s *performance) foresee(*piece) {}

func (s *performance) settled(*piece) {}

// expected returns the plan's records of a piece's rows: those with its lines.
func (s *performance) expected(ctx context.Context, q sqldb.Querier, p *piece) ([]record, error) {
	lost := errs.New(errs.Conflict, "plan_stale", "The plan does not cover every row of the file.")
	if len(s.expecting) == 0 || s.expecting[0].Pos.Line > p.rows[0].line {
		s.expecting, s.next = nil, 0
	}
	origin := &job{CommunityID: s.job.CommunityID, ID: s.job.OriginID}
	last := p.rows[len(p.rows)-1].line
	for len(s.expecting) == 0 || s.expecting[len(s.expecting)-1].Pos.Line < last {
		found, err := pieceFrom(ctx, q, origin, s.next, 0, 0)
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
		s.expecting = slices.DeleteFunc(append(s.expecting, list...), func(r record) bool { return r.Pos.Line < p.rows[0].line })
	}
	if len(s.expecting) < len(p.rows) || s.expecting[0].Pos.Line != p.rows[0].line {
		return nil, lost
	}
	return s.expecting[:len(p.rows)], nil
}
