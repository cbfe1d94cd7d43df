// Package milestone has the operations of milestones.
package milestone

import (
	"context"
	"encoding/json"
	"math"

	"github.com/danielgtaylor/huma/v2"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/api"
	"github.com/regulars/regulars/internal/api/wire"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/progress/completion"
	"github.com/regulars/regulars/internal/progress/milestone"
)

// handlers serve the operations.
type handlers struct {
	milestones  *milestone.Milestones
	completions *completion.Completions
}

// New returns the area.
func New(m *milestone.Milestones, c *completion.Completions) api.Area {
	h := &handlers{m, c}
	return api.Area{Tag: "Milestones", Description: "Goals that members reach once, by what they do and by their fields, with rewards and a boost for the fast.", Routes: h.routes}
}

const one = "/v1/milestones/{milestoneId}"

var (
	view   = []actor.Permission{permission.ViewGamification}
	manage = []actor.Permission{permission.Gamification}
	read   = []actor.Permission{permission.GetUserStats, permission.Gamification, permission.AnyMember}
)

func (h *handlers) routes(g *api.Group) {
	api.Add(g, api.Route{
		Method: "GET", Path: "/v1/milestones", ID: "listMilestones", Summary: "List milestones", Permissions: view,
		Description: "By group and order. Members see the enabled ones. 400 `invalid_cursor`.",
	}, h.list)
	api.Add(g, api.Route{
		Method: "POST", Path: "/v1/milestones", ID: "createMilestone", Summary: "Create a milestone", Permissions: manage, Traits: api.Created,
		Description: "Members complete it once, from `startsAt` to `endsAt`. Actions count from `startsAt` on, visits and minutes from the beginning of its day. If it is enabled, a job checks all members now, or when it starts. " +
			"400 `invalid_condition` names each wrong part of the conditions by its path. 404 `badge_not_found`. 409 `too_many_milestones`: a community has at most 500.",
	}, h.create)
	api.Add(g, api.Route{
		Method: "PUT", Path: one, ID: "updateMilestone", Summary: "Update a milestone", Permissions: manage,
		Description: "Changes the fields that are sent; null removes `boost`, `startsAt`, `endsAt` and `rewards.badgeId`. If it is enabled, a job checks all members. Completions stay, with their rewards. Fails as `POST /v1/milestones` does, with 404 `milestone_not_found` or 409 `stale_version`.",
	}, h.update)
	api.Add(g, api.Route{
		Method: "DELETE", Path: one, ID: "deleteMilestone", Summary: "Delete a milestone", Permissions: manage,
		Description: "Completions stay, with their rewards. 404 `milestone_not_found`.",
	}, h.delete)
	api.Add(g, api.Route{
		Method: "POST", Path: "/v1/users/milestones", ID: "getUserMilestones", Summary: "Get the milestones of a user", Permissions: read, Traits: api.Compat | api.ReadOnly,
		Description: "Members read their own data. The enabled milestones and those that the user has completed, by group and order. 400 `invalid_input`. 404 `user_not_found`. 409 `identifier_ambiguous` if several members have the value of a custom field, 503 `lookup_not_ready` while its index is built.",
	}, h.ofUser)
}

type milestoneView struct {
	ID             string           `json:"_id" example:"6a21d1c09f3b0c4d5e6f7a8b"`
	Name           string           `json:"name" example:"Verify identity"`
	Group          string           `json:"group" example:"Start" doc:"Empty: none."`
	Order          int64            `json:"order" doc:"In the group."`
	Description    string           `json:"description"`
	Conditions     any              `json:"conditions" doc:"A group {operator: and or or, conditions[]}. Fields are named by their ids."`
	Rewards        milestoneRewards `json:"rewards"`
	Boost          *milestoneBoost  `json:"boost,omitempty" doc:"Absent: none."`
	StartsAt       *string          `json:"startsAt" format:"date-time" nullable:"true"`
	EndsAt         *string          `json:"endsAt" format:"date-time" nullable:"true"`
	IsEnabled      bool             `json:"isEnabled"`
	CompletedCount int64            `json:"completedCount" doc:"The members that have completed it."`
	Version        int64            `json:"version" doc:"Incremented by each change, from 1."`
	CreatedAt      string           `json:"createdAt" format:"date-time"`
}

type milestoneRewards struct {
	XP      int64   `json:"xp"`
	Coins   int64   `json:"coins" example:"500"`
	BadgeID *string `json:"badgeId" nullable:"true"`
}

type milestoneBoost struct {
	Factor      float64 `json:"factor" example:"2" doc:"1.1 to 10, with one decimal. XP and coins are rounded down."`
	WithinHours int64   `json:"withinHours,omitempty" example:"24" doc:"From startsAt or the joining of the user, the later one; absent: always."`
}

func newRewards(r milestone.Reward) milestoneRewards {
	v := milestoneRewards{XP: r.XP, Coins: r.Coins}
	if r.BadgeID != "" {
		v.BadgeID = &r.BadgeID
	}
	return v
}

func newView(m milestone.Milestone) milestoneView {
	v := milestoneView{
		ID: m.ID, Name: m.Name, Group: m.Group, Order: m.Order, Description: m.Description, Conditions: &m.Conditions, Rewards: newRewards(m.Reward),
		StartsAt: wire.TimeOrNull(m.StartsAt), EndsAt: wire.TimeOrNull(m.EndsAt), IsEnabled: m.Enabled, CompletedCount: m.Completed, Version: m.Version, CreatedAt: clock.Format(m.CreatedAt),
	}
	if m.Boost.Tenths != 0 {
		v.Boost = &milestoneBoost{float64(m.Boost.Tenths) / 10, m.Boost.Hours}
	}
	return v
}

// boost is a boost in a request, or null.
type boost struct{ given *milestone.Boost }

// UnmarshalJSON decodes a boost or null. A factor with more than one decimal is not valid.
func (b *boost) UnmarshalJSON(raw []byte) error {
	var v *struct {
		Factor      float64 `json:"factor"`
		WithinHours *int64  `json:"withinHours"`
	}
	if err := json.Unmarshal(raw, &v); err != nil {
		return err
	}
	if b.given = (&milestone.Boost{}); v == nil {
		return nil
	}
	b.given.Tenths = -1
	if tenths := math.Round(v.Factor * 10); tenths/10 == v.Factor && tenths > 0 && tenths < math.MaxInt32 {
		b.given.Tenths = int64(tenths)
	}
	if v.WithinHours != nil {
		if b.given.Hours = *v.WithinHours; b.given.Hours == 0 {
			b.given.Hours = -1
		}
	}
	return nil
}

// Schema describes a boost or null.
func (boost) Schema(huma.Registry) *huma.Schema {
	minHours := 1.0
	s := &huma.Schema{
		Type: huma.TypeObject, Nullable: true, Required: []string{"factor"}, Properties: map[string]*huma.Schema{
			"factor":      {Type: huma.TypeNumber, Description: "1.1 to 10, with one decimal. XP and coins are rounded down.", Examples: []any{2}},
			"withinHours": {Type: huma.TypeInteger, Minimum: &minHours, Description: "From startsAt or the joining of the user, the later one; absent: always.", Examples: []any{24}},
		}, AdditionalProperties: false,
	}
	for _, one := range s.Properties {
		one.PrecomputeMessages()
	}
	s.PrecomputeMessages()
	return s
}

type rewardsInput struct {
	XP      *int64        `json:"xp,omitempty"`
	Coins   *int64        `json:"coins,omitempty" example:"500"`
	BadgeID wire.Nullable `json:"badgeId,omitempty" doc:"The _id of a badge that is awarded; null: none."`
}

// Parts are the optional fields of a milestone in a request.
type Parts struct {
	Group       *string       `json:"group,omitempty" example:"Start" doc:"At most 50 characters."`
	Order       *int64        `json:"order,omitempty" doc:"In the group."`
	Description *string       `json:"description,omitempty" doc:"At most 2,000 characters."`
	Rewards     *rewardsInput `json:"rewards,omitempty"`
	Boost       boost         `json:"boost,omitempty"`
	StartsAt    wire.Nullable `json:"startsAt,omitempty" example:"2026-11-28T10:00:00.000Z" doc:"Null: no start."`
	EndsAt      wire.Nullable `json:"endsAt,omitempty" doc:"The last instant; null: no end."`
	IsEnabled   *bool         `json:"isEnabled,omitempty" doc:"Default true."`
}

// input returns the parts for the feature.
func (p *Parts) input(name *string, conditions any) (milestone.Input, error) {
	in := milestone.Input{
		Name: name, Group: p.Group, Order: p.Order, Description: p.Description, Boost: p.Boost.given, StartsAt: p.StartsAt.Text(), EndsAt: p.EndsAt.Text(), Enabled: p.IsEnabled,
	}
	if p.Rewards != nil {
		in.XP, in.Coins, in.BadgeID = p.Rewards.XP, p.Rewards.Coins, p.Rewards.BadgeID.Text()
	}
	if conditions == nil {
		return in, nil
	}
	var err error
	in.Conditions, err = json.Marshal(conditions)
	return in, err
}

type newMilestone struct {
	Body struct {
		api.BodyCommunity
		Name       string `json:"name" example:"Verify identity" doc:"1 to 100 characters."`
		Conditions any    `json:"conditions" doc:"A group {operator: and or or, conditions[]} of conditions {action, op, value} and {fieldId, op, value}, and of groups."`
		Parts
	} `nameHint:"NewMilestone"`
}

// Path names a milestone in the path.
type Path struct {
	MilestoneID string `path:"milestoneId" doc:"The _id of the milestone." example:"6a21d1c09f3b0c4d5e6f7a8b"`
}

type milestoneChange struct {
	Path
	wire.IfMatch
	Body struct {
		api.BodyCommunity
		Name       *string `json:"name,omitempty" example:"Verify identity" doc:"1 to 100 characters."`
		Conditions any     `json:"conditions,omitempty" doc:"As for POST /v1/milestones."`
		Parts
		Version int64 `json:"version,omitempty" minimum:"1" doc:"The version that was read; absent: update any."`
	} `nameHint:"MilestoneChange"`
}

type milestonesQuery struct {
	wire.CommunityQuery
	wire.CursorInput
}

type milestoneQuery struct {
	Path
	wire.CommunityQuery
}

func (h *handlers) list(ctx context.Context, in *milestonesQuery) (*api.List[milestoneView, wire.Cursor], error) {
	list, next, err := h.milestones.List(ctx, actor.FromContext(ctx), api.CommunityID(ctx), in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	return api.RespondList("Milestones of the community", api.Convert(list, newView), wire.NewCursor(in.Limit, next)), nil
}

func (h *handlers) create(ctx context.Context, in *newMilestone) (*api.Answer[milestoneView], error) {
	input, err := in.Body.input(&in.Body.Name, in.Body.Conditions)
	if err != nil {
		return nil, err
	}
	made, err := h.milestones.Create(ctx, actor.FromContext(ctx), api.CommunityID(ctx), input)
	if err != nil {
		return nil, err
	}
	return api.Respond("Milestone created", newView(made)), nil
}

func (h *handlers) update(ctx context.Context, in *milestoneChange) (*api.Answer[milestoneView], error) {
	version, err := in.Expected(in.Body.Version)
	if err != nil {
		return nil, err
	}
	input, err := in.Body.input(in.Body.Name, in.Body.Conditions)
	if err != nil {
		return nil, err
	}
	changed, err := h.milestones.Update(ctx, actor.FromContext(ctx), api.CommunityID(ctx), in.MilestoneID, input, version)
	if err != nil {
		return nil, err
	}
	return api.Respond("Milestone updated", newView(changed)), nil
}

func (h *handlers) delete(ctx context.Context, in *milestoneQuery) (*api.Answer[wire.Deleted], error) {
	if err := h.milestones.Delete(ctx, actor.FromContext(ctx), api.CommunityID(ctx), in.MilestoneID); err != nil {
		return nil, err
	}
	return api.Respond("Milestone deleted", wire.Deleted{ID: in.MilestoneID}), nil
}
