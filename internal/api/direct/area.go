// Package direct has the operations of conversations between members.
package direct

import (
	"context"
	"net/http"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/api"
	"github.com/regulars/regulars/internal/api/wire"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/direct"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/readstate"
)

// handlers serve the operations.
type handlers struct {
	conversations *direct.Conversations
	read          *readstate.ReadStates
}

// New returns the area.
func New(conversations *direct.Conversations, read *readstate.ReadStates) api.Area {
	h := &handlers{conversations, read}
	return api.Area{Tag: "Messages", Routes: h.routes}
}

func (h *handlers) routes(g *api.Group) {
	const path = "/v1/direct-channels"
	api.Add(g, api.Route{
		Method: "GET", Path: path, ID: "listDirectChannels", Summary: "List direct conversations", Permissions: []actor.Permission{permission.GetMessages},
		Description: "The conversation with the last message first. The key of a community names the member in `user_id`. 404 `user_not_found`.",
	}, h.list)
	api.Add(g, api.Route{
		Method: "POST", Path: path, ID: "startDirectChannel", Summary: "Start a direct conversation", Permissions: []actor.Permission{permission.SendMessage}, Traits: api.Created | api.MayExist,
		Description: "Persons need the role permission `allow_dm`; the key of a community names the member in `sender`. The same participants have one conversation: 200 if it exists. 403 `blocked` if one of the participants blocks the sender or is blocked, 404 `user_not_found`, 409 `sender_not_active`.",
	}, h.start)
}

type conversation struct {
	ID            string             `json:"_id" example:"6a21d1c09f3b0c4d5e6f7a8b"`
	ChannelType   string             `json:"channelType" enum:"direct"`
	Users         []wire.Participant `json:"users" nullable:"false" doc:"The participants, the caller included."`
	LastMessageID *string            `json:"lastMessageId" nullable:"true" doc:"null: no message yet."`
	Unread        int64              `json:"unread" doc:"Exact up to 1,000."`
	Mentions      int64              `json:"mentions" doc:"Exact up to 1,000."`
	CountsCapped  bool               `json:"countsCapped,omitempty" doc:"unread or mentions is higher than 1,000."`
	CreatedAt     string             `json:"createdAt" format:"date-time"`
}

type listInput struct {
	wire.CommunityQuery
	wire.CursorInput
	UserID string `query:"user_id" doc:"The member, for the key of a community: its _id, number, email or username."`
}

type startInput struct {
	Body struct {
		api.BodyCommunity
		Users  []wire.UserRef `json:"users" minItems:"1" maxItems:"9" nullable:"false" doc:"The other participants: _id, number, email or username."`
		Sender wire.UserRef   `json:"sender,omitempty" doc:"The member that starts the conversation; required for the key of a community."`
	} `nameHint:"NewDirectChannel"`
}

type startOutput struct {
	Status int
	Body   api.Success[conversation]
}

func (h *handlers) views(ctx context.Context, user string, list []direct.Conversation) ([]conversation, error) {
	communityID := api.CommunityID(ctx)
	states, err := h.read.OfConversations(ctx, actor.FromContext(ctx), communityID, user, list)
	if err != nil {
		return nil, err
	}
	return api.Convert(list, func(c direct.Conversation) conversation {
		state := states[c.ID]
		v := conversation{
			ID: c.ID, ChannelType: "direct", Unread: state.Unread, Mentions: state.Mentions, CountsCapped: state.Capped, CreatedAt: clock.Format(c.CreatedAt),
			Users: api.Convert(c.Participants, func(m member.Member) wire.Participant { return wire.NewParticipant(communityID, m) }),
		}
		if state.LastMessageID != "" {
			v.LastMessageID = &state.LastMessageID
		}
		return v
	}), nil
}

func (h *handlers) list(ctx context.Context, in *listInput) (*api.List[conversation, wire.Cursor], error) {
	found, next, err := h.conversations.List(ctx, actor.FromContext(ctx), api.CommunityID(ctx), in.UserID, in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	views, err := h.views(ctx, in.UserID, found)
	if err != nil {
		return nil, err
	}
	return api.RespondList("Direct conversations", views, wire.NewCursor(in.Limit, next)), nil
}

func (h *handlers) start(ctx context.Context, in *startInput) (*startOutput, error) {
	users := api.Convert(in.Body.Users, func(u wire.UserRef) string { return string(u) })
	found, created, err := h.conversations.Start(ctx, actor.FromContext(ctx), api.CommunityID(ctx), users, string(in.Body.Sender))
	if err != nil {
		return nil, err
	}
	views, err := h.views(ctx, string(in.Body.Sender), []direct.Conversation{found})
	if err != nil {
		return nil, err
	}
	out := &startOutput{http.StatusOK, api.Success[conversation]{Status: "success", Message: "Direct conversation", Data: views[0]}}
	if created {
		out.Status = http.StatusCreated
	}
	return out, nil
}
