// Package text normalises and validates single-line texts: names, titles,
// reasons.
package text

import (
	"fmt"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Trim removes white space and invisible characters around text: zero-width
// characters, byte order marks and marks of the writing direction.
func Trim(text string) string {
	if text == "" || isVisibleASCII(text[0]) && isVisibleASCII(text[len(text)-1]) {
		return text
	}
	return strings.TrimFunc(text, func(r rune) bool { return unicode.IsSpace(r) || isInvisible(r) })
}

func isVisibleASCII(c byte) bool { return c > ' ' && c < 0x7f }

// isInvisible matches characters that are not shown and have no meaning at the
// edge of a text. Within it some of them join letters or emoji.
func isInvisible(r rune) bool {
	switch {
	case r < 0x200b:
		return r == 0x00ad || r == 0x061c || r == 0x180e // soft hyphen, Arabic letter mark, Mongolian vowel separator
	case r <= 0x200f, r >= 0x202a && r <= 0x202e, r >= 0x2060 && r <= 0x206f:
		return true
	}
	return r == 0xfeff
}

// FirstInvisible returns the first invisible character that Trim would remove at
// an edge; 0: none.
func FirstInvisible(text string) rune {
	for _, r := range text {
		if isInvisible(r) {
			return r
		}
	}
	return 0
}

// CodePoint is the name of a character by its number, such as U+200B.
func CodePoint(r rune) string { return fmt.Sprintf("U+%04X", r) }

// Line returns text as stored: without what Trim removes, and in NFC, so that texts that look
// equal are equal. ok reports whether it is Readable with at most limit
// characters; "" is.
func Line(text string, limit int) (line string, ok bool) {
	line = Trim(text)
	if !norm.NFC.IsNormalString(line) {
		line = norm.NFC.String(line)
	}
	return line, Readable(line, limit)
}

// Name returns text as names are stored and looked up: in NFC, without what Trim
// removes, each run of white space one space. Case is preserved.
func Name(text string) string {
	if isNormalName(text) {
		return text
	}
	return norm.NFC.String(strings.Join(strings.Fields(Trim(text)), " "))
}

// isNormalName reports whether text is ASCII that Name would not change.
func isNormalName(text string) bool {
	space := true // the previous character is a space, or this is the first
	for i := range len(text) {
		c := text[i]
		if c >= utf8.RuneSelf || c < ' ' || c == ' ' && space {
			return false
		}
		space = c == ' '
	}
	return !space || text == ""
}

// Readable reports whether text can be shown in one line: valid UTF-8 of at
// most limit characters without control characters, line separators and
// U+FFFD.
func Readable(text string, limit int) bool {
	return (len(text) <= limit || utf8.RuneCountInString(text) <= limit) && !strings.ContainsFunc(text, isUnreadable)
}

// FirstUnreadable returns the first character of a text that cannot be shown; 0:
// none. Several lines may also have line breaks and tabs.
func FirstUnreadable(text string, lines bool) rune {
	for _, r := range text {
		switch {
		case !isUnreadable(r):
		case lines && (r == '\n' || r == '\r' || r == '\t' || r == '\u2028' || r == '\u2029'):
		default:
			return r
		}
	}
	return 0
}

// isUnreadable also matches U+FFFD, with which a JSON decoder replaces invalid
// UTF-8.
func isUnreadable(r rune) bool {
	return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || r == utf8.RuneError
}

// FileName returns the name of an uploaded file without its directory and
// without characters that are unsafe to show, or fallback if nothing is left.
func FileName(name, fallback string) string {
	name = path.Base(strings.ReplaceAll(strings.ToValidUTF8(name, ""), `\`, "/"))
	name = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, name)
	if name == "" || name == "." || name == "/" {
		return fallback
	}
	return name
}

// Size formats a number of bytes for a message.
func Size(bytes int64) string {
	if bytes >= 1<<30 {
		return fmt.Sprintf("%.4g GiB", float64(bytes)/(1<<30))
	}
	return fmt.Sprintf("%.4g MiB", float64(bytes)/(1<<20))
}

// Printable removes control characters and
// invalid UTF-8 from text of a client and cuts it to 300 bytes.
func Printable(text string) string {
	text = text[:min(len(text), 300)]
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
}
