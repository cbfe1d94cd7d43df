package source

import (
	"strings"
	"sync"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/regulars/regulars/internal/field"
)

// otherNames maps suggestKey of the names in otherHeaders to fields.
var otherNames = sync.OnceValue(func() map[string]string {
	names := map[string]string{}
	for fld, list := range otherHeaders {
		for name := range strings.SplitSeq(list, "; ") {
			names[suggestKey(name)] = fld
		}
	}
	return names
})

// suggestKey is a header in the form in which headers of other programs are
// compared: letters and digits only, without case and accents.
func suggestKey(header string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Mn, r):
			return -1
		case r == 'ı':
			return 'i'
		case r == 'ł':
			return 'l'
		case unicode.IsLetter(r), unicode.IsDigit(r):
			return r
		}
		return -1
	}, norm.NFKD.String(strings.ToLower(header)))
}

// suggestedName returns the default field that a header names in another program
// or language, also with a remark in parentheses behind it; nil if there is
// none.
func (d *Dictionary) suggestedName(header string) *field.Field {
	names := otherNames()
	fld, ok := names[suggestKey(header)]
	if remark := strings.IndexAny(header, "([（"); !ok && remark > 0 {
		fld, ok = names[suggestKey(header[:remark])]
		if f := d.byName[field.HeaderKey(header[:remark])]; f != nil {
			return f
		}
	}
	if !ok {
		return nil
	}
	return d.byName[field.HeaderKey(fld)]
}

// Suggest returns the field that a column with an unknown header probably is: by
// the header, else by the values. It is nil if there is none, and never a field
// that another column names.
func (d *Dictionary) Suggest(index int, header string) *field.Field {
	if f := d.Nearest(header); f != nil && !d.named[f] {
		return f
	}
	if d.Samples == nil {
		return nil
	}
	samples := d.Samples()
	if index >= len(samples) {
		return nil
	}
	return d.suggestedByValues(samples[index])
}

// Describe sets the header of the file, for Suggest.
func (d *Dictionary) Describe(header []string, m Mapping) {
	d.named = map[*field.Field]bool{}
	for _, text := range header {
		if c, ok := d.Known(text, m); ok && c.Field != nil {
			d.named[c.Field] = true
		}
	}
}

// valueTypes are the types of default fields with values that are distinct enough
// to recognise a column, most distinct first.
var valueTypes = []field.Type{field.Email, field.Phone, field.Country, field.Language}

// suggestedByValues returns the default field of the type that all samples have.
// A custom field of the type may be about something else, such as another date.
func (d *Dictionary) suggestedByValues(samples []string) *field.Field {
	if len(samples) == 0 {
		return nil
	}
	for _, t := range valueTypes {
		if !allOfType(samples, t) {
			continue
		}
		for i := range d.Fields {
			if f := &d.Fields[i]; f.Type == t && f.Default && !d.named[f] {
				return f
			}
		}
		return nil
	}
	return nil
}

// allOfType reports whether all samples are values of a type. One short code is
// too little for a country or language, and codes in lower case are languages.
func allOfType(samples []string, t field.Type) bool {
	f := field.Field{Type: t}
	codes := 0
	for _, text := range samples {
		text = trimCell(text)
		if _, problem := f.FromText(text, field.Formats{}); problem != nil {
			return false
		}
		if len(text) <= 3 {
			codes++
		}
		if t == field.Country && len(text) == 2 && text != strings.ToUpper(text) {
			return false
		}
	}
	return t != field.Country && t != field.Language || codes == 0 || len(samples) > 1
}

// maxCompared is the number of letters of the longest names that are compared.
const maxCompared = 100

// distance is the number of letters to add, remove, replace or swap between x and
// y; limit+1 if it is more than limit.
func distance(x, y []rune, limit int) int {
	if len(x) > maxCompared || len(y) > maxCompared || len(x)-len(y) > limit || len(y)-len(x) > limit {
		return limit + 1
	}
	var rows [3][maxCompared + 1]int
	before, above, row := &rows[0], &rows[1], &rows[2]
	for j := range len(y) + 1 {
		above[j] = j
	}
	nearestAbove := 0
	for i := 1; i <= len(x); i++ {
		row[0] = i
		nearest := i
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			row[j] = min(above[j]+1, row[j-1]+1, above[j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
			nearest = min(nearest, row[j])
		}
		if min(nearest, nearestAbove) > limit {
			return limit + 1
		}
		nearestAbove = nearest
		before, above, row = above, row, before
	}
	return min(above[len(y)], limit+1)
}
