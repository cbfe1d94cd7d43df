// Package message has the pages on which members read and write messages.
package message

import (
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/chat"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/message"
	"github.com/regulars/regulars/internal/message/list"
	"github.com/regulars/regulars/internal/message/post"
	"github.com/regulars/regulars/internal/roster"
	"github.com/regulars/regulars/internal/ui"
)

// Services are the features behind the pages.
type Services struct {
	Chat     *chat.Chat
	Messages *message.Messages
	Lists    *list.Lists
	Posts    *post.Posts
	Members  *roster.Roster
}

// handlers answer the requests of the area.
type handlers struct {
	*ui.Console
	Services
}

// New returns the area.
func New(c *ui.Console, s Services) ui.Area {
	h := &handlers{Console: c, Services: s}
	return ui.Area{
		Routes: []ui.Route{
			ui.InCommunity(permission.GetMessages).Get("/channels/{channel}/messages", h.showMessages),
			ui.InCommunity(permission.SendMessage).Post("/channels/{channel}/messages", h.send),
		},
		Permissions: ui.PermissionTexts{Key: []ui.Permission{
			{Value: string(permission.GetMessages), Label: i18n.Key("Messages: read")},
			{Value: string(permission.SendMessage), Label: i18n.Key("Messages: send and react"), Help: i18n.Key("In the name of any active member.")},
			{Value: string(permission.ReplyMessage), Label: i18n.Key("Messages: reply and react"), Help: i18n.Key("In the name of any active member.")},
		}},
	}
}
