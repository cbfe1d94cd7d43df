package channel

import (
	"context"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/api"
	"github.com/regulars/regulars/internal/readstate"
)

var byMember = []actor.Permission{permission.AnyMember}

func (h *handlers) readRoutes(g *api.Group) {
	api.Add(g, api.Route{
		Method: "PUT", Path: "/v1/channels/{channelId}/read", ID: "markChannelRead", Summary: "Mark a channel as read",
		Permissions: byMember,
		Description: "Moves the marker of the member forward to a message; with `force` also back, which marks later messages as unread. Own messages move it too. A user API key needs `getMessages`; a key of the community is 403 `person_required`. 404 `message_not_found`.",
	}, h.markRead)
	api.Add(g, api.Route{
		Method: "PUT", Path: "/v1/channels/{channelId}/preferences", ID: "setChannelPreferences", Summary: "Set the preferences for a channel",
		Permissions: byMember,
		Description: "Sets what the member is notified of. Omitted fields are unchanged. Messages of a muted channel count as unread and do not notify. Callers as in `PUT /v1/channels/{channelId}/read`.",
	}, h.setPreferences)
	api.Add(g, api.Route{
		Method: "POST", Path: "/v1/channels/{channelId}/typing", ID: "signalTyping", Summary: "Signal that the member is typing",
		Permissions: byMember,
		Description: "Shown to others for 8 seconds. At most one signal in 3 seconds: 429 `rate_limited`. Callers as in `PUT /v1/channels/{channelId}/read`.",
	}, h.signalTyping)
}

// ReadState is the part of a channel in a list that only members get.
type ReadState struct {
	Unread        *int64  `json:"unread,omitempty" doc:"For a member: the number of messages and replies after lastReadId, without own, deleted and hidden ones; exact up to 1,000."`
	Mentions      *int64  `json:"mentions,omitempty" doc:"For a member: the number of unread messages that mention them by name, by a role or with @all; exact up to 1,000."`
	CountsCapped  bool    `json:"countsCapped,omitempty" doc:"unread or mentions is higher than 1,000."`
	LastMessageID *string `json:"lastMessageId,omitempty" doc:"For a member: the newest message; empty without one."`
	LastReadID    *string `json:"lastReadId,omitempty" doc:"For a member: the last message that they have read; empty without one."`
	Muted         *bool   `json:"muted,omitempty" doc:"For a member: nothing in the channel notifies them."`
	Notify        string  `json:"notify,omitempty" enum:"all,mentions,none" doc:"For a member: the messages that notify them."`
}

func newReadState(s readstate.State) ReadState {
	return ReadState{&s.Unread, &s.Mentions, s.Capped, &s.LastMessageID, &s.LastReadID, &s.Muted, string(s.Notify)}
}

type readInput struct {
	Path
	Body struct {
		api.BodyCommunity
		MessageID string `json:"messageId" doc:"The last message that was read."`
		Force     bool   `json:"force,omitempty" doc:"Moves the marker back too."`
	} `nameHint:"ReadMarker"`
}

type readPosition struct {
	Unread       int64  `json:"unread"`
	Mentions     int64  `json:"mentions"`
	CountsCapped bool   `json:"countsCapped,omitempty" doc:"unread or mentions is higher than 1,000."`
	LastReadID   string `json:"lastReadId" doc:"The last message that the member has read; empty without one."`
}

func (h *handlers) markRead(ctx context.Context, in *readInput) (*api.Answer[readPosition], error) {
	s, err := h.read.Read(ctx, actor.FromContext(ctx), api.CommunityID(ctx), in.ChannelID, in.Body.MessageID, in.Body.Force)
	if err != nil {
		return nil, err
	}
	return api.Respond("Read marker of the channel", readPosition{s.Unread, s.Mentions, s.Capped, s.LastReadID}), nil
}

type preferencesInput struct {
	Path
	Body struct {
		api.BodyCommunity
		Muted  *bool   `json:"muted,omitempty" doc:"Nothing in the channel notifies the member."`
		Notify *string `json:"notify,omitempty" enum:"all,mentions,none" doc:"The messages that notify the member."`
	} `nameHint:"ChannelPreferencesChange"`
}

type preferences struct {
	Muted  bool   `json:"muted"`
	Notify string `json:"notify" enum:"all,mentions,none"`
}

func (h *handlers) setPreferences(ctx context.Context, in *preferencesInput) (*api.Answer[preferences], error) {
	change := readstate.Change{Muted: in.Body.Muted, Notify: (*readstate.Notify)(in.Body.Notify)}
	p, err := h.read.SetPreferences(ctx, actor.FromContext(ctx), api.CommunityID(ctx), in.ChannelID, change)
	if err != nil {
		return nil, err
	}
	return api.Respond("Preferences for the channel", preferences{p.Muted, string(p.Notify)}), nil
}

type typingSignal struct {
	ChannelID string `json:"channelId"`
}

func (h *handlers) signalTyping(ctx context.Context, in *channelPath) (*api.Answer[typingSignal], error) {
	if err := h.read.Typing(ctx, actor.FromContext(ctx), api.CommunityID(ctx), in.ChannelID); err != nil {
		return nil, err
	}
	return api.Respond("Typing signalled", typingSignal{in.ChannelID}), nil
}
