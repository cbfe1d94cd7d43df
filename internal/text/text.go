// Package text judges the short texts that people give things: names, titles,
// reasons. What is more than a line, such as a message, is not its business.
package text

import (
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Line returns text as it is kept: without space around it, and composed
// (NFC), so that what looks the same is the same. ok reports whether that is
// readable and has at most limit characters; "" is.
func Line(text string, limit int) (line string, ok bool) {
	line = strings.TrimSpace(text)
	if !norm.NFC.IsNormalString(line) {
		line = norm.NFC.String(line)
	}
	return line, Readable(line, limit)
}

// Name returns text as names are stored and looked up: composed (NFC), each run
// of white space one space, and none at the ends. Case stays.
func Name(text string) string {
	if isName(text) {
		return text
	}
	return norm.NFC.String(strings.Join(strings.Fields(text), " "))
}

// isName reports whether text is plain ASCII that Name would not change.
func isName(text string) bool {
	space := true // before the next character
	for i := range len(text) {
		c := text[i]
		if c >= utf8.RuneSelf || c < ' ' || c == ' ' && space {
			return false
		}
		space = c == ' '
	}
	return !space || text == ""
}

// Readable reports whether text, as it is, can be shown in one line: at most
// limit characters, none of which controls a terminal, begins another line or
// stands for bytes that were no text.
func Readable(text string, limit int) bool {
	return (len(text) <= limit || utf8.RuneCountInString(text) <= limit) && !strings.ContainsFunc(text, unreadable)
}

// unreadable sees what is not valid UTF-8 too: as the sign of replacement,
// which a decoder of JSON has put there already.
func unreadable(r rune) bool {
	return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || r == utf8.RuneError
}

// FileName is the name of a file as a browser gave it, without its folder and
// without what would be unsafe to show. otherwise is for one that leaves
// nothing.
func FileName(given, otherwise string) string {
	name := path.Base(strings.ReplaceAll(strings.ToValidUTF8(given, ""), `\`, "/"))
	name = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, name)
	if name == "" || name == "." || name == "/" {
		return otherwise
	}
	return name
}
