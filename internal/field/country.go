package field

import (
	"bytes"
	"iter"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
	"golang.org/x/text/unicode/norm"
)

// nameIndex looks up names as written, then normalised.
type nameIndex map[string]string

// of returns the code that text names. A common spelling costs one map lookup.
func (s nameIndex) of(text string) (string, bool) {
	if code, ok := s[text]; ok {
		return code, true
	}
	if len(text) > 150 {
		return "", false
	}
	code, ok := s[string(normalize(make([]byte, 0, 200), text))]
	return code, ok
}

// add indexes a name as written, in lower case and normalised.
func (s nameIndex) add(name, code string) {
	for _, known := range []string{name, strings.ToLower(name), string(normalize(nil, name))} {
		if _, ok := s[known]; !ok {
			s[known] = code
		}
	}
}

// normalize appends the normalised name to key: lower case, without accents,
// apostrophes and dots, other signs as single spaces, "&" as "and", "St" as
// "saint", without "the".
func normalize(key []byte, name string) []byte {
	for at := 0; at < len(name); at++ {
		if name[at] >= utf8.RuneSelf {
			name = norm.NFKD.String(name)
			break
		}
	}
	word := len(key)
	for _, r := range name {
		switch {
		case r == '&':
			key = append(endWord(key, word), "and "...)
			word = len(key)
		case unicode.IsLetter(r) && r != 'ʼ' || unicode.IsDigit(r):
			key = utf8.AppendRune(key, unicode.ToLower(r))
		case unicode.Is(unicode.Mn, r) || strings.ContainsRune(".'’‘ʼ`´", r):
		default:
			key = endWord(key, word)
			word = len(key)
		}
	}
	if string(key[word:]) == "the" {
		key = key[:word]
	}
	return bytes.TrimRight(key, " ")
}

// endWord terminates the word at key[word] with a space.
func endWord(key []byte, word int) []byte {
	switch string(key[word:]) {
	case "":
		return key
	case "the":
		return key[:word]
	case "st":
		key = append(key[:word], "saint"...)
	}
	return append(key, ' ')
}

// countries indexes alpha-2 codes, English names and otherCountries.
var countries = sync.OnceValue(func() nameIndex {
	known := nameIndex{}
	for name, code := range countryNames() {
		known.add(name, code)
	}
	return known
})

// countryNames yields every name of every country with its alpha-2 code.
func countryNames() iter.Seq2[string, string] {
	return func(yield func(name, code string) bool) {
		names := display.English.Regions()
		for a := 'A'; a <= 'Z'; a++ {
			for b := 'A'; b <= 'Z'; b++ {
				code := string([]rune{a, b})
				region, err := language.ParseRegion(code)
				if err != nil || !region.IsCountry() || region.Canonicalize().String() != code { // UK is another name of GB
					continue
				}
				if name := names.Name(region); !yield(code, code) || name != "" && !yield(name, code) {
					return
				}
			}
		}
		for code, others := range otherCountries {
			for name := range strings.SplitSeq(others, "; ") {
				if !yield(name, code) {
					return
				}
			}
		}
	}
}

// CountryCode returns the alpha-2 code of a country that is named by code or in
// English.
func CountryCode(text string) (code string, known bool) { return countries().of(text) }

// CountryCodes returns the alpha-2 codes of all countries, in order.
func CountryCodes() []string {
	var codes []string
	for name, code := range countryNames() {
		if name == code {
			codes = append(codes, code)
		}
	}
	return codes
}

// country reads an ISO 3166 alpha-2 code or an English name: the usual one, an
// older one, or the short name of ISO 3166.
func country(text string) (any, *Problem) {
	if code, ok := countries().of(text); ok {
		return code, nil
	}
	return nil, Unfit("unknown_country", "Write the country's English name or its two-letter code (ISO 3166).")
}
