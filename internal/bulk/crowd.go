package bulk

import (
	"context"
	"strconv"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sqldb"
)

// person is somebody whom rows of a piece name, as the rows so far have made
// them.
type person struct {
	*member.Record
	newMember bool                 // the rows of this piece created the member
	dirty     bool                 // the member row has to be written
	imagined  bool                 // a dry run created the member
	carried   bool                 // a dry run brought them along from an earlier piece
	stored    *storedPerson        // the copy that they were brought along in
	wasNamed  string               // the username before this piece renamed the member, "" when it did not
	held      map[*field.Field]any // identifier values before this piece changed them
}

// crowd is everybody whom the rows of a piece may name: what the database
// says, changed by the rows planned so far. Rows are planned in file order
// against it and written in key order afterwards.
type crowd struct {
	emails      map[string]*person
	usernames   map[string]*person
	refs        map[string]*person // by _id and by number
	identifiers map[identity]*person
	known       map[identity]bool // keys the database was asked about
	people      []*person
}

// identity is one key of one kind: field is a default field's name, "ref", or
// an identifier field's id.
type identity struct{ field, key string }

const refKind = "ref"

// newCrowd returns an empty crowd with room for about n people.
func newCrowd(n int) *crowd {
	return &crowd{
		emails: make(map[string]*person, n), usernames: make(map[string]*person, n), refs: map[string]*person{},
		identifiers: map[identity]*person{}, known: map[identity]bool{}, people: make([]*person, 0, n),
	}
}

// find returns whom a key names now.
func (c *crowd) find(k identity) *person {
	switch k.field {
	case field.EmailName:
		return c.emails[k.key]
	case field.Username:
		return c.usernames[k.key]
	case refKind:
		return c.refs[k.key]
	}
	return c.identifiers[k]
}

// add puts somebody in the database's state into the crowd.
func (c *crowd) add(p *person) {
	c.people = append(c.people, p)
	c.emails[p.EmailKey] = p
	c.usernames[p.UsernameKey] = p
	if !p.newMember {
		c.refs[p.ID] = p
	}
}

func (c *crowd) rename(p *person, f *field.Field, username string) {
	if p.wasNamed == "" {
		p.wasNamed = p.Username
	}
	if c.usernames[p.UsernameKey] == p {
		delete(c.usernames, p.UsernameKey)
	}
	p.Set(f, username)
	c.usernames[p.UsernameKey] = p
}

// load asks the database about keys the crowd does not know yet.
func (c *crowd) load(ctx context.Context, q sqldb.Querier, communityID string, keys []identity, forUpdate bool) error {
	wanted, identifiers := member.KeySet{}, map[string][]string{}
	for _, k := range keys {
		if c.known[k] {
			continue
		}
		c.known[k] = true
		switch k.field {
		case field.EmailName:
			wanted.Emails = append(wanted.Emails, k.key)
		case field.Username:
			wanted.Usernames = append(wanted.Usernames, k.key)
		case refKind:
			if id.Valid(k.key) {
				wanted.IDs = append(wanted.IDs, k.key)
			} else if _, err := strconv.ParseInt(k.key, 10, 64); err == nil {
				wanted.Numbers = append(wanted.Numbers, k.key)
			}
		default:
			identifiers[k.field] = append(identifiers[k.field], k.key)
		}
	}
	holders, err := c.holders(ctx, q, communityID, identifiers)
	if err != nil {
		return err
	}
	for _, h := range holders {
		wanted.IDs = append(wanted.IDs, h.UserID)
	}
	if err := c.admit(ctx, q, communityID, wanted, forUpdate); err != nil {
		return err
	}
	for _, h := range holders {
		if who := c.refs[h.UserID]; !who.hasGiven(h) {
			c.identifiers[identity{h.FieldID, h.Key}] = who
		}
	}
	return nil
}

// hasGiven reports whether somebody whom a dry run carried along has given
// away what the database still says they hold.
func (p *person) hasGiven(h member.Identifier) bool {
	for f := range p.held {
		if p.carried && f.ID == h.FieldID {
			value := p.Get(f)
			return value == nil || member.IdentifierKey(value) != h.Key
		}
	}
	return false
}

func (c *crowd) holders(ctx context.Context, q sqldb.Querier, communityID string, wanted map[string][]string) ([]member.Identifier, error) {
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

func (c *crowd) admit(ctx context.Context, q sqldb.Querier, communityID string, wanted member.KeySet, forUpdate bool) error {
	if len(wanted.Emails)+len(wanted.Usernames)+len(wanted.IDs)+len(wanted.Numbers) == 0 {
		return nil
	}
	found, err := member.Lookup(ctx, q, communityID, wanted, forUpdate)
	if err != nil {
		return err
	}
	for _, r := range found {
		if c.refs[r.ID] == nil {
			c.add(&person{Record: r})
		}
		c.refs[decimalText(r.Number)] = c.refs[r.ID]
	}
	return nil
}

// touched are the keys by which a look-up from before the piece may have found
// somebody else than it would now: whom it changed by id, and of new people
// and of keys that passed from one to the other those keys too.
func (c *crowd) touched() map[identity]bool {
	keys := map[identity]bool{}
	for _, p := range c.people {
		if !p.newMember && !p.dirty && p.wasNamed == "" {
			continue
		}
		keys[identity{refKind, p.ID}] = true
		if p.newMember || p.wasNamed != "" {
			keys[identity{field.EmailName, p.EmailKey}] = true
			keys[identity{field.Username, p.UsernameKey}] = true
		}
		if p.wasNamed != "" {
			keys[identity{field.Username, account.UsernameKey(p.wasNamed)}] = true
		}
		for f, before := range p.held {
			for _, value := range []any{before, p.Get(f)} {
				if value != nil {
					keys[identity{f.ID, member.IdentifierKey(value)}] = true
				}
			}
		}
	}
	return keys
}
