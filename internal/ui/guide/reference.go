package guide

import (
	"bytes"
	"cmp"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/ui"
)

// reference is the reference of the API, built from its document.
type reference struct{ Tags []Tag }

// Tag is a page of the reference: the operations of one tag.
type Tag struct {
	Name, Slug, Description string // Description is HTML
	Operations              []Operation
}

// Operation is an operation of the API. Descriptions are HTML.
type Operation struct {
	ID, Method, Path, Summary, Description string
	plain                                  string // the description as text
	Permissions                            []string
	Parameters                             []Field
	BodyType                               string // media type; "": no body
	Body                                   []Field
	Example                                string // JSON; "": none
	Responses                              []Response
}

// Field is a parameter, or a property at any depth of a body: "data.name",
// "data[].name".
type Field struct {
	Name, Place, Type, Description string // Place is path, query or header
	Required                       bool
}

// Response is a response of an operation.
type Response struct {
	Status, Description string
	Fields              []Field
}

// maxDepth is the largest number of objects in each other that the reference shows.
const maxDepth = 5

// newReference returns the reference of a document.
func newReference(document *huma.OpenAPI) *reference {
	r := &reference{}
	for _, tag := range document.Tags {
		r.Tags = append(r.Tags, Tag{Name: tag.Name, Slug: slug(tag.Name), Description: inHTML(tag.Description)})
	}
	for _, path := range slices.Sorted(maps.Keys(document.Paths)) {
		item := document.Paths[path]
		for _, one := range []struct {
			method    string
			operation *huma.Operation
		}{{http.MethodGet, item.Get}, {http.MethodPost, item.Post}, {http.MethodPut, item.Put}, {http.MethodPatch, item.Patch}, {http.MethodDelete, item.Delete}} {
			if one.operation == nil || one.operation.Hidden {
				continue
			}
			for i := range r.Tags {
				if slices.Contains(one.operation.Tags, r.Tags[i].Name) {
					r.Tags[i].Operations = append(r.Tags[i].Operations, newOperation(document, one.method, path, one.operation))
				}
			}
		}
	}
	r.Tags = slices.DeleteFunc(r.Tags, func(t Tag) bool { return len(t.Operations) == 0 })
	return r
}

func slug(name string) string { return strings.ReplaceAll(strings.ToLower(name), " ", "-") }

// inHTML converts a description. Raw HTML is left out.
func inHTML(text string) string {
	var b bytes.Buffer
	if err := markdown.Convert([]byte(text), &b); err != nil {
		return ""
	}
	return b.String()
}

func newOperation(document *huma.OpenAPI, method, path string, o *huma.Operation) Operation {
	made := Operation{ID: o.OperationID, Method: method, Path: path, Summary: o.Summary, Description: inHTML(o.Description), plain: o.Description}
	if text, err := json.Marshal(o.Extensions["x-permissions"]); err == nil {
		_ = json.Unmarshal(text, &made.Permissions) // a list of names of any type
	}
	components := document.Components
	for _, p := range o.Parameters {
		if p.Ref != "" {
			p = components.Parameters[p.Ref[strings.LastIndexByte(p.Ref, '/')+1:]]
		}
		if p != nil {
			made.Parameters = append(made.Parameters, Field{p.Name, p.In, typeOf(p.Schema), inHTML(p.Description), p.Required})
		}
	}
	if o.RequestBody != nil {
		for _, kind := range slices.Sorted(maps.Keys(o.RequestBody.Content)) {
			schema := o.RequestBody.Content[kind].Schema
			made.BodyType, made.Body = kind, fieldsOf(components.Schemas, schema, "", 0)
			if strings.HasSuffix(kind, "json") {
				text, err := json.Marshal(exampleOf(components.Schemas, schema, 0))
				if err == nil {
					made.Example = string(text)
				}
			}
		}
	}
	for _, status := range slices.Sorted(maps.Keys(o.Responses)) {
		answer := o.Responses[status]
		if answer.Ref != "" {
			answer = components.Responses[answer.Ref[strings.LastIndexByte(answer.Ref, '/')+1:]]
		}
		if answer == nil {
			continue
		}
		one := Response{Status: status, Description: inHTML(answer.Description)}
		if status < "300" {
			for _, kind := range slices.Sorted(maps.Keys(answer.Content)) {
				one.Fields = append(one.Fields, fieldsOf(components.Schemas, answer.Content[kind].Schema, "", 0)...)
			}
		}
		made.Responses = append(made.Responses, one)
	}
	return made
}

// resolve returns the schema that a reference names.
func resolve(schemas huma.Registry, s *huma.Schema) *huma.Schema {
	for s != nil && s.Ref != "" {
		s = schemas.SchemaFromRef(s.Ref)
	}
	return s
}

// fieldsOf returns the properties of a schema, those of objects in it too.
func fieldsOf(schemas huma.Registry, s *huma.Schema, prefix string, depth int) (list []Field) {
	if s = resolve(schemas, s); s == nil || depth == maxDepth {
		return nil
	}
	for _, part := range slices.Concat(s.AllOf, s.OneOf, s.AnyOf) {
		list = append(list, fieldsOf(schemas, part, prefix, depth+1)...)
	}
	if s.Items != nil {
		return append(list, fieldsOf(schemas, s.Items, prefix+"[]", depth+1)...)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		full, property := strings.TrimPrefix(prefix+"."+name, "."), s.Properties[name]
		shown := resolve(schemas, property)
		if shown == nil {
			continue
		}
		list = append(list, Field{Name: full, Type: typeOf(shown), Description: inHTML(cmp.Or(property.Description, shown.Description)), Required: slices.Contains(s.Required, name)})
		list = append(list, fieldsOf(schemas, shown, full, depth+1)...)
	}
	return list
}

// typeOf describes the type of a schema.
func typeOf(s *huma.Schema) string {
	if s == nil {
		return ""
	}
	kind := s.Type
	if s.Format != "" {
		kind += " (" + s.Format + ")"
	}
	if len(s.Enum) > 0 {
		values := make([]string, len(s.Enum))
		for i, v := range s.Enum {
			text, _ := json.Marshal(v) // values of the document
			values[i] = string(text)
		}
		kind += ": " + strings.Join(values, ", ")
	}
	return kind
}

// exampleOf returns an example of a schema with its required properties.
func exampleOf(schemas huma.Registry, s *huma.Schema, depth int) any {
	if s = resolve(schemas, s); s == nil || depth == maxDepth {
		return nil
	}
	if len(s.Examples) > 0 {
		return s.Examples[0]
	}
	if len(s.Enum) > 0 {
		return s.Enum[0]
	}
	switch s.Type {
	case huma.TypeObject:
		object := map[string]any{}
		for _, name := range s.Required {
			object[name] = exampleOf(schemas, s.Properties[name], depth+1)
		}
		return object
	case huma.TypeArray:
		return []any{exampleOf(schemas, s.Items, depth+1)}
	case huma.TypeInteger, huma.TypeNumber:
		return 1
	case huma.TypeBoolean:
		return true
	}
	return "string"
}

// Curl is a command line that calls the operation at the address of a server.
func (o Operation) Curl(address string) string {
	line := "curl -X " + o.Method + " -H 'x-api-key: $KEY' \\\n"
	if o.Method == http.MethodGet {
		line = "curl -H 'x-api-key: $KEY' \\\n"
	}
	line = strings.Replace(line, "'x-api-key: $KEY'", `"x-api-key: $KEY"`, 1)
	switch {
	case o.Example != "":
		line += "  -H 'Content-Type: application/json' \\\n  -d '" + strings.ReplaceAll(o.Example, "'", `'\''`) + "' \\\n"
	case strings.HasPrefix(o.BodyType, "multipart/"):
		for _, f := range o.Body {
			if f.Required {
				line += "  -F " + f.Name + "=... \\\n"
			}
		}
	}
	return line + "  '" + address + o.Path + "'"
}

// search returns the operations whose names and address, or else description,
// contain all words of a query.
func (r *reference) search(query string) (found []Result) {
	words := strings.Fields(strings.ToLower(query))
	words = words[:min(len(words), mostWords)]
	if len(words) == 0 {
		return nil
	}
	all := func(text string) bool {
		text = strings.ToLower(text)
		return !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(text, w) })
	}
	var later []Result
	for _, tag := range r.Tags {
		for _, o := range tag.Operations {
			title := o.Summary + " " + o.ID + " " + o.Method + " " + o.Path
			one := Result{Guide: o.Method + " " + o.Path, Title: o.Summary, URL: "/docs/api/" + tag.Slug + "#" + o.ID, Excerpt: excerpt(o.plain, words[0])}
			switch {
			case all(title):
				found = append(found, one)
			case all(title + " " + o.plain):
				later = append(later, one)
			}
		}
	}
	return append(found, later...)
}

// showReference shows the list of operations.
func (h *handlers) showReference(v *ui.Request) error {
	view, err := h.referenceView(v, i18n.Key("API reference"), referenceName)
	if err != nil {
		return err
	}
	return ui.Render(v, http.StatusOK, ReferencePage(view, h.reference().Tags))
}

// showTag shows the operations of a tag.
func (h *handlers) showTag(v *ui.Request) error {
	name := v.PathValue("tag")
	all := h.reference().Tags
	i := slices.IndexFunc(all, func(t Tag) bool { return t.Slug == name })
	if i < 0 {
		return errs.Missing("page")
	}
	view, err := h.referenceView(v, all[i].Name, referenceName+"/"+name)
	if err != nil {
		return err
	}
	return ui.Render(v, http.StatusOK, TagPage(view, all[i]))
}

// referenceView is a page of the reference, with its pages in the navigation.
func (h *handlers) referenceView(v *ui.Request, title, name string) (View, error) {
	l, err := h.library()
	if err != nil {
		return View{}, err
	}
	view, err := h.view(v, l, title, name)
	for _, tag := range h.reference().Tags {
		view.API = append(view.API, Link{Name: referenceName + "/" + tag.Slug, Title: tag.Name})
	}
	return view, err
}
