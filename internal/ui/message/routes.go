// Package message has the pages on which members read and write messages.
package message

import (
	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/block"
	"github.com/regulars/regulars/internal/chat"
	"github.com/regulars/regulars/internal/direct"
	"github.com/regulars/regulars/internal/event"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/message"
	"github.com/regulars/regulars/internal/message/change"
	"github.com/regulars/regulars/internal/message/list"
	"github.com/regulars/regulars/internal/message/post"
	"github.com/regulars/regulars/internal/message/react"
	"github.com/regulars/regulars/internal/message/topic"
	"github.com/regulars/regulars/internal/readstate"
	"github.com/regulars/regulars/internal/report"
	"github.com/regulars/regulars/internal/roster"
	"github.com/regulars/regulars/internal/ui"
)

// Services are the features behind the pages.
type Services struct {
	Access     *access.Access
	Blocks     *block.Blocks
	Chat       *chat.Chat
	Direct     *direct.Conversations
	Events     *event.Events
	Messages   *message.Messages
	Lists      *list.Lists
	Posts      *post.Posts
	Changes    *change.Changes
	Reactions  *react.Reactions
	Topics     *topic.Topics
	ReadStates *readstate.ReadStates
	Reports    *report.Reports
	Members    *roster.Roster
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
		Routes: h.routes(),
		Nav: []ui.NavItem{
			{Key: "chat", Label: i18n.Key("Chat"), Icon: "message-square", Path: "/chat", Noun: ui.Chat, Order: 0, Need: permission.GetMessages},
		},
		Search: ui.Search{Need: permission.GetMessages, Find: h.search},
		Permissions: ui.PermissionTexts{Key: []ui.Permission{
			{Value: string(permission.GetMessages), Label: i18n.Key("Messages: read")},
			{Value: string(permission.SendMessage), Label: i18n.Key("Messages: send and react"), Help: i18n.Key("In the name of any active member.")},
			{Value: string(permission.ReplyMessage), Label: i18n.Key("Messages: reply and react"), Help: i18n.Key("In the name of any active member.")},
		}},
	}
}

func (h *handlers) routes() []ui.Route {
	reads, writes := ui.InCommunity(permission.GetMessages), ui.InCommunity(permission.SendMessage)
	const channel, one = "/channels/{channel}", "/channels/{channel}/messages/{message}"
	return []ui.Route{
		reads.Get("/chat", h.enter),
		reads.Get("/chat/list", h.showList),
		reads.Get("/chat/search", h.showSearch),
		ui.InCommunity(permission.StartDirect).Get("/chat/direct", h.showStart),
		ui.InCommunity(permission.StartDirect).Post("/chat/direct", h.start),
		reads.Get(channel+"/messages", h.showMessages),
		writes.PostFile(channel+"/messages", h.send),
		writes.PostFile(channel+"/images", h.upload),
		reads.Get(channel+"/part", h.showPart),
		reads.Get(channel+"/topics", h.showTopics),
		writes.PostFile(channel+"/topics", h.createTopic),
		reads.Get(channel+"/topics/{topic}", h.showMessages),
		writes.PostFile(channel+"/topics/{topic}", h.send),
		reads.Get(channel+"/topics/{topic}/settings", h.showTopic),
		reads.Post(channel+"/topics/{topic}/settings", h.changeTopic),
		reads.Post(channel+"/topics/{topic}/delete", h.deleteTopic),
		reads.Get("/chat/members/{user}", h.showCard),
		reads.Post("/chat/members/{user}/block", h.changeBlock),
		reads.Get(channel+"/pins", h.showPins),
		reads.Post(channel+"/read", h.markRead),
		reads.Get(channel+"/preferences", h.showPreferences),
		reads.Post(channel+"/preferences", h.changePreferences),
		reads.Get(one, h.showActs),
		reads.Get(one+"/react", h.showPicker),
		writes.Post(one+"/react", h.act(h.react)),
		writes.Get(one+"/edit", h.showEdit),
		writes.Post(one+"/edit", h.edit),
		reads.Post(one+"/pin", h.act(h.pin)),
		reads.Post(one+"/delete", h.act(h.delete)),
		reads.Post(one+"/unread", h.act(h.markUnread)),
		reads.Get(one+"/report", h.showReport),
		reads.Post(one+"/report", h.report),
		reads.Get(one+"/history", h.showHistory),
		reads.Get(one+"/reactions", h.showReacted),
	}
}
