// Package channel has the operations of channels and their categories.
package channel

import (
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/api"
	"github.com/regulars/regulars/internal/chat"
	"github.com/regulars/regulars/internal/readstate"
)

var (
	seeChannels     = []actor.Permission{permission.ViewChannels, permission.SendMessage, permission.GetMessages}
	manageChannels  = []actor.Permission{permission.ManageChannels}
	explainChannels = []actor.Permission{permission.ManageChannels, permission.ManageRoles}
)

// handlers serve the operations.
type handlers struct {
	chat *chat.Chat
	read *readstate.ReadStates
}

// New returns the area.
func New(chat *chat.Chat, read *readstate.ReadStates) api.Area {
	h := &handlers{chat, read}
	return api.Area{
		Tag: "Channels", Description: "Channels, their categories, their permissions for roles and members, and what members have read.",
		Routes: func(g *api.Group) {
			h.channelRoutes(g)
			h.overrideRoutes(g)
			h.categoryRoutes(g)
			h.readRoutes(g)
		},
	}
}
