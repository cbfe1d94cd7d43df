package account

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"

	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/text"
)

// EmailKey returns the form in which email addresses are compared: trimmed,
// NFC, lower case, the domain in its ASCII form. It does not validate the
// address.
func EmailKey(email string) string { return emailKey(normalize(email)) }

// UsernameKey is EmailKey for usernames.
func UsernameKey(username string) string { return lowerNFC(normalize(username)) }

// CheckEmail returns the display form and the key of an email address. problem
// is a sentence for people, "" for a valid address.
func CheckEmail(email string) (display, key, problem string) {
	display = normalize(email)
	return display, emailKey(display), checkEmail(display)
}

// CheckUsername returns the display form and the key of a username. problem is
// a sentence for people, "" for a valid username.
func CheckUsername(username string) (display, key, problem string) {
	display = normalize(username)
	key = lowerNFC(display)
	return display, key, checkUsername(display, key)
}

// normalize and lowerNFC run for every row of an import: lower-case ASCII is
// returned unchanged, without allocation.
func normalize(s string) string {
	s = text.Trim(s)
	if ascii(s) {
		return s
	}
	return norm.NFC.String(s)
}

// emailKey returns the key of a normalised address. A domain without an ASCII
// form is compared as it is.
func emailKey(email string) string {
	key := lowerNFC(email)
	at := strings.LastIndexByte(key, '@')
	if at < 0 || ascii(key[at:]) {
		return key
	}
	domain, err := idna.Lookup.ToASCII(key[at+1:])
	if err != nil {
		return key
	}
	return key[:at+1] + domain
}

func lowerNFC(s string) string {
	folded := strings.ToLower(s)
	if ascii(folded) {
		return folded
	}
	return norm.NFC.String(folded) // a lower-case letter may be two code points
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

const maxEmail = 254 // bytes that fit the envelope of a mail, RFC 5321

func checkEmail(email string) string {
	at := strings.IndexByte(email, '@')
	switch {
	case email == "":
		return "Enter an email address."
	case len(email) > maxEmail:
		return "An email address has at most 254 characters."
	case at < 0 || strings.IndexByte(email[at+1:], '@') >= 0:
		return "An email address has exactly one @."
	case at == 0:
		return "An email address has a name before the @."
	}
	for _, r := range email[:at] {
		if !validInLocalPart(r) {
			return "The part before the @ contains a character that is not allowed."
		}
	}
	if !validDomain(email[at+1:]) {
		return "The part after the @ must be a domain, such as example.com."
	}
	return ""
}

// validInLocalPart accepts what browsers accept (the valid e-mail address of
// the HTML standard), and letters of all scripts.
func validInLocalPart(r rune) bool {
	if r < utf8.RuneSelf {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune(".!#$%&'*+/=?^_`{|}~-", r)
	}
	return isWordRune(r)
}

// isWordRune reports whether a non-ASCII rune is part of a word in some script.
func isWordRune(r rune) bool {
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r))
}

func validDomain(domain string) bool {
	dots, label := 0, 0
	last := '.'
	for _, r := range domain {
		switch {
		case r == '.':
			if label == 0 || last == '-' {
				return false
			}
			dots, label = dots+1, -1
		case r == '-':
			if label == 0 {
				return false
			}
		case r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9':
		case r < utf8.RuneSelf || !isWordRune(r):
			return false
		}
		label++
		if label > 63 {
			return false
		}
		last = r
	}
	return dots > 0 && label > 0 && last != '-'
}

func checkUsername(username, key string) string {
	length, digits := 0, 0
	for _, r := range username {
		switch {
		case r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '.' || r == '_' || r == '-':
		case r >= '0' && r <= '9':
			digits++
		case r < utf8.RuneSelf || !isWordRune(r) || length == 0 && unicode.IsMark(r):
			return "A username can only contain letters, digits and . _ -"
		case unicode.IsNumber(r):
			digits++
		}
		length++
	}
	switch {
	case length < 2 || length > 50:
		return "A username has 2 to 50 characters."
	case digits == length:
		return "A username cannot consist of digits only."
	case id.Valid(key):
		return "A username cannot look like an id of 24 hex digits."
	}
	return ""
}
