package api

import (
	"context"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/member"
)

// RolePath is a part of inputs; huma reads only exported ones.
type RolePath struct {
	ID string `path:"id" doc:"The _id of the role." example:"6a21d1c09f3b0c4d5e6f7a8b"`
}

// CommunityQuery is a part of inputs where neither path nor body names the
// community.
type CommunityQuery struct {
	CommunityID string `query:"communityId" doc:"Needed with a session of several memberships."`
}

type roleChange struct {
	RolePath
	Body struct {
		CommunityID        string        `json:"communityId,omitempty" doc:"Needed with a session of several memberships."`
		ServerID           string        `json:"serverId,omitempty" doc:"The same by another name."`
		Title              *string       `json:"title,omitempty" example:"VIP" doc:"1 to 50 characters, no comma; unique in the community."`
		Class              *string       `json:"class,omitempty" example:"#4f46e5" doc:"Colour, #rrggbb."`
		Order              *int          `json:"order,omitempty" example:"10" doc:"Rank, 0 to 10000."`
		Billable           *bool         `json:"billable,omitempty"`
		ServerPermissions  serverGrants  `json:"server_permissions,omitempty" doc:"Those that are named change."`
		ChannelPermissions channelGrants `json:"channel_permissions,omitempty" doc:"Those that are named change."`
	} `nameHint:"RoleChange"`
}

type rolePath struct {
	RolePath
	CommunityQuery
}

type roleUser struct {
	ID string `path:"id" doc:"The _id or number of the user."`
	CommunityQuery
}

type roleHandout struct {
	RolePath
	Body struct {
		CommunityID string    `json:"communityId,omitempty" doc:"Needed with a session of several memberships."`
		ServerID    string    `json:"serverId,omitempty" doc:"The same by another name."`
		UserID      reference `json:"userId" doc:"_id, number, email or username."`
	} `nameHint:"RoleHandout"`
}

type roleHolder struct {
	ID     string   `json:"_id" doc:"Of the user."`
	UserID int64    `json:"userId" doc:"The account's small number."`
	Roles  []string `json:"roles" nullable:"false" doc:"The _id of each role the user has now, without that of everyone."`
}

func wireHolder(m member.Member) roleHolder {
	holder := roleHolder{m.ID, m.Number, m.RoleIDs}
	if holder.Roles == nil {
		holder.Roles = []string{}
	}
	return holder
}

func (a *API) updateRole(ctx context.Context, in *roleChange) (*answer[role], error) {
	b := &in.Body
	ctx, err := a.intoBody(ctx, manageRoles, b.CommunityID, b.ServerID)
	if err != nil {
		return nil, err
	}
	changed, err := a.Access.UpdateRole(ctx, actor.FromContext(ctx), here(ctx), in.ID, access.RoleChange{
		Title: b.Title, Class: b.Class, Order: b.Order, Billable: b.Billable,
		ServerPermissions: b.ServerPermissions, ChannelPermissions: b.ChannelPermissions,
	})
	if err != nil {
		return nil, err
	}
	return respond("Role updated successfully", wireRole(changed)), nil
}

func (a *API) deleteRole(ctx context.Context, in *rolePath) (*answer[deleted], error) {
	if err := a.Members.DeleteRole(ctx, actor.FromContext(ctx), here(ctx), in.ID); err != nil {
		return nil, err
	}
	return respond("Role deleted successfully", deleted{in.ID}), nil
}

func (a *API) userRoles(ctx context.Context, in *roleUser) (*answer[[]role], error) {
	roles, err := a.Members.RolesOf(ctx, here(ctx), in.ID)
	if err != nil {
		return nil, err
	}
	return respond("Roles of the user", convert(roles, wireRole)), nil
}

func (a *API) addRole(ctx context.Context, in *roleHandout) (*answer[roleHolder], error) {
	ctx, err := a.intoBody(ctx, manageRoles, in.Body.CommunityID, in.Body.ServerID)
	if err != nil {
		return nil, err
	}
	holder, err := a.Members.AddRole(ctx, actor.FromContext(ctx), here(ctx), string(in.Body.UserID), in.ID, apiSource(ctx))
	if err != nil {
		return nil, err
	}
	return respond("Role added successfully", wireHolder(holder)), nil
}

func (a *API) removeRole(ctx context.Context, in *roleHandout) (*answer[roleHolder], error) {
	ctx, err := a.intoBody(ctx, manageRoles, in.Body.CommunityID, in.Body.ServerID)
	if err != nil {
		return nil, err
	}
	holder, err := a.Members.RemoveRole(ctx, actor.FromContext(ctx), here(ctx), string(in.Body.UserID), in.ID, apiSource(ctx))
	if err != nil {
		return nil, err
	}
	return respond("Role removed successfully", wireHolder(holder)), nil
}
