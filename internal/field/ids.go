package field

import (
	"encoding/json"
	"strings"
)

// EncodeIDs returns the JSON of a list of ids, which need no escaping.
func EncodeIDs(ids []string) string {
	if len(ids) == 0 {
		return "[]"
	}
	return `["` + strings.Join(ids, `","`) + `"]`
}

// DecodeIDs returns the ids of a list that EncodeIDs or PostgreSQL wrote; nil if it is
// empty.
func DecodeIDs(text string) ([]string, error) {
	if text == "[]" {
		return nil, nil
	}
	if ids, ok := plainIDs(text); ok {
		return ids, nil
	}
	var ids []string
	err := json.Unmarshal([]byte(text), &ids)
	return ids, err
}

// plainIDs decodes a list without escapes.
func plainIDs(text string) (ids []string, ok bool) {
	in := plainReader{text}
	if !in.skip('[') {
		return nil, false
	}
	for !in.skip(']') {
		if len(ids) > 0 && !in.skip(',') {
			return nil, false
		}
		id, ok := in.quoted()
		if !ok {
			return nil, false
		}
		ids = append(ids, id)
	}
	return ids, in.text == ""
}
