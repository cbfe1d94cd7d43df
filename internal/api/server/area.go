// Package server has the operations of communities, which the API calls servers.
package server

import (
	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/api"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/moderation"
	"github.com/regulars/regulars/internal/ownership"
	"github.com/regulars/regulars/internal/roster"
)

var (
	manageCommunity = []actor.Permission{permission.ManageCommunity}
	manageWords     = []actor.Permission{permission.ManageCommunity, permission.Moderate} // Moderate: the word lists only
	anyMember       = []actor.Permission{permission.AnyMember}
	anyPerson       = []actor.Permission{permission.AnyPerson}
)

// handlers serve the operations.
type handlers struct {
	access      *access.Access
	communities *community.Communities
	members     *roster.Roster
	moderation  *moderation.Moderation
	ownership   *ownership.Ownership
}

// New returns the area.
func New(access *access.Access, communities *community.Communities, members *roster.Roster, moderation *moderation.Moderation, ownership *ownership.Ownership) api.Area {
	h := &handlers{access, communities, members, moderation, ownership}
	return api.Area{
		Tag: "Servers", Description: "Communities: settings, deletion, joining and leaving, invites, penalties and the audit log.",
		Routes: func(g *api.Group) {
			h.serverRoutes(g)
			h.logoRoutes(g)
			h.lifecycleRoutes(g)
			h.membershipRoutes(g)
			h.transferRoutes(g)
			h.auditRoutes(g)
		},
	}
}
