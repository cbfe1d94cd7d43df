// Package message has the operations of messages.
package message

import (
	"context"
	"strconv"
	"time"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/api"
	"github.com/regulars/regulars/internal/api/wire"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/message"
	"github.com/regulars/regulars/internal/message/change"
	"github.com/regulars/regulars/internal/message/list"
	"github.com/regulars/regulars/internal/message/post"
	"github.com/regulars/regulars/internal/message/react"
	"github.com/regulars/regulars/internal/message/topic"
)

var (
	getMessages  = []actor.Permission{permission.GetMessages}
	sendMessages = []actor.Permission{permission.SendMessage}
	replyToThem  = []actor.Permission{permission.ReplyMessage, permission.SendMessage}
)

// Services are the features behind the operations.
type Services struct {
	Posts     *post.Posts
	Changes   *change.Changes
	Lists     *list.Lists
	Reactions *react.Reactions
	Topics    *topic.Topics
}

// handlers serve the operations.
type handlers struct{ Services }

// New returns the area.
func New(s Services) api.Area {
	h := &handlers{s}
	return api.Area{
		Tag: "Messages", Description: "Messages of channels, replies to them, reactions, and topics of forums.",
		Routes: func(g *api.Group) {
			h.readRoutes(g)
			h.searchRoutes(g)
			h.sendRoutes(g)
			h.reactionRoutes(g)
			h.changeRoutes(g)
			h.imageRoutes(g)
			h.topicRoutes(g)
		},
	}
}

func (h *handlers) readRoutes(g *api.Group) {
	api.Add(g, api.Route{
		Method: "GET", Path: "/v1/messages", ID: "listMessages", Summary: "List messages",
		Permissions: getMessages, Traits: api.Compat,
		Description: "The newest messages first, replies included. Without `channel_id` those of all channels that the credential can see. `before` and `after` are a message id or an instant; `after` returns the messages directly after that position. `total` does not depend on them; it is exact in one channel, otherwise up to 10,000.",
	}, h.list)
	api.Add(g, api.Route{
		Method: "GET", Path: "/v1/messages/{messageId}", ID: "getMessage", Summary: "Get a message",
		Permissions: getMessages,
		Description: "404 `message_not_found`. A deleted message is found while it has replies, without its content.",
	}, h.get)
}

type listInput struct {
	wire.CommunityQuery
	ChannelID string `query:"channel_id" doc:"Only messages of this channel or conversation."`
	UserID    string `query:"user_id" doc:"Only messages of this user: its _id or number. In a conversation, for the key of a community: the participant that reads."`
	Email     string `query:"email" doc:"Only messages of the user with this email address."`
	Count     int    `query:"count" minimum:"1" maximum:"200" default:"50" doc:"The maximum number of messages."`
	Before    string `query:"before" maxLength:"40" doc:"A message id, or an instant (RFC 3339)."`
	After     string `query:"after" maxLength:"40" doc:"The same. Not together with before."`
}

type messagePage struct {
	Total       int64          `json:"total" doc:"The number of messages that match, without before and after."`
	TotalCapped bool           `json:"totalCapped,omitempty" doc:"There are more than total."`
	Messages    []message.View `json:"messages" nullable:"false"`
}

func (h *handlers) list(ctx context.Context, in *listInput) (*api.Answer[messagePage], error) {
	f, err := in.filter()
	if err != nil {
		return nil, err
	}
	p, err := h.Lists.List(ctx, actor.FromContext(ctx), api.CommunityID(ctx), f)
	if err != nil {
		return nil, err
	}
	return api.Respond("messages fetched successfully", messagePage{p.Total, p.Capped, p.Messages}), nil
}

func (in *listInput) filter() (list.Filter, error) {
	var wrong []errs.Field
	f := list.Filter{ChannelID: in.ChannelID, User: in.UserID, Count: in.Count}
	if in.Email != "" {
		f.User = in.Email
	}
	f.Before, wrong = position("before", in.Before, wrong)
	f.After, wrong = position("after", in.After, wrong)
	if in.Before != "" && in.After != "" {
		wrong = append(wrong, errs.Wrong("after", "not_allowed", "Send before or after, not both."))
	}
	if in.Email != "" && in.UserID != "" {
		wrong = append(wrong, errs.Wrong("email", "not_allowed", "Send user_id or email, not both."))
	}
	return f, errs.InvalidFields(wrong)
}

// position parses a message id or an instant.
func position(name, given string, wrong []errs.Field) (list.Position, []errs.Field) {
	if given == "" || id.Valid(given) {
		return list.Position{MessageID: given}, wrong
	}
	if ms, err := strconv.ParseInt(given, 10, 64); err == nil && ms > 0 {
		return list.Position{At: ms}, wrong
	}
	at, err := time.Parse(time.RFC3339, given)
	if err != nil || at.UnixMilli() <= 0 {
		return list.Position{}, append(wrong, errs.Wrong(name, "invalid", "Use the id of a message or an instant such as 2026-11-28T10:00:00Z."))
	}
	return list.Position{At: at.UnixMilli()}, wrong
}

// Path is the part of an input that names a message in the path.
type Path struct {
	MessageID string `path:"messageId" doc:"The id of the message." example:"6a21d1c09f3b0c4d5e6f7a8b"`
}

type messagePath struct {
	Path
	wire.CommunityQuery
}

// ParticipantQuery names the member for whom a key of the community reads a conversation.
type ParticipantQuery struct {
	UserID string `query:"user_id" doc:"In a conversation, for the key of a community: the participant that reads."`
}

type readPath struct {
	Path
	wire.CommunityQuery
	ParticipantQuery
}

func (h *handlers) get(ctx context.Context, in *readPath) (*api.Answer[message.View], error) {
	found, err := h.Lists.Get(ctx, actor.FromContext(ctx), api.CommunityID(ctx), in.MessageID, in.UserID)
	if err != nil {
		return nil, err
	}
	return api.Respond("Message", found), nil
}
