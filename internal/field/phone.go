package field

import (
	"regexp"
	"strings"
	"unicode"

	"github.com/nyaruka/phonenumbers"

	"github.com/regulars/regulars/internal/text"
)

// maxPhone is the maximum number of bytes of a phone number in a cell.
const maxPhone = 100

// trunkZero is the national prefix in parentheses that some countries write
// behind the country code.
var trunkZero = regexp.MustCompile(`^(\+[\s(]*\d{1,3}[\s).]*)[(\[]\s*0\s*[)\]]`)

// ParsePhone returns a phone number in E.164. A national number is one of the
// country, an alpha-2 code; "" accepts international numbers only.
func ParsePhone(given, country string) (string, *Problem) {
	if plain, ok := plainPhone(given, country); ok {
		return plain, nil
	}
	if problem := checkPhoneText(given); problem != nil {
		return "", problem
	}
	given = strings.TrimSpace(strings.TrimPrefix(strings.ToLower(given), "tel:"))
	if rest, ok := strings.CutPrefix(given, "＋"); ok {
		given = "+" + rest
	}
	if !phonenumbers.GetSupportedRegions()[country] {
		country = ""
	}
	international := strings.HasPrefix(given, "+") || strings.HasPrefix(given, "00")
	if country == "" && !international {
		return "", Unfit("invalid_phone", "Write the number with + and the country code, or set the default country of national numbers.")
	}
	found := firstPossible(phoneReadings(given, country), country)
	if found == nil {
		return "", Unfit("invalid_phone", "There is no such phone number: its country code does not exist, or it is too short or too long. Correct it.")
	}
	return phonenumbers.Format(found, phonenumbers.E164), nil
}

// phoneReadings are the numbers that a text can mean, the likeliest first.
func phoneReadings(given, country string) []string {
	rest, prefixed := strings.CutPrefix(given, "00")
	if prefixed {
		given = "+" + strings.TrimLeft(rest, " \u00a0-./")
	}
	readings := []string{given}
	if without := trunkZero.ReplaceAllString(given, "${1}"); without != given {
		readings = []string{without, given}
	}
	if prefixed && country != "" { // 00 starts national numbers in some countries
		readings = append(readings, "00"+rest)
	}
	return readings
}

// firstPossible returns the first valid number of the readings, else the first
// of a possible length; nil if there is none.
func firstPossible(readings []string, country string) *phonenumbers.PhoneNumber {
	var possible *phonenumbers.PhoneNumber
	for _, reading := range readings {
		region := country
		if strings.HasPrefix(reading, "+") {
			region = "ZZ"
		}
		n, err := phonenumbers.Parse(reading, region)
		if err != nil || n.GetExtension() != "" || phonenumbers.IsPossibleNumberWithReason(n) != phonenumbers.IS_POSSIBLE {
			continue
		}
		if len(readings) == 1 || phonenumbers.IsValidNumber(n) {
			return n
		}
		if possible == nil {
			possible = n
		}
	}
	return possible
}

// checkPhoneText finds what is no part of a number.
func checkPhoneText(given string) *Problem {
	if r := text.FirstInvisible(given); r != 0 {
		return Unfit("invalid_phone", "The number contains the invisible character %s. Delete it.", text.CodePoint(r))
	}
	if len(given) > maxPhone {
		return Unfit("invalid_phone", "Write one phone number, with digits only.")
	}
	for i, r := range strings.TrimPrefix(strings.ToLower(given), "tel:") {
		switch {
		case unicode.IsDigit(r), (r == '+' || r == '＋') && i < 3, unicode.Is(unicode.Zs, r), unicode.Is(unicode.Pd, r):
		case strings.ContainsRune("()[]（）./．−·", r):
		default:
			if _, extension := phonenumbers.MaybeSeparateExtensionFromPhone(given); extension != "" {
				return Unfit("invalid_phone", "The number has an extension, which is not stored. Delete the extension.")
			}
			return Unfit("invalid_phone", "Write one phone number, with digits only.")
		}
	}
	return nil
}
