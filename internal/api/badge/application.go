package badge

import (
	"context"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/api"
	"github.com/regulars/regulars/internal/api/wire"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/progress/application"
)

func (h *handlers) applicationRoutes(g *api.Group) {
	api.Add(g, api.Route{
		Method: "POST", Path: one + "/apply", ID: "applyForBadge", Summary: "Apply for a badge", Permissions: everyMember, Traits: api.Created,
		Description: "Applies for a `custom` badge; a moderator decides. After a rejection you may apply again. User keys need `getMessages`. " +
			"400 `attachment_required`, 403 `person_required` for the key of a community, 404 `badge_not_found` or `image_not_found`, 409 `already_applied`, `already_awarded` or `not_custom`.",
	}, h.apply)
	api.Add(g, api.Route{
		Method: "GET", Path: "/v1/badge-applications", ID: "listBadgeApplications", Summary: "List applications for badges", Permissions: moderateOrOwn,
		Description: "The oldest application first: for moderators and keys all, for other members their own. 400 `invalid_cursor`.",
	}, h.listApplications)
	api.Add(g, api.Route{
		Method: "POST", Path: "/v1/badge-applications/{applicationId}/decide", ID: "decideBadgeApplication", Summary: "Decide an application", Permissions: moderate,
		Description: "`approve` awards the badge. 404 `badge_application_not_found`, `badge_not_found` or `user_not_found`, 409 `already_decided`.",
	}, h.decide)
}

type newApplication struct {
	Path
	Body struct {
		api.BodyCommunity
		Text        string   `json:"text,omitempty" doc:"At most 2,000 characters; line breaks are allowed."`
		Attachments []string `json:"attachments,omitempty" nullable:"false" maxItems:"5" doc:"Ids of your uploads (POST /v1/messages/upload-image)."`
	} `nameHint:"NewBadgeApplication"`
}

type applicationQuery struct {
	wire.CommunityQuery
	wire.CursorInput
	Status  string `query:"status" enum:"pending,approved,rejected" doc:"Only applications with this status."`
	BadgeID string `query:"badgeId" doc:"Only applications for this badge."`
}

type applicationDecision struct {
	ApplicationID string `path:"applicationId" doc:"The _id of the application." example:"6a21d1c09f3b0c4d5e6f7a8b"`
	Body          struct {
		api.BodyCommunity
		Decision string `json:"decision" enum:"approve,reject"`
		Reason   string `json:"reason,omitempty" doc:"At most 500 characters; the applicant sees it."`
	} `nameHint:"BadgeApplicationDecision"`
}

type badgeApplication struct {
	ID          string            `json:"_id" example:"6a21d1c09f3b0c4d5e6f7a8b"`
	User        *wire.Person      `json:"user,omitempty" doc:"The applicant; absent after deletion."`
	Badge       namedBadge        `json:"badge"`
	Text        string            `json:"text"`
	Attachments []badgeAttachment `json:"attachments" nullable:"false"`
	Status      string            `json:"status" enum:"pending,approved,rejected"`
	Reason      string            `json:"reason" doc:"Of the decision."`
	DecidedBy   *string           `json:"decidedBy" nullable:"true" example:"account:6a21d1c09f3b0c4d5e6f7a8b" doc:"account:<_id>, key:<_id> or command; null: not decided."`
	DecidedAt   *string           `json:"decidedAt" format:"date-time" nullable:"true"`
	CreatedAt   string            `json:"createdAt" format:"date-time"`
}

type namedBadge struct {
	ID    string `json:"_id" example:"6a21d1c09f3b0c4d5e6f7a8b"`
	Title string `json:"title" example:"Helper"`
}

type badgeAttachment struct {
	ID  string `json:"id"`
	URL string `json:"url" doc:"Anyone who has the address sees the image."`
}

func (h *handlers) application(communityID string, a application.Application) badgeApplication {
	v := badgeApplication{
		ID: a.ID, User: wire.NewPerson(a.Member), Badge: namedBadge{a.BadgeID, a.Badge.Title}, Text: a.Text, Attachments: []badgeAttachment{}, Status: a.Status, Reason: a.Reason,
		DecidedAt: wire.TimeOrNull(a.DecidedAt), CreatedAt: clock.Format(a.CreatedAt),
	}
	for _, one := range a.Attachments {
		v.Attachments = append(v.Attachments, badgeAttachment{one, h.Applications.URL(communityID, one)})
	}
	if a.DecidedBy != "" {
		v.DecidedBy = &a.DecidedBy
	}
	return v
}

func (h *handlers) apply(ctx context.Context, in *newApplication) (*api.Answer[badgeApplication], error) {
	created, err := h.Applications.Create(ctx, actor.FromContext(ctx), api.CommunityID(ctx), in.BadgeID, in.Body.Text, in.Body.Attachments)
	if err != nil {
		return nil, err
	}
	return api.Respond("Application sent", h.application(api.CommunityID(ctx), created)), nil
}

func (h *handlers) listApplications(ctx context.Context, in *applicationQuery) (*api.List[badgeApplication, wire.Cursor], error) {
	filter := application.Filter{Status: in.Status, BadgeID: in.BadgeID, Cursor: in.Cursor, Limit: in.Limit}
	list, next, err := h.Applications.List(ctx, actor.FromContext(ctx), api.CommunityID(ctx), filter)
	if err != nil {
		return nil, err
	}
	views := api.Convert(list, func(a application.Application) badgeApplication { return h.application(api.CommunityID(ctx), a) })
	return api.RespondList("Applications for badges", views, wire.NewCursor(in.Limit, next)), nil
}

func (h *handlers) decide(ctx context.Context, in *applicationDecision) (*api.Answer[badgeApplication], error) {
	decided, err := h.Applications.Decide(ctx, actor.FromContext(ctx), api.CommunityID(ctx), in.ApplicationID, in.Body.Decision == "approve", in.Body.Reason)
	if err != nil {
		return nil, err
	}
	return api.Respond("Application decided", h.application(api.CommunityID(ctx), decided)), nil
}
