package live

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/access/standing"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/chat"
	"github.com/regulars/regulars/internal/feature"
	"github.com/regulars/regulars/internal/message/place"
)

// class are the clients of a room with the same rights. Their number depends on the
// roles in use, not on the number of clients.
type class struct {
	key     string
	subject access.ChannelActor // without a member, unless an override names it
	sees    map[string]sight    // by the ids of the visible channels
	email   bool                // sees the email of others
	clients map[*Client]struct{}
}

// sight are the rights in a visible channel.
type sight struct{ moderates, whispers bool }

// audience returns the audience of a client of the class for events of a channel.
func (k *class) audience(in sight, author, hidden bool) feature.Audience {
	return feature.Audience{Author: author, Hidden: hidden && !author, SeesEmail: k.email, Moderates: in.moderates, Whispers: in.whispers}
}

// classKey names the class of a subject.
func classKey(subject access.ChannelActor, email bool) string {
	roles := make([]string, len(subject.Roles))
	for i, role := range subject.Roles {
		roles[i] = role.ID + "@" + strconv.FormatInt(role.UpdatedAt, 10) // a changed role is another one
	}
	slices.Sort(roles)
	mark := "-"
	if email {
		mark = "+"
	}
	return strings.Join([]string{mark, string(subject.FixedRule), subject.MemberID, strings.Join(roles, " "), strings.Join(subject.Channels, " ")}, "|")
}

// classOf returns the class of a client whose member has become a subject: the same one
// unless that has other rights. The room is locked.
func (r *room) classOf(c *Client, subject access.ChannelActor) *class {
	if k := c.class; r.classes[k.key] == k && k.subject.FixedRule == subject.FixedRule && slices.EqualFunc(k.subject.Roles, subject.Roles, sameRole) {
		return k
	}
	return r.classFor(c.caller, subject)
}

func sameRole(a, b access.Role) bool { return a.ID == b.ID && a.UpdatedAt == b.UpdatedAt }

// classFor returns the class of a subject. The room is locked.
func (r *room) classFor(caller actor.Actor, subject access.ChannelActor) *class {
	if !r.named[subject.MemberID] {
		subject.MemberID = ""
	}
	subject.Channels = caller.Channels
	email := standing.Allows(subject, permission.GetUserData) && (caller.Kind != actor.UserKey || actor.Grants(caller.Permissions, permission.GetUserData))
	key := classKey(subject, email)
	k := r.classes[key]
	if k == nil {
		k = &class{key: key, subject: subject, email: email, clients: map[*Client]struct{}{}, sees: map[string]sight{}}
		for _, ch := range r.channels {
			if in, visible := sightOf(subject, ch); visible {
				k.sees[ch.ID] = in
			}
		}
		r.classes[key] = k
	}
	return k
}

// sightOf returns the rights of a subject in a channel.
func sightOf(subject access.ChannelActor, ch chat.Channel) (in sight, visible bool) {
	if !ch.SeenBy(subject) {
		return in, false
	}
	in.moderates = subject.Resolve(ch.ID, ch.Overrides, permission.ManageMessages).Allowed
	in.whispers = place.Whispers(subject, ch)
	return in, true
}

// move moves a client to a class. The room is locked.
func (r *room) move(c *Client, to *class) {
	if c.class == to {
		return
	}
	if from := c.class; from != nil {
		delete(from.clients, c)
		if len(from.clients) == 0 && r.classes[from.key] == from {
			delete(r.classes, from.key)
		}
		r.dropChannels(c, from, to)
		c.allFrom = max(c.allFrom, r.position) // it may not have seen some channels before
	}
	c.class = to
	if to != nil {
		to.clients[c] = struct{}{}
	}
}

// dropChannels tells a client which channels it sees no longer. A deleted channel
// remains subscribed until its event was delivered.
func (r *room) dropChannels(c *Client, from, to *class) {
	if to == nil {
		return
	}
	for channelID := range from.sees {
		_, visible := to.sees[channelID]
		_, deleted := r.ghosts[channelID]
		if !visible && !deleted && c.wants(channelID) {
			r.drop(c, channelID, "hidden")
		}
	}
}

func (r *room) drop(c *Client, channelID, reason string) {
	delete(c.channels, channelID)
	c.Send(answer{Op: OpDropped, ChannelID: channelID, Reason: reason}.frame())
}

// setChannels replaces the channels of the room and forgets its classes. The caller
// moves all clients to new ones. The room is locked.
func (r *room) setChannels(all []chat.Channel) {
	before := r.channels
	r.channels, r.classes, r.named = make(map[string]chat.Channel, len(all)), map[string]*class{}, map[string]bool{}
	for _, ch := range all {
		r.channels[ch.ID] = ch
		for _, o := range ch.Overrides {
			if o.UserID != "" {
				r.named[o.UserID] = true
			}
		}
	}
	for channelID, ch := range before {
		if _, exists := r.channels[channelID]; !exists {
			r.ghosts[channelID] = ch
		}
	}
}

// subjectOf returns the subject of a client whose class is known.
func (c *Client) subject() access.ChannelActor {
	s := c.class.subject
	s.MemberID = cmp.Or(s.MemberID, c.memberID)
	return s
}
