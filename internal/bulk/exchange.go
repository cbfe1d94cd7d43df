package bulk

import (
	"maps"
	"slices"

	"github.com/regulars/regulars/internal/field"
)

// takes are the usernames and identifiers that rows of a piece may take from
// their holders, because a later row of the piece gives the holder another one:
// members exchange them, two or more in a circle.
type takes struct {
	allowed map[take]bool
	spans   []span
	used    []use
}

// span is from the index of the row that takes a key to that of the row that
// gives it up.
type span struct{ from, to int }

// take is a key that the row of a line takes.
type take struct {
	line int
	key  identity
}

// use is a take that happened; the holder has to give the key up by the end of
// the piece.
type use struct {
	take
	taker  string // account id; "": a new member
	field  *field.Field
	holder *person
}

// allow reports whether a row of taker may take a key from its holder.
func (t *takes) allow(r *row, taker string, key identity, f *field.Field, holder *person) bool {
	wanted := take{r.line, key}
	if !t.allowed[wanted] {
		return false
	}
	t.used = append(t.used, use{wanted, taker, f, holder})
	return true
}

// withdraw no longer allows the takes whose holder kept the key. Their rows
// fail, so their members keep what others were to take from them: those takes
// are withdrawn too.
func (t *takes) withdraw() (some bool) {
	of := map[string][]use{} // by holder
	var failed []use
	for _, u := range t.used {
		of[u.holder.ID] = append(of[u.holder.ID], u)
		if value := u.holder.Get(u.field); value != nil && uniqueKey(u.field, value) == u.key {
			failed = append(failed, u)
		}
	}
	for len(failed) > 0 {
		u := failed[len(failed)-1]
		failed = failed[:len(failed)-1]
		if !t.allowed[u.take] {
			continue
		}
		delete(t.allowed, u.take)
		some = true
		if u.taker != "" {
			failed = append(failed, of[u.taker]...)
		}
	}
	return some
}

// exchangeRounds is how often rows are decided again before nothing is
// exchanged any longer.
const exchangeRounds = 5

// exchange decides the rows. Where a take turns out to leave a key with two
// members, since the row of the holder failed, the rows are decided again
// without it.
func (p *planner) exchange(rows []row, decide func() applied) applied {
	p.takes = p.exchanges(rows)
	if len(p.takes.allowed) == 0 {
		return decide()
	}
	before, tags, tagIDs, lines := p.crowd.clone(), slices.Clone(p.newTags), maps.Clone(p.tagIDs), slices.Clone(p.lines)
	for round := 1; ; round++ {
		done := decide()
		if !p.takes.withdraw() {
			return done
		}
		if round == exchangeRounds {
			clear(p.takes.allowed)
		}
		*p.crowd = *before.clone()
		p.newTags, p.lines, p.takes.used = slices.Clone(tags), slices.Clone(lines), nil
		clear(p.tagIDs) // others may hold the map
		maps.Copy(p.tagIDs, tagIDs)
	}
}

// exchanges are the keys that rows want and whose holders get another one from
// a later row.
func (p *planner) exchanges(rows []row) takes {
	var found takes
	if len(p.crowd.people) == 0 {
		return found
	}
	given := map[identity]int{} // the row behind the present one that gives a key up
	for i := len(rows) - 1; i >= 0; i-- {
		r := &rows[i]
		if r.empty || r.stale || len(r.problems) > 0 {
			continue
		}
		who := p.named(r)
		if who == nil || !who.IsMember() {
			continue
		}
		for j := range r.sets {
			s := &r.sets[j]
			if !s.field.Identifier || s.field.Default && s.field != p.username || s.field == p.username && r.usernameKey == who.UsernameKey {
				continue
			}
			if s.value != nil {
				if giver, ok := given[uniqueKey(s.field, s.value)]; ok {
					if found.allowed == nil {
						found.allowed = map[take]bool{}
					}
					found.allowed[take{r.line, uniqueKey(s.field, s.value)}] = true
					found.spans = append(found.spans, span{i, giver})
				}
			}
			if old := who.Get(s.field); old != nil && (s.value == nil || uniqueKey(s.field, old) != uniqueKey(s.field, s.value)) {
				given[uniqueKey(s.field, old)] = i
			}
		}
	}
	return found
}

// clone returns a crowd that can be changed without changing c.
func (c *crowd) clone() *crowd {
	copies := make(map[*person]*person, len(c.people))
	of := func(p *person) *person {
		if p == nil {
			return nil
		}
		if copies[p] == nil {
			copies[p] = p.clone()
		}
		return copies[p]
	}
	made := &crowd{
		emails: make(map[string]*person, len(c.emails)), usernames: make(map[string]*person, len(c.usernames)), refs: make(map[string]*person, len(c.refs)),
		identifiers: make(map[identity]*person, len(c.identifiers)), known: maps.Clone(c.known), people: make([]*person, len(c.people)),
	}
	for i, p := range c.people {
		made.people[i] = of(p)
	}
	for key, p := range c.emails {
		made.emails[key] = of(p)
	}
	for key, p := range c.usernames {
		made.usernames[key] = of(p)
	}
	for key, p := range c.refs {
		made.refs[key] = of(p)
	}
	for key, p := range c.identifiers {
		made.identifiers[key] = of(p)
	}
	return made
}

// clone returns a person that can be changed without changing p.
func (p *person) clone() *person {
	again, record := *p, *p.Record
	record.Values, again.held = p.Values.Clone(), maps.Clone(p.held)
	again.Record = &record
	return &again
}
