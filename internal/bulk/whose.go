package bulk

import (
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/member"
)

// resolve finds whose row it is; nil for somebody new.
func (p *planner) resolve(r *row) (*person, *Problem) {
	who := p.named(r)
	if who == nil {
		return nil, nil
	}
	if r.emailKey != "" && who.EmailKey != r.emailKey {
		return nil, &Problem{p.header(field.EmailName), "email_differs", "The person found by the other column has another email; an import never changes it.", r.email}
	}
	if r.usernameKey != "" && who.UsernameKey != r.usernameKey {
		if other := p.crowd.usernames[r.usernameKey]; other != nil && !p.takes.allow(r, who.ID, identity{field.Username, r.usernameKey}, p.username, other) {
			return nil, &Problem{p.header(field.Username), "identity_conflict", "The email and the username belong to two different people.", r.username}
		}
		if who.Claimed() {
			return nil, &Problem{p.header(field.Username), "username_differs", "The member with this email has another username, which only the person changes.", r.username}
		}
	}
	if code, message := member.Away(who.State); code != "" {
		return nil, &Problem{"", code, message, r.identifier()}
	}
	if p.open && p.protected(who) {
		return nil, &Problem{"", "member_protected", "This member has permissions on the server, so an import without a credential leaves them alone.", r.identifier()}
	}
	return who, nil
}

func (p *planner) named(r *row) *person {
	for _, k := range p.keys(r) {
		if who := p.crowd.find(k); who != nil {
			return who
		}
	}
	return nil
}

// keys are what a row may be known by, in the order they are tried. They are
// good until the next call of keys or lookups.
func (p *planner) keys(r *row) []identity {
	keys := p.room[:0]
	if r.userRef != "" {
		return append(keys, identity{refKind, r.userRef})
	}
	if r.emailKey != "" {
		keys = append(keys, identity{field.EmailName, r.emailKey})
	}
	if r.usernameKey != "" {
		keys = append(keys, identity{field.Username, r.usernameKey})
	}
	if len(keys) > 0 || p.typ != Update {
		return keys
	}
	for i := range r.sets {
		if s := &r.sets[i]; s.field.Identifier && !s.field.Default && s.value != nil {
			keys = append(keys, identity{s.field.ID, member.IdentifierKey(s.value)})
		}
	}
	return keys
}

// lookups are all keys whose holder can matter to a row. They are good until
// the next call of keys or lookups.
func (p *planner) lookups(r *row) []identity {
	keys := p.keys(r)
	if r.userRef != "" {
		if r.usernameKey != "" {
			keys = append(keys, identity{field.Username, r.usernameKey})
		}
	}
	for i := range r.sets {
		if s := &r.sets[i]; s.field.Identifier && !s.field.Default && s.value != nil {
			keys = append(keys, identity{s.field.ID, member.IdentifierKey(s.value)})
		}
	}
	return keys
}
