package api

// success is the body of every answer that succeeded.
type success[T any] struct {
	Status  string `json:"status" enum:"success" doc:"Always success."`
	Message string `json:"message" doc:"What was done, for a person."`
	Data    T      `json:"data"`
}

// answer is the output of an operation that answers with one thing, or with a
// list that has no pages.
type answer[T any] struct{ Body success[T] }

func respond[T any](message string, data T) *answer[T] {
	return &answer[T]{success[T]{"success", message, data}}
}

// deleted is the data of an answer when the thing is gone.
type deleted struct {
	ID string `json:"_id" doc:"What was deleted."`
}

// pages is the meta of a list that is read page by page.
type pages struct {
	Page        int   `json:"page" doc:"The page that was asked for, the first is 1."`
	Limit       int   `json:"limit" doc:"How many a page has at most."`
	Total       int64 `json:"total" doc:"How many there are on all pages."`
	TotalCapped bool  `json:"totalCapped,omitempty" doc:"There are more than total: filtered lists are counted up to 10,000."`
}

// cursor is the meta of a list that is read from where the last part ended.
type cursor struct {
	Limit      int     `json:"limit" doc:"How many a part has at most."`
	NextCursor *string `json:"nextCursor" doc:"Send it as cursor to get what follows; null at the end."`
}

// list is the output of an operation that answers with a part of a list.
type list[T, M any] struct {
	Body struct {
		Status  string `json:"status" enum:"success" doc:"Always success."`
		Message string `json:"message" doc:"What was done, for a person."`
		Data    []T    `json:"data" nullable:"false"`
		Meta    M      `json:"meta"`
	}
}

func respondList[T, M any](message string, data []T, meta M) *list[T, M] {
	out := &list[T, M]{}
	out.Body.Status, out.Body.Message, out.Body.Data, out.Body.Meta = "success", message, data, meta
	if data == nil {
		out.Body.Data = []T{}
	}
	return out
}

// convert turns every item into its form on the wire; the result is never nil.
func convert[T, W any](items []T, wire func(T) W) []W {
	out := make([]W, len(items))
	for i, item := range items {
		out[i] = wire(item)
	}
	return out
}

// PageInput is the part of a query that chooses a page.
type PageInput struct {
	Page  int `query:"page" minimum:"1" maximum:"1000000" default:"1" doc:"The first page is 1."`
	Limit int `query:"limit" minimum:"1" maximum:"100" default:"20" doc:"How many a page has."`
}

// CursorInput is the part of a query that chooses where a list goes on.
type CursorInput struct {
	Cursor string `query:"cursor" maxLength:"200" doc:"The nextCursor of the part before; leave it out for the first."`
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"20" doc:"How many a part has."`
}

func cursorMeta(limit int, next string) cursor {
	if next == "" {
		return cursor{Limit: limit}
	}
	return cursor{Limit: limit, NextCursor: &next}
}
