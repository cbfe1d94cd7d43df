package message

import (
	"context"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/api"
	"github.com/regulars/regulars/internal/api/wire"
	"github.com/regulars/regulars/internal/message/react"
)

var (
	reactToThem     = []actor.Permission{permission.SendMessage, permission.ReplyMessage}
	removeReactions = []actor.Permission{permission.SendMessage, permission.ReplyMessage, permission.ViewChannels}
)

func (h *handlers) reactionRoutes(g *api.Group) {
	api.Add(g, api.Route{
		Method: "POST", Path: "/v1/messages/react", ID: "reactToMessage", Summary: "React to a message",
		Permissions: reactToThem, Traits: api.Compat,
		Description: "`emoji` is a shortcode such as `:heart:` or one emoji of Unicode 17; variation selectors are ignored, and each skin tone is a kind of its own. Repeating changes nothing. " +
			"400 `unknown_emoji`, 403 `sender_not_self`, 404 `message_not_found` or `user_not_found`, 409 `sender_not_active` or `too_many_reactions`: a message has at most 20 kinds.",
	}, h.react)
	api.Add(g, api.Route{
		Method: "POST", Path: "/v1/messages/react/remove", ID: "removeReaction", Summary: "Remove a reaction",
		Permissions: removeReactions,
		Description: "Removes the reaction of the sender, or of `user`. Reactions of others need the key permission `channels`, or `manage_messages` in the channel. Repeating changes nothing. " +
			"400 `unknown_emoji`, 404 `message_not_found` or `user_not_found`.",
	}, h.unreact)
	api.Add(g, api.Route{
		Method: "GET", Path: "/v1/messages/{messageId}/reactions", ID: "listReactions", Summary: "List the reactions to a message",
		Permissions: getMessages,
		Description: "The first reaction first. 400 `unknown_emoji` or `invalid_cursor`, 404 `message_not_found`.",
	}, h.reactions)
}

// ReactionBody is what the requests to add and to remove a reaction have in common.
type ReactionBody struct {
	MessageID string       `json:"messageId"`
	Emoji     string       `json:"emoji" maxLength:"128" example:":heart:" doc:"One emoji, or its shortcode."`
	Sender    wire.UserRef `json:"sender,omitempty" doc:"The member that reacts. Required for a key of the community."`
}

type newReaction struct {
	Body struct {
		api.BodyCommunity
		ReactionBody
	} `nameHint:"NewReaction"`
}

type oldReaction struct {
	Body struct {
		api.BodyCommunity
		ReactionBody
		User wire.UserRef `json:"user,omitempty" doc:"The member whose reaction is removed, if it is not the sender."`
	} `nameHint:"RemovedReaction"`
}

type reactionCount struct {
	MessageID string `json:"messageId"`
	Emoji     string `json:"emoji" example:"❤" doc:"Without variation selectors."`
	Shortcode string `json:"shortcode" example:":heart:"`
	Count     int64  `json:"count" doc:"The reactions of this kind."`
}

func (h *handlers) react(ctx context.Context, in *newReaction) (*api.Answer[reactionCount], error) {
	b := &in.Body
	found, err := h.Reactions.React(ctx, actor.FromContext(ctx), api.CommunityID(ctx), b.MessageID, b.Emoji, string(b.Sender))
	if err != nil {
		return nil, err
	}
	return api.Respond("Reaction added successfully", reactionCount{b.MessageID, found.Emoji, found.Shortcode, found.Count}), nil
}

func (h *handlers) unreact(ctx context.Context, in *oldReaction) (*api.Answer[reactionCount], error) {
	b := &in.Body
	found, err := h.Reactions.Unreact(ctx, actor.FromContext(ctx), api.CommunityID(ctx), b.MessageID, b.Emoji, string(b.Sender), string(b.User))
	if err != nil {
		return nil, err
	}
	return api.Respond("Reaction removed", reactionCount{b.MessageID, found.Emoji, found.Shortcode, found.Count}), nil
}

type reactionsQuery struct {
	ParticipantQuery
	Path
	wire.CommunityQuery
	wire.CursorInput
	Emoji string `query:"emoji" maxLength:"128" doc:"Only this kind: an emoji or a shortcode."`
}

func (h *handlers) reactions(ctx context.Context, in *reactionsQuery) (*api.List[react.Reaction, wire.Cursor], error) {
	found, next, err := h.Reactions.Reacted(ctx, actor.FromContext(ctx), api.CommunityID(ctx), in.MessageID, in.UserID, in.Emoji, in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	return api.RespondList("Reactions", found, wire.NewCursor(in.Limit, next)), nil
}
