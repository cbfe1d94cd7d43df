package message

import (
	"context"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/api"
	"github.com/regulars/regulars/internal/api/wire"
	"github.com/regulars/regulars/internal/message"
	"github.com/regulars/regulars/internal/message/post"
)

func (h *handlers) sendRoutes(g *api.Group) {
	api.Add(g, api.Route{
		Method: "POST", Path: "/v1/messages/send", ID: "sendMessage", Summary: "Send a message",
		Permissions: sendMessages, Traits: api.Compat,
		Description: "Posts a message in a channel. A key of the community names the member that it is from; a person sends in their own name. The same `nonce` of a sender within 24 hours returns the first message again. " +
			"400 `topic_required`, 403 `sender_not_self`, 404 `channel_not_found` or `user_not_found`, 409 `channel_read_only`, `sender_not_active` or `idempotency_mismatch`.",
	}, h.send)
	api.Add(g, api.Route{
		Method: "POST", Path: "/v1/messages/reply", ID: "replyToMessage", Summary: "Reply to a message",
		Permissions: replyToThem, Traits: api.Compat,
		Description: "Replies have one level: an answer to a reply gets the same `parentId`, and the reply as `replyToId`. 404 `message_not_found`; otherwise as sending.",
	}, h.reply)
}

// Content is what a request to send and one to reply have in common.
type Content struct {
	Message         string        `json:"message" doc:"Markdown of 1 to 10,000 characters; empty only with an attachment." example:"Welcome @ben!"`
	Sender          wire.UserRef  `json:"sender,omitempty" doc:"The member that the message is from. Required for a key of the community."`
	Attachments     []string      `json:"attachments,omitempty" doc:"The ids of at most 10 images."`
	AllowedMentions *post.Allowed `json:"allowedMentions,omitempty" doc:"The mentioned members and roles that are notified; absent: all."`
	Nonce           string        `json:"nonce,omitempty" doc:"At most 64 characters."`
}

func (c *Content) input() post.Input {
	return post.Input{Text: c.Message, Sender: string(c.Sender), Attachments: c.Attachments, Allowed: c.AllowedMentions, Nonce: c.Nonce}
}

type newMessage struct {
	Body struct {
		api.BodyCommunity
		ChannelID    string `json:"channelId" doc:"The channel or the conversation."`
		ForumTopicID string `json:"forumTopicId,omitempty" doc:"The topic, in a forum."`
		Content
	} `nameHint:"NewMessage"`
}

type newReply struct {
	Body struct {
		api.BodyCommunity
		MessageID string `json:"messageId" doc:"The message or the reply to answer."`
		Content
	} `nameHint:"NewReply"`
}

// SentMessage is the part of the response to a message that was sent, and to a reply.
type SentMessage struct {
	MessageID string `json:"messageId"`
	ChannelID string `json:"channelId"`
	TopicID   string `json:"topicId,omitempty"`
	Timestamp string `json:"timestamp" format:"date-time"`
}

type sentReply struct {
	SentMessage
	ParentID string `json:"parentId" doc:"The first message of the replies."`
}

func (h *handlers) send(ctx context.Context, in *newMessage) (*api.Answer[SentMessage], error) {
	content := in.Body.input()
	content.TopicID = in.Body.ForumTopicID
	sent, err := h.Posts.Send(ctx, actor.FromContext(ctx), api.CommunityID(ctx), in.Body.ChannelID, content)
	if err != nil {
		return nil, err
	}
	return api.Respond("Message send successfully", newSentMessage(sent)), nil
}

func newSentMessage(sent message.View) SentMessage {
	v := SentMessage{MessageID: sent.ID, ChannelID: sent.Channel.ID, Timestamp: sent.Timestamp}
	if sent.TopicID != nil {
		v.TopicID = *sent.TopicID
	}
	return v
}

func (h *handlers) reply(ctx context.Context, in *newReply) (*api.Answer[sentReply], error) {
	sent, err := h.Posts.Reply(ctx, actor.FromContext(ctx), api.CommunityID(ctx), in.Body.MessageID, in.Body.input())
	if err != nil {
		return nil, err
	}
	return api.Respond("Message reply successfully", sentReply{newSentMessage(sent), *sent.ParentID}), nil
}
