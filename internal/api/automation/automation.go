package automation

import (
	"context"
	"encoding/json"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/api"
	"github.com/regulars/regulars/internal/api/wire"
	"github.com/regulars/regulars/internal/automation"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/ledger"
)

const one = "/v1/automations/{automationId}"

func (h *handlers) automationRoutes(g *api.Group) {
	api.Add(g, api.Route{
		Method: "GET", Path: "/v1/automations", ID: "listAutomations", Summary: "List automations", Permissions: manage,
		Description: "The oldest automation first. 400 `invalid_cursor`.",
	}, h.list)
	api.Add(g, api.Route{
		Method: "POST", Path: "/v1/automations", ID: "createAutomation", Summary: "Create an automation", Permissions: manage, Traits: api.Created,
		Description: "The automation fires once for each event of its trigger that is written from now on and meets its condition. A firing performs all actions, or none if one fails; the log has the reason. " +
			"`condition` is an expression about `event` (`type`, `occurredAt`, `data`) and `user`, such as `user.country == \"DE\"`; see the guide of automations. " +
			"400 `invalid_condition` names the part that cannot work, with the place in an expression; 400 `role_not_allowed` for a role with server permissions; 403 `missing_permission` or `rank_too_low` for a role that you may not assign; " +
			"404 `badge_not_found`, `channel_not_found`, `field_not_found`, `role_not_found` or `tag_not_found`; 409 `too_many_automations`: a community has at most 100.",
	}, h.create)
	api.Add(g, api.Route{
		Method: "GET", Path: one, ID: "getAutomation", Summary: "Get an automation", Permissions: manage,
		Description: "404 `automation_not_found`.",
	}, h.get)
	api.Add(g, api.Route{
		Method: "PUT", Path: one, ID: "updateAutomation", Summary: "Update an automation", Permissions: manage,
		Description: "Changes the fields that are sent. An automation that becomes enabled does not fire for earlier events. Fails as `POST /v1/automations` does, with 404 `automation_not_found` or 409 `stale_version`.",
	}, h.update)
	api.Add(g, api.Route{
		Method: "DELETE", Path: one, ID: "deleteAutomation", Summary: "Delete an automation", Permissions: manage,
		Description: "What the automation did stays, and its log for 30 days. 404 `automation_not_found`.",
	}, h.delete)
}

type automationView struct {
	ID        string             `json:"_id" example:"6a21d1c09f3b0c4d5e6f7a8b"`
	Name      string             `json:"name" example:"Welcome bonus"`
	Enabled   bool               `json:"enabled"`
	Trigger   automationTrigger  `json:"trigger"`
	Condition string             `json:"condition" example:"user.country == \"DE\"" doc:"An expression; empty: always."`
	Actions   []automationAction `json:"actions" nullable:"false"`
	PerMember *int64             `json:"perMember" example:"1" doc:"Firings for a member in total; null: any number."`
	PerDay    *int64             `json:"perDay" doc:"Firings for a member on a day of the community; null: any number."`
	Version   int64              `json:"version" example:"1"`
	CreatedAt string             `json:"createdAt" format:"date-time"`
}

type automationTrigger struct {
	Event          string `json:"event" example:"user.joined_server" doc:"A type of events."`
	IncludeImports bool   `json:"includeImports,omitempty" doc:"Imported members trigger user.joined_server too."`
}

type automationAction struct {
	Type      string `json:"type" example:"grant" doc:"grant, role, tag, field, badge or message. The other fields depend on it."`
	Unit      string `json:"unit,omitempty" example:"coins" doc:"grant: xp, coins or premium."`
	Amount    int64  `json:"amount,omitempty" example:"100" doc:"grant: a negative amount is a debit."`
	Reason    string `json:"reason,omitempty" example:"Welcome" doc:"grant: 1 to 200 characters; the member sees it."`
	RoleID    string `json:"roleId,omitempty" doc:"role: one without server permissions."`
	Op        string `json:"op,omitempty" doc:"role, tag: add or remove. field: set, add or subtract."`
	Tag       string `json:"tag,omitempty" doc:"tag: the _id; requests may send the name."`
	FieldID   string `json:"fieldId,omitempty" doc:"field: a custom field that is no identifier."`
	Value     any    `json:"value,omitempty" doc:"field: a value of the type of the field; set without a value clears it."`
	BadgeID   string `json:"badgeId,omitempty" doc:"badge."`
	ChannelID string `json:"channelId,omitempty" doc:"message: a channel without topics."`
	Message   string `json:"message,omitempty" example:"Welcome {{user.displayName}}" doc:"message: Markdown, at most 4,000 characters. Values in double braces are plain text and mention no one."`
	GameID    string `json:"gameId,omitempty" doc:"entitlement, which does not exist yet."`
	Count     int64  `json:"count,omitempty" doc:"entitlement, which does not exist yet."`
}

// Parts are the parts of an automation besides its name and trigger.
type Parts struct {
	Enabled   *bool   `json:"enabled,omitempty"`
	Condition *string `json:"condition,omitempty" example:"user.country == \"DE\"" doc:"An expression of at most 2,000 characters; empty: always."`
	PerMember Limit   `json:"perMember,omitempty" doc:"Firings for a member in total; null: any number."`
	PerDay    Limit   `json:"perDay,omitempty" doc:"Firings for a member on a day of the community; null: any number."`
}

type newAutomation struct {
	Body struct {
		api.BodyCommunity
		Name    string             `json:"name" example:"Welcome bonus" doc:"1 to 100 characters."`
		Trigger automationTrigger  `json:"trigger"`
		Actions []automationAction `json:"actions" nullable:"false" doc:"1 to 10 actions, in their order."`
		Parts
	} `nameHint:"NewAutomation"`
}

// Path names an automation in the path.
type Path struct {
	AutomationID string `path:"automationId" doc:"The _id of the automation." example:"6a21d1c09f3b0c4d5e6f7a8b"`
}

type automationChange struct {
	Path
	wire.IfMatch
	Body struct {
		api.BodyCommunity
		Name    *string             `json:"name,omitempty" example:"Welcome bonus" doc:"1 to 100 characters."`
		Trigger *automationTrigger  `json:"trigger,omitempty"`
		Actions *[]automationAction `json:"actions,omitempty" doc:"1 to 10 actions, which replace all."`
		Parts
		Version int64 `json:"version,omitempty" minimum:"1" doc:"The version that was read; absent: update any."`
	} `nameHint:"AutomationChange"`
}

type automationQuery struct {
	Path
	wire.CommunityQuery
}

type automationsQuery struct {
	wire.CommunityQuery
	wire.CursorInput
}

func newView(a automation.Automation) automationView {
	return automationView{
		ID: a.ID, Name: a.Name, Enabled: a.Enabled, Trigger: automationTrigger{a.Event, a.IncludeImports}, Condition: a.Condition, Actions: api.Convert(a.Actions, newAction),
		PerMember: orNull(a.PerMember), PerDay: orNull(a.PerDay), Version: a.Version, CreatedAt: clock.Format(a.CreatedAt),
	}
}

func orNull(n int64) *int64 {
	if n == 0 {
		return nil
	}
	return &n
}

func newAction(a automation.Action) automationAction {
	v := automationAction{
		Type: a.Type, Unit: string(a.Unit), Amount: a.Amount, Reason: a.Reason, RoleID: a.RoleID, Op: a.Op, Tag: a.TagID, FieldID: a.FieldID, BadgeID: a.BadgeID,
		ChannelID: a.ChannelID, Message: a.Message,
	}
	if len(a.Value) > 0 {
		v.Value = a.Value
	}
	return v
}

func action(v automationAction) automation.Action {
	a := automation.Action{
		Type: v.Type, Unit: ledger.Unit(v.Unit), Amount: v.Amount, Reason: v.Reason, RoleID: v.RoleID, Op: v.Op, TagID: v.Tag, FieldID: v.FieldID, BadgeID: v.BadgeID,
		ChannelID: v.ChannelID, Message: v.Message,
	}
	if v.Value != nil {
		a.Value = json.RawMessage(field.EncodeJSON(v.Value))
	}
	return a
}

// input returns the parts for the feature.
func (p *Parts) input(name *string, trigger *automationTrigger, actions *[]automationAction) automation.Input {
	in := automation.Input{Name: name, Enabled: p.Enabled, Condition: p.Condition, PerMember: p.PerMember.value(), PerDay: p.PerDay.value()}
	if trigger != nil {
		in.Event, in.IncludeImports = &trigger.Event, &trigger.IncludeImports
	}
	if actions != nil {
		list := api.Convert(*actions, action)
		in.Actions = &list
	}
	return in
}

func (h *handlers) list(ctx context.Context, in *automationsQuery) (*api.List[automationView, wire.Cursor], error) {
	list, next, err := h.Automations.List(ctx, actor.FromContext(ctx), api.CommunityID(ctx), in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	return api.RespondList("Automations of the community", api.Convert(list, newView), wire.NewCursor(in.Limit, next)), nil
}

func (h *handlers) create(ctx context.Context, in *newAutomation) (*api.Answer[automationView], error) {
	b := &in.Body
	created, err := h.Automations.Create(ctx, actor.FromContext(ctx), api.CommunityID(ctx), b.input(&b.Name, &b.Trigger, &b.Actions))
	if err != nil {
		return nil, err
	}
	return api.Respond("Automation created", newView(created)), nil
}

func (h *handlers) get(ctx context.Context, in *automationQuery) (*api.Answer[automationView], error) {
	found, err := h.Automations.Get(ctx, actor.FromContext(ctx), api.CommunityID(ctx), in.AutomationID)
	if err != nil {
		return nil, err
	}
	return api.Respond("Automation", newView(found)), nil
}

func (h *handlers) update(ctx context.Context, in *automationChange) (*api.Answer[automationView], error) {
	b := &in.Body
	version, err := in.Expected(b.Version)
	if err != nil {
		return nil, err
	}
	changed, err := h.Automations.Update(ctx, actor.FromContext(ctx), api.CommunityID(ctx), in.AutomationID, b.input(b.Name, b.Trigger, b.Actions), version)
	if err != nil {
		return nil, err
	}
	return api.Respond("Automation updated", newView(changed)), nil
}

func (h *handlers) delete(ctx context.Context, in *automationQuery) (*api.Answer[wire.Deleted], error) {
	if err := h.Automations.Delete(ctx, actor.FromContext(ctx), api.CommunityID(ctx), in.AutomationID); err != nil {
		return nil, err
	}
	return api.Respond("Automation deleted", wire.Deleted{ID: in.AutomationID}), nil
}
