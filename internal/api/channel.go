package api

import (
	"context"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/chat"
	"github.com/regulars/regulars/internal/clock"
)

// Channel is a channel on the wire; it is a part of other answers.
type Channel struct {
	ID          string `json:"_id" example:"6a21d1c09f3b0c4d5e6f7a8b"`
	Topic       string `json:"topic" example:"lobby"`
	ChannelType string `json:"channelType" enum:"open,announcement,whisper,forum,direct,iframe" example:"open"`
	Description string `json:"description"`
	CategoryID  string `json:"categoryId" doc:"Empty for a channel in no category."`
	Private     bool   `json:"private" doc:"Hidden from @all: only roles and members whom an override lets see it do."`
	URL         string `json:"url,omitempty" doc:"Of an iframe channel: the page it shows."`
	Position    int    `json:"position" doc:"Among the channels of its category."`
	CreatedAt   string `json:"createdAt" format:"date-time"`
}

func wireChannel(c chat.Channel) Channel {
	return Channel{
		ID: c.ID, Topic: c.Topic, ChannelType: string(c.Type), Description: c.Description, CategoryID: c.CategoryID,
		Private: c.Private, URL: c.URL, Position: c.Position, CreatedAt: clock.Format(c.CreatedAt),
	}
}

// ChannelPath is a part of inputs; huma reads only exported ones.
type ChannelPath struct {
	ChannelID string `path:"channelId" doc:"The _id of the channel." example:"6a21d1c09f3b0c4d5e6f7a8b"`
}

type newChannel struct {
	Body struct {
		CommunityID string `json:"communityId,omitempty" doc:"Needed with a session of several memberships."`
		ServerID    string `json:"serverId,omitempty" doc:"The same by another name."`
		Topic       string `json:"topic" example:"lobby" doc:"1 to 100 characters."`
		ChannelType string `json:"channelType,omitempty" enum:"open,announcement,whisper,forum,direct,iframe" default:"open"`
		Description string `json:"description,omitempty" doc:"At most 500 characters."`
		CategoryID  string `json:"categoryId,omitempty"`
		Private     bool   `json:"private,omitempty" doc:"Hides it from @all. A direct channel is private always."`
		URL         string `json:"url,omitempty" example:"https://board.example.com/week" doc:"Of an iframe channel: https, of an origin that the community allows."`
	} `nameHint:"NewChannel"`
}

type channelChange struct {
	ChannelPath
	Body struct {
		CommunityID string  `json:"communityId,omitempty" doc:"Needed with a session of several memberships."`
		ServerID    string  `json:"serverId,omitempty" doc:"The same by another name."`
		Topic       *string `json:"topic,omitempty" example:"lobby" doc:"1 to 100 characters."`
		ChannelType *string `json:"channelType,omitempty" enum:"open,announcement,whisper,forum,direct,iframe" doc:"open and announcement can become each other; the others stay what they are."`
		Description *string `json:"description,omitempty" doc:"At most 500 characters."`
		CategoryID  *string `json:"categoryId,omitempty" doc:"Empty for none."`
		Position    *int    `json:"position,omitempty" doc:"Among the channels of the category: before the one that is there now; a large number is the end."`
		Private     *bool   `json:"private,omitempty"`
		URL         *string `json:"url,omitempty"`
	} `nameHint:"ChannelChange"`
}

type channelPath struct {
	ChannelPath
	CommunityQuery
}

type channelUser struct {
	ChannelPath
	CommunityQuery
	UserID string `path:"userId" doc:"The _id or number of the user."`
}

type listedChannel struct {
	Channel
	Overrides []override `json:"overrides,omitempty" nullable:"false" doc:"What it allows and denies, for who manages channels only; left out when there is nothing."`
}

func (a *API) listChannels(ctx context.Context, _ *CommunityQuery) (*answer[[]listedChannel], error) {
	return a.respondChannels(ctx)
}

func (a *API) listServerChannels(ctx context.Context, _ *ServerPath) (*answer[[]listedChannel], error) {
	return a.respondChannels(ctx)
}

func (a *API) respondChannels(ctx context.Context) (*answer[[]listedChannel], error) {
	actor := actor.FromContext(ctx)
	found, err := a.Chat.Channels(ctx, actor, here(ctx))
	if err != nil {
		return nil, err
	}
	manages, err := a.Chat.Manages(ctx, actor, here(ctx))
	if err != nil {
		return nil, err
	}
	return respond("Channels of the community", convert(found, func(c chat.Channel) listedChannel {
		one := listedChannel{Channel: wireChannel(c)}
		if manages {
			one.Overrides = convert(c.Overrides, wireOverride)
		}
		return one
	})), nil
}

func (a *API) createChannel(ctx context.Context, in *newChannel) (*answer[Channel], error) {
	b := &in.Body
	ctx, err := a.intoBody(ctx, manageChannels, b.CommunityID, b.ServerID)
	if err != nil {
		return nil, err
	}
	made, err := a.Chat.CreateChannel(ctx, actor.FromContext(ctx), here(ctx), chat.Input{
		Topic: b.Topic, Type: chat.Type(b.ChannelType), Description: b.Description, CategoryID: b.CategoryID, Private: b.Private, URL: b.URL,
	})
	if err != nil {
		return nil, err
	}
	return respond("Channel created successfully", wireChannel(made)), nil
}

func (a *API) updateChannel(ctx context.Context, in *channelChange) (*answer[Channel], error) {
	b := &in.Body
	ctx, err := a.intoBody(ctx, manageChannels, b.CommunityID, b.ServerID)
	if err != nil {
		return nil, err
	}
	changed, err := a.Chat.UpdateChannel(ctx, actor.FromContext(ctx), here(ctx), in.ChannelID, chat.Change{
		Topic: b.Topic, Type: (*chat.Type)(b.ChannelType), Description: b.Description, CategoryID: b.CategoryID,
		Position: b.Position, Private: b.Private, URL: b.URL,
	})
	if err != nil {
		return nil, err
	}
	return respond("Channel updated successfully", wireChannel(changed)), nil
}

func (a *API) deleteChannel(ctx context.Context, in *channelPath) (*answer[deleted], error) {
	if err := a.Chat.DeleteChannel(ctx, actor.FromContext(ctx), here(ctx), in.ChannelID); err != nil {
		return nil, err
	}
	return respond("Channel deleted successfully", deleted{in.ChannelID}), nil
}
