package job

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/text"
)

// NewField is a field that a run creates for a column of its file. A dry run plans
// as if the field existed.
type NewField struct {
	Header string     `json:"header" doc:"of the column"`
	ID     string     `json:"id" doc:"of the field, the same in a dry run and in the job that applies it"`
	Field  string     `json:"field" doc:"database name"`
	Name   string     `json:"name"`
	Type   field.Type `json:"type"`

	// Options are the choices of a select or multi-select: the values of the column
	// when the job started. A staged file has none.
	Options []string `json:"options,omitempty" nullable:"false"`
}

// The limits of names of fields.
const (
	maxFieldName    = 50
	maxFieldDisplay = 100
)

// NewFieldOf returns a new field that is named after its column.
func NewFieldOf(header string, t field.Type) NewField {
	name := text.Name(header)
	return NewField{Header: header, Field: strings.ReplaceAll(strings.ToLower(firstRunes(name, maxFieldName)), " ", "-"), Name: firstRunes(name, maxFieldDisplay), Type: t}
}

func firstRunes(s string, n int) string {
	if runes := []rune(s); len(runes) > n {
		return strings.TrimSpace(string(runes[:n]))
	}
	return s
}

// Definition returns the field, or the problem of its header or type. A choice without
// options is not checked for them.
func (n NewField) Definition() (field.Field, *errs.Field) {
	if wrong := n.wrongType(n.Header); wrong != nil {
		return field.Field{}, wrong
	}
	in := field.Input{Field: n.Field, Name: n.Name, Type: n.Type, Options: n.Options}
	if n.Type.IsChoice() && len(n.Options) == 0 {
		in.Type = field.SingleLine
	}
	f, err := in.Validate()
	f.ID, f.Type = n.ID, n.Type
	e := errs.From(err)
	switch {
	case e == nil:
		return f, nil
	case len(e.Fields) > 0:
		wrong := e.Fields[0]
		wrong.Field = n.Header
		return f, &wrong
	}
	return f, new(e.Sentence.Field(n.Header, e.Code))
}

func (n NewField) wrongType(at string) *errs.Field {
	if slices.Contains(field.Types, n.Type) {
		return nil
	}
	names := make([]string, len(field.Types))
	for i, t := range field.Types {
		names[i] = string(t)
	}
	return new(errs.Wrong(at, "unknown_type", "The type of a new field is one of %s.", strings.Join(names, ", ")))
}

// parseNewFields parses {"header": "type"}.
func parseNewFields(o *Options, text string) *errs.Field {
	types := map[string]field.Type{}
	if err := json.Unmarshal([]byte(text), &types); err != nil {
		return &errs.Field{Field: "createFields", Code: "invalid_json", Message: `Write the fields to create as JSON: {"header": "type"}.`}
	}
	for _, header := range slices.Sorted(maps.Keys(types)) {
		n := NewFieldOf(header, types[header])
		if wrong := n.wrongType("createFields"); wrong != nil {
			return wrong
		}
		o.NewFields = append(o.NewFields, n)
	}
	return nil
}

// newFieldTypes are the types of new fields by header.
func newFieldTypes(list []NewField) map[string]field.Type {
	types := map[string]field.Type{}
	for _, n := range list {
		types[n.Header] = n.Type
	}
	return types
}

// withNew returns fields with the definitions of new ones that do not exist.
func withNew(fields []field.Field, list []NewField) []field.Field {
	for _, n := range list {
		if slices.ContainsFunc(fields, func(f field.Field) bool { return f.ID == n.ID }) {
			continue
		}
		if f, wrong := n.Definition(); wrong == nil {
			fields = append(fields, f)
		}
	}
	return fields
}

// HasChoices reports whether the job creates fields with choices.
func (j *Job) HasChoices() bool {
	return slices.ContainsFunc(j.Options.NewFields, func(n NewField) bool { return n.Type.IsChoice() })
}

// WithoutChoices returns options without the choices of new fields, of which there may be
// thousands.
func (o Options) WithoutChoices() Options {
	o.NewFields = slices.Clone(o.NewFields)
	for i := range o.NewFields {
		o.NewFields[i].Options = nil
	}
	return o
}

// withoutIDs returns options without the ids of new fields.
func (o Options) withoutIDs() Options {
	o.NewFields = slices.Clone(o.NewFields)
	for i := range o.NewFields {
		o.NewFields[i].ID = ""
	}
	return o
}
