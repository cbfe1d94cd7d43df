package source

import (
	"maps"
	"slices"
	"strings"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/text"
)

// Values are texts to read instead of those in a file, by header; "" is an empty
// cell. In a column of lists a text is the whole cell or one name in it.
type Values map[string]map[string]string

// ValueKey is the form in which texts of a file are compared with those of Values.
func ValueKey(cell string) string { return text.Name(trimCell(cell)) }

// SameHeader reports whether two headers name the same column.
func SameHeader(a, b string) bool { return text.Name(a) == text.Name(b) }

// Of returns the texts of a header.
func (v Values) Of(header string) map[string]string {
	if texts, ok := v[header]; ok {
		return texts
	}
	name := text.Name(header)
	for _, key := range slices.Sorted(maps.Keys(v)) {
		if text.Name(key) == name {
			return v[key]
		}
	}
	return nil
}

// SetValues sets the texts to read instead of those in the file. It fails with
// Invalid invalid_header if the file has no such column; the others are set.
func (l *Header) SetValues(v Values) error {
	if len(v) == 0 {
		return nil
	}
	present := map[string]bool{}
	for i := range l.Columns {
		c := &l.Columns[i]
		present[text.Name(c.Header)] = true
		if !c.ignored() {
			c.setValues(v)
		}
	}
	var wrong []errs.Field
	for _, header := range slices.Sorted(maps.Keys(v)) {
		if !present[text.Name(header)] {
			wrong = append(wrong, errs.Wrong(header, "unknown_header", "The values name the column %q, which the file does not have.", header))
		}
	}
	if len(wrong) > 0 {
		return errs.New(errs.Invalid, "invalid_header", "The values are of columns that the file does not have; each wrong column is listed.").WithFields(wrong...)
	}
	return nil
}

func (c *Column) setValues(v Values) {
	for from, to := range v.Of(c.Header) {
		if c.values == nil {
			c.values = map[string]string{}
		}
		c.values[ValueKey(from)] = to
	}
}

// replaced returns the cell to read instead of a text of the column.
func (c *Column) replaced(cell, separator string) (to string, ok bool) {
	if len(c.values) == 0 {
		return "", false
	}
	if to, ok = c.values[ValueKey(cell)]; ok || c.Field == nil {
		return to, ok
	}
	switch c.Field.Type {
	case field.RoleList, field.TagList, field.MultiSelect:
	default:
		return "", false
	}
	var names []string
	for name := range strings.SplitSeq(cell, separator) {
		other, found := c.values[ValueKey(name)]
		switch {
		case !found:
			names = append(names, name)
		case strings.TrimSpace(other) != "":
			names = append(names, other)
		}
		ok = ok || found
	}
	return strings.Join(names, separator), ok
}
