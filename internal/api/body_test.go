package api

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/httpx"
)

func TestJSONThatDatabasesCannotStoreIsRejected(t *testing.T) {
	for body, ok := range map[string]bool{
		`{"a":[1,"x",null]}`: true, `{"a":"\u00e9"}`: true,
		``: false, `{`: false, `{} {}`: false, "{\"a\":\"\xff\"}": false, `{"a":"x\u0000"}`: false, `{"a\u0000":1}`: false, `[["\u0000"]]`: false,
	} {
		if _, err := decodeJSON([]byte(body)); (err == nil) != ok || !ok && !errs.Is(err, "bad_json") {
			t.Errorf("%q: %v", body, err)
		}
	}
}

func TestIgnoredFieldsAreEscapedInTheHeader(t *testing.T) {
	rec := httptest.NewRecorder()
	SetUnknownFields(rec, append([]string{"a b\r\nX: y", strings.Repeat("n", 100)}, strings.Split(strings.Repeat("z ", 30), " ")...))
	got := strings.Split(rec.Header().Get("X-Unknown-Fields"), ", ")
	if len(got) != maxUnknownNames+1 || got[0] != "a%20b%0D%0AX:%20y" || got[maxUnknownNames] != "..." || len(got[1]) > 70 {
		t.Errorf("%d names: %q", len(got), got)
	}
}

func TestInvalidJSONIsRejectedWithItsPosition(t *testing.T) {
	for body, want := range map[string]string{
		`{"a": 1`:                        "The body is not JSON: it ends too early.",
		` `:                              "The body is not JSON: it ends too early.",
		`nope`:                           "The body is not JSON: look at line 1, character 2.",
		"{\n\t\"größe\": 1,\n\t\"ä\" b}": "The body is not JSON: look at line 3, character 6.",
		`{} {}`:                          "The body is not JSON: look at line 1, character 4.",
		`[1e999]`:                        "A number in the body is too large.",
	} {
		if _, err := decodeJSON([]byte(body)); !errs.Is(err, "bad_json") || errs.From(err).Message != want {
			t.Errorf("%q: %v", body, err)
		}
	}
}

func TestErrorsOfHumaAreConverted(t *testing.T) {
	failure := func(status int, details ...error) *httpx.Failure {
		return newError(nil, status, "validation failed", details...).(*httpx.Failure) // newError makes nothing else
	}
	f := failure(http.StatusUnprocessableEntity,
		&huma.ErrorDetail{Location: "body", Message: "expected required property title to be present"},
		&huma.ErrorDetail{Location: "body.a", Message: "expected required property b to be present"},
		&huma.ErrorDetail{Location: "body.order", Message: "expected integer"},
		&huma.ErrorDetail{Location: "query.limit", Message: "expected number <= 100"},
		&huma.ErrorDetail{Location: "body.uses", Message: "expected number <= 1e+06"},
		&huma.ErrorDetail{Location: "query.page", Message: "invalid integer"},
		&huma.ErrorDetail{Location: "query.type", Message: `expected value to be one of "import, update"`},
		errors.New("odd"))
	want := []errs.Field{
		{Field: "title", Code: "required", Message: "It is required."},
		{Field: "a.b", Code: "required", Message: "It is required."},
		{Field: "order", Code: "wrong_type", Message: "Expected integer."},
		{Field: "limit", Code: "too_large", Message: "Expected number <= 100."},
		{Field: "uses", Code: "too_large", Message: "Expected number <= 1,000,000."},
		{Field: "page", Code: "wrong_type", Message: "Invalid integer."},
		{Field: "type", Code: "not_allowed", Message: `Expected value to be one of "import, update".`},
		{Code: "invalid", Message: "Odd."},
	}
	if d := cmp.Diff(want, f.Errors); d != "" || f.GetStatus() != 400 || f.Code != "invalid_input" {
		t.Errorf("%d %s %s", f.GetStatus(), f.Code, d)
	}
	for status, code := range map[int]string{400: "body_required", 413: "body_too_large", 415: "unsupported_media_type", 500: "internal"} {
		if f := failure(status); f.GetStatus() != status || f.Code != code {
			t.Errorf("%d: %d %s", status, f.GetStatus(), f.Code)
		}
	}
}
