package member

import (
	"context"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/id"
)

// FilteredPage is how many members a part has that asks for no other number,
// and the most it can have.
const FilteredPage = 200

// Part says which part of what fits is asked for: a page from 1, or, with
// Page 0, what follows a cursor.
type Part struct {
	Cursor string // what Filtered returned for the next part; "": from the beginning
	Page   int
	Limit  int // how many at most; 0: FilteredPage
}

func (p Part) limit() int {
	if p.Limit < 1 || p.Limit > FilteredPage {
		return FilteredPage
	}
	return p.Limit
}

// Found is a part of the members who fit.
type Found struct {
	Members     []Member // in the order they were made
	Next        string   // cursor of the next part; "" at the end, and where pages were asked for
	Total       int64    // with pages: all that fit, up to 10,000
	TotalCapped bool     // there are more than Total
}

// Filtered returns active members who fulfil all conditions. It fails with
// Invalid bad_cursor.
func (s *Members) Filtered(ctx context.Context, communityID string, conditions []Condition, part Part) (Found, error) {
	f := Filter{Where: conditions}
	src, err := s.source(ctx, communityID, f, true)
	if err != nil {
		return Found{}, err
	}
	read := src.query(s.db.Dialect(), communityID)
	var found Found
	offset, limit := 0, part.limit()
	if part.Page > 0 {
		offset = (part.Page - 1) * limit
		if found.Total, found.TotalCapped, err = s.total(ctx, communityID, f, read); err != nil {
			return found, err
		}
	} else if part.Cursor != "" {
		if !id.Valid(part.Cursor) {
			return found, errs.InvalidFields([]errs.Field{{Field: "cursor", Code: "bad_cursor", Message: "Send the next_cursor of the part before, or none."}})
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
