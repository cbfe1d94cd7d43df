package server

import (
	"context"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/api"
	"github.com/regulars/regulars/internal/api/wire"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/moderation"
)

func (h *handlers) membershipRoutes(g *api.Group) {
	api.Add(g, api.Route{
		Method: "POST", Path: "/v1/servers/{serverId}/join", ID: "joinServer", Summary: "Join a community",
		Permissions: manageCommunity, Traits: api.PerUser | api.MayBeGone,
		Description: "Send the user fields that the joining requirements list in `fields`. If the community has added your verified address, this accepts that membership without fields. 409 `already_member`; `member_deleted` until staff restore the membership; `identifier_taken` for the value of an identifier field; `email_taken` if another member has your email address. 403 `member_banned`, or `invite_required` for a former member. 410 `invite_expired`, `invite_revoked` or `invite_used_up`. A community that requires an invite is not found without one.",
	}, h.joinServer)
	api.Add(g, api.Route{
		Method: "POST", Path: "/v1/servers/{serverId}/leave", ID: "leaveServer", Summary: "Leave a community",
		Permissions: manageCommunity, Traits: api.PerUser,
		Description: "Removes your roles too. 409 `last_owner` for the only owner.",
	}, h.leaveServer)
}

type joining struct {
	wire.ServerPath
	Body *struct {
		InviteCode string         `json:"inviteCode,omitempty" maxLength:"200" example:"3f9c1b22a7d0"`
		Fields     map[string]any `json:"fields,omitempty" doc:"Your values, by name or _id of a user field: those that the community requires, and your name, phone, country and language."`
	} `nameHint:"Joining"`
}

// departed is the data of the response to leaving.
type departed struct {
	ID string `json:"_id" doc:"The _id of the community."`
}

func (h *handlers) joinServer(ctx context.Context, in *joining) (*api.Answer[server], error) {
	var how moderation.JoinInput
	if in.Body != nil {
		how.InviteCode = in.Body.InviteCode
		for name, value := range in.Body.Fields {
			how.Fields = append(how.Fields, member.FieldValue{Field: name, Value: value})
		}
	}
	if err := h.moderation.Join(ctx, actor.FromContext(ctx), in.ServerID, how); err != nil {
		return nil, err
	}
	joined, err := h.communities.Get(ctx, in.ServerID)
	if err != nil {
		return nil, err
	}
	return h.respondServer(ctx, "You have joined the community", joined)
}

func (h *handlers) leaveServer(ctx context.Context, in *wire.ServerPath) (*api.Answer[departed], error) {
	if err := h.moderation.Leave(ctx, actor.FromContext(ctx), in.ServerID); err != nil {
		return nil, err
	}
	return api.Respond("You have left the community", departed{in.ServerID}), nil
}
