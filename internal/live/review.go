package live

import (
	"slices"
	"strings"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/access/standing"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/member"
)

// reviewBatch is how many members or credentials one query reviews.
const reviewBatch = 1_000

// changesRights reports whether events of a type change what their member may see.
func changesRights(eventType string) bool {
	return strings.HasPrefix(eventType, "user.role_") || eventType == member.EventLeft || eventType == member.EventRestored
}

// review compares the rights of all clients with the database: channels and
// credentials after each change, memberships twice a second.
func (r *room) review() error {
	if err := r.reviewChannels(); err != nil {
		return err
	}
	now := r.hub.Clock.Now()
	if age := now.Sub(r.reviewedAt); age >= 0 && age < reviewEvery {
		return nil
	}
	r.reviewedAt = now
	r.mu.Lock()
	clients := r.byMember(r.reviewed[:0])
	r.mu.Unlock()
	defer func() { clear(clients); r.reviewed = clients }()
	for batch := range slices.Chunk(clients, reviewBatch) {
		if err := r.reviewMembers(batch); err != nil {
			return err
		}
	}
	return r.reviewCredentials(clients)
}

// reviewChannels reads the channels again if a table with their rights has changed,
// and moves all clients to new classes.
func (r *room) reviewChannels() error {
	version, known := r.hub.rights.Version()
	if known && r.rightsKnown && version == r.rights {
		return nil
	}
	all, err := r.allChannels()
	if err != nil {
		return err
	}
	r.mu.Lock()
	r.setChannels(all)
	clients := r.byMember(nil)
	for _, c := range clients {
		r.move(c, r.classFor(c.caller, c.subject()))
	}
	r.mu.Unlock()
	for batch := range slices.Chunk(clients, reviewBatch) {
		if err := r.reviewMembers(batch); err != nil {
			return err
		}
	}
	r.rights, r.rightsKnown = version, known
	return nil
}

// byMember appends all clients, those of one member side by side. The room is locked.
func (r *room) byMember(clients []*Client) []*Client {
	clients = slices.Grow(clients, len(r.clients))
	for _, list := range r.members {
		clients = append(clients, list...)
	}
	for c := range r.clients {
		if c.memberID == "" {
			clients = append(clients, c)
		}
	}
	return clients
}

// reviewMembers compares the memberships and roles of clients with the database.
func (r *room) reviewMembers(clients []*Client) error {
	memberIDs := make([]string, 0, len(clients))
	for _, c := range clients {
		if c.memberID != "" {
			memberIDs = append(memberIDs, c.memberID)
		}
	}
	memberIDs = slices.Compact(memberIDs) // of several connections
	subjects, err := r.hub.Standing.Members(r.ctx, r.communityID, memberIDs)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range clients {
		if c.class == nil {
			continue // it has left
		}
		subject, found := subjects[c.memberID]
		if c.caller.InstallationOwner && c.caller.OnlyCommunity == "" {
			subject = access.ChannelActor{MemberID: c.memberID, FixedRule: access.RuleInstallationOwner, Roles: subject.Roles}
		} else if !found {
			continue
		}
		switch {
		case standing.Active(subject) != nil:
			c.Close(CodeNotMember, "not a member")
		case c.caller.OnlyCommunity != "" && !standing.AllowsLimited(subject):
			c.Close(CodeEnded, "limited session")
		default:
			r.move(c, r.classOf(c, subject))
		}
	}
	return nil
}

// reviewCredentials closes the connections of ended sessions and revoked keys. All
// are read after a change of their tables, otherwise those of new clients.
func (r *room) reviewCredentials(clients []*Client) error {
	version, known := r.hub.credentials.Version()
	changed := !known || version != r.credentials
	now := r.hub.Clock.MS()
	due := slices.DeleteFunc(clients, func(c *Client) bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		if c.expires > 0 && c.expires <= now {
			c.Close(CodeEnded, "expired")
		}
		return !changed && c.expires != unknownExpiry
	})
	for batch := range slices.Chunk(due, reviewBatch) {
		if err := r.checkCredentials(batch); err != nil {
			return err
		}
	}
	r.credentials = version
	return nil
}

func (r *room) checkCredentials(clients []*Client) error {
	var sessions, keys []string
	for _, c := range clients {
		if c.caller.Kind == actor.UserKey {
			keys = append(keys, c.caller.KeyID)
		} else {
			sessions = append(sessions, c.caller.SessionID)
		}
	}
	valid, err := r.hub.Standing.Credentials(r.ctx, sessions, keys)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range clients {
		credentialID := c.caller.SessionID
		if c.caller.Kind == actor.UserKey {
			credentialID = c.caller.KeyID
		}
		found, ok := valid[credentialID]
		c.expires = found.ExpiresAt
		ok = ok && (c.caller.Kind != actor.UserKey || actor.Grants(found.Permissions, permission.GetMessages))
		switch {
		case !ok || found.ExpiresAt != 0 && found.ExpiresAt <= r.hub.Clock.MS():
			c.Close(CodeEnded, "session ended")
		case c.class != nil && c.caller.Kind == actor.UserKey:
			c.caller.Permissions, c.caller.Channels = found.Permissions, found.Channels
			r.move(c, r.classFor(c.caller, c.subject()))
		}
	}
	return nil
}
