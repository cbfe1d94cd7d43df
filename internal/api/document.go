package api

import (
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/httpx"
	"github.com/regulars/regulars/internal/sheet"
)

// failureNames are the answers that are no success, by status.
var failureNames = map[int]string{
	400: "Invalid", 401: "Unauthenticated", 403: "Forbidden", 404: "NotFound", 409: "Conflict", 410: "Gone",
	413: "TooLarge", 415: "UnsupportedType", 429: "TooManyRequests", 500: "InternalError", 503: "Unavailable",
}

var failureTexts = map[int]string{
	400: "The path, query or body is wrong; `errors` names every wrong field.",
	401: "The credential is missing, wrong or expired.",
	403: "The credential is right, but not for this community or operation.",
	404: "It is not there, or not in this community.",
	409: "A duplicate, or a state that forbids it.",
	410: "It was there and has expired.",
	413: "The upload or body is too large.",
	415: "The upload or body is of a type that is not taken.",
	429: "Too many requests; `Retry-After` says how long to wait.",
	500: "Something went wrong on the server; its log says more under the `requestId`.",
	503: "Not now; try again after `Retry-After`.",
}

// failures are the statuses an operation may answer with besides success.
func (rt *route) failures() []int {
	codes := []int{400, 401, 403, 404, 429, 500, 503}
	if strings.Contains(rt.path, "{jobId}") || rt.is(expires) {
		codes = append(codes, 410)
	}
	if rt.method != http.MethodGet && !rt.is(reads) {
		codes = append(codes, 409)
	}
	if rt.method == http.MethodPost || rt.method == http.MethodPut {
		codes = append(codes, 413, 415)
	}
	return codes
}

func (rt *route) parameters() []*huma.Param {
	if rt.method != http.MethodPost || rt.is(reads) || rt.name == "login" {
		return nil
	}
	return []*huma.Param{{Ref: "#/components/parameters/IdempotencyKey"}}
}

const overview = `Regulars keeps communities and their members. It is compatible with the Returning.AI API.

**Credentials.** Send a session token or an API key as ` + "`Authorization: Bearer <token>`" + `, or an API key as ` + "`x-api-key: <key>`" + `.
A community key decides the community; a session names it by ` + "`communityId`" + ` when the person has several memberships.
Each operation lists under ` + "`x-permissions`" + ` what a key needs: one of them is enough.

**Answers.** Success is ` + "`{status, message, data}`" + `, lists add ` + "`meta`" + `. A failure is ` + "`{status, message, code, errors, requestId}`" + `: ` + "`code`" + ` is stable, ` + "`errors`" + ` names every wrong field at once.
Times are RFC 3339 in UTC with milliseconds. Ids are 24 hex digits.

**Retries.** Every POST that changes something takes an ` + "`Idempotency-Key`" + `: the same key with the same body answers as the first time.

**Limits.** Where one applies, answers carry ` + "`RateLimit-Limit`, `RateLimit-Remaining` and `RateLimit-Reset`" + ` (seconds); over it they are 429 with ` + "`Retry-After`" + `.`

// documentConfig is the OpenAPI document before the operations are added.
func documentConfig(version string) huma.Config {
	if version == "" {
		version = "development"
	}
	schemas := huma.NewMapRegistry("#/components/schemas/", schemaName)
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

var tags = []*huma.Tag{
	{Name: "Authentication", Description: "Accounts, passwords and sessions of people."},
	{Name: "API keys", Description: "Keys of a community, and of a person."},
	{Name: "Bulk", Description: "Many members at once, from a CSV file or spreadsheet: dry run, live progress, failed rows to download, undo."},
	{Name: "Roles", Description: "What members may do, and the colour they have."},
	{Name: "Channels", Description: "Where members meet: channels, the categories that group them, and what each allows to whom."},
	{Name: "Users", Description: "Members of a community."},
	{Name: "User fields", Description: "What a community knows of its members."},
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
	wait := &huma.Header{Description: "Seconds to wait before trying again.", Schema: &huma.Schema{Type: huma.TypeInteger}}
	for _, code := range []int{429, 503} {
		responses[failureNames[code]].Headers = map[string]*huma.Param{"Retry-After": wait}
	}
	longest := 255
	return &huma.Components{
		Schemas: schemas, Responses: responses,
		Parameters: map[string]*huma.Param{"IdempotencyKey": {
			Name: "Idempotency-Key", In: "header", Example: "0f8e2a6c-import-2026-04-07",
			Description: "Makes a retry harmless: the same key with the same body gives the first answer again; with another body it is 409.",
			Schema:      &huma.Schema{Type: huma.TypeString, MaxLength: &longest},
		}},
		SecuritySchemes: map[string]*huma.SecurityScheme{
			"bearer": {Type: "http", Scheme: "bearer", Description: "A session token or an API key."},
			"apiKey": {Type: "apiKey", In: "header", Name: "x-api-key", Description: "An API key."},
		},
	}
}

// schemaNames are the names of schemas that differ from those of their types.
var schemaNames = map[reflect.Type]string{
	reflect.TypeFor[accountView]():          "Account",
	reflect.TypeFor[success[accountView]](): "SuccessAccount",
	reflect.TypeFor[errs.Field]():           "WrongField",
	reflect.TypeFor[bulk.Status]():          "BulkJob",
	reflect.TypeFor[bulk.Waiting]():         "JobWait",
	reflect.TypeFor[bulk.Counts]():          "RowCounts",
	reflect.TypeFor[bulk.Detail]():          "BulkRow",
	reflect.TypeFor[bulk.Change]():          "FieldChange",
	reflect.TypeFor[bulk.Problem]():         "RowProblem",
	reflect.TypeFor[sheet.Detected]():       "DetectedFile",
}

func schemaName(t reflect.Type, hint string) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if name, ok := schemaNames[t]; ok {
		return name
	}
	return huma.DefaultSchemaNamer(t, hint)
}

// Document is the OpenAPI document of this version, in YAML.
func Document(version string) ([]byte, error) {
	return New(Deps{Version: version}).huma.OpenAPI().YAML()
}
