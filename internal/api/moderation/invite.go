package moderation

import (
	"context"
	"encoding/json"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/api"
	"github.com/regulars/regulars/internal/api/wire"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/moderation"
)

var inviteMembers = []actor.Permission{permission.CreateInvites}

func (h *handlers) inviteRoutes(g *api.Group) {
	api.Add(g, api.Route{
		Method: "GET", Path: "/v1/servers/{serverId}/invites", ID: "listInvites", Summary: "List invites",
		Permissions: inviteMembers,
		Description: "Newest first, with the members who joined with each.",
	}, h.listInvites)
	api.Add(g, api.Route{
		Method: "POST", Path: "/v1/servers/{serverId}/invites", ID: "createInvite", Summary: "Create an invite",
		Permissions: inviteMembers, Traits: api.Created,
		Description: "`roleId` is assigned to members who join: 403 `missing_permission` or `rank_too_low` for a role that you cannot assign. With `emails` one single-use invite is mailed to each address, with a link to accept or decline, and `data` is an array of invites; all are created or none. The response is the same whether or not an address has an account, is a member or has declined. A community has at most 500 open invites: 409 `too_many_invites`.",
	}, h.createInvite)
	api.Add(g, api.Route{
		Method: "DELETE", Path: "/v1/servers/{serverId}/invites/{code}", ID: "revokeInvite", Summary: "Revoke an invite",
		Permissions: inviteMembers,
		Description: "Revokes an invite of yours, or any with the permission to manage the community. Members who have joined are not affected.",
	}, h.revokeInvite)
}

type invite struct {
	Code          string      `json:"code" example:"3f9c1b22a7d0"`
	URL           string      `json:"url" example:"https://community.example.com/join/3f9c1b22a7d0" doc:"The page for joining with it."`
	RoleID        string      `json:"roleId" example:"6a21d1c09f3b0c4d5e6f7a90" doc:"The role of members who join; empty: none."`
	Email         string      `json:"email,omitempty" example:"ada@example.com" doc:"The address that it was mailed to. Absent for other invites, and after it is revoked or declined."`
	MaxUses       int64       `json:"maxUses" doc:"0: any number."`
	Uses          int64       `json:"uses"`
	ExpiresAt     *string     `json:"expiresAt" format:"date-time" doc:"null: never."`
	RevokedAt     *string     `json:"revokedAt" format:"date-time" doc:"null: not revoked."`
	Open          bool        `json:"open" doc:"It can be used now."`
	CreatedBy     string      `json:"createdBy" example:"account:6a21d1c09f3b0c4d5e6f7a8b" doc:"account:<_id>, key:<_id> or command."`
	CreatedByName string      `json:"createdByName" example:"ada" doc:"The name at that time."`
	CreatedAt     string      `json:"createdAt" format:"date-time"`
	Joined        []inviteUse `json:"joined" nullable:"false" doc:"The last 20 members who joined with it, newest first."`
}

type inviteUse struct {
	ID       string `json:"_id" example:"6a21d1c09f3b0c4d5e6f7a8b"`
	UserID   int64  `json:"userId" example:"1042"`
	Username string `json:"username" example:"ada"`
	JoinedAt string `json:"joinedAt" format:"date-time"`
}

func (h *handlers) inviteView(i moderation.Invite) invite {
	return invite{
		Code: i.Code, URL: h.moderation.InviteURL(i.Code), RoleID: i.RoleID, Email: i.Email, MaxUses: i.MaxUses, Uses: i.Uses, ExpiresAt: wire.TimeOrNull(i.ExpiresAt), RevokedAt: wire.TimeOrNull(i.RevokedAt),
		Open: h.moderation.IsOpen(i), CreatedBy: i.CreatedBy, CreatedByName: i.CreatedByName, CreatedAt: clock.Format(i.CreatedAt), Joined: []inviteUse{},
	}
}

type newInvite struct {
	wire.ServerPath
	Body *struct {
		MaxUses   int64     `json:"maxUses,omitempty" example:"5" doc:"How often it can be used; 0: any number."`
		ExpiresAt time.Time `json:"expiresAt,omitempty" doc:"The end of its validity; absent: none."`
		RoleID    string    `json:"roleId,omitempty" maxLength:"50" example:"6a21d1c09f3b0c4d5e6f7a90" doc:"The _id of a role for members who join, if it still exists then. It must rank below you and grant only permissions that you have."`
		Emails    []string  `json:"emails,omitempty" minItems:"1" maxItems:"100" example:"[\"ada@example.com\"]" doc:"Mails one single-use invite to each address; the response is an array. A repeated address counts once."`
	} `nameHint:"NewInvite"`
}

type inviteQuery struct {
	wire.ServerPath
	wire.CursorInput
}

type invitePath struct {
	wire.ServerPath
	Code string `path:"code" maxLength:"200" doc:"The code of the invite." example:"3f9c1b22a7d0"`
}

func (h *handlers) listInvites(ctx context.Context, in *inviteQuery) (*api.List[invite, wire.Cursor], error) {
	found, uses, next, err := h.moderation.Invites(ctx, actor.FromContext(ctx), api.CommunityID(ctx), in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	invites := api.Convert(found, h.inviteView)
	for i := range invites {
		for _, u := range uses {
			if u.Code == invites[i].Code {
				invites[i].Joined = append(invites[i].Joined, inviteUse{u.ID, u.Number, u.Username, clock.Format(u.UsedAt)})
			}
		}
	}
	return api.RespondList("Invites of the community", invites, wire.NewCursor(in.Limit, next)), nil
}

// createdInvites is one invite, or an array of mailed invites.
type createdInvites struct {
	one    invite
	mailed []invite // nil: none was mailed
}

// MarshalJSON writes an object or an array.
func (c createdInvites) MarshalJSON() ([]byte, error) {
	if c.mailed != nil {
		return json.Marshal(c.mailed)
	}
	return json.Marshal(c.one)
}

// Schema describes both forms.
func (createdInvites) Schema(registry huma.Registry) *huma.Schema {
	one := registry.Schema(reflect.TypeFor[invite](), true, "Invite")
	return &huma.Schema{
		OneOf:       []*huma.Schema{one, {Type: huma.TypeArray, Items: one}},
		Description: "An invite; with emails an array of the mailed invites.",
	}
}

func (h *handlers) createInvite(ctx context.Context, in *newInvite) (*api.Answer[createdInvites], error) {
	var input moderation.InviteInput
	var emails []string
	if in.Body != nil {
		input.MaxUses, input.RoleID, emails = in.Body.MaxUses, in.Body.RoleID, in.Body.Emails
		if !in.Body.ExpiresAt.IsZero() {
			input.ExpiresAt = in.Body.ExpiresAt.UnixMilli()
		}
	}
	if emails != nil {
		created, err := h.moderation.MailInvites(ctx, actor.FromContext(ctx), api.CommunityID(ctx), input, emails)
		if err != nil {
			return nil, err
		}
		return api.Respond("Invites created and mailed", createdInvites{mailed: api.Convert(created, h.inviteView)}), nil
	}
	created, err := h.moderation.CreateInvite(ctx, actor.FromContext(ctx), api.CommunityID(ctx), input)
	if err != nil {
		return nil, err
	}
	return api.Respond("Invite created", createdInvites{one: h.inviteView(created)}), nil
}

func (h *handlers) revokeInvite(ctx context.Context, in *invitePath) (*api.Answer[wire.Deleted], error) {
	if err := h.moderation.RevokeInvite(ctx, actor.FromContext(ctx), api.CommunityID(ctx), in.Code); err != nil {
		return nil, err
	}
	return api.Respond("Invite revoked", wire.Deleted{ID: in.Code}), nil
}
