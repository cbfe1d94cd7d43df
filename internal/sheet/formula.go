package sheet

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// formulaSigns start a formula. Spreadsheets with an East Asian input method
// read the full-width forms as the others.
const formulaSigns = "=+-@＝＋－＠"

// StartsFormula reports whether a spreadsheet may run a cell with this text as
// a formula: it starts with a control character, or with a formula sign behind
// any white space, control and format characters. Numbers with a sign count.
func StartsFormula(text string) bool {
	if text == "" {
		return false
	}
	if c := text[0]; c > ' ' && c < utf8.RuneSelf && c != 0x7f { // nearly all
		return c == '=' || c == '+' || c == '-' || c == '@'
	}
	rest := strings.TrimLeftFunc(text, invisible)
	if rest == "" {
		return false // a blank cell
	}
	first, _ := utf8.DecodeRuneInString(text)
	sign, _ := utf8.DecodeRuneInString(rest)
	return unicode.IsControl(first) || strings.ContainsRune(formulaSigns, sign)
}

func invisible(r rune) bool {
	return unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Cf, r)
}

// Neutralise puts ' before a cell that a spreadsheet would run as a formula,
// see StartsFormula, and that is not a number.
func Neutralise(cell string) string {
	if !StartsFormula(cell) || isSignedNumber(cell) {
		return cell
	}
	return "'" + cell
}

func isSignedNumber(cell string) bool {
	return (cell[0] == '-' || cell[0] == '+') && isNumber(cell[1:])
}

// isNumber says whether s is digits with at most one decimal sign.
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
