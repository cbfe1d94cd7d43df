package api

import (
	"context"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/chat"
	"github.com/regulars/regulars/internal/clock"
)

type override struct {
	RoleID string   `json:"roleId,omitempty" doc:"Of a role, or:"`
	UserID string   `json:"userId,omitempty" doc:"the _id of a user."`
	Allow  []string `json:"allow" nullable:"false" doc:"Channel permissions."`
	Deny   []string `json:"deny" nullable:"false" doc:"Channel permissions."`
}

func wireOverride(o access.Override) override {
	return override{o.RoleID, o.UserID, o.Allow, o.Deny}
}

type overrideInput struct {
	RoleID string    `json:"roleId,omitempty" doc:"The _id of a role, or:"`
	UserID reference `json:"userId,omitempty" doc:"a user by _id, number, email or username."`
	Allow  []string  `json:"allow,omitempty" nullable:"false" maxItems:"100" example:"[\"post_messages\"]"`
	Deny   []string  `json:"deny,omitempty" nullable:"false" maxItems:"100"`
}

type overridesInput struct {
	ChannelPath
	CommunityQuery
	Body []overrideInput `doc:"All the overrides the channel is to have; an empty list takes them all away."`
}

type channelRules struct {
	Channel
	Overrides []override `json:"overrides" nullable:"false"`
}

type channelRights struct {
	ChannelID   string            `json:"channelId"`
	UserID      string            `json:"userId" doc:"The _id of the user."`
	Visible     bool              `json:"visible" doc:"Whether the user sees the channel at all: view_message_history."`
	Permissions map[string]ruling `json:"permissions" nullable:"false" doc:"By the name of the permission."`
}

type ruling struct {
	Allowed   bool   `json:"allowed"`
	Rule      string `json:"rule" enum:"not_member,suspended,key_channels,installation_owner,owner,key,server_administrator,member_override,role_override,everyone_override,role,everyone,nothing" doc:"What decided."`
	RoleID    string `json:"roleId,omitempty" doc:"The role whose rule it was; of several the highest."`
	RoleTitle string `json:"roleTitle,omitempty"`
}

func (a *API) setOverrides(ctx context.Context, in *overridesInput) (*answer[channelRules], error) {
	inputs := convert(in.Body, func(o overrideInput) chat.OverrideInput {
		return chat.OverrideInput{RoleID: o.RoleID, User: string(o.UserID), Allow: o.Allow, Deny: o.Deny}
	})
	changed, err := a.Chat.SetOverrides(ctx, actor.FromContext(ctx), here(ctx), in.ChannelID, inputs)
	if err != nil {
		return nil, err
	}
	return respond("Overrides of the channel", channelRules{wireChannel(changed), convert(changed.Overrides, wireOverride)}), nil
}

func (a *API) explainChannel(ctx context.Context, in *channelUser) (*answer[channelRights], error) {
	found, err := a.Chat.Explain(ctx, actor.FromContext(ctx), here(ctx), in.ChannelID, in.UserID)
	if err != nil {
		return nil, err
	}
	rights := channelRights{ChannelID: found.Channel.ID, UserID: found.Member.ID, Permissions: map[string]ruling{}}
	for _, r := range found.Rulings {
		rights.Permissions[r.Permission] = ruling{r.Allowed, string(r.Rule), r.Role.ID, r.Role.Title}
		if r.Permission == access.ViewMessageHistory {
			rights.Visible = r.Allowed
		}
	}
	return respond("Permissions of the user in the channel", rights), nil
}

type category struct {
	ID        string `json:"_id" example:"6a21d1c09f3b0c4d5e6f7a8b"`
	Name      string `json:"name" example:"Matches"`
	Position  int    `json:"position" doc:"Among the categories."`
	CreatedAt string `json:"createdAt" format:"date-time"`
}

func wireCategory(c chat.Category) category {
	return category{c.ID, c.Name, c.Position, clock.Format(c.CreatedAt)}
}

type newCategory struct {
	Body struct {
		CommunityID string `json:"communityId,omitempty" doc:"Needed with a session of several memberships."`
		ServerID    string `json:"serverId,omitempty" doc:"The same by another name."`
		Name        string `json:"name" example:"Matches" doc:"1 to 100 characters."`
	} `nameHint:"NewChannelCategory"`
}

// CategoryPath is a part of inputs.
type CategoryPath struct {
	CategoryID string `path:"categoryId" doc:"The _id of the category."`
}

type categoryPath struct {
	CategoryPath
	CommunityQuery
}

type categoryChange struct {
	CategoryPath
	Body struct {
		CommunityID string  `json:"communityId,omitempty" doc:"Needed with a session of several memberships."`
		ServerID    string  `json:"serverId,omitempty" doc:"The same by another name."`
		Name        *string `json:"name,omitempty" example:"Matches" doc:"1 to 100 characters."`
		Position    *int    `json:"position,omitempty" doc:"Among the categories: before the one that is there now; a large number is the end."`
	} `nameHint:"ChannelCategoryChange"`
}

func (a *API) listCategories(ctx context.Context, _ *CommunityQuery) (*answer[[]category], error) {
	found, err := a.Chat.Categories(ctx, here(ctx))
	if err != nil {
		return nil, err
	}
	return respond("Channel categories of the community", convert(found, wireCategory)), nil
}

func (a *API) createCategory(ctx context.Context, in *newCategory) (*answer[category], error) {
	ctx, err := a.intoBody(ctx, manageChannels, in.Body.CommunityID, in.Body.ServerID)
	if err != nil {
		return nil, err
	}
	made, err := a.Chat.CreateCategory(ctx, actor.FromContext(ctx), here(ctx), in.Body.Name)
	if err != nil {
		return nil, err
	}
	return respond("Channel category created", wireCategory(made)), nil
}

func (a *API) updateCategory(ctx context.Context, in *categoryChange) (*answer[category], error) {
	ctx, err := a.intoBody(ctx, manageChannels, in.Body.CommunityID, in.Body.ServerID)
	if err != nil {
		return nil, err
	}
	change := chat.CategoryChange{Name: in.Body.Name, Position: in.Body.Position}
	changed, err := a.Chat.UpdateCategory(ctx, actor.FromContext(ctx), here(ctx), in.CategoryID, change)
	if err != nil {
		return nil, err
	}
	return respond("Channel category changed", wireCategory(changed)), nil
}

func (a *API) deleteCategory(ctx context.Context, in *categoryPath) (*answer[deleted], error) {
	if err := a.Chat.DeleteCategory(ctx, actor.FromContext(ctx), here(ctx), in.CategoryID); err != nil {
		return nil, err
	}
	return respond("Channel category deleted", deleted{in.CategoryID}), nil
}
