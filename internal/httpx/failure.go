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

// Failure is the body of every error response.
type Failure struct { //nolint:errname // a response; an error only so that a handler can return it
	Result    string       `json:"status" enum:"error" doc:"Always error." example:"error"`
	Message   string       `json:"message" doc:"What happened and what to do, for a person." example:"Some fields are wrong; each is listed with its reason."`
	Code      string       `json:"code" doc:"A stable name in snake_case, for programs." example:"invalid_input"`
	Errors    []errs.Field `json:"errors" nullable:"false" doc:"Every wrong field at once; empty when it is not about fields."`
	RequestID string       `json:"requestId" doc:"Also in the header X-Request-Id and in the server's log." example:"6a21d1c09f3b0c4d5e6f7a8b"`

	Details map[string]any `json:"details,omitempty" doc:"Values that belong to the code, such as oldest of expired, or candidates of encoding_unclear: a list of {encoding, sample}."`

	status int
	header http.Header
}

// NewFailure converts err to a response. An error that is not an *errs.Error is a
// 500, or a 503 if the database is unavailable; its text goes to the access log
// only.
func NewFailure(ctx context.Context, err error) *Failure {
	e := errs.From(err)
	if e == nil {
		e = publicError(ctx, err)
		if e.Code != cancelled {
			recordError(ctx, e.Code, err)
		}
	}
	f := failure(ctx, e.Kind.Status(), e.Code, e.Message)
	f.Errors, f.Details = append(f.Errors, e.Fields...), e.Details
	if e.RetryAfter > 0 {
		f.header.Set("Retry-After", strconv.Itoa(int(math.Ceil(e.RetryAfter.Seconds()))))
	}
	if e.Kind == errs.Unauthenticated {
		f.header.Set("WWW-Authenticate", `Bearer realm="regulars"`)
	}
	return f
}

// cancelled is the code of a request that the client has cancelled. It is logged
// without its cause.
const cancelled = "cancelled"

// publicError returns the error that the caller sees in place of an internal one.
func publicError(ctx context.Context, err error) *errs.Error {
	switch {
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		return errs.New(errs.Unavailable, cancelled, "The request was cancelled.")
	case sqldb.IsDiskFull(err):
		return errs.New(errs.Unavailable, "disk_full", "The server's disk is full. Try again when the operator has freed space.").WithRetry(time.Minute)
	case sqldb.IsUnavailable(err), errors.Is(err, context.DeadlineExceeded):
		return errs.New(errs.Unavailable, "unavailable", "The server is temporarily unavailable. Try again in a moment.").WithRetry(retryUnavailable)
	default:
		return errs.New(errs.Internal, "internal", "Something went wrong on the server. The server log has the details under the requestId.")
	}
}

// StatusFailure returns a failure of the protocol, which has no errs.Kind, such as
// a wrong method or a header that is too large.
func StatusFailure(ctx context.Context, status int, code, message string) *Failure {
	return failure(ctx, status, code, message)
}

func failure(ctx context.Context, status int, code, message string) *Failure {
	recordError(ctx, code, nil)
	return &Failure{
		Result: "error", Message: message, Code: code, Errors: []errs.Field{}, RequestID: RequestID(ctx),
		status: status, header: http.Header{},
	}
}

// recordError stores code and cause for the access log.
func recordError(ctx context.Context, code string, cause error) {
	if q := requestOf(ctx); q != nil {
		q.code = code
		if cause != nil {
			q.cause = cause
		}
	}
}

// Error implements error.
func (f *Failure) Error() string { return f.Code + ": " + f.Message }

// GetStatus returns the HTTP status.
func (f *Failure) GetStatus() int { return f.status }

// GetHeaders returns the headers of the response.
func (f *Failure) GetHeaders() http.Header { return f.header }

// WriteError responds with err as a Failure.
func WriteError(w http.ResponseWriter, r *http.Request, err error) {
	WriteFailure(w, NewFailure(r.Context(), err))
}

// WriteFailure responds with f.
func WriteFailure(w http.ResponseWriter, f *Failure) {
	for name, values := range f.header {
		w.Header()[name] = values
	}
	WriteJSON(w, f.status, f)
}

// WriteJSON responds with v as JSON. It ignores write errors, which mean that the
// client has disconnected.
func WriteJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v)
}
