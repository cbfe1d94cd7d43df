package community

import (
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/text"
)

// Input is what a new community is made from.
type Input struct {
	Name string
	Settings
}

// Change is what Update changes; nil leaves a setting as it is.
type Change struct {
	Name, Accent, TimeZone, Language, Logo *string
	Languages                              *[]string // the first becomes the community's language
	OpenBulkImport                         *bool
	Joining                                *Joining
	Coins, Premium                         *Currency
	AllowedFrameOrigins                    *[]string
}

// Input is the input for a new community that has what the change names.
func (c Change) Input(name string) Input {
	c.Name = &name
	return c.of(Community{})
}

func (c Change) of(old Community) Input {
	in := Input{Name: old.Name, Settings: old.Settings}
	set(&in.Name, c.Name)
	set(&in.Accent, c.Accent)
	set(&in.TimeZone, c.TimeZone)
	set(&in.Logo, c.Logo)
	set(&in.Language, c.Language)
	set(&in.Languages, c.Languages)
	if c.Languages != nil && len(*c.Languages) > 0 {
		in.Language = (*c.Languages)[0]
	}
	set(&in.OpenBulkImport, c.OpenBulkImport)
	set(&in.Joining, c.Joining)
	set(&in.AllowedFrameOrigins, c.AllowedFrameOrigins)
	set(&in.Currencies.Coins, c.Coins)
	set(&in.Currencies.Premium, c.Premium)
	return in
}

func set[T any](target, value *T) {
	if value != nil {
		*target = *value
	}
}

const maxName = 100

// normal returns the input as it is kept, or an error that names every wrong
// field.
func (in Input) normal() (Input, error) {
	var wrong []errs.Field
	name, ok := text.Line(in.Name, maxName)
	if in.Name = name; !ok || name == "" {
		wrong = append(wrong, errs.Field{Field: "name", Code: "invalid", Message: "A name has 1 to 100 characters, none of them a control character."})
	}
	more := in.normalise()
	return in, errs.InvalidFields(append(wrong, more...))
}
