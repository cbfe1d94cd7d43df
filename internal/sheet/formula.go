package sheet

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// formulaPrefixes start a formula. Spreadsheets with an East Asian input
// method also accept the full-width forms.
const formulaPrefixes = "=+-@＝＋－＠"

// StartsFormula reports whether a spreadsheet may run a cell with this text as
// a formula: it starts with a control character, or with a formula prefix
// after any white space, control and format characters. Signed numbers count.
func StartsFormula(text string) bool {
	if text == "" {
		return false
	}
	if c := text[0]; c > ' ' && c < utf8.RuneSelf && c != 0x7f { // the common case
		return c == '=' || c == '+' || c == '-' || c == '@'
	}
	rest := strings.TrimLeftFunc(text, isInvisible)
	if rest == "" {
		return false // a blank cell
	}
	first, _ := utf8.DecodeRuneInString(text)
	sign, _ := utf8.DecodeRuneInString(rest)
	return unicode.IsControl(first) || strings.ContainsRune(formulaPrefixes, sign)
}

func isInvisible(r rune) bool {
	return unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Cf, r)
}

// EscapeFormula prefixes a cell with ' if a spreadsheet would run it as a
// formula (see StartsFormula) and it is not a number.
func EscapeFormula(cell string) string {
	if !StartsFormula(cell) || isSignedNumber(cell) {
		return cell
	}
	return "'" + cell
}

func isSignedNumber(cell string) bool {
	return (cell[0] == '-' || cell[0] == '+') && isNumber(cell[1:])
}

// isNumber reports whether s is digits with at most one decimal separator.
func isNumber(s string) bool {
	digits, signs := 0, 0
	for i := range len(s) {
		switch {
		case s[i] >= '0' && s[i] <= '9':
			digits++
		case s[i] == '.' || s[i] == ',':
			signs++
		default:
			return false
		}
	}
	return digits > 0 && signs <= 1
}
