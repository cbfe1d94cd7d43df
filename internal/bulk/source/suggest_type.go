package source

import (
	"slices"

	"github.com/regulars/regulars/internal/field"
)

// SuggestType returns the type of a new field that fits all samples of a column:
// text without samples, and for digits with a leading zero, which are no number.
func SuggestType(samples []string, formats field.Formats) field.Type {
	for _, t := range []field.Type{field.Numerical, field.Date, field.Boolean, field.Email, field.URL} {
		f := field.Field{Type: t}
		differs := func(text string) bool {
			_, problem := f.FromText(text, formats)
			return problem != nil || t == field.Numerical && len(text) > 1 && text[0] == '0' && text[1] >= '0' && text[1] <= '9'
		}
		if len(samples) > 0 && !slices.ContainsFunc(samples, differs) {
			return t
		}
	}
	return field.SingleLine
}
