package api

import (
	"context"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/member"
)

type userFilter struct {
	Body struct {
		CommunityID string         `json:"communityId,omitempty" doc:"Needed with a session of several memberships."`
		ServerID    string         `json:"serverId,omitempty" doc:"The same by another name."`
		Fields      []string       `json:"fields,omitempty" maxItems:"600" example:"[\"email\",\"join_date\",\"loyalty-number\"]" doc:"What to answer of each user: names of user fields, _id, user_id, display_name, external_id, join_date, claimed. Without it all of them."`
		Filter      map[string]any `json:"filter,omitempty" example:"{\"country\":\"GB\",\"join_date\":{\"gte\":\"2026-04-01\",\"lte\":\"2026-04-30\"}}" doc:"By field a value, or an object with the bounds gte, lte, gt and lt. All have to hold; days are those of UTC."`
		Cursor      *string        `json:"cursor,omitempty" nullable:"true" doc:"The next_cursor of the answer before; leave it out for the first."`
		Page        *int           `json:"page,omitempty" nullable:"true" minimum:"1" maximum:"1000000" doc:"Instead of a cursor: the page, the first is 1."`
		Limit       int            `json:"limit,omitempty" minimum:"1" maximum:"200" default:"200" doc:"How many an answer has at most."`
	} `nameHint:"UserFilter"`
}

// filterMeta is the meta of an answer to a filter.
type filterMeta struct {
	Limit       int     `json:"limit" example:"200"`
	NextCursor  *string `json:"next_cursor" doc:"Send it as cursor to get what follows; null at the end, and with pages."`
	CurrentPage *int    `json:"current_page,omitempty" doc:"With pages: the one that was asked for."`
	TotalPages  *int64  `json:"total_pages,omitempty" doc:"With pages: how many there are."`
	Total       *int64  `json:"total,omitempty" doc:"With pages: how many users fit."`
	TotalCapped bool    `json:"totalCapped,omitempty" doc:"There are more than total and total_pages: what fits a filter is counted up to 10,000."`
}

func (in *userFilter) part() (member.Part, error) {
	part := member.Part{Limit: in.Body.Limit}
	if in.Body.Cursor != nil {
		part.Cursor = *in.Body.Cursor
	}
	if in.Body.Page != nil {
		part.Page = *in.Body.Page
	}
	if part.Page > 0 && part.Cursor != "" {
		return part, errs.InvalidFields([]errs.Field{{Field: "page", Code: "cursor_or_page", Message: "Send a cursor or a page, not both."}})
	}
	return part, nil
}

func (a *API) filterUsers(ctx context.Context, in *userFilter) (*list[chosenUser, filterMeta], error) {
	ctx, err := a.intoBody(ctx, readUsers, in.Body.CommunityID, in.Body.ServerID)
	if err != nil {
		return nil, err
	}
	asking, err := a.Members.Asking(ctx, here(ctx), in.Body.Filter)
	if err != nil {
		return nil, err
	}
	conditions, err := asking.Conditions(in.Body.Filter)
	chosen, wrong := chosenFields(asking, in.Body.Fields)
	part, partErr := in.part()
	for _, cause := range []error{err, partErr} {
		if e := errs.From(cause); e != nil {
			wrong = append(wrong, e.Fields...)
		}
	}
	if len(wrong) > 0 {
		return nil, errs.InvalidFields(wrong)
	}
	found, err := a.Members.Filtered(ctx, here(ctx), conditions, part)
	if err != nil {
		return nil, err
	}
	names, err := a.naming(ctx, found.Members...)
	if err != nil {
		return nil, err
	}
	rows := convert(found.Members, func(m member.Member) chosenUser { return names.chosen(&m, chosen) })
	return respondList("Users that fit the filter", rows, metaOf(found, part)), nil
}

func metaOf(found member.Found, part member.Part) filterMeta {
	meta := filterMeta{Limit: part.Limit, TotalCapped: found.TotalCapped}
	if part.Page > 0 {
		pages := (found.Total + int64(part.Limit) - 1) / int64(part.Limit)
		meta.CurrentPage, meta.TotalPages, meta.Total = &part.Page, &pages, &found.Total
		return meta
	}
	if found.Next != "" {
		meta.NextCursor = &found.Next
	}
	return meta
}
