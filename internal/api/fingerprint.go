package api

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"strings"
)

// secretFields are the fields of a body, by operation, whose values a
// fingerprint must not hold: it is kept, and a hash that is made fast tells a
// password to whoever tries many.
var secretFields = map[string][]string{
	"register":       {"password"},
	"verifyEmail":    {"token"},
	"resetPassword":  {"token", "newPassword"},
	"changePassword": {"currentPassword", "newPassword"},
	"startTotp":      {"password", "code"},
	"confirmTotp":    {"password", "code"},
	"disableTotp":    {"password", "code"},
	"createUser":     {"password", "confirmPassword"},
}

// fingerprint stands for the content of a request. In the place of a secret it
// has how long that is.
func fingerprint(rt *route, body []byte) string {
	var fields map[string]json.RawMessage
	if secrets := secretFields[rt.name]; len(secrets) > 0 && json.Unmarshal(body, &fields) == nil {
		for name, value := range fields {
			if oneOf(secrets, name) {
				fields[name] = json.RawMessage(strconv.Itoa(len(value)))
			}
		}
		body = encode(fields)
	}
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// oneOf compares as the decoder of JSON does, to which Password is password.
func oneOf(names []string, name string) bool {
	for _, one := range names {
		if strings.EqualFold(one, name) {
			return true
		}
	}
	return false
}
