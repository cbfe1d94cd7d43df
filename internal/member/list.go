package member

import (
	"cmp"
	"context"
	"strings"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/errs"
)

// Filter chooses and orders the members of a list.
type Filter struct {
	Search string // beginning of email or username, or a part of the name; "": all
	RoleID string
	TagID  string
	Where  []Condition
	State  string // "": Active
	Claim  string // ClaimedOnly, UnclaimedOnly; "": both
	Sort   string // created, username or email, with - for the other way round; "": -created, newest first
	Page   int    // from 1
	Limit  int    // at most 200
}

// What a filter asks of claims.
const (
	ClaimedOnly   = "claimed"
	UnclaimedOnly = "unclaimed"
)

// everybody reports whether the filter chooses all active members.
func (f Filter) everybody() bool {
	return (f.State == "" || f.State == Active) && account.UsernameKey(f.Search) == "" && f.RoleID == "" && f.TagID == "" && f.Claim == "" && len(f.Where) == 0
}

// List is one page of members. Total counts all that match, up to 10,000;
// TotalCapped says that there are more.
type List struct {
	Members     []Member
	Total       int64
	TotalCapped bool
}

const totalCap = 10_000

// List returns the active members a filter chooses. It fails with Invalid
// unknown_sort.
func (s *Members) List(ctx context.Context, communityID string, f Filter) (List, error) {
	o, err := orderOf(f.Sort)
	if err != nil {
		return List{}, err
	}
	src, err := s.source(ctx, communityID, f, o.by == byCreation)
	if err != nil {
		return List{}, err
	}
	read := src.query(s.db.Dialect(), communityID)
	var list List
	if list.Total, list.TotalCapped, err = s.total(ctx, communityID, f, read); err != nil {
		return list, err
	}
	limit, page := min(max(f.Limit, 1), 200), max(f.Page, 1)
	list.Members, err = read.page(ctx, s.db, o, limit, (page-1)*limit)
	return list, err
}

// What members can be put in order by.
const (
	byCreation = "created" // as by id
	byUsername = "username"
	byEmail    = "email"
)

type order struct {
	by         string
	descending bool
}

// orderOf is what Filter.Sort asks for.
func orderOf(sort string) (order, error) {
	by, descending := strings.CutPrefix(cmp.Or(sort, "-"+byCreation), "-")
	switch by {
	case byCreation, byUsername, byEmail:
		return order{by, descending}, nil
	}
	return order{}, errs.New(errs.Invalid, "unknown_sort", "Sort by created, username or email; with - in front for the other way round.")
}

// total is exact and cheap without conditions, capped with them.
func (s *Members) total(ctx context.Context, communityID string, f Filter, read query) (int64, bool, error) {
	if f.everybody() {
		n, err := s.Count(ctx, communityID)
		return n, false, err
	}
	n, err := read.count(ctx, s.db, totalCap+1)
	return min(n, totalCap), n > totalCap, err
}

// Count returns how many active members a community has.
func (s *Members) Count(ctx context.Context, communityID string) (int64, error) {
	return countMembers(ctx, s.db, communityID)
}
