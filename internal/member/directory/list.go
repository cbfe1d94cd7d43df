package directory

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/cursor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/figure"
)

// Filter selects and orders the members of a list.
type Filter struct {
	Search string // prefix of email or username, or part of the name; "": all
	RoleID string
	TagID  string
	JobID  string // members of the list of a bulk job, see bulk.MembersOf
	Where  []Condition
	State  string // "": Active
	Claim  string // ClaimedOnly, UnclaimedOnly; "": both
	Sort   string // created, username, email or one of field.Figures (is_online: the last visit), "-" for descending; "": -created
	Limit  int    // at most 200
	Page   int    // from 1; reads all members before the page
	After  string // List.Next of the page before, in place of Page; every page costs the same
	Before string // List.Previous of the page behind, in place of Page
}

// Values of Filter.Claim.
const (
	ClaimedOnly   = "claimed"
	UnclaimedOnly = "unclaimed"
)

// matchesAll reports whether the filter selects all active members.
func (f Filter) matchesAll() bool {
	return (f.State == "" || f.State == member.Active) && account.UsernameKey(f.Search) == "" && f.RoleID == "" && f.TagID == "" && f.JobID == "" && f.Claim == "" && len(f.Where) == 0
}

// List is one page of members. Total counts all matches, up to 10,000;
// TotalCapped reports that there are more.
type List struct {
	Members        []member.Member
	Total          int64
	TotalCapped    bool
	Previous, Next string // cursors for Filter.Before and Filter.After; "": no such page
}

const totalCap = 10_000

// List returns the members that a filter selects. It fails with Invalid
// unknown_sort, invalid_cursor.
func (s *Directory) List(ctx context.Context, caller actor.Actor, communityID string, f Filter) (List, error) {
	if err := s.view(ctx, caller, communityID); err != nil {
		return List{}, err
	}
	o, err := orderOf(f.Sort)
	if err != nil {
		return List{}, err
	}
	src, err := s.accessPath(ctx, communityID, f, o.by == byCreation)
	if err != nil {
		return List{}, err
	}
	if o.today, err = s.today(ctx, communityID, o.by); err != nil {
		return List{}, err
	}
	read := src.query(s.db.Dialect(), communityID)
	counted := src.counted().query(s.db.Dialect(), communityID)
	if f.JobID != "" && o.by != byCreation {
		if src, err = s.accessPath(ctx, communityID, f, true); err != nil {
			return List{}, err
		}
		counted = src.query(s.db.Dialect(), communityID)
	}
	var list List
	if list.Total, list.TotalCapped, err = s.total(ctx, communityID, f, counted); err != nil {
		return list, err
	}
	return list, s.addPage(ctx, communityID, read, f, o, &list)
}

// The sort keys.
const (
	byCreation = "created" // as by id
	byUsername = "username"
	byEmail    = "email"
)

type order struct {
	by         string
	descending bool
	today      int64     // see figure.Moment
	from       *position // nil: from the start
}

// byFigure reports whether the order is that of a figure.
func (o order) byFigure() bool { return slices.Contains(field.Figures, o.by) }

// orderOf parses Filter.Sort.
func orderOf(sort string) (order, error) {
	by, descending := strings.CutPrefix(cmp.Or(sort, "-"+byCreation), "-")
	switch by {
	case byCreation, byUsername, byEmail:
		return order{by: by, descending: descending}, nil
	}
	if o := (order{by: by, descending: descending}); o.byFigure() {
		return o, nil
	}
	return order{}, errs.New(errs.Invalid, "unknown_sort", "Sort by created, username or email, with a leading - for descending order.")
}

// total is exact and fast without conditions, and capped with them.
func (s *Directory) total(ctx context.Context, communityID string, f Filter, read query) (int64, bool, error) {
	if f.matchesAll() {
		n, err := member.CountMembers(ctx, s.db, communityID)
		return n, false, err
	}
	n, err := read.count(ctx, s.db, totalCap+1)
	return min(n, totalCap), n > totalCap, err
}

// position is a member in an order, behind which a list goes on.
type position struct {
	key    string // by username and email
	figure int64  // by a figure
	userID string
}

// cursors are the cursors of a list in the order.
func (o order) cursors() cursor.List {
	return cursor.Of("members", o.by, strconv.FormatBool(o.descending))
}

// position returns the position of a cursor, nil of "". It fails with Invalid
// invalid_cursor.
func (o order) position(text string) (*position, error) {
	values, err := o.cursors().Parse(text, 2)
	if err != nil || values == nil {
		return nil, err
	}
	at := position{key: values[0], userID: values[1]}
	if o.byFigure() {
		at.figure, err = strconv.ParseInt(values[0], 10, 64)
	}
	if err != nil || !id.Valid(at.userID) {
		return nil, cursor.ErrForeign()
	}
	return &at, nil
}

// cursor returns the cursor at a member of a list.
func (s *Directory) cursor(ctx context.Context, communityID string, o order, m *member.Member) (string, error) {
	value := ""
	switch o.by {
	case byCreation:
	case byUsername:
		value = account.UsernameKey(m.Username)
	case byEmail:
		value = account.EmailKey(m.Email)
	default:
		n, err := figureOf(ctx, s.db, communityID, o, m.ID)
		if err != nil {
			return "", err
		}
		value = strconv.FormatInt(n, 10)
	}
	return o.cursors().After(value, m.ID), nil
}

// addPage adds the members of a page to a list, and the cursors of the pages beside it.
func (s *Directory) addPage(ctx context.Context, communityID string, read query, f Filter, o order, list *List) error {
	from, err := o.position(f.After)
	back := f.After == "" && f.Before != ""
	if back {
		from, err = o.position(f.Before)
	}
	if err != nil {
		return err
	}
	limit, offset := min(max(f.Limit, 1), 200), 0
	if from == nil {
		offset = (max(f.Page, 1) - 1) * limit
	}
	reading := o
	reading.from, reading.descending = from, o.descending != back
	found, err := read.page(ctx, s.db, reading, limit+1, offset)
	if err != nil {
		return err
	}
	before, behind := from != nil || offset > 0, len(found) > limit
	found = found[:min(len(found), limit)]
	if back {
		slices.Reverse(found)
		before, behind = behind, true
	}
	if list.Members = found; len(found) == 0 {
		return nil
	}
	if before {
		if list.Previous, err = s.cursor(ctx, communityID, o, &found[0]); err != nil {
			return err
		}
	}
	if behind {
		list.Next, err = s.cursor(ctx, communityID, o, &found[len(found)-1])
	}
	return err
}

// Count returns the number of active members of a community to its members,
// suspended ones too.
func (s *Directory) Count(ctx context.Context, caller actor.Actor, communityID string) (int64, error) {
	if err := s.access.Can(ctx, caller, communityID, permission.AnyMember); err != nil && !errs.Is(err, "suspended") {
		return 0, err
	}
	return member.CountMembers(ctx, s.db, communityID)
}

// eachBatch is the number of members that Each reads at a time.
const eachBatch = 1_000

// Each calls visit for every active member that a filter selects, with the member's
// figures, in the order of creation, and stops at its first error. Sort, Limit and the
// page are ignored. Concurrent changes may be seen or missed.
func (s *Directory) Each(ctx context.Context, communityID string, f Filter, visit func(*member.Member, figure.Figures) error) error {
	src, err := s.accessPath(ctx, communityID, f, true)
	if err != nil {
		return err
	}
	read := src.query(s.db.Dialect(), communityID)
	for o := (order{by: byCreation}); ; {
		found, err := read.page(ctx, s.db, o, eachBatch, 0)
		if err != nil {
			return err
		}
		figures, err := s.figuresOf(ctx, communityID, found...)
		if err != nil {
			return err
		}
		for i := range found {
			if err := visit(&found[i], figures[found[i].ID]); err != nil {
				return err
			}
		}
		if len(found) < eachBatch {
			return nil
		}
		o.from = &position{userID: found[len(found)-1].ID}
	}
}

// MaxPage is the default and the largest number of members of a MemberPage.
const MaxPage = 200

// PageRequest selects a page by its number from 1 or, with Page 0, by a cursor.
type PageRequest struct {
	Cursor string // as returned by Page; "": the first page
	Page   int
	Limit  int // 0: MaxPage
}

func (p PageRequest) limit() int {
	if p.Limit < 1 || p.Limit > MaxPage {
		return MaxPage
	}
	return p.Limit
}

// MemberPage is a page of members.
type MemberPage struct {
	Members     []member.Member // in the order of creation
	Next        string          // cursor of the next page; "" at the end, and for page numbers
	Total       int64           // with page numbers: all matches, up to 10,000
	TotalCapped bool            // there are more than Total
}

// Page returns active members that match all conditions. It fails with Invalid
// bad_cursor.
func (s *Directory) Page(ctx context.Context, caller actor.Actor, communityID string, conditions []Condition, part PageRequest) (MemberPage, error) {
	if err := s.view(ctx, caller, communityID); err != nil {
		return MemberPage{}, err
	}
	f := Filter{Where: conditions}
	src, err := s.accessPath(ctx, communityID, f, true)
	if err != nil {
		return MemberPage{}, err
	}
	read := src.query(s.db.Dialect(), communityID)
	var found MemberPage
	offset, limit, o := 0, part.limit(), order{by: byCreation}
	if part.Page > 0 {
		offset = (part.Page - 1) * limit
		if found.Total, found.TotalCapped, err = s.total(ctx, communityID, f, src.counted().query(s.db.Dialect(), communityID)); err != nil {
			return found, err
		}
	} else if part.Cursor != "" {
		if !id.Valid(part.Cursor) {
			return found, errs.InvalidFields([]errs.Field{{Field: "cursor", Code: "bad_cursor", Message: "Send the next_cursor of the previous page, or none."}})
		}
		o.from = &position{userID: part.Cursor}
	}
	if found.Members, err = read.page(ctx, s.db, o, limit+1, offset); err != nil {
		return found, err
	}
	if len(found.Members) > limit {
		found.Members = found.Members[:limit]
		if part.Page == 0 {
			found.Next = found.Members[limit-1].ID
		}
	}
	return found, nil
}
