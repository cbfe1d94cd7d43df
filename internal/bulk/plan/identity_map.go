package plan

import (
	"bytes"
	"context"
	"encoding/binary"
	"hash/maphash"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/bulk/source"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/ledger"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sqldb"
)

// Entry is a member in the identity map.
type Entry struct {
	*member.Record
	created        bool                 // by a row of this batch
	Dirty          bool                 // to be written
	simulated      bool                 // created by a dry run
	carriedOver    bool                 // from an earlier batch of a dry run
	line           int                  // of the first row of the member in the batch, or in an earlier one of a dry run; 0: none
	packed         *packedEntry         // the packed form of a carried-over entry
	oldUsername    string               // before the batch; "": unchanged
	oldIdentifiers map[*field.Field]any // before the batch
	balances       []balance            // that rows changed
}

// balance is what rows leave of a unit.
type balance struct {
	unit   ledger.Unit
	posted int64
}

// setPosted sets the balance after a row. The slice may be shared with a copy.
func (p *Entry) setPosted(unit ledger.Unit, posted int64) {
	p.balances = slices.DeleteFunc(slices.Clone(p.balances), func(b balance) bool { return b.unit == unit })
	p.balances = append(p.balances, balance{unit, posted})
}

// balance returns the balance before a row. present is the one in the database.
func (p *Entry) balance(unit ledger.Unit, present ledger.Balance) ledger.Balance {
	for _, b := range p.balances {
		if b.unit == unit {
			present.Posted = b.posted
		}
	}
	return present
}

// IdentityMap has the members of a batch: loaded from the database and changed
// by the rows decided so far, in file order. They are written in the order of
// the keys.
type IdentityMap struct {
	emails      map[string]*Entry
	usernames   map[string]*Entry
	Refs        map[string]*Entry // by id and by number
	identifiers map[Key]*Entry
	lookedUp    map[Key]bool // keys that were looked up in the database
	entries     []*Entry
}

// Key is a key of a member. Kind is the name of a default field, source.RefKey,
// or the id of an identifier field.
type Key struct{ Kind, Value string }

// NewIdentityMap returns an empty map with capacity for n members.
func NewIdentityMap(n int) *IdentityMap {
	return &IdentityMap{
		emails: make(map[string]*Entry, n), usernames: make(map[string]*Entry, n), Refs: map[string]*Entry{},
		identifiers: map[Key]*Entry{}, lookedUp: map[Key]bool{}, entries: make([]*Entry, 0, n),
	}
}

// Find returns the present holder of a key.
func (c *IdentityMap) Find(k Key) *Entry {
	switch k.Kind {
	case field.EmailName:
		return c.emails[k.Value]
	case field.Username:
		return c.usernames[k.Value]
	case source.RefKey:
		return c.Refs[k.Value]
	}
	return c.identifiers[k]
}

// add adds a member.
func (c *IdentityMap) add(p *Entry) {
	c.entries = append(c.entries, p)
	c.emails[p.EmailKey] = p
	c.usernames[p.UsernameKey] = p
	if !p.created {
		c.Refs[p.ID] = p
	}
}

// Rename changes the username of an entry.
func (c *IdentityMap) Rename(p *Entry, f *field.Field, username string) {
	if p.oldUsername == "" {
		p.oldUsername = p.Username
	}
	if c.usernames[p.UsernameKey] == p {
		delete(c.usernames, p.UsernameKey)
	}
	p.Set(f, username)
	c.usernames[p.UsernameKey] = p
}

// Load looks up the keys that were not looked up before.
func (c *IdentityMap) Load(ctx context.Context, q sqldb.Querier, communityID string, keys []Key, forUpdate bool) error {
	wanted, identifiers := member.KeySet{}, map[string][]string{}
	for _, k := range keys {
		if c.lookedUp[k] {
			continue
		}
		c.lookedUp[k] = true
		switch k.Kind {
		case field.EmailName:
			wanted.Emails = append(wanted.Emails, k.Value)
		case field.Username:
			wanted.Usernames = append(wanted.Usernames, k.Value)
		case source.RefKey:
			if id.Valid(k.Value) {
				wanted.IDs = append(wanted.IDs, k.Value)
			} else if _, err := strconv.ParseInt(k.Value, 10, 64); err == nil {
				wanted.Numbers = append(wanted.Numbers, k.Value)
			}
		default:
			identifiers[k.Kind] = append(identifiers[k.Kind], k.Value)
		}
	}
	holders, err := c.identifierHolders(ctx, q, communityID, identifiers)
	if err != nil {
		return err
	}
	for _, h := range holders {
		wanted.IDs = append(wanted.IDs, h.UserID)
	}
	if err := c.loadMembers(ctx, q, communityID, wanted, forUpdate); err != nil {
		return err
	}
	for _, h := range holders {
		if entry := c.Refs[h.UserID]; !entry.gaveUp(h) {
			c.identifiers[Key{h.FieldID, h.Key}] = entry
		}
	}
	return nil
}

// MarkRemoved marks the entry of a deleted member, which is not written.
func (p *Entry) MarkRemoved() { p.State, p.Dirty, p.oldIdentifiers, p.oldUsername = "", false, nil, "" }

// gaveUp reports whether a carried-over entry released an identifier that the
// database still has.
func (p *Entry) gaveUp(h member.Identifier) bool {
	for f := range p.oldIdentifiers {
		if p.carriedOver && f.ID == h.FieldID {
			value := p.Get(f)
			return value == nil || member.IdentifierKey(value) != h.Key
		}
	}
	return false
}

func (c *IdentityMap) identifierHolders(ctx context.Context, q sqldb.Querier, communityID string, wanted map[string][]string) ([]member.Identifier, error) {
	var all []member.Identifier
	for fieldID, keys := range wanted {
		found, err := member.Identifiers(ctx, q, communityID, fieldID, keys)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

func (c *IdentityMap) loadMembers(ctx context.Context, q sqldb.Querier, communityID string, wanted member.KeySet, forUpdate bool) error {
	if len(wanted.Emails)+len(wanted.Usernames)+len(wanted.IDs)+len(wanted.Numbers) == 0 {
		return nil
	}
	found, err := member.Lookup(ctx, q, communityID, wanted, forUpdate)
	if err != nil {
		return err
	}
	for _, r := range found {
		if c.Refs[r.ID] == nil {
			c.add(&Entry{Record: r})
		}
		c.Refs[formatNumber(r.Number)] = c.Refs[r.ID]
	}
	return nil
}

// changedKeys are the keys for which an earlier lookup may be outdated: the ids
// of all changed members, and the keys of new members and of renamed or
// exchanged values.
func (c *IdentityMap) changedKeys() map[Key]bool {
	keys := map[Key]bool{}
	for _, p := range c.entries {
		if !p.created && !p.Dirty && p.oldUsername == "" && len(p.balances) == 0 {
			continue
		}
		keys[Key{source.RefKey, p.ID}] = true
		if p.created || p.oldUsername != "" {
			keys[Key{field.EmailName, p.EmailKey}] = true
			keys[Key{field.Username, p.UsernameKey}] = true
		}
		if p.oldUsername != "" {
			keys[Key{field.Username, account.UsernameKey(p.oldUsername)}] = true
		}
		for f, before := range p.oldIdentifiers {
			for _, value := range []any{before, p.Get(f)} {
				if value != nil {
					keys[Key{f.ID, member.IdentifierKey(value)}] = true
				}
			}
		}
	}
	return keys
}

// UniqueKey is the key by which values of a unique field are compared.
func UniqueKey(f *field.Field, value any) Key {
	if f.Default {
		text, _ := value.(string)
		return Key{f.Field, account.UsernameKey(text)}
	}
	return Key{f.ID, member.IdentifierKey(value)}
}

// verified reports whether the holder of a key is certain: it was looked up, it
// belongs to a loaded member, or an insert will verify it.
func (c *IdentityMap) verified(k Key, optimistic bool) bool {
	if c.lookedUp[k] {
		return true
	}
	holder := c.Find(k)
	switch {
	case holder == nil:
		return false
	case holder.created || k.Kind != field.EmailName && k.Kind != field.Username && k.Kind != source.RefKey:
		return optimistic
	}
	return k.Kind != field.Username || holder.oldUsername == ""
}

// reinsert adds an entry from an earlier batch; it takes precedence over the
// database.
func (c *IdentityMap) reinsert(p *Entry) {
	p.carriedOver, p.created, p.Dirty = true, false, false
	c.add(p)
	if p.Number != 0 {
		c.Refs[formatNumber(p.Number)] = p
	}
	for f := range p.oldIdentifiers {
		if value := p.Get(f); value != nil {
			c.identifiers[Key{f.ID, member.IdentifierKey(value)}] = p
		}
	}
}

// clone returns a deep copy.
func (c *IdentityMap) clone() *IdentityMap {
	copies := make(map[*Entry]*Entry, len(c.entries))
	of := func(p *Entry) *Entry {
		if p == nil {
			return nil
		}
		if copies[p] == nil {
			copies[p] = p.clone()
		}
		return copies[p]
	}
	made := &IdentityMap{
		emails: make(map[string]*Entry, len(c.emails)), usernames: make(map[string]*Entry, len(c.usernames)), Refs: make(map[string]*Entry, len(c.Refs)),
		identifiers: make(map[Key]*Entry, len(c.identifiers)), lookedUp: maps.Clone(c.lookedUp), entries: make([]*Entry, len(c.entries)),
	}
	for i, p := range c.entries {
		made.entries[i] = of(p)
	}
	for key, p := range c.emails {
		made.emails[key] = of(p)
	}
	for key, p := range c.usernames {
		made.usernames[key] = of(p)
	}
	for key, p := range c.Refs {
		made.Refs[key] = of(p)
	}
	for key, p := range c.identifiers {
		made.identifiers[key] = of(p)
	}
	return made
}

// clone returns a deep copy.
func (p *Entry) clone() *Entry {
	again, record := *p, *p.Record
	record.Values, again.oldIdentifiers = p.Values.Clone(), maps.Clone(p.oldIdentifiers)
	again.Record = &record
	return &again
}

// pack appends the packed form of an entry to b.
func (p *Entry) pack(b []byte) (_ []byte, err error) {
	imagined := byte(0)
	if p.simulated {
		imagined = 1
	}
	if b, err = p.Record.AppendBinary(append(b, imagined)); err != nil {
		return nil, err
	}
	b = binary.AppendUvarint(b, uint64(p.line)) //nolint:gosec // not negative
	b = binary.AppendUvarint(b, uint64(len(p.oldUsername)))
	b = append(b, p.oldUsername...)
	b = binary.AppendUvarint(b, uint64(len(p.oldIdentifiers)))
	for _, f := range slices.SortedFunc(maps.Keys(p.oldIdentifiers), func(x, y *field.Field) int { return bytes.Compare([]byte(x.ID), []byte(y.ID)) }) {
		b = append(binary.AppendUvarint(b, uint64(len(f.ID))), f.ID...)
		if b, err = field.AppendBinaryValue(b, p.oldIdentifiers[f]); err != nil {
			return nil, err
		}
	}
	b = binary.AppendUvarint(b, uint64(len(p.balances)))
	for _, of := range p.balances {
		b = append(binary.AppendUvarint(b, uint64(len(of.unit))), of.unit...)
		b = binary.AppendUvarint(b, uint64(of.posted)) //nolint:gosec // not negative
	}
	return b, nil
}

// members returns the ids of the entries that the database has.
func (c *IdentityMap) members() []string {
	ids := make([]string, 0, len(c.entries))
	for _, p := range c.entries {
		if !p.created && !p.simulated {
			ids = append(ids, p.ID)
		}
	}
	return ids
}

func formatNumber(n int64) string { return strconv.FormatInt(n, 10) }

// Writes are the table rows of a batch.
type Writes struct {
	Renames                            []member.Rename
	Members                            []*member.Record
	Changed                            []*member.Record
	RemovedIdentifiers, SetIdentifiers []member.Identifier
}

// Writes returns the changes of the entries, in the order of their ids.
func (c *IdentityMap) Writes() Writes {
	w := Writes{Members: make([]*member.Record, 0, len(c.entries))}
	slices.SortFunc(c.entries, func(a, b *Entry) int { return strings.Compare(a.ID, b.ID) })
	for _, p := range c.entries {
		switch {
		case p.created:
			w.Members = append(w.Members, p.Record)
		case p.Dirty:
			w.Changed = append(w.Changed, p.Record)
		}
		if p.oldUsername != "" && !p.created {
			w.Renames = append(w.Renames, member.Rename{ID: p.ID, Username: p.Username, UsernameKey: p.UsernameKey})
		}
		for f, before := range p.oldIdentifiers {
			if before != nil {
				w.RemovedIdentifiers = append(w.RemovedIdentifiers, member.Identifier{FieldID: f.ID, Key: member.IdentifierKey(before), UserID: p.ID})
			}
			if value := p.Get(f); value != nil {
				w.SetIdentifiers = append(w.SetIdentifiers, member.Identifier{FieldID: f.ID, Key: member.IdentifierKey(value), UserID: p.ID})
			}
		}
	}
	return w
}

func (k Key) hash(seed maphash.Seed) uint64 { return maphash.Comparable(seed, k) }

// TrackIdentifiers updates the holders of identifiers after changes.
func (c *IdentityMap) TrackIdentifiers(entry *Entry, changes []member.Change) {
	for _, ch := range changes {
		if !ch.Field.Identifier || ch.Field.Default {
			continue
		}
		if entry.oldIdentifiers == nil {
			entry.oldIdentifiers = map[*field.Field]any{}
		}
		if _, first := entry.oldIdentifiers[ch.Field]; !first {
			entry.oldIdentifiers[ch.Field] = ch.Old
		}
		if ch.Old != nil && c.identifiers[UniqueKey(ch.Field, ch.Old)] == entry {
			delete(c.identifiers, UniqueKey(ch.Field, ch.Old))
		}
		if ch.New != nil {
			c.identifiers[UniqueKey(ch.Field, ch.New)] = entry
		}
	}
}
