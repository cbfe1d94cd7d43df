package user

import (
	"context"
	"slices"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/api"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/directory"
)

func (h *handlers) filterRoutes(g *api.Group) {
	api.Add(g, api.Route{
		Method: "POST", Path: "/v1/users/filter", ID: "filterUsers", Summary: "List users with a filter",
		Permissions: readUsers, Traits: api.Compat | api.ReadOnly,
		Description: "Lists matching users in the order of their creation, 200 at a time: by `cursor`, or by `page` with totals.",
	}, h.filterUsers)
}

type userFilter struct {
	Body struct {
		api.BodyCommunity
		Fields []string       `json:"fields,omitempty" maxItems:"600" example:"[\"email\",\"join_date\",\"loyalty-number\"]" doc:"The fields of each user in the response: names of user fields, _id, user_id, display_name, external_id, join_date, claimed, total_messages, total_reactions, reply_sent, visit_count, time_spent, login_streak, xp, coins, premium_currency, xp_earned_today, coins_earned_today, is_online, tier (the name), badge (the titles). Absent: all."`
		Filter map[string]any `json:"filter,omitempty" example:"{\"country\":\"GB\",\"join_date\":{\"gte\":\"2026-04-01\",\"lte\":\"2026-04-30\"}}" doc:"By field a value, or an object with the bounds gte, lte, gt and lt. All conditions must match; days are in UTC."`
		Cursor *string        `json:"cursor,omitempty" nullable:"true" doc:"The next_cursor of the previous response; absent for the first part."`
		Page   *int           `json:"page,omitempty" nullable:"true" minimum:"1" maximum:"1000000" doc:"Instead of a cursor: the page; the first is 1."`
		Limit  int            `json:"limit,omitempty" minimum:"1" maximum:"200" default:"200" doc:"The maximum number of users in the response."`
	} `nameHint:"UserFilter"`
}

// filterMeta is the meta of a filtered list.
type filterMeta struct {
	Limit       int     `json:"limit" example:"200"`
	NextCursor  *string `json:"next_cursor" doc:"Send it as cursor for the next part; null at the end, and with pages."`
	CurrentPage *int    `json:"current_page,omitempty" doc:"With pages: the requested page."`
	TotalPages  *int64  `json:"total_pages,omitempty" doc:"With pages: the number of pages."`
	Total       *int64  `json:"total,omitempty" doc:"With pages: the number of matching users."`
	TotalCapped bool    `json:"totalCapped,omitempty" doc:"There are more users than total: matching users are counted up to 10,000."`
}

func (in *userFilter) page() (directory.PageRequest, error) {
	page := directory.PageRequest{Limit: in.Body.Limit}
	if in.Body.Cursor != nil {
		page.Cursor = *in.Body.Cursor
	}
	if in.Body.Page != nil {
		page.Page = *in.Body.Page
	}
	if page.Page > 0 && page.Cursor != "" {
		return page, errs.InvalidFields([]errs.Field{{Field: "page", Code: "cursor_or_page", Message: "Send a cursor or a page, not both."}})
	}
	return page, nil
}

func (h *handlers) filterUsers(ctx context.Context, in *userFilter) (*api.List[selectedFields, filterMeta], error) {
	filter, err := h.members.FilterFields(ctx, actor.FromContext(ctx), api.CommunityID(ctx), in.Body.Filter)
	if err != nil {
		return nil, err
	}
	conditions, err := filter.Conditions(in.Body.Filter)
	selected, wrong := selectFields(filter, in.Body.Fields)
	page, pageErr := in.page()
	for _, cause := range []error{err, pageErr} {
		if e := errs.From(cause); e != nil {
			wrong = append(wrong, e.Fields...)
		}
	}
	if len(wrong) > 0 {
		return nil, errs.InvalidFields(wrong)
	}
	found, err := h.members.Page(ctx, actor.FromContext(ctx), api.CommunityID(ctx), conditions, page)
	if err != nil {
		return nil, err
	}
	details := h.names
	if slices.ContainsFunc(selected, (*field.Field).IsEarned) {
		details = h.details
	}
	names, err := details(ctx, found.Members...)
	if err != nil {
		return nil, err
	}
	rows := api.Convert(found.Members, func(m member.Member) selectedFields { return names.fields(&m, selected) })
	return api.RespondList("Users that match the filter", rows, newFilterMeta(found, page)), nil
}

func newFilterMeta(found directory.MemberPage, page directory.PageRequest) filterMeta {
	meta := filterMeta{Limit: page.Limit, TotalCapped: found.TotalCapped}
	if page.Page > 0 {
		pages := (found.Total + int64(page.Limit) - 1) / int64(page.Limit)
		meta.CurrentPage, meta.TotalPages, meta.Total = &page.Page, &pages, &found.Total
		return meta
	}
	if found.Next != "" {
		meta.NextCursor = &found.Next
	}
	return meta
}
