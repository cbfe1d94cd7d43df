package chat

import (
	"context"
	"encoding/json"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/event"
	"github.com/regulars/regulars/internal/feature"
	"github.com/regulars/regulars/internal/sqldb"
)

// The types of events about channels.
const (
	EventCreated = "channel.created" // ChannelCreated
	EventUpdated = "channel.updated" // ChannelUpdated
	EventDeleted = "channel.deleted" // ChannelDeleted
)

// EventTypes describes these types.
var EventTypes = []event.Type{
	{Name: EventCreated, Data: ChannelCreated{}, Description: "A channel was created."},
	{Name: EventUpdated, Data: ChannelUpdated{}, Description: "A channel or its overrides were changed. Channels that only moved because another one did append no event."},
	{Name: EventDeleted, Data: ChannelDeleted{}, Description: "A channel was deleted with its content."},
}

// EventChannel is a channel as of an event.
type EventChannel struct {
	ID          string `json:"_id"`
	Topic       string `json:"topic"`
	ChannelType string `json:"channelType" enum:"open,announcement,whisper,forum,direct,iframe"`
	Description string `json:"description"`
	CategoryID  string `json:"categoryId" doc:"Empty without a category."`
	Private     bool   `json:"private" doc:"Hidden from @all."`
	URL         string `json:"url,omitempty" doc:"The page of an iframe channel."`
	Position    int    `json:"position" doc:"Position among the channels of its category."`
	SlowMode    int64  `json:"slowMode" doc:"Seconds between two messages of a member; 0: off."`
	Trading     bool   `json:"tradingDiscussions" doc:"Messages pay XP as discussions of trading."`
	Version     int64  `json:"version" doc:"Incremented by each update, from 1."`
	CreatedAt   string `json:"createdAt" format:"date-time"`
}

// ChannelCreated is the data of EventCreated.
type ChannelCreated struct {
	Channel EventChannel `json:"channel"`
}

// ChannelUpdated is the data of EventUpdated.
type ChannelUpdated struct {
	Channel EventChannel `json:"channel"`
}

// ChannelDeleted is the data of EventDeleted.
type ChannelDeleted struct {
	ChannelID string `json:"channelId"`
}

// Event returns the channel for the data of an event.
func (ch Channel) Event() EventChannel {
	return EventChannel{
		ID: ch.ID, Topic: ch.Topic, ChannelType: string(ch.Type), Description: ch.Description, CategoryID: ch.CategoryID,
		Private: ch.Private, URL: ch.URL, Position: ch.Position,
		SlowMode: ch.SlowMode, Trading: ch.TradingDiscussions, Version: ch.Version, CreatedAt: clock.Format(ch.CreatedAt),
	}
}

// appendEvent appends the event of a change; an empty channel did not exist before,
// or no longer exists.
func appendEvent(ctx context.Context, tx *sqldb.Tx, by actor.Actor, now int64, communityID string, before, after Channel) error {
	e := event.Event{CommunityID: communityID, Actor: by.Ref()}
	switch {
	case after.ID == "":
		e.Type = EventDeleted
		return event.Append(ctx, tx, now, e, ChannelDeleted{before.ID})
	case before.ID == "":
		e.Type = EventCreated
		return event.Append(ctx, tx, now, e, ChannelCreated{after.Event()})
	default:
		e.Type = EventUpdated
		return event.Append(ctx, tx, now, e, ChannelUpdated{after.Event()})
	}
}

// live delivers the events of channels, which look the same to every viewer.
func live() feature.Live {
	return feature.Live{Prefix: "channel.", Render: func(_ context.Context, e event.Event, _ feature.Audience) (json.RawMessage, bool, error) {
		return e.Data, true, nil
	}}
}
