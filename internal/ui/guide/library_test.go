package guide

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/ui"
)

var href = regexp.MustCompile(`(?:href|src)="([^"]*)"`)

// found are the sections with all words of a query.
func (l *library) found(query string) []Result { return concat(l.search(query)) }

func concat(a, b []Result) []Result { return slices.Concat(a, b) }

func TestGuidesLinkToPagesThatExist(t *testing.T) {
	l, err := load()
	if err != nil {
		t.Fatal(err)
	}
	for name, one := range l.guides {
		if one.title == "" || len(one.content) < 500 || strings.Contains(one.content, "<!--") {
			t.Errorf("%s is not complete", name)
		}
		anchors := map[string]bool{}
		for _, s := range one.sections {
			anchors[s.anchor] = true
		}
		for _, m := range href.FindAllStringSubmatch(one.content, -1) {
			path, anchor, _ := strings.Cut(m[1], "#")
			target, isPage := strings.CutPrefix(path, "/docs/")
			switch {
			case path == "":
				if !anchors[anchor] {
					t.Errorf("%s: no section %s", name, anchor)
				}
			case isPage && !strings.HasPrefix(target, "screenshots/") && target != "api":
				if l.guides[target] == nil {
					t.Errorf("%s links to %s", name, m[1])
				}
			case strings.HasSuffix(path, ".md") && !strings.HasPrefix(path, source):
				t.Errorf("%s links to %s", name, m[1])
			}
		}
	}
}

func TestSearchFindsSectionsWithAllWords(t *testing.T) {
	l, err := load()
	if err != nil {
		t.Fatal(err)
	}
	found := l.found("idempotency key retry")
	if len(found) == 0 || !strings.HasPrefix(found[0].URL, "/docs/") {
		t.Fatalf("%+v", found)
	}
	for _, r := range found {
		if len(r.Excerpt) > excerptSize+8 {
			t.Errorf("a long excerpt: %q", r.Excerpt)
		}
	}
	if first := l.found("paginate"); len(first) == 0 || first[0].Title != "Paginate" {
		t.Errorf("a title is not first: %+v", first)
	}
	for _, query := range []string{"", "   ", "no-such-word-anywhere", strings.Repeat("zzzz ", 500)} {
		if found := l.found(query); len(found) != 0 {
			t.Errorf("%q finds %d sections", query, len(found))
		}
	}
}

func TestChangelogAndDecisionsArePages(t *testing.T) {
	l, err := load()
	if err != nil {
		t.Fatal(err)
	}
	for query, url := range map[string]string{"a job engine of our own": "/docs/adr/0002-own-job-engine", "unreleased": "/docs/changelog#unreleased"} {
		if found := l.found(query); len(found) == 0 || found[0].URL != url {
			t.Errorf("%q finds %+v", query, found)
		}
	}
	reader := ui.Reader{Words: i18n.Printer{}}
	list := l.navigation(reader, "adr/0002-own-job-engine")
	if last := list[len(list)-1]; last.Title != "Decisions" || len(last.Links) < 17 {
		t.Errorf("%+v", last)
	}
	if got := destination("../../CHANGELOG.md", "docs/adr/0001-x.md", l.names); got != "/docs/changelog" {
		t.Error(got)
	}
	if got := destination("../SECURITY.md#x", "docs/security.md", l.names); got != source+"SECURITY.md#x" {
		t.Error(got)
	}
}

func TestRawHTMLOfAGuideIsLeftOut(t *testing.T) {
	one, err := render([]byte("<!-- x -->\n\n# Title\n\ntext <script>alert(1)</script> [a](javascript:alert(1))\n\n<script>alert(2)</script>\n"), "docs/x.md", nil)
	if err != nil || one.title != "Title" || strings.Contains(one.content, "<script") || strings.Contains(one.content, `href="javascript`) {
		t.Errorf("%+v %v", one, err)
	}
}

func TestReferenceHasEachOperation(t *testing.T) {
	r := newReference(document())
	if len(r.Tags) != 1 || len(r.Tags[0].Operations) != 1 {
		t.Fatalf("%+v", r.Tags)
	}
	o := r.Tags[0].Operations[0]
	want := []Field{
		{Name: "name", Type: "string", Description: "<p>The <em>name</em>.</p>\n", Required: true},
		{Name: "parts", Type: "array"},
		{Name: "parts[].size", Type: `string: "s", "m"`},
	}
	if diff := cmp.Diff(want, o.Body); diff != "" {
		t.Error(diff)
	}
	if len(o.Parameters) != 2 || o.Parameters[0].Name != "Idempotency-Key" || o.Parameters[1].Place != "path" {
		t.Errorf("%+v", o.Parameters)
	}
	if len(o.Responses) != 2 || o.Responses[0].Fields[0].Name != "name" || !strings.Contains(o.Responses[1].Description, "Wrong") {
		t.Errorf("%+v", o.Responses)
	}
	if line := o.Curl("http://x"); !strings.Contains(line, `-d '{"name":"It'\''s"}'`) || !strings.HasSuffix(line, "'http://x/v1/things/{id}'") {
		t.Error(line)
	}
	if !slices.Equal(o.Permissions, []string{"things"}) {
		t.Error(o.Permissions)
	}
	for query, n := range map[string]int{"create thing": 1, "/v1/things": 1, "createThing": 1, "wonder": 1, "other": 0, "": 0} {
		if found := r.search(query); len(found) != n || n > 0 && found[0].URL != "/docs/api/great-things#createThing" {
			t.Errorf("%q finds %+v", query, found)
		}
	}
}

// document is a document with one operation.
func document() *huma.OpenAPI {
	schemas := huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)
	schemas.Map()["Part"] = &huma.Schema{Type: "object", Properties: map[string]*huma.Schema{"size": {Type: "string", Enum: []any{"s", "m"}}}}
	schemas.Map()["Thing"] = &huma.Schema{Type: "object", Required: []string{"name"}, Properties: map[string]*huma.Schema{
		"name":  {Type: "string", Description: "The *name*.", Examples: []any{"It's"}},
		"parts": {Type: "array", Items: &huma.Schema{Ref: "#/components/schemas/Part"}},
	}}
	body := map[string]*huma.MediaType{"application/json": {Schema: &huma.Schema{Ref: "#/components/schemas/Thing"}}}
	return &huma.OpenAPI{
		Tags: []*huma.Tag{{Name: "Great things"}, {Name: "Nothing"}},
		Components: &huma.Components{
			Schemas: schemas, Parameters: map[string]*huma.Param{"Key": {Name: "Idempotency-Key", In: "header", Schema: &huma.Schema{Type: "string"}}},
			Responses: map[string]*huma.Response{"Invalid": {Description: "Wrong input."}},
		},
		Paths: map[string]*huma.PathItem{"/v1/things/{id}": {Post: &huma.Operation{
			OperationID: "createThing", Summary: "Create a thing", Description: "A wonder.", Tags: []string{"Great things"}, Extensions: map[string]any{"x-permissions": []string{"things"}},
			Parameters:  []*huma.Param{{Ref: "#/components/parameters/Key"}, {Name: "id", In: "path", Required: true, Schema: &huma.Schema{Type: "string"}}},
			RequestBody: &huma.RequestBody{Content: body},
			Responses:   map[string]*huma.Response{"201": {Description: "Created", Content: body}, "400": {Ref: "#/components/responses/Invalid"}},
		}}},
	}
}
