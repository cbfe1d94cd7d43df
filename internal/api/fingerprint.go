package api

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// fingerprint returns a hash of the content of a request. The values of secrets
// are replaced by their lengths: it is stored, and a fast hash of a password can
// be guessed.
func fingerprint(rt *Route, body []byte) string {
	var fields map[string]json.RawMessage
	if len(rt.Secrets) > 0 && json.Unmarshal(body, &fields) == nil {
		for name, value := range fields {
			if containsFold(rt.Secrets, name) {
				fields[name] = json.RawMessage(strconv.Itoa(len(value)))
			}
		}
		body = encode(fields)
	}
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// containsFold compares as the JSON decoder does, to which Password is password.
func containsFold(names []string, name string) bool {
	return slices.ContainsFunc(names, func(one string) bool { return strings.EqualFold(one, name) })
}
