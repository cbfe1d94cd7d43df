package words

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// folder folds characters: NFKD, without combining marks, full case folding. It is
// not safe for concurrent use.
type folder struct {
	caser   cases.Caser
	one     [utf8.UTFMax]byte
	a       []byte
	b       [512]byte // more than one character is folded to
	letters []rune
}

func newFolder() *folder { return &folder{caser: cases.Fold()} }

// fold returns the characters that r is folded to, none for a character that
// does not separate words: a combining mark or an invisible format character. The
// result is valid until the next call.
func (f *folder) fold(r rune) []rune {
	f.letters = f.letters[:0]
	switch {
	case r < utf8.RuneSelf:
		if r >= 'A' && r <= 'Z' {
			r += 'a' - 'A'
		}
		return append(f.letters, r)
	case r >= 0x3400 && r <= 0x9fff || r >= 0xac00 && r <= 0xd7a3: // Chinese characters, Korean syllables
		return append(f.letters, r)
	case r >= 0x13a0 && r <= 0x13f5: // Cherokee folds to upper case; package cases exchanges the cases
		return append(f.letters, r)
	case r >= 0x13f8 && r <= 0x13fd:
		return append(f.letters, r-8)
	case r >= 0xab70 && r <= 0xabbf:
		return append(f.letters, r-0xab70+0x13a0)
	}
	f.a = norm.NFKD.Append(f.a[:0], f.one[:utf8.EncodeRune(f.one[:], r)]...)
	f.a = norm.NFKD.Append(f.a[:0], f.foldCase(withoutMarks(f.a))...)
	for rest := withoutMarks(f.a); len(rest) > 0; {
		letter, size := utf8.DecodeRune(rest)
		f.letters = append(f.letters, letter)
		rest = rest[size:]
	}
	return f.letters
}

func (f *folder) foldCase(text []byte) []byte {
	n, _, _ := f.caser.Transform(f.b[:], text, true)
	return f.b[:n]
}

// withoutMarks removes combining marks and format characters in place.
func withoutMarks(text []byte) []byte {
	kept := text[:0]
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		if !unicode.In(r, unicode.M, unicode.Cf) {
			kept = append(kept, text[:size]...)
		}
		text = text[size:]
	}
	return kept
}

// Korean syllables have a leading consonant, a vowel and perhaps a trailing
// consonant.
const (
	leads, vowels, trails  = 19, 21, 28 // trails includes none
	lead, vowel, trail     = 0x1100, 0x1161, 0x11a7
	syllable, lastSyllable = 0xac00, 0xd7a3
)

// compose returns the syllable of a consonant and a vowel, or of a syllable and
// its trailing consonant.
func compose(a, b rune) (composed rune, ok bool) {
	switch {
	case a >= lead && a < lead+leads && b >= vowel && b < vowel+vowels:
		return syllable + ((a-lead)*vowels+b-vowel)*trails, true
	case a >= syllable && a <= lastSyllable && (a-syllable)%trails == 0 && b > trail && b < trail+trails:
		return a + b - trail, true
	}
	return 0, false
}

func isLetterOrDigit(r rune) bool {
	if r < utf8.RuneSelf {
		return r >= 'a' && r <= 'z' || r >= '0' && r <= '9'
	}
	return isUnified(r) || unicode.In(r, unicode.L, unicode.N)
}

// isIdeographic reports whether texts in the script of a letter have no spaces, or
// words that are found by their parts: Chinese, Japanese, Korean.
func isIdeographic(r rune) bool {
	return r >= 0x1100 && (isUnified(r) || r == 0x30fc || unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Bopomofo))
}

// isUnified matches most Chinese characters.
func isUnified(r rune) bool { return r >= 0x4e00 && r <= 0x9fff }
