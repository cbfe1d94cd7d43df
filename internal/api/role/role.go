package role

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/api"
	"github.com/regulars/regulars/internal/api/wire"
	"github.com/regulars/regulars/internal/clock"
)

func (h *handlers) roleRoutes(g *api.Group) {
	api.Add(g, api.Route{
		Method: "POST", Path: "/v1/roles", ID: "createRole", Summary: "Create a role",
		Permissions: manageRoles, Traits: api.Compat,
		Description: "Omitted permissions are not granted. Permissions of several roles add up.",
	}, h.createRole)
	api.Add(g, api.Route{
		Method: "PUT", Path: "/v1/roles/{id}", ID: "updateRole", Summary: "Update a role",
		Permissions: manageRoles,
		Description: "Omitted fields and permissions are unchanged. You can only change roles below your own highest role, and only grant permissions that you have; owners rank above all roles. Title and order of `@all` cannot be changed.",
	}, h.updateRole)
	api.Add(g, api.Route{
		Method: "DELETE", Path: "/v1/roles/{id}", ID: "deleteRole", Summary: "Delete a role",
		Permissions: manageRoles,
		Description: "Removes the role from all members. `@all` cannot be deleted.",
	}, h.deleteRole)
	api.Add(g, api.Route{
		Method: "GET", Path: "/v1/servers/{serverId}/roles", ID: "listRoles", Summary: "List roles",
		Permissions: readRoles,
		Description: "Highest rank first, `@all` last.",
	}, h.listRoles)
}

type role struct {
	ID                 string          `json:"_id" example:"6a21d1c09f3b0c4d5e6f7a8b"`
	Title              string          `json:"title" example:"VIP"`
	Class              string          `json:"class" example:"#4f46e5" doc:"Colour."`
	Order              int             `json:"order" doc:"Rank. The highest role of a member sets the colour."`
	Billable           bool            `json:"billable"`
	Everyone           bool            `json:"everyone" doc:"The role that every member has."`
	ServerPermissions  map[string]bool `json:"serverPermissions" doc:"Permissions in the whole community."`
	ChannelPermissions map[string]bool `json:"channelPermissions" doc:"Permissions in channels."`
	CreatedAt          string          `json:"createdAt" format:"date-time"`
}

func newRoleView(r access.Role) role {
	return role{
		ID: r.ID, Title: r.Title, Class: r.Class, Order: r.Order, Billable: r.Billable, Everyone: r.Everyone,
		ServerPermissions: r.ServerPermissions, ChannelPermissions: r.ChannelPermissions, CreatedAt: clock.Format(r.CreatedAt),
	}
}

// serverGrants and channelGrants are permissions by name; unknown names are
// ignored.
type (
	serverGrants  map[string]bool
	channelGrants map[string]bool
)

// Schema lists the permissions in the OpenAPI document.
func (serverGrants) Schema(huma.Registry) *huma.Schema {
	return grantSchema(permission.ServerPermissions)
}

// Schema lists the permissions in the OpenAPI document.
func (channelGrants) Schema(huma.Registry) *huma.Schema {
	return grantSchema(permission.ChannelPermissions)
}

func grantSchema(names []string) *huma.Schema {
	s := &huma.Schema{Type: huma.TypeObject, Properties: map[string]*huma.Schema{}, AdditionalProperties: true}
	for _, name := range names {
		s.Properties[name] = &huma.Schema{Type: huma.TypeBoolean}
	}
	s.PrecomputeMessages()
	return s
}

func grantsOf(granted map[string]bool, known []string) map[string]bool {
	out := map[string]bool{}
	for _, name := range known {
		out[name] = granted[name]
	}
	return out
}

type newRole struct {
	Body struct {
		api.BodyCommunity
		Title              string        `json:"title" example:"VIP" doc:"1 to 50 characters, no comma; unique in the community."`
		Class              string        `json:"class,omitempty" example:"#4f46e5" doc:"Colour, #rrggbb."`
		Order              int           `json:"order,omitempty" example:"10" doc:"Rank, 0 to 10000."`
		Billable           bool          `json:"billable,omitempty"`
		ServerPermissions  serverGrants  `json:"server_permissions,omitempty"`
		ChannelPermissions channelGrants `json:"channel_permissions,omitempty"`
	} `nameHint:"NewRole"`
}

func (h *handlers) createRole(ctx context.Context, in *newRole) (*api.Answer[role], error) {
	b := &in.Body
	created, err := h.access.CreateRole(ctx, actor.FromContext(ctx), api.CommunityID(ctx), access.RoleInput{
		Title: b.Title, Class: b.Class, Order: b.Order, Billable: b.Billable,
		ServerPermissions:  grantsOf(b.ServerPermissions, permission.ServerPermissions),
		ChannelPermissions: grantsOf(b.ChannelPermissions, permission.ChannelPermissions),
	})
	if err != nil {
		return nil, err
	}
	return api.Respond("Role created successfully", newRoleView(created)), nil
}

func (h *handlers) listRoles(ctx context.Context, _ *wire.ServerPath) (*api.Answer[[]role], error) {
	roles, err := h.access.Roles(ctx, actor.FromContext(ctx), api.CommunityID(ctx))
	if err != nil {
		return nil, err
	}
	return api.Respond("Roles of the community", api.Convert(roles, newRoleView)), nil
}

// Path is the part of an input that names a role in the path.
type Path struct {
	ID string `path:"id" doc:"The _id of the role." example:"6a21d1c09f3b0c4d5e6f7a8b"`
}

type roleChange struct {
	Path
	Body struct {
		api.BodyCommunity
		Title              *string       `json:"title,omitempty" example:"VIP" doc:"1 to 50 characters, no comma; unique in the community."`
		Class              *string       `json:"class,omitempty" example:"#4f46e5" doc:"Colour, #rrggbb."`
		Order              *int          `json:"order,omitempty" example:"10" doc:"Rank, 0 to 10000."`
		Billable           *bool         `json:"billable,omitempty"`
		ServerPermissions  serverGrants  `json:"server_permissions,omitempty" doc:"Omitted permissions are unchanged."`
		ChannelPermissions channelGrants `json:"channel_permissions,omitempty" doc:"Omitted permissions are unchanged."`
	} `nameHint:"RoleChange"`
}

type rolePath struct {
	Path
	wire.CommunityQuery
}

func (h *handlers) updateRole(ctx context.Context, in *roleChange) (*api.Answer[role], error) {
	b := &in.Body
	changed, err := h.access.UpdateRole(ctx, actor.FromContext(ctx), api.CommunityID(ctx), in.ID, access.RoleChange{
		Title: b.Title, Class: b.Class, Order: b.Order, Billable: b.Billable,
		ServerPermissions: b.ServerPermissions, ChannelPermissions: b.ChannelPermissions,
	})
	if err != nil {
		return nil, err
	}
	return api.Respond("Role updated successfully", newRoleView(changed)), nil
}

func (h *handlers) deleteRole(ctx context.Context, in *rolePath) (*api.Answer[wire.Deleted], error) {
	if err := h.members.DeleteRole(ctx, actor.FromContext(ctx), api.CommunityID(ctx), in.ID); err != nil {
		return nil, err
	}
	return api.Respond("Role deleted successfully", wire.Deleted{ID: in.ID}), nil
}
