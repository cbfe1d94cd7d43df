// Package errs defines the error type that callers can act on. Any other error
// is internal: it is logged at the edge and never shown.
package errs

import (
	"errors"
	"strings"
	"time"
)

// Kind classifies errors by what a caller can do. The zero Kind is Internal.
type Kind int

// Kinds and their HTTP status.
const (
	Internal        Kind = iota // 500: not caused by the caller
	Invalid                     // 400: invalid input
	Unauthenticated             // 401: no credential, or an invalid one
	Forbidden                   // 403: a valid credential without the permission
	NotFound                    // 404: missing, or in another community
	Conflict                    // 409: a duplicate, or a conflicting state
	Gone                        // 410: existed and has expired
	TooLarge                    // 413
	Unsupported                 // 415
	Limited                     // 429: over a limit, see RetryAfter
	Unavailable                 // 503: temporarily
)

var statuses = [...]int{500, 400, 401, 403, 404, 409, 410, 413, 415, 429, 503}

// Status returns the HTTP status.
func (k Kind) Status() int { return statuses[k] }

// Field is an invalid field of an input: its wire name, a stable code and a
// message for a person.
type Field struct {
	Field    string   `json:"field"`
	Code     string   `json:"code"`
	Message  string   `json:"message"`
	Sentence Sentence `json:"-"` // source of Message; zero: Message is constant
}

// Wrong returns a Field with a message formatted by fmt.Sprintf.
func Wrong(field, code, format string, args ...any) Field {
	return NewSentence(format, args...).Field(field, code)
}

// Error is shown to callers. Code is stable and in snake_case; Message gives
// the cause and the remedy.
type Error struct {
	Kind       Kind
	Code       string
	Message    string
	Sentence   Sentence // source of Message
	Fields     []Field
	Details    map[string]any // by the codes that define them
	RetryAfter time.Duration  // 0: none
	cause      error
}

// New returns an error with a message formatted by fmt.Sprintf.
func New(kind Kind, code, format string, args ...any) *Error {
	return NewSentence(format, args...).Error(kind, code)
}

// Missing returns NotFound "<noun>_not_found" with the message "<Noun> not found.".
func Missing(noun string) *Error {
	sentence := strings.ReplaceAll(noun, "_", " ") + " not found."
	if rest, ok := strings.CutPrefix(sentence, "api "); ok {
		sentence = "API " + rest
	} else {
		sentence = strings.ToUpper(sentence[:1]) + sentence[1:]
	}
	return Constant(sentence).Error(NotFound, noun+"_not_found")
}

// InvalidFields returns an error invalid_input with all fields, or nil if
// there are none.
func InvalidFields(fields []Field) error {
	if len(fields) == 0 {
		return nil
	}
	return New(Invalid, "invalid_input", "Some fields are wrong; each is listed with its reason.").WithFields(fields...)
}

// WithFields appends fields and returns e.
func (e *Error) WithFields(fields ...Field) *Error {
	e.Fields = append(e.Fields, fields...)
	return e
}

// WithDetails sets Details and returns e.
func (e *Error) WithDetails(details map[string]any) *Error {
	e.Details = details
	return e
}

// WithRetry sets RetryAfter and returns e.
func (e *Error) WithRetry(after time.Duration) *Error {
	e.RetryAfter = after
	return e
}

// Because sets the cause and returns e. errors.Is and errors.As see the cause;
// the message shown to callers does not contain it.
func (e *Error) Because(cause error) *Error {
	e.cause = cause
	return e
}

func (e *Error) Error() string {
	if e.cause != nil {
		return e.Code + ": " + e.Message + ": " + e.cause.Error()
	}
	return e.Code + ": " + e.Message
}

func (e *Error) Unwrap() error { return e.cause }

// From returns the *Error in err's chain, or nil.
func From(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return nil
}

// KindOf returns the kind of err; Internal without an *Error in its chain.
func KindOf(err error) Kind {
	if e := From(err); e != nil {
		return e.Kind
	}
	return Internal
}

// Is reports whether err contains an *Error with that code.
func Is(err error, code string) bool {
	e := From(err)
	return e != nil && e.Code == code
}
