// Package badge has the operations of badges, their awards and applications.
package badge

import (
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/api"
	"github.com/regulars/regulars/internal/progress/application"
	"github.com/regulars/regulars/internal/progress/award"
	"github.com/regulars/regulars/internal/progress/badge"
)

// Services are the features of the operations.
type Services struct {
	Badges       *badge.Badges
	Awards       *award.Awards
	Applications *application.Applications
}

// handlers serve the operations.
type handlers struct{ Services }

// New returns the area.
func New(s Services) api.Area {
	h := &handlers{s}
	return api.Area{
		Tag: "Badges", Description: "Badges of members: by conditions, by award, or by application.",
		Routes: func(g *api.Group) {
			h.badgeRoutes(g)
			h.awardRoutes(g)
			h.applicationRoutes(g)
		},
	}
}

var (
	readBadges   = []actor.Permission{permission.ViewBadges}
	manageBadges = []actor.Permission{permission.Badges}
	moderate     = []actor.Permission{permission.Moderate}

	// everyMember also admits keys of communities, which are told that this needs a person.
	everyMember = []actor.Permission{permission.GetMessages, permission.AnyMember}
	// moderateOrOwn admits members, who see their own applications.
	moderateOrOwn = []actor.Permission{permission.Moderate, permission.AnyMember}
)
