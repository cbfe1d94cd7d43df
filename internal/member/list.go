package member

import (
	"context"
	"fmt"
	"strings"

	"github.com/regulars/regulars/internal/auth"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
)

// Filter chooses and orders the members of a list.
type Filter struct {
	Search string // beginning of email or username, or a part of the name; "": all
	RoleID string
	TagID  string
	Where  []Condition
	State  string // "": Active
	Sort   string // "": newest first; one of Sorts
	Page   int    // from 1
	Limit  int    // at most 200
}

// Sorts are the orders a list may have, by wire name.
var Sorts = map[string]string{
	"-created": "m.user_id DESC", "created": "m.user_id",
	"username": "a.username_key", "-username": "a.username_key DESC",
	"email": "a.email_key", "-email": "a.email_key DESC",
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
	order, ok := Sorts[f.Sort]
	if f.Sort == "" {
		order, ok = Sorts["-created"], true
	}
	if !ok {
		return List{}, errs.New(errs.Invalid, "unknown_sort", "Sort by created, username or email; with - in front for the other way round.")
	}
	src, err := s.source(ctx, communityID, f, strings.HasPrefix(order, "m.user_id"))
	if err != nil {
		return List{}, err
	}
	var list List
	if list.Total, list.TotalCapped, err = s.total(ctx, communityID, src); err != nil {
		return list, err
	}
	limit, page := min(max(f.Limit, 1), 200), max(f.Page, 1)
	list.Members, err = selectMembers(ctx, s.db, fmt.Sprintf("%s WHERE %s ORDER BY %s LIMIT %d OFFSET %d",
		src.tables, src.where, strings.Replace(order, "m.user_id", src.user, 1), limit, (page-1)*limit), src.args...)
	return list, err
}

func (s *Members) conditions(communityID string, f Filter) (string, []any) {
	where, args := []string{"m.community_id = $1", "m.state = 'active'"}, []any{communityID}
	if f.State != "" && f.State != Active {
		where[1], args = "m.state = $2", append(args, f.State)
	}
	param := func(arg any) string {
		args = append(args, arg)
		return fmt.Sprintf("$%d", len(args))
	}
	if text := auth.UsernameKey(f.Search); text != "" {
		prefix := param(sqldb.LikePrefix(text))
		part := param("%" + sqldb.LikePrefix(text))
		where = append(where, fmt.Sprintf(`(a.email_key LIKE %s ESCAPE '\' OR a.username_key LIKE %s ESCAPE '\' OR m.name_key LIKE %s ESCAPE '\')`, prefix, prefix, part))
	}
	if f.RoleID != "" {
		where = append(where, s.db.Dialect().JSONHas("m.roles", param(f.RoleID)))
	}
	if f.TagID != "" {
		where = append(where, s.db.Dialect().JSONHas("m.tags", param(f.TagID)))
	}
	for _, c := range f.Where {
		where = append(where, c.sql(s.db.Dialect(), param))
	}
	return strings.Join(where, " AND "), args
}

// total is exact and cheap without conditions, capped with them.
func (s *Members) total(ctx context.Context, communityID string, src source) (int64, bool, error) {
	if len(src.args) == 1 {
		n, err := s.Count(ctx, communityID)
		return n, false, err
	}
	n, err := sqldb.One(ctx, s.db, "community", sqldb.Value[int64],
		fmt.Sprintf("SELECT count(*) FROM (SELECT 1 FROM %s WHERE %s LIMIT %d) AS found", src.tables, src.where, totalCap+1), src.args...)
	return min(n, totalCap), n > totalCap, err
}

// Count returns how many active members a community has.
func (s *Members) Count(ctx context.Context, communityID string) (int64, error) {
	return sqldb.One(ctx, s.db, "community", sqldb.Value[int64],
		"SELECT CAST(COALESCE(SUM(total), 0) AS BIGINT) FROM member_totals WHERE community_id = $1", communityID)
}
