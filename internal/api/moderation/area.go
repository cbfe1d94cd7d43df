// Package moderation has the operations of invites and penalties.
package moderation

import (
	"github.com/regulars/regulars/internal/api"
	"github.com/regulars/regulars/internal/moderation"
)

// handlers serve the operations.
type handlers struct {
	moderation *moderation.Moderation
}

// New returns the area.
func New(moderation *moderation.Moderation) api.Area {
	h := &handlers{moderation}
	return api.Area{
		Tag: "Servers",
		Routes: func(g *api.Group) {
			h.inviteRoutes(g)
			h.penaltyRoutes(g)
		},
	}
}
