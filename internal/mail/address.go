package mail

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// lookAlikes are characters that read as the ones of an address and that NFKC
// leaves as they are.
var lookAlikes = strings.NewReplacer(
	"。", ".", "․", ".", "‧", ".", "·", ".", "∙", ".", "•", ".", "⋅", ".", "・", ".", "ꓸ", ".", "۔", ".", "܁", ".", "܂", ".", "⸳", ".",
	"⁄", "/", "∕", "/", "⧸", "/", "∶", ":", "ː", ":", "꞉", ":",
)

// withoutAddresses removes the words of a text that a reader or a program for
// mail would take for a web address, a domain or an email address. It returns
// "" if nothing readable is left.
func withoutAddresses(s string) string {
	words := strings.Fields(s)
	kept := words[:0]
	readable := false
	for _, word := range words {
		if addressLike(word) {
			continue
		}
		kept = append(kept, word)
		readable = readable || strings.ContainsFunc(word, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) })
	}
	if !readable {
		return ""
	}
	return strings.Join(kept, " ")
}

func addressLike(word string) bool {
	word = strings.Map(func(r rune) rune {
		if unicode.In(r, unicode.Cf, unicode.Mn, unicode.Me) { // invisible ones, and marks that only decorate
			return -1
		}
		return unicode.ToLower(r)
	}, lookAlikes.Replace(norm.NFKC.String(word)))
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
		if domainLike(part) {
			return true
		}
	}
	return false
}

// domainLike reports whether labels are joined by dots and the last one could
// be a top-level domain, or whether they are an IPv4 address. "F.C." and "2.0"
// are none.
func domainLike(part string) bool {
	labels := strings.FieldsFunc(part, func(r rune) bool { return r == '.' })
	if len(labels) < 2 {
		return false
	}
	if last := labels[len(labels)-1]; utf8.RuneCountInString(last) >= 2 && strings.ContainsFunc(last, unicode.IsLetter) {
		return true
	}
	return len(labels) == 4 && !strings.ContainsFunc(part, unicode.IsLetter)
}
