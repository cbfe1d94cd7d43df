package audit

import (
	"bytes"
	"encoding/json"
)

// Diff returns the fields with different old and new values in the log.
func Diff(fields ...Change) (changes []Change) {
	for _, f := range fields {
		if !same(f.Old, f.New) {
			changes = append(changes, f)
		}
	}
	return changes
}

// same reports whether two values are stored alike. One that cannot be stored
// is a change, so that Append returns the error.
func same(a, b any) bool {
	first, err := json.Marshal(a)
	if err != nil {
		return false
	}
	second, err := json.Marshal(b)
	return err == nil && bytes.Equal(first, second)
}

// DiffTarget is Diff for a target that is created, changed or deleted: it has
// no old values if it did not exist, and no new ones if it no longer does.
func DiffTarget(existed, exists bool, fields ...Change) []Change {
	for i := range fields {
		if !existed {
			fields[i].Old = nil
		}
		if !exists {
			fields[i].New = nil
		}
	}
	return Diff(fields...)
}
