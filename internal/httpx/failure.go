package httpx

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
)

var errPanic = errors.New("panic")

// Failure is the body of every answer that is not a success.
type Failure struct { //nolint:errname // an answer; it is an error only so that a handler can return it
	Result    string       `json:"status" enum:"error" doc:"Always error." example:"error"`
	Message   string       `json:"message" doc:"What happened and what to do, for a person." example:"Some fields are wrong; errors names each of them."`
	Code      string       `json:"code" doc:"A stable name in snake_case, for programs." example:"invalid_input"`
	Errors    []errs.Field `json:"errors" nullable:"false" doc:"Every wrong field at once; empty when it is not about fields."`
	RequestID string       `json:"requestId" doc:"Also in the header X-Request-Id and in the server's log." example:"6a21d1c09f3b0c4d5e6f7a8b"`

	status int
	header http.Header
}

// NewFailure gives err its form on the wire and keeps what the wire must not
// show for the access log. An error that is not an *errs.Error is a 500, or a
// 503 when the database could not be reached.
func NewFailure(ctx context.Context, err error) *Failure {
	e := errs.From(err)
	if e == nil {
		e = unexpected(ctx, err)
		if e.Code != cancelled {
			note(ctx, e.Code, err)
		}
	}
	f := failure(ctx, e.Kind.Status(), e.Code, e.Message)
	f.Errors = append(f.Errors, e.Fields...)
	if e.RetryAfter > 0 {
		f.header.Set("Retry-After", strconv.Itoa(int(math.Ceil(e.RetryAfter.Seconds()))))
	}
	if e.Kind == errs.Unauthenticated {
		f.header.Set("WWW-Authenticate", `Bearer realm="regulars"`)
	}
	return f
}

// cancelled is the code of a request whose client has gone: nothing that an
// operator has to look into.
const cancelled = "cancelled"

// unexpected is what a caller may know of an error that is none of theirs.
func unexpected(ctx context.Context, err error) *errs.Error {
	switch {
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		return errs.New(errs.Unavailable, cancelled, "The request was given up before its end.")
	case sqldb.IsFull(err):
		return errs.New(errs.Unavailable, "disk_full", "The server's disk is full. Its operator has to make room; then try again.").WithRetry(time.Minute)
	case sqldb.IsUnavailable(err), errors.Is(err, context.DeadlineExceeded):
		return errs.New(errs.Unavailable, "unavailable", "The server cannot do this right now; try again in a moment.").WithRetry(retryUnavailable)
	default:
		return errs.New(errs.Internal, "internal", "Something went wrong on the server; its log says more under the requestId.")
	}
}

// StatusFailure is a failure of the protocol itself, which has no errs.Kind:
// a wrong method, a header too large.
func StatusFailure(ctx context.Context, status int, code, message string) *Failure {
	return failure(ctx, status, code, message)
}

func failure(ctx context.Context, status int, code, message string) *Failure {
	note(ctx, code, nil)
	return &Failure{
		Result: "error", Message: message, Code: code, Errors: []errs.Field{}, RequestID: RequestID(ctx),
		status: status, header: http.Header{},
	}
}

// note keeps what the access log is to say.
func note(ctx context.Context, code string, cause error) {
	if q := requestOf(ctx); q != nil {
		q.code = code
		if cause != nil {
			q.cause = cause
		}
	}
}

// Error makes a Failure an error, so that a handler can return it.
func (f *Failure) Error() string { return f.Code + ": " + f.Message }

// GetStatus is the HTTP status.
func (f *Failure) GetStatus() int { return f.status }

// GetHeaders are the headers that go with it.
func (f *Failure) GetHeaders() http.Header { return f.header }

// WriteError answers with err in the form of Failure.
func WriteError(w http.ResponseWriter, r *http.Request, err error) {
	WriteFailure(w, NewFailure(r.Context(), err))
}

// WriteFailure answers with f.
func WriteFailure(w http.ResponseWriter, f *Failure) {
	for name, values := range f.header {
		w.Header()[name] = values
	}
	WriteJSON(w, f.status, f)
}

// WriteJSON answers with v as JSON. What cannot be sent any more is dropped:
// the client is gone.
func WriteJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v)
}
