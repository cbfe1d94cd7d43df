package api

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/clock"
)

type role struct {
	ID                 string          `json:"_id" example:"6a21d1c09f3b0c4d5e6f7a8b"`
	Title              string          `json:"title" example:"VIP"`
	Class              string          `json:"class" example:"#4f46e5" doc:"Colour."`
	Order              int             `json:"order" doc:"Rank: the highest role of a member gives the colour."`
	Billable           bool            `json:"billable"`
	Everyone           bool            `json:"everyone" doc:"The role that every member has."`
	ServerPermissions  map[string]bool `json:"serverPermissions" doc:"What it allows in the whole community."`
	ChannelPermissions map[string]bool `json:"channelPermissions" doc:"What it allows in the channels."`
	CreatedAt          string          `json:"createdAt" format:"date-time"`
}

func wireRole(r access.Role) role {
	return role{
		ID: r.ID, Title: r.Title, Class: r.Class, Order: r.Order, Billable: r.Billable, Everyone: r.Everyone,
		ServerPermissions: r.ServerPermissions, ChannelPermissions: r.ChannelPermissions, CreatedAt: clock.Format(r.CreatedAt),
	}
}

// serverGrants and channelGrants are permissions by name; names that do not
// exist are ignored, as everywhere in this operation.
type (
	serverGrants  map[string]bool
	channelGrants map[string]bool
)

// Schema lists the permissions in the OpenAPI document.
func (serverGrants) Schema(huma.Registry) *huma.Schema {
	return grantSchema(access.ServerPermissions())
}

// Schema lists the permissions in the OpenAPI document.
func (channelGrants) Schema(huma.Registry) *huma.Schema {
	return grantSchema(access.ChannelPermissions())
}

func grantSchema(names []string) *huma.Schema {
	s := &huma.Schema{Type: huma.TypeObject, Properties: map[string]*huma.Schema{}, AdditionalProperties: true}
	for _, name := range names {
		s.Properties[name] = &huma.Schema{Type: huma.TypeBoolean}
	}
	s.PrecomputeMessages()
	return s
}

func only(granted map[string]bool, known []string) map[string]bool {
	out := map[string]bool{}
	for _, name := range known {
		out[name] = granted[name]
	}
	return out
}

type newRole struct {
	Body struct {
		CommunityID        string        `json:"communityId,omitempty" doc:"Needed with a session of several memberships."`
		ServerID           string        `json:"serverId,omitempty" doc:"The same by another name."`
		Title              string        `json:"title" example:"VIP" doc:"1 to 50 characters, no comma; unique in the community."`
		Class              string        `json:"class,omitempty" example:"#4f46e5" doc:"Colour, #rrggbb."`
		Order              int           `json:"order,omitempty" example:"10" doc:"Rank, 0 to 10000."`
		Billable           bool          `json:"billable,omitempty"`
		ServerPermissions  serverGrants  `json:"server_permissions,omitempty"`
		ChannelPermissions channelGrants `json:"channel_permissions,omitempty"`
	} `nameHint:"NewRole"`
}

// ServerPath is a part of inputs.
type ServerPath struct {
	ServerID string `path:"serverId" doc:"The _id of the community." example:"6a21d1c09f3b0c4d5e6f7a8b"`
}

func (a *API) createRole(ctx context.Context, in *newRole) (*answer[role], error) {
	b := &in.Body
	ctx, err := a.intoBody(ctx, manageRoles, b.CommunityID, b.ServerID)
	if err != nil {
		return nil, err
	}
	made, err := a.Access.CreateRole(ctx, actor.FromContext(ctx), here(ctx), access.RoleInput{
		Title: b.Title, Class: b.Class, Order: b.Order, Billable: b.Billable,
		ServerPermissions:  only(b.ServerPermissions, access.ServerPermissions()),
		ChannelPermissions: only(b.ChannelPermissions, access.ChannelPermissions()),
	})
	if err != nil {
		return nil, err
	}
	return respond("Role created successfully", wireRole(made)), nil
}

func (a *API) listRoles(ctx context.Context, _ *ServerPath) (*answer[[]role], error) {
	roles, err := a.Access.Roles(ctx, here(ctx))
	if err != nil {
		return nil, err
	}
	return respond("Roles of the community", convert(roles, wireRole)), nil
}
