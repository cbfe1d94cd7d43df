package message

import (
	"context"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/api"
	"github.com/regulars/regulars/internal/api/wire"
	"github.com/regulars/regulars/internal/message"
	"github.com/regulars/regulars/internal/message/change"
)

var (
	changeThem  = []actor.Permission{permission.ViewChannels}
	readHistory = []actor.Permission{permission.GetMessages, permission.Moderate}
)

func (h *handlers) changeRoutes(g *api.Group) {
	const one = "/v1/messages/{messageId}"
	api.Add(g, api.Route{
		Method: "PUT", Path: one, ID: "updateMessage", Summary: "Edit a message",
		Permissions: sendMessages,
		Description: "Only the author edits a message; a key of the community names them as `sender`. The setting `editWindow` limits the time. Members that an edit mentions in addition are not notified. " +
			"403 `not_author`, 404 `message_not_found` or `image_not_found`, 409 `edit_window_over` with `closedAt`; otherwise as sending.",
	}, h.update)
	api.Add(g, api.Route{
		Method: "DELETE", Path: one, ID: "deleteMessage", Summary: "Delete a message",
		Permissions: changeThem,
		Description: "For the author, persons with `delete_messages` in the channel and keys with `channels`. Repeating changes nothing. A message with replies stays visible without its content until its last reply is deleted. 404 `message_not_found`.",
	}, h.delete)
	api.Add(g, api.Route{
		Method: "GET", Path: one + "/history", ID: "listMessageVersions", Summary: "List the versions of a message",
		Permissions: readHistory,
		Description: "Newest first. For the author, persons with `moderate_content` and keys with `getMessages`; of a deleted message only for persons with `moderate_content` and keys with `manageUser`. 400 `invalid_cursor`, 404 `message_not_found`.",
	}, h.history)
	api.Add(g, api.Route{
		Method: "GET", Path: one + "/replies", ID: "listReplies", Summary: "List the replies to a message",
		Permissions: getMessages,
		Description: "Oldest first. 400 `invalid_cursor`, 404 `message_not_found`.",
	}, h.replies)
	api.Add(g, api.Route{
		Method: "PUT", Path: one + "/pin", ID: "pinMessage", Summary: "Pin a message",
		Permissions: changeThem,
		Description: "For persons with `pinable` in the channel and keys with `channels`. Repeating changes nothing. 404 `message_not_found`, 409 `too_many_pins`: a channel has at most 100.",
	}, h.pin)
	api.Add(g, api.Route{
		Method: "DELETE", Path: one + "/pin", ID: "unpinMessage", Summary: "Unpin a message",
		Permissions: changeThem,
		Description: "Repeating changes nothing. 404 `message_not_found`.",
	}, h.unpin)
	api.Add(g, api.Route{
		Method: "GET", Path: "/v1/channels/{channelId}/pins", ID: "listPins", Summary: "List the pinned messages of a channel",
		Permissions: getMessages,
		Description: "The last pinned first. 404 `channel_not_found`.",
	}, h.pins)
}

type messageChange struct {
	Path
	wire.CommunityQuery
	Body struct {
		Message     string       `json:"message" doc:"Markdown of 1 to 10,000 characters; empty only with an attachment."`
		Sender      wire.UserRef `json:"sender,omitempty" doc:"The author. Required for a key of the community."`
		Attachments *[]string    `json:"attachments,omitempty" doc:"The ids of at most 10 images; absent: those that the message has."`
	} `nameHint:"MessageChange"`
}

func (h *handlers) update(ctx context.Context, in *messageChange) (*api.Answer[message.View], error) {
	edited, err := h.Changes.Update(ctx, actor.FromContext(ctx), api.CommunityID(ctx), in.MessageID, change.Edit{Text: in.Body.Message, Sender: string(in.Body.Sender), Attachments: in.Body.Attachments})
	if err != nil {
		return nil, err
	}
	return api.Respond("Message updated", edited), nil
}

func (h *handlers) delete(ctx context.Context, in *messagePath) (*api.Answer[wire.Deleted], error) {
	if err := h.Changes.Delete(ctx, actor.FromContext(ctx), api.CommunityID(ctx), in.MessageID); err != nil {
		return nil, err
	}
	return api.Respond("Message deleted", wire.Deleted{ID: in.MessageID}), nil
}

type versionList struct {
	Path
	wire.CommunityQuery
	wire.CursorInput
}

type messageList struct {
	Path
	ParticipantQuery
	wire.CommunityQuery
	wire.CursorInput
}

func (h *handlers) history(ctx context.Context, in *versionList) (*api.List[change.Version, wire.Cursor], error) {
	found, next, err := h.Changes.History(ctx, actor.FromContext(ctx), api.CommunityID(ctx), in.MessageID, in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	return api.RespondList("Versions of the message", found, wire.NewCursor(in.Limit, next)), nil
}

func (h *handlers) replies(ctx context.Context, in *messageList) (*api.List[message.View, wire.Cursor], error) {
	found, next, err := h.Lists.Replies(ctx, actor.FromContext(ctx), api.CommunityID(ctx), in.MessageID, in.UserID, in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	return api.RespondList("Replies", found, wire.NewCursor(in.Limit, next)), nil
}

func (h *handlers) pin(ctx context.Context, in *messagePath) (*api.Answer[message.View], error) {
	pinned, err := h.Changes.Pin(ctx, actor.FromContext(ctx), api.CommunityID(ctx), in.MessageID)
	if err != nil {
		return nil, err
	}
	return api.Respond("Message pinned", pinned), nil
}

func (h *handlers) unpin(ctx context.Context, in *messagePath) (*api.Answer[message.View], error) {
	unpinned, err := h.Changes.Unpin(ctx, actor.FromContext(ctx), api.CommunityID(ctx), in.MessageID)
	if err != nil {
		return nil, err
	}
	return api.Respond("Message unpinned", unpinned), nil
}

type channelPath struct {
	wire.CommunityQuery
	ChannelID string `path:"channelId" doc:"The _id of the channel."`
}

func (h *handlers) pins(ctx context.Context, in *channelPath) (*api.Answer[[]message.View], error) {
	found, err := h.Lists.Pins(ctx, actor.FromContext(ctx), api.CommunityID(ctx), in.ChannelID)
	if err != nil {
		return nil, err
	}
	return api.Respond("Pinned messages", found), nil
}
