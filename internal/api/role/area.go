// Package role has the operations of roles.
package role

import (
	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/api"
	"github.com/regulars/regulars/internal/roster"
)

var (
	readRoles   = []actor.Permission{permission.ManageRoles, permission.BulkUpdateUser, permission.GetUserData}
	manageRoles = []actor.Permission{permission.ManageRoles}
)

// handlers serve the operations.
type handlers struct {
	access  *access.Access
	members *roster.Roster
}

// New returns the area.
func New(access *access.Access, members *roster.Roster) api.Area {
	h := &handlers{access, members}
	return api.Area{
		Tag: "Roles", Description: "Permissions, ranks and colours of members.",
		Routes: func(g *api.Group) {
			h.roleRoutes(g)
			h.assignmentRoutes(g)
		},
	}
}
