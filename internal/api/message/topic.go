package message

import (
	"context"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/api"
	"github.com/regulars/regulars/internal/api/wire"
	"github.com/regulars/regulars/internal/message/topic"
)

var changeTopics = []actor.Permission{permission.ViewChannels}

func (h *handlers) topicRoutes(g *api.Group) {
	const list, one = "/v1/channels/{channelId}/topics", "/v1/channels/{channelId}/topics/{topicId}"
	api.Add(g, api.Route{
		Method: "GET", Path: list, ID: "listTopics", Summary: "List the topics of a forum", Permissions: getMessages, Traits: api.MayConflict,
		Description: "Pinned topics first; then by the last message (`latest`), by creation (`new`) or by the number of messages (`top`), the highest first. 409 `not_a_forum`.",
	}, h.listTopics)
	api.Add(g, api.Route{
		Method: "POST", Path: list, ID: "createTopic", Summary: "Create a topic", Permissions: sendMessages, Traits: api.Created,
		Description: "Posts the first message with the topic. The same `nonce` of a sender within 24 hours returns the first topic again. 409 `not_a_forum`; otherwise as sending.",
	}, h.createTopic)
	api.Add(g, api.Route{
		Method: "PUT", Path: one, ID: "updateTopic", Summary: "Update a topic", Permissions: changeTopics,
		Description: "Omitted fields are unchanged. Title and tags: the author; `pinned`, `locked` and `channelId`, which moves it to another forum: members with `manage_messages`. A key of the community with `channels` changes everything. 403 `not_author`, 404 `topic_not_found`, 409 `not_a_forum` or `stale_version`.",
	}, h.updateTopic)
	api.Add(g, api.Route{
		Method: "DELETE", Path: one, ID: "deleteTopic", Summary: "Delete a topic", Permissions: changeTopics,
		Description: "Deletes the topic with its messages; rewards stay. For keys with `channels`, members with `delete_messages`, and the author while no other member has written in it. 404 `topic_not_found`.",
	}, h.deleteTopic)
}

// ChannelPath is the part of an input that names a channel in the path.
type ChannelPath struct {
	ChannelID string `path:"channelId" doc:"The _id of the channel." example:"6a21d1c09f3b0c4d5e6f7a8b"`
}

// TopicPath is the part of an input that names a topic of a channel in the path.
type TopicPath struct {
	ChannelPath
	TopicID string `path:"topicId" doc:"The id of the topic." example:"6a21d1c09f3b0c4d5e6f7a8b"`
}

type topicsQuery struct {
	ChannelPath
	wire.CommunityQuery
	wire.CursorInput
	Sort string `query:"sort" enum:"latest,new,top" default:"latest" doc:"The order after pinned topics."`
}

type newTopic struct {
	ChannelPath
	Body struct {
		api.BodyCommunity
		Title string   `json:"title" doc:"1 to 200 characters." example:"Opening hours"`
		Tags  []string `json:"tags,omitempty" doc:"At most 10, of at most 50 characters."`
		Content
	} `nameHint:"NewTopic"`
}

type topicChange struct {
	TopicPath
	Body struct {
		api.BodyCommunity
		Title     *string   `json:"title,omitempty" doc:"1 to 200 characters." example:"Opening hours"`
		Tags      *[]string `json:"tags,omitempty" doc:"At most 10, of at most 50 characters."`
		Pinned    *bool     `json:"pinned,omitempty" doc:"Lists show it first."`
		Locked    *bool     `json:"locked,omitempty" doc:"Only those who manage messages post in it."`
		ChannelID *string   `json:"channelId,omitempty" doc:"Another forum, to which the topic moves."`
		Version   int64     `json:"version,omitempty" minimum:"1" doc:"The version that was read; absent: update any."`
	} `nameHint:"TopicChange"`
}

type topicPath struct {
	TopicPath
	wire.CommunityQuery
}

func (h *handlers) listTopics(ctx context.Context, in *topicsQuery) (*api.List[topic.Topic, wire.Cursor], error) {
	found, next, err := h.Topics.List(ctx, actor.FromContext(ctx), api.CommunityID(ctx), in.ChannelID, topic.Sort(in.Sort), in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	return api.RespondList("Topics of the channel", found, wire.NewCursor(in.Limit, next)), nil
}

func (h *handlers) createTopic(ctx context.Context, in *newTopic) (*api.Answer[topic.Topic], error) {
	input := topic.Input{Title: in.Body.Title, Tags: in.Body.Tags, First: in.Body.input()}
	created, err := h.Topics.Create(ctx, actor.FromContext(ctx), api.CommunityID(ctx), in.ChannelID, input)
	if err != nil {
		return nil, err
	}
	return api.Respond("Topic created", created), nil
}

func (h *handlers) updateTopic(ctx context.Context, in *topicChange) (*api.Answer[topic.Topic], error) {
	b := &in.Body
	change := topic.Change{Title: b.Title, Tags: b.Tags, Pinned: b.Pinned, Locked: b.Locked, ChannelID: b.ChannelID, Version: b.Version}
	changed, err := h.Topics.Update(ctx, actor.FromContext(ctx), api.CommunityID(ctx), in.ChannelID, in.TopicID, change)
	if err != nil {
		return nil, err
	}
	return api.Respond("Topic updated", changed), nil
}

func (h *handlers) deleteTopic(ctx context.Context, in *topicPath) (*api.Answer[wire.Deleted], error) {
	if err := h.Topics.Delete(ctx, actor.FromContext(ctx), api.CommunityID(ctx), in.ChannelID, in.TopicID); err != nil {
		return nil, err
	}
	return api.Respond("Topic deleted", wire.Deleted{ID: in.TopicID}), nil
}
