// Package field defines the fields of members: default and custom fields, their
// types and options, and the parsing, normalisation and encoding of values. It
// knows no rows of members.
package field

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/text"
)

// Type is the type of a user field.
type Type string

// The types of user fields. RoleList, TagList, TierName and BadgeList are names that only
// default fields have.
const (
	SingleLine  Type = "single-line-text"
	MultiLine   Type = "multi-line-text"
	Numerical   Type = "numerical"
	Boolean     Type = "boolean"
	Date        Type = "date"
	Select      Type = "select"
	MultiSelect Type = "multi-select"
	Email       Type = "email"
	Phone       Type = "phone"
	Country     Type = "country"
	URL         Type = "url"
	Language    Type = "language" // default field only
	RoleList    Type = "role"     // default field only
	TagList     Type = "tag"      // default field only
	TierName    Type = "tier"     // default field only
	BadgeList   Type = "badge"    // default field only
)

// Types are the types of custom fields.
var Types = []Type{SingleLine, MultiLine, Numerical, Boolean, Date, Select, MultiSelect, Email, Phone, Country, URL}

// legacyNames are names of types from older versions of the compatible API.
var legacyNames = map[Type]Type{"text": SingleLine, "number": Numerical}

// Field is a field of the members of a community: a default field, which every
// community has, or a custom one.
type Field struct {
	ID           string // of a default field: the same as Field
	Field        string // database name: the key in customFields
	Name         string // label
	Type         Type
	Options      []string // of select and multi-select
	Required     bool
	DefaultValue any // nil: none
	Description  string
	Filterable   bool
	Identifier   bool // unique in the community; names a member in a bulk update
	Default      bool
	Order        int64 // position, ascending; equal ones in order of creation
	Indexed      bool  // filterable, and the index of its values is complete
	Work         Work
	CreatedAt    int64
}

// Work is a job on all values of a field. The zero Work is none.
type Work struct {
	Kind  string        // FillIndex and the like; "": none
	Done  int64         // members processed
	Total int64         // members at its start
	Error errs.Sentence // reason of a failure; the field is unchanged, unless the text names converted members
}

// The database names of the default fields.
const (
	FirstName    = "first_name"
	LastName     = "last_name"
	Username     = "username"
	EmailName    = "email"
	PhoneName    = "phone"
	CountryName  = "country"
	LanguageName = "language"
	RoleName     = "role"
	TagName      = "tag"
)

// defaultFields are in the order of the import template.
var defaultFields = []Field{
	{Field: FirstName, Name: "First Name", Type: SingleLine, Required: true, Filterable: true},
	{Field: LastName, Name: "Last Name", Type: SingleLine, Required: true, Filterable: true},
	{Field: Username, Name: "Username", Type: SingleLine, Required: true, Filterable: true, Identifier: true},
	{Field: EmailName, Name: "Email", Type: Email, Required: true, Filterable: true, Identifier: true},
	{Field: PhoneName, Name: "Phone", Type: Phone},
	{Field: CountryName, Name: "Country", Type: Country, Filterable: true},
	{Field: LanguageName, Name: "Language", Type: Language, Filterable: true},
	{Field: RoleName, Name: "Role", Type: RoleList, Filterable: true},
	{Field: TagName, Name: "Tag", Type: TagList, Filterable: true},
}

// DefaultFields returns the fields that every community has, in the order of
// the import template.
func DefaultFields() []Field {
	fields := slices.Clone(defaultFields)
	for i := range fields {
		fields[i].ID, fields[i].Default = fields[i].Field, true
	}
	return fields
}

// Label returns the name of the field as an argument of a sentence; names of
// default fields are translated.
func (f *Field) Label() any {
	if f.Default {
		return errs.Word(f.Name)
	}
	return f.Name
}

// DefaultField returns a default field.
func DefaultField(name string) *Field {
	return Find(DefaultFields(), name)
}

// Input is the definition of a custom field in a request.
type Input struct {
	Field        string // spaces become hyphens
	Name         string
	Type         Type
	Options      []string
	Required     bool
	DefaultValue any // as JSON decodes it; nil: none
	Description  string
	Filterable   bool
	Identifier   bool
}

// Limits of definitions.
const (
	maxFields  = 500
	MaxOptions = 500 // of a choice
	MaxOption  = 100 // characters of an option
)

// Validate returns the field, or Invalid "invalid_input" with all problems.
func (in Input) Validate() (Field, error) {
	return in.validate(Field{})
}

// validate is Validate for an update of the field before, which may keep names
// that are reserved for new fields.
func (in Input) validate(before Field) (Field, error) {
	f := Field{
		Field: databaseName(in.Field), Name: text.Name(in.Name), Type: in.Type, Options: []string{},
		Required: in.Required, Description: strings.TrimSpace(in.Description), Filterable: in.Filterable, Identifier: in.Identifier,
	}
	if newer, ok := legacyNames[f.Type]; ok {
		f.Type = newer
	}
	wrong := f.wrongNames(before)
	if !slices.Contains(Types, f.Type) {
		wrong = append(wrong, errs.Wrong("type", "unknown_type", "A field's type is one of %s.", joined(Types)))
		return f, errs.InvalidFields(wrong)
	}
	wrong = append(wrong, f.setOptions(in.Options)...)
	if f.Identifier && !slices.Contains([]Type{SingleLine, Numerical, Email, Phone}, f.Type) {
		wrong = append(wrong, errs.Field{Field: "identifier", Code: "not_an_identifier", Message: "Only a single-line text, numerical, email or phone field can identify a member."})
	}
	if f.Identifier && in.DefaultValue != nil {
		wrong = append(wrong, errs.Field{Field: "defaultValue", Code: "not_unique", Message: "A field that identifies a member cannot have one value for everybody."})
	}
	if in.DefaultValue != nil && len(wrong) == 0 {
		value, problem := f.FromJSON(in.DefaultValue)
		if problem != nil {
			wrong = append(wrong, problem.At("defaultValue"))
		}
		f.DefaultValue = value
	}
	return f, errs.InvalidFields(wrong)
}

func (f *Field) wrongNames(before Field) (wrong []errs.Field) {
	if f.Field == "" || !text.Readable(f.Field, 50) {
		wrong = append(wrong, errs.Field{Field: "field", Code: "length", Message: "The database name has 1 to 50 characters."})
	}
	if f.Name == "" || !text.Readable(f.Name, 100) {
		wrong = append(wrong, errs.Field{Field: "name", Code: "length", Message: "The name has 1 to 100 characters."})
	}
	for _, part := range []struct{ part, name, before string }{{"field", f.Field, before.Field}, {"name", f.Name, before.Name}} {
		if why := reserved(part.name); why != "" && part.name != part.before {
			wrong = append(wrong, errs.Wrong(part.part, "reserved", why, part.name))
		}
	}
	if utf8.RuneCountInString(f.Description) > 500 {
		wrong = append(wrong, errs.Field{Field: "description", Code: "length", Message: "The description has at most 500 characters."})
	}
	slices.SortFunc(wrong, func(a, b errs.Field) int { return strings.Compare(a.Field, b.Field) })
	return wrong
}

func (f *Field) setOptions(options []string) (wrong []errs.Field) {
	if !f.Type.IsChoice() {
		if len(options) > 0 {
			wrong = append(wrong, errs.Field{Field: "options", Code: "not_a_choice", Message: "Only select and multi-select fields have options."})
		}
		return wrong
	}
	seen := map[string]bool{}
	for _, given := range options {
		option, key, ok := f.Type.NewOption(given)
		switch {
		case !ok:
			wrong = append(wrong, errs.Wrong("options", "wrong_option", "%q cannot be an option: 1 to %d characters, without a comma in a multi-select.", option, MaxOption))
		case seen[key]:
			wrong = append(wrong, errs.Wrong("options", "duplicate_option", "The option %q is there twice.", option))
		default:
			seen[key] = true
			f.Options = append(f.Options, option)
		}
	}
	if len(options) == 0 || len(options) > MaxOptions {
		wrong = append(wrong, errs.Wrong("options", "length", "A choice has 1 to %d options.", MaxOptions))
	}
	return wrong
}

// NewOption returns a text as an option of a field of the type, and the key by which
// options are the same. ok is false if it cannot be one.
func (t Type) NewOption(given string) (option, key string, ok bool) {
	option = text.Name(given)
	return option, strings.ToLower(option), option != "" && text.Readable(option, MaxOption) && (t != MultiSelect || !strings.Contains(option, ","))
}

// IsChoice reports whether fields of the type have options.
func (t Type) IsChoice() bool { return t == Select || t == MultiSelect }

// HeaderKey normalises names of fields and headers of files for comparison: case
// is ignored, and white space, "_" and "-" are equal.
func HeaderKey(s string) string {
	s = strings.ToLower(norm.NFC.String(s))
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == '_' || r == '-' || unicode.IsSpace(r) }), " ")
}

// databaseName normalises a database name for storage and lookup.
func databaseName(s string) string { return strings.ReplaceAll(text.Name(s), " ", "-") }

func joined(types []Type) string {
	names := make([]string, len(types))
	for i, t := range types {
		names[i] = string(t)
	}
	return strings.Join(names, ", ")
}

// Find returns the field with an id or database name, nil if there is none.
func Find(fields []Field, ref string) *Field {
	ref = databaseName(ref)
	for i := range fields {
		if fields[i].ID == ref || fields[i].Field == ref {
			return &fields[i]
		}
	}
	return nil
}

// ErrNotFound returns NotFound "field_not_found".
func ErrNotFound() error {
	return errs.Missing("field")
}

// Collision returns Conflict "duplicate_field" if a header could mean either
// field.
func Collision(f, other Field) error {
	for _, one := range [...]struct{ part, name string }{{"field", f.Field}, {"name", f.Name}} {
		part, name := one.part, one.name
		if key := HeaderKey(name); key == HeaderKey(other.Field) || key == HeaderKey(other.Name) {
			return errs.New(errs.Conflict, "duplicate_field", "The field %q uses this name already.", other.Name).
				WithFields(errs.Wrong(part, "duplicate", "%q is taken.", name))
		}
	}
	return nil
}

// EncodeJSON returns the JSON of a value that always encodes.
func EncodeJSON(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) //nolint:forbidigo // values of ours always encode
	}
	return string(text)
}

// Busy reports whether a job prevents changes of the field's values.
func (f *Field) Busy() bool {
	return f.Work.Error.IsZero() && (f.Work.Kind == Identify || f.Work.Kind == ConvertAll || f.Work.Kind == ClearValues)
}

// InProgress reports whether a job processes the field's values.
func (f *Field) InProgress() bool { return f.Work.Kind != "" && f.Work.Error.IsZero() }

// Kinds of jobs on all values of a field.
const (
	FillIndex   = "index"    // fill the index; values may change meanwhile
	Identify    = "identify" // reserve unique keys
	ConvertAll  = "convert"  // convert values to another type
	ClearValues = "clear"    // clear values of a deleted field
	DropKeys    = "unindex"  // delete index keys; values may change meanwhile
)

// ErrBusy returns the Conflict of a field that is Busy.
func ErrBusy(f *Field) error {
	return errs.New(errs.Conflict, "field_busy", "The values of %q are being changed. Try again when the change is complete.", f.Name).WithRetry(time.Second)
}
