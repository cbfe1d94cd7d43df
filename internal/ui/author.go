package ui

import (
	"cmp"
	"strings"

	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/message"
)

// AuthorName is how the author of a message is shown.
func AuthorName(words i18n.Printer, a message.Author) string {
	if a.Deleted {
		return words.T("Deleted member")
	}
	return cmp.Or(a.DisplayName, a.Username)
}

// Excerpt is the beginning of a text in one line.
func Excerpt(text string) string {
	const longest = 100 // characters
	line := []rune(strings.Join(strings.Fields(text), " "))
	if len(line) > longest {
		return string(line[:longest]) + "…"
	}
	return string(line)
}
