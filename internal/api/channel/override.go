package channel

import (
	"context"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/api"
	"github.com/regulars/regulars/internal/api/wire"
	"github.com/regulars/regulars/internal/chat"
)

func (h *handlers) overrideRoutes(g *api.Group) {
	api.Add(g, api.Route{
		Method: "PUT", Path: "/v1/channels/{channelId}/overrides", ID: "setChannelOverrides", Summary: "Set the overrides of a channel",
		Permissions: manageChannels,
		Description: "Replaces all overrides. A private channel remains hidden from `@all`; allowing `@all` to see it is 409 `channel_private`, or `direct_private` for a direct channel. Without owning the community you can only change overrides of roles and members ranked below you, and only permissions that you have in the channel.",
	}, h.setOverrides)
	api.Add(g, api.Route{
		Method: "GET", Path: "/v1/channels/{channelId}/permissions/{userId}", ID: "explainChannelPermissions", Summary: "Explain a user's permissions in a channel",
		Permissions: explainChannels,
		Description: "The owner and roles with `server_administrator` have all permissions. Otherwise the first of these decides: the member's own override, the overrides of roles (allow before deny), the override of `@all`, the permissions of roles. `rule` names it.",
	}, h.explainChannel)
}

type override struct {
	RoleID string   `json:"roleId,omitempty" doc:"The _id of a role, or:"`
	UserID string   `json:"userId,omitempty" doc:"the _id of a user."`
	Allow  []string `json:"allow" nullable:"false" doc:"Channel permissions."`
	Deny   []string `json:"deny" nullable:"false" doc:"Channel permissions."`
}

func newOverrideView(o access.Override) override {
	return override{o.RoleID, o.UserID, o.Allow, o.Deny}
}

type overrideInput struct {
	RoleID string       `json:"roleId,omitempty" doc:"The _id of a role, or:"`
	UserID wire.UserRef `json:"userId,omitempty" doc:"a user by _id, number, email or username."`
	Allow  []string     `json:"allow,omitempty" nullable:"false" maxItems:"100" example:"[\"post_messages\"]"`
	Deny   []string     `json:"deny,omitempty" nullable:"false" maxItems:"100"`
}

type overridesInput struct {
	Path
	wire.CommunityQuery
	Body []overrideInput `doc:"All overrides of the channel; an empty list removes them all."`
}

type channelRules struct {
	Channel
	Overrides []override `json:"overrides" nullable:"false"`
}

type channelRights struct {
	ChannelID   string            `json:"channelId"`
	UserID      string            `json:"userId" doc:"The _id of the user."`
	Visible     bool              `json:"visible" doc:"The user can see the channel (view_message_history)."`
	Permissions map[string]ruling `json:"permissions" nullable:"false" doc:"By permission."`
}

type ruling struct {
	Allowed   bool   `json:"allowed"`
	Rule      string `json:"rule" enum:"not_member,suspended,key_channels,installation_owner,owner,key,server_administrator,member_override,role_override,everyone_override,role,everyone,nothing" doc:"The rule that decided."`
	RoleID    string `json:"roleId,omitempty" doc:"The role of the rule; the highest of several."`
	RoleTitle string `json:"roleTitle,omitempty"`
}

func (h *handlers) setOverrides(ctx context.Context, in *overridesInput) (*api.Answer[channelRules], error) {
	inputs := api.Convert(in.Body, func(o overrideInput) chat.OverrideInput {
		return chat.OverrideInput{RoleID: o.RoleID, User: string(o.UserID), Allow: o.Allow, Deny: o.Deny}
	})
	changed, err := h.chat.SetOverrides(ctx, actor.FromContext(ctx), api.CommunityID(ctx), in.ChannelID, inputs)
	if err != nil {
		return nil, err
	}
	return api.Respond("Overrides of the channel", channelRules{newChannelView(changed), api.Convert(changed.Overrides, newOverrideView)}), nil
}

func (h *handlers) explainChannel(ctx context.Context, in *channelUser) (*api.Answer[channelRights], error) {
	found, err := h.chat.Explain(ctx, actor.FromContext(ctx), api.CommunityID(ctx), in.ChannelID, in.UserID)
	if err != nil {
		return nil, err
	}
	rights := channelRights{ChannelID: found.Channel.ID, UserID: found.Member.ID, Permissions: map[string]ruling{}}
	for _, r := range found.Rulings {
		rights.Permissions[r.Permission] = ruling{r.Allowed, string(r.Rule), r.Role.ID, r.Role.Title}
		if r.Permission == permission.ViewMessageHistory {
			rights.Visible = r.Allowed
		}
	}
	return api.Respond("Permissions of the user in the channel", rights), nil
}
