package directory

import (
	"context"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/member"
)

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
	offset, limit := 0, part.limit()
	if part.Page > 0 {
		offset = (part.Page - 1) * limit
		if found.Total, found.TotalCapped, err = s.total(ctx, communityID, f, src.counted().query(s.db.Dialect(), communityID)); err != nil {
			return found, err
		}
	} else if part.Cursor != "" {
		if !id.Valid(part.Cursor) {
			return found, errs.InvalidFields([]errs.Field{{Field: "cursor", Code: "bad_cursor", Message: "Send the next_cursor of the previous page, or none."}})
		}
		read = read.after(part.Cursor)
	}
	if found.Members, err = read.page(ctx, s.db, order{by: byCreation}, limit+1, offset); err != nil {
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
