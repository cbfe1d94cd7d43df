package channel

import (
	"context"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/api"
	"github.com/regulars/regulars/internal/api/wire"
	"github.com/regulars/regulars/internal/chat"
)

func (h *handlers) channelRoutes(g *api.Group) {
	api.Add(g, api.Route{
		Method: "GET", Path: "/v1/channels", ID: "listChannels", Summary: "List channels",
		Permissions: seeChannels, Traits: api.Compat,
		Description: "The channels that the credential can see: for a key of the community all, for a person those that roles and overrides allow. Channels without a category come first. A member also gets what they have read, and their preferences.",
	}, h.listChannels)
	api.Add(g, api.Route{
		Method: "GET", Path: "/v1/servers/{serverId}/channels", ID: "listServerChannels", Summary: "List the channels of a community",
		Permissions: seeChannels, Traits: api.Compat,
		Description: "The channels that the credential can see, as in `GET /v1/channels`.",
	}, h.listServerChannels)
	api.Add(g, api.Route{
		Method: "POST", Path: "/v1/channels", ID: "createChannel", Summary: "Create a channel",
		Permissions: manageChannels, Traits: api.Created,
		Description: "Adds the channel at the end of its category. An iframe channel needs a `url` of an origin in the community's setting `allowedFrameOrigins`.",
	}, h.createChannel)
	api.Add(g, api.Route{
		Method: "PUT", Path: "/v1/channels/{channelId}", ID: "updateChannel", Summary: "Update a channel",
		Permissions: manageChannels,
		Description: "Omitted fields are unchanged. `private` sets `view_message_history` in the override of `@all`; a direct channel is always private: 409 `direct_private`. 409 `stale_version` if `version` or `If-Match` is not the current version.",
	}, h.updateChannel)
	api.Add(g, api.Route{
		Method: "DELETE", Path: "/v1/channels/{channelId}", ID: "deleteChannel", Summary: "Delete a channel",
		Permissions: manageChannels,
		Description: "Deletes the channel with its content.",
	}, h.deleteChannel)
}

// Channel is a channel, and part of other responses.
type Channel struct {
	ID          string `json:"_id" example:"6a21d1c09f3b0c4d5e6f7a8b"`
	Topic       string `json:"topic" example:"lobby"`
	ChannelType string `json:"channelType" enum:"open,announcement,whisper,forum,direct,iframe" example:"open"`
	Description string `json:"description"`
	CategoryID  string `json:"categoryId" doc:"Empty without a category."`
	Private     bool   `json:"private" doc:"Hidden from @all: visible only to roles and members with an override."`
	URL         string `json:"url,omitempty" doc:"The page of an iframe channel."`
	Position    int    `json:"position" doc:"Position among the channels of its category."`
	SlowMode    int64  `json:"slowMode" doc:"Seconds between two messages of a member; 0: off."`
	Trading     bool   `json:"tradingDiscussions" doc:"Messages pay XP as discussions of trading."`
	Version     int64  `json:"version" doc:"Incremented by each update, from 1."`
	CreatedAt   string `json:"createdAt" format:"date-time"`
}

func newChannelView(c chat.Channel) Channel { return Channel(c.Event()) }

// Path is the part of an input that names a channel in the path.
type Path struct {
	ChannelID string `path:"channelId" doc:"The _id of the channel." example:"6a21d1c09f3b0c4d5e6f7a8b"`
}

type newChannel struct {
	Body struct {
		api.BodyCommunity
		Topic       string `json:"topic" example:"lobby" doc:"1 to 100 characters."`
		ChannelType string `json:"channelType,omitempty" enum:"open,announcement,whisper,forum,direct,iframe" default:"open"`
		Description string `json:"description,omitempty" doc:"At most 500 characters."`
		CategoryID  string `json:"categoryId,omitempty"`
		Private     bool   `json:"private,omitempty" doc:"Hides it from @all. A direct channel is always private."`
		URL         string `json:"url,omitempty" example:"https://board.example.com/week" doc:"The page of an iframe channel: https, from an origin that the community allows."`
		SlowMode    int64  `json:"slowMode,omitempty" minimum:"0" maximum:"21600" doc:"Seconds between two messages of a member; 0: off."`
		Trading     bool   `json:"tradingDiscussions,omitempty" doc:"Messages pay XP as discussions of trading."`
	} `nameHint:"NewChannel"`
}

type channelChange struct {
	Path
	wire.IfMatch
	Body struct {
		api.BodyCommunity
		Topic       *string `json:"topic,omitempty" example:"lobby" doc:"1 to 100 characters."`
		ChannelType *string `json:"channelType,omitempty" enum:"open,announcement,whisper,forum,direct,iframe" doc:"open and announcement can be changed into each other; other types are fixed."`
		Description *string `json:"description,omitempty" doc:"At most 500 characters."`
		CategoryID  *string `json:"categoryId,omitempty" doc:"Empty for none."`
		Position    *int    `json:"position,omitempty" doc:"The new position in its category: before the channel that has it now; a large number is the end."`
		Private     *bool   `json:"private,omitempty"`
		URL         *string `json:"url,omitempty"`
		SlowMode    *int64  `json:"slowMode,omitempty" minimum:"0" maximum:"21600" doc:"Seconds between two messages of a member; 0: off."`
		Trading     *bool   `json:"tradingDiscussions,omitempty" doc:"Messages pay XP as discussions of trading."`
		Version     int64   `json:"version,omitempty" minimum:"1" doc:"The version that was read; absent: update any."`
	} `nameHint:"ChannelChange"`
}

type channelPath struct {
	Path
	wire.CommunityQuery
}

type channelUser struct {
	Path
	wire.CommunityQuery
	UserID string `path:"userId" doc:"The _id or number of the user."`
}

type listedChannel struct {
	Channel
	Overrides []override `json:"overrides,omitempty" nullable:"false" doc:"The overrides, for managers of channels only; absent if there are none."`
	ReadState
}

func (h *handlers) listChannels(ctx context.Context, _ *wire.CommunityQuery) (*api.Answer[[]listedChannel], error) {
	return h.respondChannels(ctx)
}

func (h *handlers) listServerChannels(ctx context.Context, _ *wire.ServerPath) (*api.Answer[[]listedChannel], error) {
	return h.respondChannels(ctx)
}

func (h *handlers) respondChannels(ctx context.Context) (*api.Answer[[]listedChannel], error) {
	actor := actor.FromContext(ctx)
	found, err := h.chat.Channels(ctx, actor, api.CommunityID(ctx))
	if err != nil {
		return nil, err
	}
	manages, err := h.chat.Manages(ctx, actor, api.CommunityID(ctx))
	if err != nil {
		return nil, err
	}
	states, err := h.read.Of(ctx, actor, api.CommunityID(ctx), found)
	if err != nil {
		return nil, err
	}
	return api.Respond("Channels of the community", api.Convert(found, func(c chat.Channel) listedChannel {
		one := listedChannel{Channel: newChannelView(c)}
		if state, known := states[c.ID]; known {
			one.ReadState = newReadState(state)
		}
		if manages {
			one.Overrides = api.Convert(c.Overrides, newOverrideView)
		}
		return one
	})), nil
}

func (h *handlers) createChannel(ctx context.Context, in *newChannel) (*api.Answer[Channel], error) {
	b := &in.Body
	created, err := h.chat.CreateChannel(ctx, actor.FromContext(ctx), api.CommunityID(ctx), chat.Input{
		Topic: b.Topic, Type: chat.Type(b.ChannelType), Description: b.Description, CategoryID: b.CategoryID, Private: b.Private, URL: b.URL, SlowMode: b.SlowMode, TradingDiscussions: b.Trading,
	})
	if err != nil {
		return nil, err
	}
	return api.Respond("Channel created successfully", newChannelView(created)), nil
}

func (h *handlers) updateChannel(ctx context.Context, in *channelChange) (*api.Answer[Channel], error) {
	b := &in.Body
	version, err := in.Expected(b.Version)
	if err != nil {
		return nil, err
	}
	changed, err := h.chat.UpdateChannel(ctx, actor.FromContext(ctx), api.CommunityID(ctx), in.ChannelID, chat.Change{
		Topic: b.Topic, Type: (*chat.Type)(b.ChannelType), Description: b.Description, CategoryID: b.CategoryID,
		Position: b.Position, Private: b.Private, URL: b.URL, SlowMode: b.SlowMode, TradingDiscussions: b.Trading, Version: version,
	})
	if err != nil {
		return nil, err
	}
	return api.Respond("Channel updated successfully", newChannelView(changed)), nil
}

func (h *handlers) deleteChannel(ctx context.Context, in *channelPath) (*api.Answer[wire.Deleted], error) {
	if err := h.chat.DeleteChannel(ctx, actor.FromContext(ctx), api.CommunityID(ctx), in.ChannelID); err != nil {
		return nil, err
	}
	return api.Respond("Channel deleted successfully", wire.Deleted{ID: in.ChannelID}), nil
}
