// Package wire has the types that operations of several areas read or answer.
package wire

// Pages is the meta of a list that is read page by page.
type Pages struct {
	Page        int   `json:"page" doc:"The requested page; the first is 1."`
	Limit       int   `json:"limit" doc:"The maximum number of items on a page."`
	Total       int64 `json:"total" doc:"The number of items on all pages."`
	TotalCapped bool  `json:"totalCapped,omitempty" doc:"There are more than total items: filtered lists are counted up to 10,000."`
}

// Cursor is the meta of a list that is read from the end of the previous part.
type Cursor struct {
	Limit      int     `json:"limit" doc:"The maximum number of items in a part."`
	NextCursor *string `json:"nextCursor" doc:"Send it as cursor for the next part; null at the end."`
}

// NewCursor returns the meta of a part; next is "" at the end of the list.
func NewCursor(limit int, next string) Cursor {
	if next == "" {
		return Cursor{Limit: limit}
	}
	return Cursor{Limit: limit, NextCursor: &next}
}

// PageInput is the part of a query that selects a page.
type PageInput struct {
	Page  int `query:"page" minimum:"1" maximum:"1000000" default:"1" doc:"The first page is 1."`
	Limit int `query:"limit" minimum:"1" maximum:"100" default:"20" doc:"The number of items on a page."`
}

// CursorInput is the part of a query that selects the next part of a list.
type CursorInput struct {
	Cursor string `query:"cursor" maxLength:"200" doc:"The nextCursor of the previous part; absent for the first."`
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"20" doc:"The number of items in a part."`
}
