// Package report has the operations of reports of messages.
package report

import (
	"context"
	"time"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/api"
	"github.com/regulars/regulars/internal/api/wire"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/message"
	"github.com/regulars/regulars/internal/report"
)

// handlers serve the operations.
type handlers struct{ reports *report.Reports }

// New returns the area.
func New(reports *report.Reports) api.Area {
	h := &handlers{reports}
	return api.Area{Tag: "Messages", Routes: h.routes}
}

var (
	// everyMember also admits keys of communities, which are told that this needs a person.
	everyMember = []actor.Permission{permission.GetMessages, permission.AnyMember}
	moderate    = []actor.Permission{permission.Moderate}
)

func (h *handlers) routes(g *api.Group) {
	api.Add(g, api.Route{
		Method: "POST", Path: "/v1/messages/{messageId}/report", ID: "reportMessage", Summary: "Report a message",
		Permissions: everyMember, Traits: api.Created,
		Description: "Reports a message that you see to the moderators. The author is not informed. A message has one report, which collects its reporters; a resolved one is opened again. User keys need `getMessages`. " +
			"403 `person_required` for the key of a community, 404 `message_not_found`, 409 `already_reported`.",
	}, h.create)
	api.Add(g, api.Route{
		Method: "GET", Path: "/v1/reports", ID: "listReports", Summary: "List reports",
		Permissions: moderate,
		Description: "The oldest open report first, then the newest resolved one first. 400 `invalid_cursor`.",
	}, h.list)
	api.Add(g, api.Route{
		Method: "POST", Path: "/v1/reports/{reportId}/resolve", ID: "resolveReport", Summary: "Resolve a report",
		Permissions: moderate,
		Description: "`delete` deletes the message. `warn`, `suspend` and `ban` impose the penalty on its author, need the permission of the penalty, and leave the message. " +
			"403 `rank_too_low` or `not_yourself`, 404 `report_not_found` or `user_not_found`, 409 `already_resolved`, `owner_protected`, `already_banned`, `member_left`, `member_banned` or `member_pending`.",
	}, h.resolve)
}

type reportView struct {
	ID         string         `json:"_id" example:"6a21d1c09f3b0c4d5e6f7a8b"`
	Message    *message.View  `json:"message,omitempty" doc:"Without its content after deletion, and absent some time later."`
	Reporters  []reporterView `json:"reporters" nullable:"false" doc:"The first one first."`
	Source     string         `json:"source" enum:"member,alert_word" doc:"Of the first report."`
	Status     string         `json:"status" enum:"open,resolved"`
	Resolution *resolution    `json:"resolution,omitempty" doc:"Of a resolved report."`
	CreatedAt  string         `json:"createdAt" format:"date-time"`
}

type reporterView struct {
	User   *wire.Person `json:"user,omitempty" doc:"Absent after deletion or erasure."`
	Reason string       `json:"reason" example:"Spam" doc:"Empty after erasure."`
	At     string       `json:"at" format:"date-time"`
}

type resolution struct {
	Action    report.Action `json:"action" enum:"dismiss,delete,warn,suspend,ban"`
	Reason    string        `json:"reason" example:"Spam" doc:"Empty after erasure of the author."`
	Actor     string        `json:"actor" example:"account:6a21d1c09f3b0c4d5e6f7a8b" doc:"account:<_id>, key:<_id> or command."`
	ActorName string        `json:"actorName" example:"ada" doc:"The name at that time."`
	At        string        `json:"at" format:"date-time"`
	PenaltyID string        `json:"penaltyId,omitempty" doc:"The _id of the penalty that was imposed."`
}

func view(r report.Report) reportView {
	v := reportView{ID: r.ID, Message: r.Message, Reporters: []reporterView{}, Source: r.Source, Status: r.Status, CreatedAt: clock.Format(r.CreatedAt)}
	for _, one := range r.Reporters {
		v.Reporters = append(v.Reporters, reporterView{wire.NewPerson(one.Member), one.Reason, clock.Format(one.At)})
	}
	if by := r.Resolution; r.Status == report.Resolved {
		v.Resolution = &resolution{by.Action, by.Reason, by.Actor, by.ActorName, clock.Format(by.At), by.PenaltyID}
	}
	return v
}

type newReport struct {
	MessageID string `path:"messageId" doc:"The id of the message." example:"6a21d1c09f3b0c4d5e6f7a8b"`
	Body      struct {
		api.BodyCommunity
		Reason string `json:"reason" example:"Spam" doc:"1 to 500 characters."`
	} `nameHint:"NewReport"`
}

type createdReport struct {
	ID     string `json:"_id" example:"6a21d1c09f3b0c4d5e6f7a8b"`
	Status string `json:"status" enum:"open"`
}

func (h *handlers) create(ctx context.Context, in *newReport) (*api.Answer[createdReport], error) {
	created, err := h.reports.Create(ctx, actor.FromContext(ctx), api.CommunityID(ctx), in.MessageID, in.Body.Reason)
	if err != nil {
		return nil, err
	}
	return api.Respond("Message reported", createdReport{created.ID, created.Status}), nil
}

type reportQuery struct {
	wire.CommunityQuery
	wire.CursorInput
	Status string `query:"status" enum:"open,resolved" doc:"Only reports with this status."`
}

func (h *handlers) list(ctx context.Context, in *reportQuery) (*api.List[reportView, wire.Cursor], error) {
	found, next, err := h.reports.List(ctx, actor.FromContext(ctx), api.CommunityID(ctx), report.Filter{Status: in.Status, Cursor: in.Cursor, Limit: in.Limit})
	if err != nil {
		return nil, err
	}
	return api.RespondList("Reports", api.Convert(found, view), wire.NewCursor(in.Limit, next)), nil
}

type decision struct {
	ReportID string `path:"reportId" doc:"The _id of the report." example:"6a21d1c09f3b0c4d5e6f7a8b"`
	Body     struct {
		api.BodyCommunity
		Action report.Action `json:"action" enum:"dismiss,delete,warn,suspend,ban"`
		Reason string        `json:"reason" example:"Spam" doc:"1 to 500 characters."`
		Until  time.Time     `json:"until,omitempty" doc:"The end of a suspension; required there."`
	} `nameHint:"ReportDecision"`
}

func (h *handlers) resolve(ctx context.Context, in *decision) (*api.Answer[reportView], error) {
	by := report.Decision{Action: in.Body.Action, Reason: in.Body.Reason}
	if !in.Body.Until.IsZero() {
		by.Until = in.Body.Until.UnixMilli()
	}
	resolved, err := h.reports.Resolve(ctx, actor.FromContext(ctx), api.CommunityID(ctx), in.ReportID, by)
	if err != nil {
		return nil, err
	}
	return api.Respond("Report resolved", view(resolved)), nil
}
