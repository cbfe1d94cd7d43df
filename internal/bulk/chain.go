package bulk

import (
	"slices"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/member"
)

// slot is a username or identifier of one member.
type slot struct {
	who   *person
	field *field.Field
}

// chain is the way back of a slot within one piece. Its values may be held by
// members who give them up in the same piece, so all chains are planned
// together.
type chain struct {
	slot
	from    any   // present value
	values  []any // after each step back
	allowed int   // steps that no other holder prevents
	done    int   // steps taken
}

// end is the value after the allowed steps.
func (c *chain) end() any {
	if c.allowed == 0 {
		return c.from
	}
	return c.values[c.allowed-1]
}

// uniqueKey is the key by which a value of a unique field is compared.
func uniqueKey(f *field.Field, value any) identity {
	if f.Default {
		text, _ := value.(string)
		return identity{f.Field, account.UsernameKey(text)}
	}
	return identity{f.ID, member.IdentifierKey(value)}
}

// planChains finds out how far each username and identifier can return. list is
// in the order of the undo.
func (u *reversal) planChains(list []record) error {
	var ordered []*chain
	for i := range list {
		who := u.crowd.refs[list[i].UserID]
		if who == nil || !who.IsMember() || list[i].Outcome != Updated {
			continue
		}
		if _, known := u.ranks[who]; !known {
			u.ranks[who] = u.rules.aboveMaker(who)
		}
		for _, c := range slices.Backward(list[i].Changes) {
			f := u.fields[c.Field]
			if f == nil || !f.Identifier || u.vanishes(who) {
				continue
			}
			old, err := c.before()
			if err != nil {
				return err
			}
			made, err := c.after()
			if err != nil {
				return err
			}
			at := u.chains[slot{who, f}]
			if at == nil {
				at = &chain{slot: slot{who, f}, from: who.Get(f)}
				u.chains[at.slot] = at
				ordered = append(ordered, at)
			}
			if now := at.end(); !u.isUndone(who, f, now, old, made) && u.blocked(who, f, now, old, made) == nil {
				at.values, at.allowed = append(at.values, old), at.allowed+1
			}
		}
	}
	u.shorten(ordered)
	return nil
}

// vanishes reports whether a username or identifier ends with its member.
func (u *reversal) vanishes(who *person) bool {
	return u.isRemoved(who)
}

// shorten takes steps away until no value would have two holders.
func (u *reversal) shorten(chains []*chain) {
	for again := true; again; {
		again = false
		taken := map[identity]*chain{}
		for _, c := range chains {
			if value := c.end(); value != nil && c.allowed == 0 {
				taken[uniqueKey(c.field, value)] = c
			}
		}
		for _, c := range chains {
			value := c.end()
			if c.allowed == 0 || value == nil {
				continue
			}
			key := uniqueKey(c.field, value)
			other := taken[key]
			if other == nil && !u.holds(key, c) {
				taken[key] = c
				continue
			}
			c.allowed--
			again = true
		}
	}
}

// holds reports whether a member other than the one of the chain keeps a key.
func (u *reversal) holds(key identity, c *chain) bool {
	holder := u.crowd.find(key)
	if holder == nil || holder == c.who {
		return false
	}
	if u.vanishes(holder) {
		return false
	}
	other := u.chains[slot{holder, c.field}]
	if other == nil || other.allowed == 0 {
		return true
	}
	value := other.end()
	return value != nil && uniqueKey(c.field, value) == key
}
