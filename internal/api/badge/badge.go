package badge

import (
	"context"
	"encoding/json"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/api"
	"github.com/regulars/regulars/internal/api/wire"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/progress/badge"
)

const one = "/v1/badges/{badgeId}"

func (h *handlers) badgeRoutes(g *api.Group) {
	api.Add(g, api.Route{
		Method: "GET", Path: "/v1/badges", ID: "listBadges", Summary: "List badges", Permissions: readBadges, Traits: api.Compat,
		Description: "The oldest badge first.",
	}, h.list)
	api.Add(g, api.Route{
		Method: "POST", Path: "/v1/badges", ID: "createBadge", Summary: "Create a badge", Permissions: manageBadges, Traits: api.Compat,
		Description: "A `custom` badge is awarded by `POST /v1/badges/{badgeId}/award` or after an application. The others are awarded when a member reaches `quantity` of the action, or meets `conditions`; `POST /v1/badges/{badgeId}/evaluate` awards them for what was done before. " +
			"A picture is the id of an upload (`POST /v1/messages/upload-image`) or an https address, which is fetched once. " +
			"400 `invalid_condition` names each wrong part of the conditions by its path; 400 `address_not_allowed`, `fetch_failed`, `image_damaged` or `image_dimensions`; 404 `image_not_found`; 409 `too_many_badges`: a community has at most 500; 413 `image_too_large`; 415 `image_type`.",
	}, h.create)
	api.Add(g, api.Route{
		Method: "PUT", Path: one, ID: "updateBadge", Summary: "Update a badge", Permissions: manageBadges, Traits: api.Compat,
		Description: "Changes the fields that are sent. A picture that is sent back with its address stays; an empty text removes it. Members keep badges that they have. Fails as `POST /v1/badges` does, with 404 `badge_not_found` or 409 `stale_version`.",
	}, h.update)
	api.Add(g, api.Route{
		Method: "DELETE", Path: one, ID: "deleteBadge", Summary: "Delete a badge", Permissions: manageBadges, Traits: api.Compat,
		Description: "Members no longer have the badge; rewards stay. 404 `badge_not_found`.",
	}, h.delete)
	api.Add(g, api.Route{
		Method: "POST", Path: one + "/evaluate", ID: "evaluateBadge", Summary: "Evaluate a badge for all members", Permissions: manageBadges, Traits: api.Accepted,
		Description: "Awards the badge to all members who meet its conditions, in a job; `evaluation` of the badge shows its progress. A member from whom the badge was removed does not get it. 404 `badge_not_found`, 409 `evaluation_running` or `not_automatic`.",
	}, h.evaluate)
}

type badgeView struct {
	ID                    string           `json:"_id" example:"6a21d1c09f3b0c4d5e6f7a8b"`
	SameID                string           `json:"id" doc:"The same as _id."`
	Title                 string           `json:"title" example:"Helper"`
	Action                string           `json:"action" enum:"custom,messages,replies,reactions,visitStreak,conditions" doc:"What awards the badge; custom: an award or an application."`
	Quantity              int64            `json:"quantity" example:"50" doc:"Of the action."`
	Conditions            any              `json:"conditions,omitempty" doc:"Of the action conditions: a group {operator: and or or, conditions[]}. Fields are named by their ids."`
	Description           string           `json:"description" example:"50 replies"`
	Image                 string           `json:"image" doc:"The address of the picture; empty: none."`
	DarkImage             string           `json:"darkImage" doc:"The address of the picture on dark pages; empty: none."`
	LightImage            string           `json:"lightImage" doc:"The address of the picture on light pages; empty: none."`
	EnabledDarkAndLight   bool             `json:"enabledDarkAndLight" doc:"Show darkImage and lightImage in place of image."`
	Award                 bool             `json:"award" doc:"An award pays awardXpQuantity."`
	AwardXPQuantity       int64            `json:"awardXpQuantity" example:"100"`
	AwardCurrency         bool             `json:"awardCurrency" doc:"An award pays awardCurrencyQuantity coins."`
	AwardCurrencyQuantity int64            `json:"awardCurrencyQuantity" example:"20"`
	AttachRequired        bool             `json:"attachRequired" doc:"An application needs an image."`
	AwardedCount          int64            `json:"awardedCount" doc:"The members that have the badge."`
	Evaluation            *badgeEvaluation `json:"evaluation,omitempty" doc:"The last evaluation for all members; absent: there was none."`
	Version               int64            `json:"version" doc:"Incremented by each change, from 1."`
	CreatedAt             string           `json:"createdAt" format:"date-time"`
}

type badgeEvaluation struct {
	State      string  `json:"state" enum:"running,done,failed"`
	Checked    int64   `json:"checked" doc:"Members that were checked."`
	Awarded    int64   `json:"awarded" doc:"Members that got the badge."`
	StartedAt  string  `json:"startedAt" format:"date-time"`
	FinishedAt *string `json:"finishedAt" format:"date-time" nullable:"true"`
}

// view returns a badge on the wire.
func (h *handlers) view(communityID string, b badge.Badge) badgeView {
	v := badgeView{
		ID: b.ID, SameID: b.ID, Title: b.Title, Action: b.Action, Quantity: b.Quantity, Description: b.Description,
		Image: h.Badges.URL(communityID, b.Image), DarkImage: h.Badges.URL(communityID, b.Dark), LightImage: h.Badges.URL(communityID, b.Light), EnabledDarkAndLight: b.ByTheme,
		Award: b.PaysXP, AwardXPQuantity: b.XP, AwardCurrency: b.PaysCoins, AwardCurrencyQuantity: b.Coins, AttachRequired: b.AttachmentRequired,
		AwardedCount: b.Awarded, Version: b.Version, CreatedAt: clock.Format(b.CreatedAt),
	}
	if b.Action == badge.ByConditions {
		v.Conditions = &b.Conditions
	}
	if e := b.Evaluation; e.State != "" {
		v.Evaluation = &badgeEvaluation{e.State, e.Checked, e.Awarded, clock.Format(e.StartedAt), wire.TimeOrNull(e.FinishedAt)}
	}
	return v
}

func (h *handlers) respond(ctx context.Context, message string, b badge.Badge) *api.Answer[badgeView] {
	return api.Respond(message, h.view(api.CommunityID(ctx), b))
}

// Parts are the optional fields of a badge in a request.
type Parts struct {
	Quantity              *int64  `json:"quantity,omitempty" example:"50" doc:"Of the action: 1 to 999; of others 0 to 999."`
	Conditions            any     `json:"conditions,omitempty" doc:"For the action conditions: a group {operator: and or or, conditions[]} of conditions {action, op, value} and {fieldId, op, value}, and of groups."`
	Description           *string `json:"description,omitempty" doc:"At most 2,000 characters."`
	Image                 *string `json:"image,omitempty" doc:"The id of an upload, or an https address; empty: none."`
	DarkImage             *string `json:"darkImage,omitempty" doc:"As image, for dark pages."`
	LightImage            *string `json:"lightImage,omitempty" doc:"As image, for light pages."`
	EnabledDarkAndLight   *bool   `json:"enabledDarkAndLight,omitempty"`
	Award                 *bool   `json:"award,omitempty" doc:"An award pays awardXpQuantity."`
	AwardXPQuantity       *int64  `json:"awardXpQuantity,omitempty" example:"100"`
	AwardCurrency         *bool   `json:"awardCurrency,omitempty" doc:"An award pays awardCurrencyQuantity coins."`
	AwardCurrencyQuantity *int64  `json:"awardCurrencyQuantity,omitempty" example:"20"`
	AttachRequired        *bool   `json:"attachRequired,omitempty" doc:"An application needs an image."`
}

// input returns the parts for the feature.
func (p *Parts) input(title, action *string) (badge.Input, error) {
	in := badge.Input{
		Title: title, Action: action, Quantity: p.Quantity, Description: p.Description, Image: p.Image, Dark: p.DarkImage, Light: p.LightImage, ByTheme: p.EnabledDarkAndLight,
		PaysXP: p.Award, XP: p.AwardXPQuantity, PaysCoins: p.AwardCurrency, Coins: p.AwardCurrencyQuantity, AttachmentRequired: p.AttachRequired,
	}
	if p.Conditions == nil {
		return in, nil
	}
	var err error
	in.Conditions, err = json.Marshal(p.Conditions)
	return in, err
}

type newBadge struct {
	Body struct {
		api.BodyCommunity
		Title  string `json:"title" example:"Helper" doc:"1 to 100 characters."`
		Action string `json:"action" example:"replies" doc:"custom, messages, replies, reactions, visitStreak or conditions."`
		Parts
	} `nameHint:"NewBadge"`
}

// Path names a badge in the path.
type Path struct {
	BadgeID string `path:"badgeId" doc:"The _id of the badge." example:"6a21d1c09f3b0c4d5e6f7a8b"`
}

type badgeChange struct {
	Path
	wire.IfMatch
	Body struct {
		api.BodyCommunity
		Title  *string `json:"title,omitempty" example:"Helper" doc:"1 to 100 characters."`
		Action *string `json:"action,omitempty" example:"replies" doc:"custom, messages, replies, reactions, visitStreak or conditions."`
		Parts
		Version int64 `json:"version,omitempty" minimum:"1" doc:"The version that was read; absent: update any."`
	} `nameHint:"BadgeChange"`
}

type badgeQuery struct {
	Path
	wire.CommunityQuery
}

type badgesQuery struct {
	wire.CommunityQuery
	wire.PageInput
}

type badgeBody struct {
	Path
	Body *struct{ api.BodyCommunity } `nameHint:"BadgeEvaluation"`
}

func (h *handlers) list(ctx context.Context, in *badgesQuery) (*api.List[badgeView, wire.Pages], error) {
	list, total, err := h.Badges.List(ctx, actor.FromContext(ctx), api.CommunityID(ctx), in.Page, in.Limit)
	if err != nil {
		return nil, err
	}
	views := api.Convert(list, func(b badge.Badge) badgeView { return h.view(api.CommunityID(ctx), b) })
	return api.RespondList("Badges of the community", views, wire.Pages{Page: in.Page, Limit: in.Limit, Total: total}), nil
}

func (h *handlers) create(ctx context.Context, in *newBadge) (*api.Answer[badgeView], error) {
	input, err := in.Body.input(&in.Body.Title, &in.Body.Action)
	if err != nil {
		return nil, err
	}
	created, err := h.Badges.Create(ctx, actor.FromContext(ctx), api.CommunityID(ctx), input)
	if err != nil {
		return nil, err
	}
	return h.respond(ctx, "Badge created", created), nil
}

func (h *handlers) update(ctx context.Context, in *badgeChange) (*api.Answer[badgeView], error) {
	version, err := in.Expected(in.Body.Version)
	if err != nil {
		return nil, err
	}
	input, err := in.Body.input(in.Body.Title, in.Body.Action)
	if err != nil {
		return nil, err
	}
	changed, err := h.Badges.Update(ctx, actor.FromContext(ctx), api.CommunityID(ctx), in.BadgeID, input, version)
	if err != nil {
		return nil, err
	}
	return h.respond(ctx, "Badge updated", changed), nil
}

func (h *handlers) delete(ctx context.Context, in *badgeQuery) (*api.Answer[wire.Deleted], error) {
	if err := h.Badges.Delete(ctx, actor.FromContext(ctx), api.CommunityID(ctx), in.BadgeID); err != nil {
		return nil, err
	}
	return api.Respond("Badge deleted", wire.Deleted{ID: in.BadgeID}), nil
}

func (h *handlers) evaluate(ctx context.Context, in *badgeBody) (*api.Answer[badgeView], error) {
	b, err := h.Awards.Evaluate(ctx, actor.FromContext(ctx), api.CommunityID(ctx), in.BadgeID)
	if err != nil {
		return nil, err
	}
	return h.respond(ctx, "Evaluation started", b), nil
}
