package gamification

import (
	"context"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/api"
	"github.com/regulars/regulars/internal/api/wire"
	"github.com/regulars/regulars/internal/progress/level"
	"github.com/regulars/regulars/internal/progress/tier"
)

// threshold is a level of a tier.
type threshold struct {
	Level int64 `json:"level" example:"1" doc:"1 to 3."`
	XP    int64 `json:"xp" example:"500" doc:"From which a member has the level."`
}

// tierView is a tier.
type tierView struct {
	ID     string      `json:"_id" example:"6a21d1c09f3b0c4d5e6f7a8b"`
	Name   string      `json:"name" example:"Silver"`
	Icon   string      `json:"icon"`
	RoleID *string     `json:"roleId" doc:"The role that members of the tier have; null: none."`
	Levels []threshold `json:"levels" nullable:"false"`
}

// tierDisplay says what members see.
type tierDisplay struct {
	Levels bool `json:"levels"`
	Tiers  bool `json:"tiers"`
}

// tiersView are the tiers of a community.
type tiersView struct {
	Enabled     bool        `json:"enabled"`
	Display     tierDisplay `json:"display" doc:"What members see."`
	Demote      bool        `json:"demote" doc:"false: members keep the highest position that they ever reached."`
	Recomputing bool        `json:"recomputing" doc:"A job moves members after a change."`
	Version     int64       `json:"version" doc:"Incremented by each update, from 1."`
	Tiers       []tierView  `json:"tiers" nullable:"false" doc:"The lowest first."`
	XPSetting   XPSettings  `json:"xpSetting" doc:"The XP settings."`
}

func newTierView(t level.Tier) tierView {
	v := tierView{ID: t.ID, Name: t.Name, Icon: t.Icon}
	if t.RoleID != "" {
		v.RoleID = &t.RoleID
	}
	for i, xp := range t.Thresholds {
		v.Levels = append(v.Levels, threshold{int64(i) + 1, xp})
	}
	return v
}

// newTiersView returns the tiers with the XP settings.
func (h *handlers) newTiersView(ctx context.Context, s level.Settings) (tiersView, error) {
	rules, err := h.Rules.Get(ctx, actor.FromContext(ctx), api.CommunityID(ctx))
	return tiersView{
		Enabled: s.Enabled, Display: tierDisplay{s.ShowLevels, s.ShowTiers}, Demote: s.Demote, Recomputing: s.Recomputing, Version: s.Version,
		Tiers: api.Convert(s.Tiers, newTierView), XPSetting: newSettings(rules),
	}, err
}

type tiersInput struct {
	wire.IfMatch
	Body struct {
		api.BodyCommunity
		Enabled *bool `json:"enabled,omitempty" default:"true"`
		Display struct {
			Levels *bool `json:"levels,omitempty" default:"true"`
			Tiers  *bool `json:"tiers,omitempty" default:"true"`
		} `json:"display,omitempty"`
		Demote *bool `json:"demote,omitempty" default:"true" doc:"false: members keep the highest position that they ever reached."`
		Tiers  []struct {
			ID     string        `json:"_id,omitempty" doc:"An existing tier, which keeps its members; absent for a new one."`
			Name   string        `json:"name" doc:"1 to 100 characters."`
			Icon   string        `json:"icon,omitempty"`
			RoleID wire.Nullable `json:"roleId,omitempty" doc:"Needs the right to assign the role, if it is new."`
			Levels []threshold   `json:"levels" nullable:"false" maxItems:"100" doc:"The levels 1, 2 and 3."`
		} `json:"tiers" nullable:"false" doc:"All tiers, the lowest first."`
		Version     int64 `json:"version,omitempty" minimum:"1" doc:"The version that was read; absent: update any."`
		Recomputing any   `json:"recomputing,omitempty" doc:"Ignored."`
		XPSetting   any   `json:"xpSetting,omitempty" doc:"Ignored."`
	} `nameHint:"TiersInput"`
}

func (h *handlers) getTiers(ctx context.Context, _ *wire.CommunityQuery) (*api.Answer[tiersView], error) {
	found, err := h.Tiers.Get(ctx, actor.FromContext(ctx), api.CommunityID(ctx))
	if err != nil {
		return nil, err
	}
	view, err := h.newTiersView(ctx, found)
	return api.Respond("Tiers of the community", view), err
}

func (h *handlers) replaceTiers(ctx context.Context, in *tiersInput) (*api.Answer[tiersView], error) {
	b := &in.Body
	version, err := in.Expected(b.Version)
	if err != nil {
		return nil, err
	}
	orTrue := func(value *bool) bool { return value == nil || *value }
	input := tier.Input{Enabled: orTrue(b.Enabled), ShowLevels: orTrue(b.Display.Levels), ShowTiers: orTrue(b.Display.Tiers), Demote: orTrue(b.Demote), Version: version}
	for _, one := range b.Tiers {
		t := tier.OneInput{ID: one.ID, Name: one.Name, Icon: one.Icon, Levels: map[int64]int64{}}
		if roleID := one.RoleID.Text(); roleID != nil {
			t.RoleID = *roleID
		}
		for _, l := range one.Levels {
			t.Levels[l.Level] = l.XP
		}
		if len(t.Levels) != len(one.Levels) {
			t.Levels = nil // a level twice
		}
		input.Tiers = append(input.Tiers, t)
	}
	changed, err := h.Tiers.Replace(ctx, actor.FromContext(ctx), api.CommunityID(ctx), input)
	if err != nil {
		return nil, err
	}
	view, err := h.newTiersView(ctx, changed)
	return api.Respond("Tiers updated successfully", view), err
}
