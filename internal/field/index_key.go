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

// LongestKey is the length limit of an index key, in bytes.
const LongestKey = 200

// Keys returns the index keys of a value: one, or one for each choice. Keys
// compare bytewise as the values do: numbers by size, texts ignoring case.
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

// textKey folds case and replaces the end of a long text by a checksum.
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

// numberKey encodes a canonical number so that keys sort as the numbers do: sign,
// exponent, digits. For negative numbers the digits are complemented and end with
// "~".
func numberKey(n json.Number) string {
	text, negative := strings.CutPrefix(string(n), "-")
	whole, fraction, _ := strings.Cut(text, ".")
	whole = strings.TrimLeft(whole, "0")
	digits := strings.TrimLeft(whole+fraction, "0")
	if digits = strings.TrimRight(digits, "0"); digits == "" {
		return "1" // zero sorts before positive numbers
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
