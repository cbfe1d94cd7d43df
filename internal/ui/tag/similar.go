package tag

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// spelling is the name of a tag without case, accents, spaces and punctuation:
// tags with the same spelling probably mean the same.
func spelling(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, norm.NFKD.String(name))
}

// addSimilar proposes merges: a tag into the one with the same spelling and the
// most members.
func addSimilar(rows []Row) {
	most := map[string]*Row{}
	for i := range rows {
		row, key := &rows[i], spelling(rows[i].Name)
		if best := most[key]; key != "" && (best == nil || row.Members > best.Members) {
			most[key] = row
		}
	}
	for i := range rows {
		if best := most[spelling(rows[i].Name)]; best != nil && best.ID != rows[i].ID {
			rows[i].Similar = best.Name
		}
	}
}
