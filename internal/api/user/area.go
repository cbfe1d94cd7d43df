// Package user has the operations of members, which the API calls users.
package user

import (
	"reflect"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/api"
	"github.com/regulars/regulars/internal/roster"
)

var (
	readUsers   = []actor.Permission{permission.GetUserData}
	createUsers = []actor.Permission{permission.CreateUser}
	manageUsers = []actor.Permission{permission.ManageUser}
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
		Tag: "Users", Description: "Members of a community.",
		Routes: func(g *api.Group) {
			h.userRoutes(g)
			h.createRoutes(g)
			h.filterRoutes(g)
			h.manageRoutes(g)
			h.avatarRoutes(g)
			h.tagRoutes(g)
		},
		SchemaNames: map[reflect.Type]string{
			reflect.TypeOf(api.List[selectedFields, filterMeta]{}.Body): "ListChosenUserFilterMetaBody",
		},
	}
}
