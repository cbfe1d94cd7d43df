package bulk

import (
	"strings"

	"github.com/regulars/regulars/internal/text"
)

// maxNameless bounds how many columns without a header are refused by name.
const maxNameless = 20

// isNameless reports whether nobody said what a column is.
func isNameless(header string, mapping map[string]*string) bool {
	_, mapped := mappedTo(mapping, header)
	return !mapped && strings.TrimSpace(header) == ""
}

// endOfNames is the place behind the last column that was given a meaning.
// Spreadsheets save empty columns behind it, and a failed.csv has its own
// columns behind those.
func endOfNames(header []string, mapping map[string]*string) int {
	end := len(header)
	for end > 0 && (isNameless(header[end-1], mapping) || isOwn(header[end-1])) {
		end--
	}
	return end
}

// mappedTo returns what a mapping says of a header. The header equals a key as it
// is before it equals one as text.Name cleans both.
func mappedTo(mapping map[string]*string, header string) (target *string, ok bool) {
	if target, ok = mapping[header]; ok {
		return target, true
	}
	cleaned := text.Name(header)
	for _, key := range sortedKeys(mapping) {
		if text.Name(key) == cleaned {
			return mapping[key], true
		}
	}
	return nil, false
}

// letters are what spreadsheets call a column.
func letters(i int) string {
	name := ""
	for n := i + 1; n > 0; n = (n - 1) / 26 {
		name = string(rune('A'+(n-1)%26)) + name
	}
	return name
}
