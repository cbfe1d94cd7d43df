package undo

import (
	"slices"

	"github.com/regulars/regulars/internal/bulk/outcome"
	"github.com/regulars/regulars/internal/bulk/plan"
	"github.com/regulars/regulars/internal/field"
)

// slot is a username or identifier of one member.
type slot struct {
	entry *plan.Entry
	field *field.Field
}

// chain is the way of a slot back to its previous values, in one batch. Members
// may exchange values, so all chains of the batch are planned together.
type chain struct {
	slot
	from    any   // present value
	values  []any // after each step
	allowed int   // steps without a conflicting holder
	done    int   // steps done
}

// end is the value after the allowed steps.
func (c *chain) end() any {
	if c.allowed == 0 {
		return c.from
	}
	return c.values[c.allowed-1]
}

// planChains plans how far each username and identifier can be restored. list is
// in the order of the undo.
func (u *reversal) planChains(list []outcome.Record) error {
	var ordered []*chain
	for i := range list {
		entry := u.identities.Refs[list[i].UserID]
		if entry == nil || !entry.IsMember() || list[i].Outcome != outcome.Updated {
			continue
		}
		if _, known := u.ranks[entry]; !known {
			u.ranks[entry] = u.rules.MemberDenial(entry)
		}
		for _, c := range slices.Backward(list[i].Changes) {
			f := u.fields[c.Field]
			if f == nil || !f.Identifier || u.vanishes(entry) {
				continue
			}
			old, err := c.Before()
			if err != nil {
				return err
			}
			made, err := c.After()
			if err != nil {
				return err
			}
			at := u.chains[slot{entry, f}]
			if at == nil {
				at = &chain{slot: slot{entry, f}, from: entry.Get(f)}
				u.chains[at.slot] = at
				ordered = append(ordered, at)
			}
			if now := at.end(); !u.isUndone(entry, f, now, old, made) && u.blocked(entry, f, now, old, made) == nil {
				at.values, at.allowed = append(at.values, old), at.allowed+1
			}
		}
	}
	u.shorten(ordered)
	return nil
}

// vanishes reports whether a member is removed, and with it the value.
func (u *reversal) vanishes(entry *plan.Entry) bool {
	return u.isRemoved(entry)
}

// shorten removes steps until no value has two holders.
func (u *reversal) shorten(chains []*chain) {
	for again := true; again; {
		again = false
		taken := map[plan.Key]*chain{}
		for _, c := range chains {
			if value := c.end(); value != nil && c.allowed == 0 {
				taken[plan.UniqueKey(c.field, value)] = c
			}
		}
		for _, c := range chains {
			value := c.end()
			if c.allowed == 0 || value == nil {
				continue
			}
			key := plan.UniqueKey(c.field, value)
			other := taken[key]
			if other == nil && !u.isTaken(key, c) {
				taken[key] = c
				continue
			}
			c.allowed--
			again = true
		}
	}
}

// isTaken reports whether another member keeps a key.
func (u *reversal) isTaken(key plan.Key, c *chain) bool {
	holder := u.identities.Find(key)
	if holder == nil || holder == c.entry {
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
	return value != nil && plan.UniqueKey(c.field, value) == key
}
