package api

import (
	"context"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/httpx"
)

// newError converts an error of huma to a Failure: 400 with all invalid fields
// instead of 422.
func newError(hctx huma.Context, status int, message string, details ...error) huma.StatusError {
	ctx := context.Background()
	if hctx != nil {
		ctx = hctx.Context()
	}
	for _, detail := range details {
		if failure, ok := detail.(*httpx.Failure); ok { //nolint:errorlint // resolvers return it unwrapped
			return failure
		}
	}
	switch status {
	case http.StatusBadRequest, http.StatusUnprocessableEntity, http.StatusRequestTimeout:
		if len(details) > 0 {
			return httpx.NewFailure(ctx, errs.InvalidFields(wrongFields(details)))
		}
		return httpx.NewFailure(ctx, errs.New(errs.Invalid, "body_required", "The operation needs a JSON body."))
	case http.StatusUnsupportedMediaType:
		return httpx.NewFailure(ctx, errs.New(errs.Unsupported, "unsupported_media_type", "Send the body as JSON, with Content-Type: application/json."))
	case http.StatusRequestEntityTooLarge:
		return httpx.NewFailure(ctx, errs.New(errs.TooLarge, "body_too_large", "The body is too large."))
	default:
		return httpx.NewFailure(ctx, &internalError{status, message, details})
	}
}

// internalError is an error inside huma; it is logged and not shown.
type internalError struct {
	status  int
	message string
	details []error
}

func (e *internalError) Error() string {
	text := http.StatusText(e.status) + ": " + e.message
	for _, detail := range e.details {
		text += ": " + detail.Error()
	}
	return text
}

func wrongFields(details []error) []errs.Field {
	fields := make([]errs.Field, 0, len(details))
	for _, detail := range details {
		d, ok := detail.(huma.ErrorDetailer)
		if !ok {
			fields = append(fields, errs.Field{Code: "invalid", Message: sentence(detail.Error())})
			continue
		}
		fields = append(fields, wrongField(d.ErrorDetail()))
	}
	return fields
}

var missing = regexp.MustCompile(`^expected required property (.+) to be present$`)

// wrongField converts the location and the message of huma.
func wrongField(d *huma.ErrorDetail) errs.Field {
	at := d.Location
	for _, part := range []string{"body", "query", "path", "header"} {
		if at == part {
			at = ""
		} else if rest, ok := strings.CutPrefix(at, part+"."); ok {
			at = rest
			break
		}
	}
	if m := missing.FindStringSubmatch(d.Message); m != nil {
		return errs.Field{Field: fieldPath(at, m[1]), Code: "required", Message: "It is required."}
	}
	if strings.HasPrefix(d.Message, "json: ") {
		// The message of the decoder has names of Go types.
		return errs.Field{Field: at, Code: "wrong_type", Message: "A value has the wrong type or does not fit."}
	}
	return errs.Field{Field: at, Code: codeOf(d.Message), Message: sentence(plainNumbers(d.Message))}
}

// codes are the codes for messages of huma, by their beginnings.
var codes = []struct{ start, code string }{
	{"unexpected property", "unknown_field"},
	{"required ", "required"},
	{"expected value to be one of", "not_allowed"},
	{"expected number >", "too_small"},
	{"expected number <", "too_large"},
	{"expected length >=", "too_short"},
	{"expected length <=", "too_long"},
	{"expected array length >=", "too_few"},
	{"expected array length <=", "too_many"},
	{"expected string to ", "wrong_format"},
	{"expected ", "wrong_type"},
	{"invalid ", "wrong_type"},
}

func codeOf(message string) string {
	for _, c := range codes {
		if strings.HasPrefix(message, c.start) {
			return c.code
		}
	}
	return "invalid"
}

var exponent = regexp.MustCompile(`\d+(?:\.\d+)?e\+\d+`)

// plainNumbers writes large numbers as 1,000,000 instead of 1e+06.
func plainNumbers(s string) string {
	return exponent.ReplaceAllStringFunc(s, func(text string) string {
		number, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return text
		}
		return message.NewPrinter(language.English).Sprintf("%.0f", number)
	})
}

func sentence(s string) string {
	if s == "" {
		return "It is not valid."
	}
	return strings.ToUpper(s[:1]) + strings.TrimSuffix(s[1:], ".") + "."
}

func fieldPath(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}
