// Package channel has the operations of channels and their categories.
package channel

import (
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/api"
	"github.com/regulars/regulars/internal/chat"
)

var (
	seeChannels     = []actor.Permission{permission.ViewChannels, permission.SendMessage, permission.GetMessages}
	manageChannels  = []actor.Permission{permission.ManageChannels}
	explainChannels = []actor.Permission{permission.ManageChannels, permission.ManageRoles}
)

// handlers serve the operations.
type handlers struct {
	chat *chat.Chat
}

// New returns the area.
func New(chat *chat.Chat) api.Area {
	h := &handlers{chat}
	return api.Area{
		Tag: "Channels", Description: "Channels, their categories, and their permissions for roles and members.",
		Routes: func(g *api.Group) {
			h.channelRoutes(g)
			h.overrideRoutes(g)
			h.categoryRoutes(g)
		},
	}
}
