package member

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/text"
)

// Type is the type of a user field.
type Type string

// The types of user fields. RoleList and TagList are the two lists of names that only
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
)

// Types lists what a custom field may be.
var Types = []Type{SingleLine, MultiLine, Numerical, Boolean, Date, Select, MultiSelect, Email, Phone, Country, URL}

// olderNames are the names the compatible API used before.
var olderNames = map[Type]Type{"text": SingleLine, "number": Numerical}

// Field is one thing a community knows of its members: a default field, which
// every community has, or a custom one.
type Field struct {
	ID           string // of a default field: the same as Field
	Field        string // database name: the key in customFields
	Name         string // what people read
	Type         Type
	Options      []string // of select and multi-select
	Required     bool
	DefaultValue any // nil: none
	Description  string
	Filterable   bool
	Identifier   bool // unique in the community; names a member in a bulk update
	Default      bool
	Order        int64 // of use: the smaller the sooner; equal ones as they were made
	Filled       bool  // filterable, and the index of its values is complete
	Work         Work
	CreatedAt    int64
}

// Work is what a job does to all values of a field. The zero Work is none.
type Work struct {
	Kind  string // one of the kinds of work; "": nothing is done
	Done  int64  // members so far
	Total int64  // members at its start
	Error string // why it was given up; the field is as it was before, unless the text names members that were converted
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

// defaultFields stand in the order of the import template.
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

// called is the name of f as a part of a sentence: that of a default field is
// known in every language.
func (f *Field) called() any {
	if f.Default {
		return errs.Word(f.Name)
	}
	return f.Name
}

// defaultField is one of the default fields.
func defaultField(name string) *Field {
	return namedField(DefaultFields(), name)
}

// FieldInput is what a request says about a custom field.
type FieldInput struct {
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

// Limits of what a community may define.
const (
	maxFields  = 500
	maxOptions = 500
	maxOption  = 100
)

// Validate returns the field the input describes, or Invalid invalid_input
// with every wrong part of it.
func (in FieldInput) Validate() (Field, error) {
	return in.validate(Field{})
}

// validate is Validate for what the field before is to become, which keeps its
// names also where they are not given to new fields any more.
func (in FieldInput) validate(before Field) (Field, error) {
	f := Field{
		Field: databaseName(in.Field), Name: text.Name(in.Name), Type: in.Type, Options: []string{},
		Required: in.Required, Description: strings.TrimSpace(in.Description), Filterable: in.Filterable, Identifier: in.Identifier,
	}
	if newer, ok := olderNames[f.Type]; ok {
		f.Type = newer
	}
	wrong := f.wrongNames(before)
	if !slices.Contains(Types, f.Type) {
		wrong = append(wrong, errs.Wrong("type", "unknown_type", "A field's type is one of %s.", joined(Types)))
		return f, errs.InvalidFields(wrong)
	}
	wrong = append(wrong, f.takeOptions(in.Options)...)
	if f.Identifier && !slices.Contains([]Type{SingleLine, Numerical, Email, Phone}, f.Type) {
		wrong = append(wrong, errs.Field{Field: "identifier", Code: "not_an_identifier", Message: "Only a single-line text, numerical, email or phone field can identify a member."})
	}
	if f.Identifier && in.DefaultValue != nil {
		wrong = append(wrong, errs.Field{Field: "defaultValue", Code: "not_unique", Message: "A field that identifies a member cannot have one value for everybody."})
	}
	if in.DefaultValue != nil && len(wrong) == 0 {
		value, problem := f.FromJSON(in.DefaultValue)
		if problem != nil {
			wrong = append(wrong, problem.at("defaultValue"))
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

func (f *Field) takeOptions(options []string) (wrong []errs.Field) {
	if f.Type != Select && f.Type != MultiSelect {
		if len(options) > 0 {
			wrong = append(wrong, errs.Field{Field: "options", Code: "not_a_choice", Message: "Only select and multi-select fields have options."})
		}
		return wrong
	}
	seen := map[string]bool{}
	for _, option := range options {
		option = text.Name(option)
		switch key := strings.ToLower(option); {
		case option == "" || !text.Readable(option, maxOption) || strings.Contains(option, ",") && f.Type == MultiSelect:
			wrong = append(wrong, errs.Wrong("options", "wrong_option", "%q cannot be an option: 1 to %d characters, without a comma in a multi-select.", option, maxOption))
		case seen[key]:
			wrong = append(wrong, errs.Wrong("options", "duplicate_option", "The option %q is there twice.", option))
		default:
			seen[key] = true
			f.Options = append(f.Options, option)
		}
	}
	if len(options) == 0 || len(options) > maxOptions {
		wrong = append(wrong, errs.Wrong("options", "length", "A choice has 1 to %d options.", maxOptions))
	}
	return wrong
}

// HeaderKey is how names of fields and headers of a file compare: without
// case, and with white space, "_" and "-" equal.
func HeaderKey(s string) string {
	s = strings.ToLower(norm.NFC.String(s))
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == '_' || r == '-' || unicode.IsSpace(r) }), " ")
}

// databaseName is a database name as it is stored and looked up.
func databaseName(s string) string { return strings.ReplaceAll(text.Name(s), " ", "-") }

func joined(types []Type) string {
	names := make([]string, len(types))
	for i, t := range types {
		names[i] = string(t)
	}
	return strings.Join(names, ", ")
}

// Fields returns the default fields, then the custom ones in the order they
// were made.
func (s *Members) Fields(ctx context.Context, communityID string) ([]Field, error) {
	return Fields(ctx, s.db, communityID)
}

// Fields is Members.Fields inside the caller's transaction.
func Fields(ctx context.Context, q sqldb.Querier, communityID string) ([]Field, error) {
	custom, err := selectFields(ctx, q, communityID)
	return append(DefaultFields(), custom...), err
}

// Field returns the field whose id or database name ref is. It fails with
// NotFound field_not_found.
func (s *Members) Field(ctx context.Context, communityID, ref string) (Field, error) {
	fields, err := s.Fields(ctx, communityID)
	if err != nil {
		return Field{}, err
	}
	if f := namedField(fields, ref); f != nil {
		return *f, nil
	}
	return Field{}, errFieldNotFound()
}

// FieldID is Field for the histories of fields: it knows those that were
// deleted too, by their ids.
func (s *Members) FieldID(ctx context.Context, communityID, ref string) (string, error) {
	f, err := s.Field(ctx, communityID, ref)
	if errs.KindOf(err) != errs.NotFound {
		return f.ID, err
	}
	gone, err := selectDeletedFields(ctx, s.db, communityID)
	if err != nil {
		return "", err
	}
	if f := namedField(gone, ref); f != nil && f.ID == ref {
		return ref, nil
	}
	return "", errFieldNotFound()
}

func namedField(fields []Field, ref string) *Field {
	ref = databaseName(ref)
	for i := range fields {
		if fields[i].ID == ref || fields[i].Field == ref {
			return &fields[i]
		}
	}
	return nil
}

func errFieldNotFound() error {
	return errs.New(errs.NotFound, "field_not_found", "There is no such field.")
}

// CreateField adds a custom field. It fails with Invalid invalid_input, or
// Conflict duplicate_field when its field or name is taken.
func (s *Members) CreateField(ctx context.Context, communityID string, in FieldInput) (Field, error) {
	f, err := in.Validate()
	if err != nil {
		return f, err
	}
	now := s.clock.Now()
	f.ID, f.CreatedAt = id.New(now), now.UnixMilli()
	f.Filled = f.Filterable // nobody has a value yet
	err = s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		existing, err := selectFields(ctx, tx, communityID)
		if err != nil {
			return err
		}
		if len(existing) >= maxFields {
			return errs.New(errs.Conflict, "too_many_fields", "A community has at most %d custom fields.", maxFields)
		}
		for _, other := range existing {
			if err := collision(f, other); err != nil {
				return err
			}
			f.Order = max(f.Order, other.Order+1)
		}
		if err := insertField(ctx, tx, communityID, f); err != nil {
			return err
		}
		return audit.Record(ctx, tx, f.CreatedAt, communityID, "field.create", audit.Target{Type: "field", ID: f.ID, Name: f.Name})
	})
	if sqldb.IsDuplicate(err) {
		err = errs.New(errs.Conflict, "duplicate_field", "A field with this name was just made, or is being deleted.")
	}
	return f, err
}

// collision compares all four names: one header must never mean two fields.
func collision(f, other Field) error {
	for _, one := range [...]struct{ part, name string }{{"field", f.Field}, {"name", f.Name}} {
		part, name := one.part, one.name
		if key := HeaderKey(name); key == HeaderKey(other.Field) || key == HeaderKey(other.Name) {
			return errs.New(errs.Conflict, "duplicate_field", "The field %q uses this name already.", other.Name).
				WithFields(errs.Wrong(part, "duplicate", "%q is taken.", name))
		}
	}
	return nil
}

func encodeJSON(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) //nolint:forbidigo // values of ours always encode
	}
	return string(text)
}
