package field

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/regulars/regulars/internal/sqldb"
)

// LongestKey is how many bytes of a text its key holds; an index takes no
// rows of any length.
const LongestKey = 200

// Keys are what the index of a field keeps of a value: one key, of several
// choices one each. Keys compare bytewise as the values do: numbers by size,
// texts without case.
func Keys(value any) []string {
	switch v := value.(type) {
	case nil:
		return nil
	case []string:
		list := make([]string, len(v))
		for i, text := range v {
			list[i] = textKey(text)
		}
		return list
	case json.Number:
		return []string{numberKey(v)}
	case bool:
		return []string{strconv.FormatBool(v)}
	case string:
		return []string{textKey(v)}
	}
	return []string{textKey(EncodeJSON(value))}
}

// textKey folds case. What is too long is cut, and told apart by its sum.
func textKey(text string) string {
	key := sqldb.CaseFold(text)
	if len(key) <= LongestKey {
		return key
	}
	sum := sha256.Sum256([]byte(key))
	cut := LongestKey
	for !utf8.RuneStart(key[cut]) {
		cut--
	}
	return key[:cut] + hex.EncodeToString(sum[:8])
}

// numberKey writes a canonical number so that texts order as the numbers do:
// a sign, the place of the first digit, the digits. Of negative numbers all
// digits are turned round, and "~" is after the last.
func numberKey(n json.Number) string {
	text, negative := strings.CutPrefix(string(n), "-")
	whole, fraction, _ := strings.Cut(text, ".")
	whole = strings.TrimLeft(whole, "0")
	digits := strings.TrimLeft(whole+fraction, "0")
	if digits = strings.TrimRight(digits, "0"); digits == "" {
		return "1" // zero: before all that is positive
	}
	place := len(whole)
	if place == 0 {
		place = -(len(fraction) - len(strings.TrimLeft(fraction, "0")))
	}
	key := fmt.Sprintf("%03d%s", place+500, digits)
	if !negative {
		return "1" + key
	}
	turned := []byte(key)
	for i, c := range turned {
		turned[i] = '0' + '9' - c
	}
	return "0" + string(turned) + "~"
}
