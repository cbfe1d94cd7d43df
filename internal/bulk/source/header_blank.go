package source

import (
	"github.com/regulars/regulars/internal/text"
)

// IsBlank reports whether a column has neither a header nor a mapping.
func IsBlank(header string, mapping map[string]*string) bool {
	_, mapped := mapped(mapping, header)
	return !mapped && text.Trim(header) == ""
}

// mapped returns the mapping of a header. A key that equals the header is
// preferred to one that equals it after normalisation by text.Name.
func mapped(mapping map[string]*string, header string) (target *string, ok bool) {
	if target, ok = mapping[header]; ok {
		return target, true
	}
	cleaned := text.Name(header)
	first := ""
	for key := range mapping {
		if (!ok || key < first) && text.Name(key) == cleaned {
			first, ok = key, true
		}
	}
	return mapping[first], ok
}

// columnLetters is the name of a column in a spreadsheet.
func columnLetters(i int) string {
	name := ""
	for n := i + 1; n > 0; n = (n - 1) / 26 {
		name = string(rune('A'+(n-1)%26)) + name
	}
	return name
}
