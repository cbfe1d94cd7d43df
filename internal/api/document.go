package api

import (
	"maps"
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/httpx"
)

// failureNames are the names of error responses, by status.
var failureNames = map[int]string{
	400: "Invalid", 401: "Unauthenticated", 403: "Forbidden", 404: "NotFound", 409: "Conflict", 410: "Gone",
	413: "TooLarge", 415: "UnsupportedType", 429: "TooManyRequests", 500: "InternalError", 503: "Unavailable",
}

var failureTexts = map[int]string{
	400: "The path, query or body is invalid; `errors` lists every invalid field.",
	401: "The credential is missing, invalid or expired.",
	403: "The credential is valid, but has no access to this community or operation.",
	404: "The object does not exist in this community.",
	409: "A duplicate, or a conflict with the current state.",
	410: "The object or link has expired.",
	413: "The upload or body is too large.",
	415: "The upload or body has an unsupported type.",
	429: "Too many requests; `Retry-After` says how long to wait.",
	500: "An internal error; the log of the server has details under the `requestId`.",
	503: "Temporarily unavailable; retry after `Retry-After`.",
}

// failures returns the error statuses of an operation.
func (rt *Route) failures() []int {
	codes := []int{400, 401, 403, 404, 429, 500, 503}
	if strings.Contains(rt.Path, "{jobId}") || rt.is(MayBeGone) {
		codes = append(codes, 410)
	}
	if rt.is(MayConflict) || rt.Method != http.MethodGet && !rt.is(ReadOnly) {
		codes = append(codes, 409)
	}
	if rt.Method == http.MethodPost || rt.Method == http.MethodPut {
		codes = append(codes, 413, 415)
	}
	return codes
}

func (rt *Route) parameters() []*huma.Param {
	if rt.Method != http.MethodPost || rt.is(ReadOnly) || rt.is(StartsSession) {
		return nil
	}
	return []*huma.Param{{Ref: "#/components/parameters/IdempotencyKey"}}
}

const overview = `Regulars manages communities and their members. It is compatible with the Returning.AI API.

**Credentials.** Send a session token or an API key as ` + "`Authorization: Bearer <token>`" + `, or an API key as ` + "`x-api-key: <key>`" + `.
The key of a community is valid in that community; a session of a person with several memberships selects one by ` + "`communityId`" + `.
Each operation lists the permissions of keys under ` + "`x-permissions`" + `: one of them is enough.

**Responses.** Success is ` + "`{status, message, data}`" + `, lists add ` + "`meta`" + `. An error is ` + "`{status, message, code, errors, requestId}`" + `: ` + "`code`" + ` is stable, ` + "`errors`" + ` has an entry for every invalid field.
Times are RFC 3339 in UTC with milliseconds. Ids are 24 hex digits.

**Retries.** Every POST that changes data accepts an ` + "`Idempotency-Key`" + `: a retry with the same key and body gets the first response.

**Limits.** Responses to limited requests have ` + "`RateLimit-Limit`, `RateLimit-Remaining` and `RateLimit-Reset`" + ` (seconds). Over the limit the response is 429 with ` + "`Retry-After`" + `.`

// documentConfig returns the configuration of a document without operations.
func documentConfig(version string, areas []Area) huma.Config {
	if version == "" {
		version = "development"
	}
	schemas := huma.NewMapRegistry("#/components/schemas/", schemaNamer(areas))
	var tags []*huma.Tag
	for _, area := range areas {
		if area.Description != "" {
			tags = append(tags, &huma.Tag{Name: area.Tag, Description: area.Description})
		}
	}
	return huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{
				Title: "Regulars", Version: version, Description: overview,
				License: &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"},
			},
			Servers:    []*huma.Server{{URL: "/"}},
			Security:   []map[string][]string{{"bearer": {}}, {"apiKey": {}}},
			Tags:       tags,
			Components: components(schemas),
		},
		Formats:       huma.DefaultFormats,
		DefaultFormat: "application/json",
	}
}

func components(schemas huma.Registry) *huma.Components {
	failure := schemas.Schema(reflect.TypeFor[httpx.Failure](), true, "")
	responses := map[string]*huma.Response{}
	for code, name := range failureNames {
		responses[name] = &huma.Response{
			Description: failureTexts[code],
			Content:     map[string]*huma.MediaType{"application/json": {Schema: failure}},
		}
	}
	wait := &huma.Header{Description: "Seconds to wait before a retry.", Schema: &huma.Schema{Type: huma.TypeInteger}}
	for _, code := range []int{429, 503} {
		responses[failureNames[code]].Headers = map[string]*huma.Param{"Retry-After": wait}
	}
	longest := 255
	return &huma.Components{
		Schemas: schemas, Responses: responses,
		Parameters: map[string]*huma.Param{"IdempotencyKey": {
			Name: "Idempotency-Key", In: "header", Example: "0f8e2a6c-import-2026-04-07",
			Description: "Makes a retry safe: the same key with the same body gets the first response; with another body it is 409.",
			Schema:      &huma.Schema{Type: huma.TypeString, MaxLength: &longest},
		}},
		SecuritySchemes: map[string]*huma.SecurityScheme{
			"bearer": {Type: "http", Scheme: "bearer", Description: "A session token or an API key."},
			"apiKey": {Type: "apiKey", In: "header", Name: "x-api-key", Description: "An API key."},
		},
	}
}

// schemaNamer names schemas as the areas declare, else after their types.
func schemaNamer(areas []Area) func(reflect.Type, string) string {
	names := map[reflect.Type]string{reflect.TypeFor[errs.Field](): "WrongField"}
	for _, area := range areas {
		maps.Copy(names, area.SchemaNames)
	}
	return func(t reflect.Type, hint string) string {
		for t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		if name, ok := names[t]; ok {
			return name
		}
		return huma.DefaultSchemaNamer(t, hint)
	}
}
