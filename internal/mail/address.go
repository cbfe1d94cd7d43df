package mail

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// homoglyphs maps characters that look like ones of an address and that NFKC
// does not normalize.
var homoglyphs = strings.NewReplacer(
	"。", ".", "․", ".", "‧", ".", "·", ".", "∙", ".", "•", ".", "⋅", ".", "・", ".", "ꓸ", ".", "۔", ".", "܁", ".", "܂", ".", "⸳", ".",
	"⁄", "/", "∕", "/", "⧸", "/", "∶", ":", "ː", ":", "꞉", ":",
)

// stripAddresses removes the words that a reader or a mail client could take
// for a web address, a domain or an email address. It returns "" if no
// readable word is left.
func stripAddresses(s string) string {
	words := strings.Fields(s)
	rest := words[:0]
	readable := false
	for _, word := range words {
		if isAddressLike(word) {
			continue
		}
		rest = append(rest, word)
		readable = readable || strings.ContainsFunc(word, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) })
	}
	if !readable {
		return ""
	}
	return strings.Join(rest, " ")
}

func isAddressLike(word string) bool {
	word = strings.Map(func(r rune) rune {
		if unicode.In(r, unicode.Cf, unicode.Mn, unicode.Me) { // invisible characters and combining marks
			return -1
		}
		return unicode.ToLower(r)
	}, homoglyphs.Replace(norm.NFKC.String(word)))
	if strings.ContainsRune(word, '@') || strings.Contains(word, "://") || strings.Contains(word, "www.") {
		return true
	}
	for _, scheme := range []string{"http:", "https:", "mailto:", "tel:", "//"} {
		if strings.Contains(word, scheme) {
			return true
		}
	}
	for part := range strings.FieldsFuncSeq(word, func(r rune) bool {
		return r != '.' && r != '-' && !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.IsMark(r)
	}) {
		if isDomainLike(part) {
			return true
		}
	}
	return false
}

// isDomainLike reports whether part is an IPv4 address, or labels joined by
// dots the last of which could be a top-level domain. "F.C." and "2.0" are
// not.
func isDomainLike(part string) bool {
	labels := strings.FieldsFunc(part, func(r rune) bool { return r == '.' })
	if len(labels) < 2 {
		return false
	}
	if last := labels[len(labels)-1]; utf8.RuneCountInString(last) >= 2 && strings.ContainsFunc(last, unicode.IsLetter) {
		return true
	}
	return len(labels) == 4 && !strings.ContainsFunc(part, unicode.IsLetter)
}
