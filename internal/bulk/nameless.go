package bulk

import "strings"

// maxNameless bounds how many columns without a header are refused by name.
const maxNameless = 20

// isNameless reports whether nobody said what a column is.
func isNameless(header string, mapping map[string]*string) bool {
	_, mapped := mapping[header]
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

// letters are what spreadsheets call a column.
func letters(i int) string {
	text := ""
	for n := i + 1; n > 0; n = (n - 1) / 26 {
		text = string(rune('A'+(n-1)%26)) + text
	}
	return text
}
