package bulk

import (
	"context"
	"maps"
	"slices"

	"github.com/regulars/regulars/internal/auth"
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
	carried map[string]*person     // by id
	byKey   map[identity][]string  // ids of those carried, by every key they have or had
	crowd   *crowd                 // of the piece at hand
	named   map[*person][]identity // by which keys its rows name somebody
}

func newRehearsal(ctx context.Context, r *run, a *application, l *layout) (*rehearsal, error) {
	found, err := r.findRepeats(ctx, a.rules, l)
	if err != nil {
		return nil, err
	}
	a.dreamt = map[string]string{}
	return &rehearsal{run: r, application: a, repeats: found, carried: map[string]*person{}, byKey: map[identity][]string{}}, nil
}

func (h *rehearsal) take(ctx context.Context, tx *sqldb.Tx, p *piece) ([]record, Counts, error) {
	tags, err := loadTags(ctx, tx, h.communityID)
	if err != nil {
		return nil, Counts{}, err
	}
	h.crowd = newCrowd(len(p.rows))
	keys := allKeys(h.rules, p.rows)
	h.bringBack(keys)
	if err := h.crowd.load(ctx, tx, h.communityID, keys, false); err != nil {
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

// bringBack puts those carried along into the crowd whom the rows of a piece
// may name.
func (h *rehearsal) bringBack(keys []identity) {
	there := map[string]bool{}
	for _, k := range keys {
		for _, known := range h.byKey[k] {
			if !there[known] {
				there[known] = true
				h.crowd.carry(h.carried[known].clone()) // the transaction may run again
			}
		}
	}
}

// settled keeps whom rows of later pieces may name, and lets go of whom none
// will.
func (h *rehearsal) settled(p *piece) {
	if len(p.rows) == 0 {
		return // behind a file that ended with the piece before
	}
	for _, who := range h.crowd.people {
		if who.wasNamed == "" && !who.dirty && !who.newMember && !who.carried {
			continue
		}
		who.imagined = who.imagined || who.newAccount
		keys := h.keysOf(who)
		comesAgain := slices.ContainsFunc(keys, func(k identity) bool {
			if last, repeats := h.repeats.last(k); repeats {
				return last > p.rows[len(p.rows)-1].line
			}
			return !slices.Contains(h.named[who], k) && h.repeats.mentions(k)
		})
		h.letGo(who.AccountID)
		if !comesAgain {
			continue
		}
		h.carried[who.AccountID] = who
		for _, k := range keys {
			h.byKey[k] = append(h.byKey[k], who.AccountID)
		}
	}
}

// letGo forgets somebody as they were.
func (h *rehearsal) letGo(accountID string) {
	who := h.carried[accountID]
	if who == nil {
		return
	}
	delete(h.carried, accountID)
	for _, k := range h.keysOf(who) {
		rest := slices.DeleteFunc(h.byKey[k], func(known string) bool { return known == accountID })
		if len(rest) == 0 {
			delete(h.byKey, k)
		} else {
			h.byKey[k] = rest
		}
	}
}

// keysOf are the keys that somebody has now or had before the file.
func (h *rehearsal) keysOf(p *person) []identity {
	keys := []identity{{member.EmailName, p.EmailKey}, {member.Username, p.UsernameKey}, {refKind, p.AccountID}, {refKind, decimalText(p.Number)}}
	if p.wasNamed != "" {
		keys = append(keys, identity{member.Username, auth.UsernameKey(p.wasNamed)})
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
