// Package errs is the one error type that callers can act on. Whatever is not
// an *Error is internal: it is logged at the edge and never shown.
package errs

import (
	"errors"
	"time"
)

// Kind says what a caller can do about an error. The zero Kind is Internal.
type Kind int

// The kinds and the HTTP status each of them becomes.
const (
	Internal        Kind = iota // 500: nothing the caller can mend
	Invalid                     // 400: the input is wrong
	Unauthenticated             // 401: no credential, or one that is not valid
	Forbidden                   // 403: a valid credential in the wrong place
	NotFound                    // 404: not there, or not in this community
	Conflict                    // 409: a duplicate, or a state that forbids it
	Gone                        // 410: it was there and has expired
	TooLarge                    // 413
	Unsupported                 // 415
	Limited                     // 429: too often, see RetryAfter
	Unavailable                 // 503: not now
)

var statuses = [...]int{500, 400, 401, 403, 404, 409, 410, 413, 415, 429, 503}

// Status is the HTTP status of a kind.
func (k Kind) Status() int { return statuses[k] }

// Field is one wrong field of an input: its wire name, a stable code and a
// sentence for a person.
type Field struct {
	Field   string   `json:"field"`
	Code    string   `json:"code"`
	Message string   `json:"message"`
	Said    Sentence `json:"-"` // what Message was made of; zero: Message is constant
}

// Wrong returns a Field with a message made by fmt.Sprintf.
func Wrong(field, code, format string, args ...any) Field {
	return Say(format, args...).Field(field, code)
}

// Error is what a caller may see. Code is stable and in snake_case; Message
// says what happened and what to do.
type Error struct {
	Kind       Kind
	Code       string
	Message    string
	Said       Sentence // what Message was made of
	Fields     []Field
	RetryAfter time.Duration // 0: none
	cause      error
}

// New returns an error with a message made by fmt.Sprintf.
func New(kind Kind, code, format string, args ...any) *Error {
	said := Say(format, args...)
	return &Error{Kind: kind, Code: code, Message: said.English, Said: said}
}

// InvalidFields reports all wrong fields of an input at once, under the code
// invalid_input. It returns nil when there are none.
func InvalidFields(fields []Field) error {
	if len(fields) == 0 {
		return nil
	}
	return New(Invalid, "invalid_input", "Some fields are wrong; errors names each of them.").WithFields(fields...)
}

// WithFields returns e with the wrong fields added.
func (e *Error) WithFields(fields ...Field) *Error {
	e.Fields = append(e.Fields, fields...)
	return e
}

// WithRetry returns e with the time after which trying again makes sense.
func (e *Error) WithRetry(after time.Duration) *Error {
	e.RetryAfter = after
	return e
}

// Because returns e with its cause, which errors.Is and errors.As see and the
// caller of the API does not.
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

// KindOf returns the kind of err; Internal when it holds no *Error.
func KindOf(err error) Kind {
	if e := From(err); e != nil {
		return e.Kind
	}
	return Internal
}

// Is reports whether err holds an *Error with that code.
func Is(err error, code string) bool {
	e := From(err)
	return e != nil && e.Code == code
}
