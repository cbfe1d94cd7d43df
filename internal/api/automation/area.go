// Package automation has the operations of automations.
package automation

import (
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/api"
	"github.com/regulars/regulars/internal/automation"
	"github.com/regulars/regulars/internal/automation/firing"
)

// Services are the features of the operations.
type Services struct {
	Automations *automation.Automations
	Firings     *firing.Firings
}

// handlers serve the operations.
type handlers struct{ Services }

// New returns the area.
func New(s Services) api.Area {
	h := &handlers{s}
	return api.Area{
		Tag: "Automations", Description: "What follows from events: grants, roles, tags, fields, badges and messages.",
		Routes: func(g *api.Group) {
			h.automationRoutes(g)
			h.firingRoutes(g)
		},
	}
}

var manage = []actor.Permission{permission.Gamification}
