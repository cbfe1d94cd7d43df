package source

import (
	"github.com/regulars/regulars/internal/text"
)

// Mapping is the fields of columns by header. The zero value has none.
type Mapping struct {
	targets map[string]*string
	byName  map[string]string // the first key of targets by text.Name
}

// NewMapping returns the mapping with the given targets; a nil target ignores the
// column.
func NewMapping(targets map[string]*string) Mapping {
	m := Mapping{targets, make(map[string]string, len(targets))}
	for key := range targets {
		name := text.Name(key)
		if first, found := m.byName[name]; !found || key < first {
			m.byName[name] = key
		}
	}
	return m
}

// Target returns the target of a header. A key that equals the header is preferred to
// one that equals it after normalisation by text.Name.
func (m Mapping) Target(header string) (target *string, ok bool) {
	if target, ok = m.targets[header]; ok {
		return target, true
	}
	key, ok := m.byName[text.Name(header)]
	return m.targets[key], ok
}

// IsBlank reports whether a column has neither a header nor a mapping.
func (m Mapping) IsBlank(header string) bool {
	_, mapped := m.Target(header)
	return !mapped && text.Trim(header) == ""
}

// columnLetters is the name of a column in a spreadsheet.
func columnLetters(i int) string {
	name := ""
	for n := i + 1; n > 0; n = (n - 1) / 26 {
		name = string(rune('A'+(n-1)%26)) + name
	}
	return name
}
