package role

import (
	"context"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/api"
	"github.com/regulars/regulars/internal/api/wire"
	"github.com/regulars/regulars/internal/member"
)

func (h *handlers) assignmentRoutes(g *api.Group) {
	api.Add(g, api.Route{
		Method: "GET", Path: "/v1/roles/{id}", ID: "listUserRoles", Summary: "List the roles of a user",
		Permissions: readRoles, Traits: api.Compat,
		Description: "`id` names the user. Highest rank first, `@all` last.",
	}, h.userRoles)
	api.Add(g, api.Route{
		Method: "POST", Path: "/v1/roles/{id}/add", ID: "addRole", Summary: "Assign a role to a user",
		Permissions: manageRoles,
		Description: "No effect if the user has the role. You can only assign roles below your own highest role, to members ranked below you.",
	}, h.addRole)
	api.Add(g, api.Route{
		Method: "POST", Path: "/v1/roles/{id}/remove", ID: "removeRole", Summary: "Remove a role from a user",
		Permissions: manageRoles,
		Description: "No effect if the user does not have the role.",
	}, h.removeRole)
}

type userRolesInput struct {
	ID string `path:"id" doc:"The _id or number of the user."`
	wire.CommunityQuery
}

type roleAssignment struct {
	Path
	Body struct {
		api.BodyCommunity
		UserID wire.UserRef `json:"userId" doc:"_id, number, email or username."`
	} `nameHint:"RoleHandout"`
}

type roleHolder struct {
	ID     string   `json:"_id" doc:"The _id of the user."`
	UserID int64    `json:"userId" doc:"The number of the user."`
	Roles  []string `json:"roles" nullable:"false" doc:"The _ids of the user's roles, except @all."`
}

func newRoleHolder(m member.Member) roleHolder {
	holder := roleHolder{m.ID, m.Number, m.RoleIDs}
	if holder.Roles == nil {
		holder.Roles = []string{}
	}
	return holder
}

func (h *handlers) userRoles(ctx context.Context, in *userRolesInput) (*api.Answer[[]role], error) {
	roles, err := h.members.RolesOf(ctx, actor.FromContext(ctx), api.CommunityID(ctx), in.ID)
	if err != nil {
		return nil, err
	}
	return api.Respond("Roles of the user", api.Convert(roles, newRoleView)), nil
}

func (h *handlers) addRole(ctx context.Context, in *roleAssignment) (*api.Answer[roleHolder], error) {
	holder, err := h.members.AddRole(ctx, actor.FromContext(ctx), api.CommunityID(ctx), string(in.Body.UserID), in.ID, wire.Source(ctx))
	if err != nil {
		return nil, err
	}
	return api.Respond("Role added successfully", newRoleHolder(holder)), nil
}

func (h *handlers) removeRole(ctx context.Context, in *roleAssignment) (*api.Answer[roleHolder], error) {
	holder, err := h.members.RemoveRole(ctx, actor.FromContext(ctx), api.CommunityID(ctx), string(in.Body.UserID), in.ID, wire.Source(ctx))
	if err != nil {
		return nil, err
	}
	return api.Respond("Role removed successfully", newRoleHolder(holder)), nil
}
