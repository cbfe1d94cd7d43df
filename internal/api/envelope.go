package api

// Success is the body of a successful response.
type Success[T any] struct {
	Status  string `json:"status" enum:"success" doc:"Always success."`
	Message string `json:"message" doc:"What was done, for a person."`
	Data    T      `json:"data"`
}

// Answer is the output of an operation with one object, or with a list without
// pages.
type Answer[T any] struct{ Body Success[T] }

// Respond returns a successful response.
func Respond[T any](message string, data T) *Answer[T] {
	return &Answer[T]{Success[T]{"success", message, data}}
}

// List is the output of an operation with a part of a list.
type List[T, M any] struct {
	Body struct {
		Status  string `json:"status" enum:"success" doc:"Always success."`
		Message string `json:"message" doc:"What was done, for a person."`
		Data    []T    `json:"data" nullable:"false"`
		Meta    M      `json:"meta"`
	}
}

// RespondList returns a part of a list; data may be nil.
func RespondList[T, M any](message string, data []T, meta M) *List[T, M] {
	out := &List[T, M]{}
	out.Body.Status, out.Body.Message, out.Body.Data, out.Body.Meta = "success", message, data, meta
	if data == nil {
		out.Body.Data = []T{}
	}
	return out
}

// Convert applies wire to every item; the result is never nil.
func Convert[T, W any](items []T, wire func(T) W) []W {
	out := make([]W, len(items))
	for i, item := range items {
		out[i] = wire(item)
	}
	return out
}
