// Package activity has the operations of the activity of members and of their entries in
// the ledger.
package activity

import (
	"context"
	"time"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/api"
	"github.com/regulars/regulars/internal/api/wire"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/ledger"
	"github.com/regulars/regulars/internal/progress/activity"
	"github.com/regulars/regulars/internal/progress/subject"
)

// handlers serve the operations.
type handlers struct{ activity *activity.Activity }

// New returns the area.
func New(a *activity.Activity) api.Area {
	h := &handlers{a}
	return api.Area{Tag: "Gamification", Routes: h.routes}
}

// fetched is the message of the daily counts, as other servers send it.
const fetched = "User gamification stats fetched successfully"

var (
	viewStats = []actor.Permission{permission.GetUserStats, permission.AnyMember}
	readOnly  = api.Compat | api.ReadOnly
)

func (h *handlers) routes(g *api.Group) {
	const naming = " 400 `invalid_input`. 409 `identifier_ambiguous` if several members have the value of a custom field, 503 `lookup_not_ready` while its index is built."
	const own = "Members read their own data."
	api.Add(g, api.Route{
		Method: "POST", Path: "/v1/users/activity/daily", ID: "getDailyActivity", Summary: "Get what users earned on a day", Permissions: viewStats, Traits: readOnly,
		Description: own + " `results` has the users of the page in the order of the identifiers." + naming,
	}, h.daily)
	api.Add(g, api.Route{
		Method: "POST", Path: "/v1/users/activity/stats", ID: "getActivityStats", Summary: "Get the activity of a user by day", Permissions: viewStats, Traits: readOnly,
		Description: own + " Messages, replies and reactions that were deleted do not count. 404 `user_not_found`." + naming,
	}, h.stats)
	api.Add(g, api.Route{
		Method: "GET", Path: "/v1/users/activity/stats", ID: "getActivityStatsByQuery", Summary: "Get the activity of a user by day, named in the query", Permissions: viewStats, Traits: api.Compat | api.MayConflict,
		Description: own + " 404 `user_not_found`." + naming,
	}, h.statsByQuery)
	api.Add(g, api.Route{
		Method: "POST", Path: "/v1/users/activity/logs", ID: "getActivityLogs", Summary: "List the entries of a user in the ledger", Permissions: viewStats, Traits: readOnly,
		Description: own + " The newest first. Filtered entries are counted up to 10,000. 404 `user_not_found`." + naming,
	}, h.logs)
}

// dayText formats the number of a day.
func dayText(day int64, layout string) string { return community.DateOf(day).Format(layout) }

const slashed = "02/01/2006"

type dailyInput struct {
	Body struct {
		api.BodyCommunity
		wire.Naming
		Date  string `json:"date,omitempty" example:"28/11/2026" doc:"DD/MM/YYYY or YYYY-MM-DD; absent: today in the time zone of the community."`
		Page  int    `json:"page,omitempty" minimum:"1" maximum:"1000" default:"1"`
		Limit int    `json:"limit,omitempty" minimum:"1" maximum:"1000" default:"50"`
	} `nameHint:"DailyActivityInput"`
}

type dailyPages struct {
	Page       int `json:"page"`
	Limit      int `json:"limit"`
	Total      int `json:"total" doc:"The number of identifiers."`
	TotalPages int `json:"total_pages"`
	Found      int `json:"found" doc:"The number of users found."`
}

type dailyRow struct {
	Identifier string `json:"identifier"`
	UserID     string `json:"user_id"`
	Date       string `json:"date" example:"28/11/2026"`
	Coins      int64  `json:"coins"`
	XP         int64  `json:"xp"`
}

type dailyActivity struct {
	Date       string     `json:"date" example:"28/11/2026"`
	Pagination dailyPages `json:"pagination"`
	Results    []dailyRow `json:"results" nullable:"false"`
	NotFound   []string   `json:"not_found" nullable:"false"`
}

// paged is the body of a response with pages in data and meta.
type paged[T any] struct {
	Body struct {
		api.Success[T]
		Meta wire.Pages `json:"meta"`
	}
}

func respondPaged[T any](message string, data T, meta wire.Pages) *paged[T] {
	out := &paged[T]{}
	out.Body.Success, out.Body.Meta = api.Success[T]{Status: "success", Message: message, Data: data}, meta
	return out
}

func (h *handlers) daily(ctx context.Context, in *dailyInput) (*paged[dailyActivity], error) {
	b := &in.Body
	names := b.Names()
	found, err := h.activity.Daily(ctx, actor.FromContext(ctx), api.CommunityID(ctx), names, b.Date, b.Page, b.Limit)
	if err != nil {
		return nil, err
	}
	date := dayText(found.Day, slashed)
	total := len(names.Values)
	out := dailyActivity{Date: date, NotFound: found.NotFound, Pagination: dailyPages{b.Page, b.Limit, total, (total + b.Limit - 1) / b.Limit, found.Found}}
	out.Results = api.Convert(found.Rows, func(row activity.OfDay) dailyRow {
		return dailyRow{row.Identifier, row.UserID, date, row.Coins, row.XP}
	})
	return respondPaged(fetched, out, wire.Pages{Page: b.Page, Limit: b.Limit, Total: int64(total)}), nil
}

type statsInput struct {
	Body struct {
		api.BodyCommunity
		wire.Naming
		Days int `json:"days,omitempty" minimum:"1" maximum:"365" default:"30" doc:"The last days, today included."`
	} `nameHint:"ActivityStatsInput"`
}

type statsQuery struct {
	wire.CommunityQuery
	Identifier string `query:"identifier" required:"true" example:"ada@example.com"`
	Type       string `query:"identifier_type" enum:"email,username,userId,custom-field" default:"email"`
	FieldName  string `query:"fieldName" doc:"The custom field, for custom-field."`
	Days       int    `query:"days" minimum:"1" maximum:"365" default:"30" doc:"The last days, today included."`
}

type dateRange struct {
	Start string `json:"start_date" example:"2026-03-28"`
	End   string `json:"end_date" example:"2026-03-30"`
}

// Counts are what a user did and earned.
type Counts struct {
	Messages int64 `json:"messages"`
	Replies  int64 `json:"replies"`
	Reaction int64 `json:"reaction"`
	Socials  int64 `json:"socials" doc:"Always 0."`
	Coins    int64 `json:"coins" doc:"Earned: without refunds, less reversals."`
	XP       int64 `json:"xp" doc:"Earned: less reversals."`
}

func newCounts(c activity.Counts) Counts {
	return Counts{Messages: c.Messages, Replies: c.Replies, Reaction: c.Reactions, Coins: c.Coins, XP: c.XP}
}

type dayCounts struct {
	Date string `json:"date" example:"2026-03-30"`
	Counts
}

type activityStats struct {
	UserID string      `json:"user_id"`
	Range  dateRange   `json:"range"`
	Totals Counts      `json:"totals"`
	Days   []dayCounts `json:"daily_stats" nullable:"false" doc:"The newest first; days without activity are 0."`
}

func (h *handlers) stats(ctx context.Context, in *statsInput) (*api.Answer[activityStats], error) {
	return h.respondStats(ctx, in.Body.Names(), in.Body.Days)
}

func (h *handlers) statsByQuery(ctx context.Context, in *statsQuery) (*api.Answer[activityStats], error) {
	return h.respondStats(ctx, subject.Names{Type: in.Type, FieldName: in.FieldName, Values: []string{in.Identifier}}, in.Days)
}

func (h *handlers) respondStats(ctx context.Context, names subject.Names, days int) (*api.Answer[activityStats], error) {
	s, err := h.activity.Stats(ctx, actor.FromContext(ctx), api.CommunityID(ctx), names, days)
	if err != nil {
		return nil, err
	}
	last := s.FirstDay + int64(days) - 1
	out := activityStats{UserID: s.UserID, Range: dateRange{dayText(s.FirstDay, time.DateOnly), dayText(last, time.DateOnly)}, Totals: newCounts(s.Total), Days: make([]dayCounts, days)}
	for i, c := range s.Days {
		out.Days[days-1-i] = dayCounts{dayText(s.FirstDay+int64(i), time.DateOnly), newCounts(c)}
	}
	return api.Respond(fetched, out), nil
}

type logsInput struct {
	Body struct {
		api.BodyCommunity
		wire.Naming
		Unit   string `json:"unit,omitempty" enum:"xp,coins,premium"`
		Source string `json:"source,omitempty" doc:"The type of the source, such as xp_rule."`
		From   string `json:"from,omitempty" doc:"The first day, or an instant."`
		To     string `json:"to,omitempty" doc:"The last day, or the instant after the last entry."`
		Page   int    `json:"page,omitempty" minimum:"1" maximum:"100000" default:"1"`
		Limit  int    `json:"limit,omitempty" minimum:"1" maximum:"100" default:"20"`
	} `nameHint:"ActivityLogsInput"`
}

type logPages struct {
	Page       int   `json:"page"`
	Limit      int   `json:"limit"`
	Total      int64 `json:"total"`
	TotalPages int64 `json:"total_pages"`
}

type activityLogs struct {
	UserID     string             `json:"user_id"`
	Pagination logPages           `json:"pagination"`
	Logs       []ledger.EntryView `json:"logs" nullable:"false"`
}

func (h *handlers) logs(ctx context.Context, in *logsInput) (*paged[activityLogs], error) {
	b := &in.Body
	names := b.Names()
	found, err := h.activity.Logs(ctx, actor.FromContext(ctx), api.CommunityID(ctx), names, activity.Filter{
		Unit: ledger.Unit(b.Unit), Source: b.Source, From: b.From, To: b.To, Page: b.Page, Limit: b.Limit,
	})
	if err != nil {
		return nil, err
	}
	pages := logPages{b.Page, b.Limit, found.Total, (found.Total + int64(b.Limit) - 1) / int64(b.Limit)}
	meta := wire.Pages{Page: b.Page, Limit: b.Limit, Total: found.Total, TotalCapped: found.TotalCapped}
	return respondPaged("Entries of the user", activityLogs{found.UserID, pages, api.Convert(found.Entries, ledger.NewEntryView)}, meta), nil
}
