package badge

import (
	"context"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/api"
	"github.com/regulars/regulars/internal/api/wire"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/event"
	"github.com/regulars/regulars/internal/progress/award"
)

func (h *handlers) awardRoutes(g *api.Group) {
	api.Add(g, api.Route{
		Method: "POST", Path: one + "/award", ID: "awardBadge", Summary: "Award a badge", Permissions: manageBadges, Traits: api.Compat | api.KeepKey,
		Description: "Awards the badge to a member and pays its reward. A member who has the badge keeps it, and is not paid again. 400 `amount_out_of_range` if the reward exceeds the largest balance, 404 `badge_not_found` or `user_not_found`.",
	}, h.award)
	api.Add(g, api.Route{
		Method: "POST", Path: one + "/remove", ID: "removeBadge", Summary: "Remove a badge from a user", Permissions: manageBadges, Traits: api.Compat,
		Description: "Reverses what is left of the reward, unless `keepReward`; then another award of the badge pays nothing. Conditions do not award the badge again. Does nothing if the member does not have it. 404 `badge_not_found` or `user_not_found`.",
	}, h.remove)
	api.Add(g, api.Route{
		Method: "GET", Path: "/v1/users/{userId}/badges", ID: "listUserBadges", Summary: "List badges of a user", Permissions: readBadges,
		Description: "The newest award first. 400 `invalid_cursor`, 404 `user_not_found`.",
	}, h.listOfUser)
}

type awardBody struct {
	Path
	Body struct {
		api.BodyCommunity
		UserID wire.UserRef `json:"userId" doc:"_id, number, email, username, or external: and the external id."`
	} `nameHint:"BadgeAward"`
}

type removeBody struct {
	Path
	Body struct {
		api.BodyCommunity
		UserID     wire.UserRef `json:"userId" doc:"_id, number, email, username, or external: and the external id."`
		KeepReward bool         `json:"keepReward,omitempty" doc:"Leave the reward to the user."`
	} `nameHint:"BadgeRemoval"`
}

type userBadgesQuery struct {
	wire.UserPath
	wire.CommunityQuery
	wire.CursorInput
}

type badgeAwardView struct {
	AwardID   string      `json:"awardId" example:"6a21d1c09f3b0c4d5e6f7a8b"`
	Badge     badgeView   `json:"badge"`
	AwardedAt string      `json:"awardedAt" format:"date-time"`
	By        badgeActor  `json:"by"`
	Reward    badgeReward `json:"reward" doc:"What the award paid."`
}

type badgeActor struct {
	Type string `json:"type" enum:"user,key,hook,automation,system" doc:"system: the conditions of the badge."`
	ID   string `json:"id" doc:"The _id; empty for system."`
}

type badgeReward struct {
	XP    int64 `json:"xp" example:"100"`
	Coins int64 `json:"coins" example:"20"`
}

func (h *handlers) award(ctx context.Context, in *awardBody) (*api.Answer[[]badgeView], error) {
	given, err := h.Awards.Award(ctx, actor.FromContext(ctx), api.CommunityID(ctx), in.BadgeID, string(in.Body.UserID))
	if err != nil {
		return nil, err
	}
	return api.Respond("Badge has been rewarded successfully", []badgeView{h.view(api.CommunityID(ctx), given)}), nil
}

func (h *handlers) remove(ctx context.Context, in *removeBody) (*api.Answer[[]badgeView], error) {
	err := h.Awards.Remove(ctx, actor.FromContext(ctx), api.CommunityID(ctx), in.BadgeID, string(in.Body.UserID), in.Body.KeepReward)
	if err != nil {
		return nil, err
	}
	return api.Respond("Badge has been removed successfully", []badgeView{}), nil
}

func (h *handlers) listOfUser(ctx context.Context, in *userBadgesQuery) (*api.List[badgeAwardView, wire.Cursor], error) {
	list, next, err := h.Awards.OfMember(ctx, actor.FromContext(ctx), api.CommunityID(ctx), in.UserID, in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	views := api.Convert(list, func(a award.Award) badgeAwardView {
		kind, actorID := event.ActorType(a.Actor)
		return badgeAwardView{a.ID, h.view(api.CommunityID(ctx), a.Badge), clock.Format(a.At), badgeActor{kind, actorID}, badgeReward(a.Paid)}
	})
	return api.RespondList("Badges of the user", views, wire.NewCursor(in.Limit, next)), nil
}
