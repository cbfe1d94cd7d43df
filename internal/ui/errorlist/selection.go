package errorlist

import (
	"net/url"

	"github.com/regulars/regulars/internal/bulk"
)

// Selection is the selection of rows of a job in the address of a page or download.
type Selection struct {
	Outcome string // "": any
	Errors  bulk.ErrorFilter
}

// SelectionOf returns the selection in a query.
func SelectionOf(query url.Values) Selection {
	s := Selection{Outcome: query.Get("outcome"), Errors: bulk.ErrorFilter{Code: query.Get("code")}}
	if query.Has("column") {
		s.Errors.Column = new(query.Get("column"))
	}
	if query.Has("value") {
		s.Errors.Value = new(query.Get("value"))
	}
	return s
}

// query returns the selection as a query.
func (s Selection) query() url.Values {
	query := url.Values{}
	if s.Outcome != "" {
		query.Set("outcome", s.Outcome)
	}
	if s.Errors.Code != "" {
		query.Set("code", s.Errors.Code)
	}
	if s.Errors.Column != nil {
		query.Set("column", *s.Errors.Column)
	}
	if s.Errors.Value != nil {
		query.Set("value", *s.Errors.Value)
	}
	return query
}

// Address is the address of the rows on a page; cursor "" means the first ones.
func (s Selection) Address(page, cursor string) string {
	query := s.query()
	if cursor != "" {
		query.Set("cursor", cursor)
	}
	return withQuery(page, query) + "#rows"
}

func withQuery(address string, query url.Values) string {
	if len(query) == 0 {
		return address
	}
	return address + "?" + query.Encode()
}
