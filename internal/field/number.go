package field

import (
	"encoding/json"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/regulars/regulars/internal/errs"
)

const maxDigits = 15

// number parses a decimal number into canonical form. A single comma is the
// decimal sign unless it looks like a thousands separator.
func number(text, decimalSign string) (any, *Problem) {
	body, negative := strings.CutPrefix(text, "-")
	if !negative {
		body = strings.TrimPrefix(body, "+")
	}
	whole, fraction, hasSign := body, "", false
	if at := strings.IndexAny(body, ".,"); at >= 0 {
		whole, fraction, hasSign = body[:at], body[at+1:], true
		sign := body[at : at+1]
		if decimalSign != "" && sign != decimalSign {
			return nil, notPlain(decimalSign)
		}
		if decimalSign == "" && sign == "," && mayGroup(body, sign) {
			return nil, ambiguous()
		}
	}
	if !digits(whole) || !digits(fraction) || whole == "" || hasSign && fraction == "" {
		return nil, notPlain(decimalSign)
	}
	whole, fraction = strings.TrimLeft(whole, "0"), strings.TrimRight(fraction, "0")
	if significant(whole, fraction) > maxDigits || len(whole) > 30 || len(fraction) > 30 {
		return nil, Unfit("number_too_long", "A number has at most 15 significant digits.")
	}
	return canonical(negative, whole, fraction), nil
}

// mayGroup reports whether the only sign of a number may separate thousands.
func mayGroup(text, sign string) bool {
	whole, fraction, ok := strings.Cut(strings.TrimLeft(text, "+-"), sign)
	return ok && len(fraction) == 3 && len(whole) >= 1 && len(whole) <= 3 && whole != "0" && digits(whole) && digits(fraction)
}

func ambiguous() *Problem {
	return Unfit("number_ambiguous", "This could be a decimal or a thousands sign. Set the decimal sign of the file with %s.", errs.NewOption("decimal", "Decimal sign"))
}

// notPlain is the problem of a number in an unsupported notation, with an example.
func notPlain(decimalSign string) *Problem {
	example := "1234.5"
	if decimalSign == "," {
		example = "1234,5"
	}
	return Unfit("invalid_number", "Write a plain number such as %s: no thousands signs, no exponent.", example)
}

func canonical(negative bool, whole, fraction string) json.Number {
	if whole == "" {
		whole = "0"
	}
	if fraction != "" {
		whole += "." + fraction
	}
	if negative && whole != "0" {
		whole = "-" + whole
	}
	return json.Number(whole)
}

func significant(whole, fraction string) int {
	switch {
	case whole == "":
		return len(strings.TrimLeft(fraction, "0"))
	case fraction == "":
		return len(strings.TrimRight(whole, "0"))
	}
	return len(whole) + len(fraction)
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// AddNumbers returns a + b in canonical form; nil counts as zero. It fails
// if the sum has too many digits.
func AddNumbers(a any, b json.Number) (any, *Problem) {
	sum, err := decimal.NewFromString(string(b))
	if err != nil {
		return nil, Unfit("invalid_number", "This is not a number.")
	}
	if old, ok := a.(json.Number); ok {
		before, err := decimal.NewFromString(string(old))
		if err != nil {
			return nil, Unfit("invalid_number", "The stored value is not a number.")
		}
		sum = sum.Add(before)
	}
	return number(sum.String(), ".")
}

// Negated returns -n.
func Negated(n json.Number) json.Number {
	if text, negative := strings.CutPrefix(string(n), "-"); negative {
		return json.Number(text)
	}
	if n == "0" {
		return n
	}
	return "-" + n
}
