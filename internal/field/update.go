package field

import "github.com/regulars/regulars/internal/errs"

// Update is a partial update of a custom field; nil fields are unchanged.
type Update struct {
	Field        *string // cannot change
	Name         *string
	Type         *Type
	Options      []string
	Replace      map[string]*string // removed option -> replacement in members' values; nil clears them
	Required     *bool
	DefaultValue any
	NoDefault    bool // removes the default value
	Description  *string
	Filterable   *bool
	Identifier   *bool
	Order        *int64
}

// over returns the complete input of the updated field.
func (u Update) over(f Field) Input {
	in := Input{
		Field: f.Field, Name: f.Name, Type: f.Type, Options: f.Options, Required: f.Required, DefaultValue: Plain(f.DefaultValue),
		Description: f.Description, Filterable: f.Filterable, Identifier: f.Identifier,
	}
	override(&in.Name, u.Name)
	override(&in.Type, u.Type)
	override(&in.Required, u.Required)
	override(&in.Description, u.Description)
	override(&in.Filterable, u.Filterable)
	override(&in.Identifier, u.Identifier)
	if newer, ok := legacyNames[in.Type]; ok {
		in.Type = newer
	}
	switch {
	case u.Options != nil:
		in.Options = u.Options
	case in.Type != Select && in.Type != MultiSelect:
		in.Options = nil
	}
	switch {
	case u.NoDefault:
		in.DefaultValue = nil
	case u.DefaultValue != nil:
		in.DefaultValue = u.DefaultValue
	}
	return in
}

func override[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

// Validate returns the updated field.
func (u Update) Validate(f Field) (Field, error) {
	switch {
	case f.Default:
		return f, errs.New(errs.Conflict, "default_field", "%s is a default field: every community has it as it is.", f.Label())
	case f.InProgress():
		return f, ErrBusy(&f)
	case u.Field != nil && HeaderKey(*u.Field) != HeaderKey(f.Field):
		return f, errs.InvalidFields([]errs.Field{{Field: "field", Code: "fixed", Message: "The database name cannot be changed: files and programs refer to the field by it."}})
	}
	to, err := u.over(f).validate(f)
	to.ID, to.Field, to.CreatedAt, to.Order = f.ID, f.Field, f.CreatedAt, f.Order
	override(&to.Order, u.Order)
	return to, err
}
