// Package field has the operations of user fields and of the history of their
// values.
package field

import (
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/api"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/fieldchange"
	"github.com/regulars/regulars/internal/roster"
)

var (
	readFields  = []actor.Permission{permission.UserFields, permission.BulkUpdateUser, permission.GetUserData}
	writeFields = []actor.Permission{permission.UserFields}
	readValues  = []actor.Permission{permission.UserFields, permission.GetUserData}
)

// handlers serve the operations.
type handlers struct {
	fields  *field.Fields
	members *roster.Roster
	changes *fieldchange.Changes
}

// New returns the area.
func New(fields *field.Fields, members *roster.Roster, changes *fieldchange.Changes) api.Area {
	h := &handlers{fields, members, changes}
	return api.Area{
		Tag: "User fields", Description: "Definitions of the fields of members, and the history of their values.",
		Routes: func(g *api.Group) {
			h.fieldRoutes(g)
			h.historyRoutes(g)
		},
	}
}
