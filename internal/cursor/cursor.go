// Package cursor writes and reads the cursors of lists, which are bound to a list and
// its filters.
package cursor

import (
	"encoding/base64"
	"strings"

	"github.com/regulars/regulars/internal/errs"
)

// List is a list with its filters.
type List struct{ name string }

// Of returns the list with a name and filters.
func Of(name ...string) List { return List{strings.Join(name, "\x00")} }

// After returns the cursor behind the item that the values identify.
func (l List) After(values ...string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(l.name + "\x01" + strings.Join(values, "\x00")))
}

// Parse returns the n values of a cursor, nil of "". It fails with Invalid
// "invalid_cursor".
func (l List) Parse(cursor string, n int) ([]string, error) {
	if cursor == "" {
		return nil, nil
	}
	content, err := base64.RawURLEncoding.DecodeString(cursor)
	name, rest, _ := strings.Cut(string(content), "\x01")
	values := strings.Split(rest, "\x00")
	if err != nil || name != l.name || len(values) != n {
		return nil, ErrForeign()
	}
	return values, nil
}

// ParseID returns the id in a cursor of one value, first of "". It fails as Parse does.
func (l List) ParseID(cursor, first string) (string, error) {
	values, err := l.Parse(cursor, 1)
	if err != nil || values == nil {
		return first, err
	}
	return values[0], nil
}

// Page returns at most limit items, and the cursor behind the last of them, "" if there
// are no more. id returns the id of an item.
func Page[T any](l List, items []T, limit int, id func(*T) string) ([]T, string) {
	if len(items) <= limit {
		return items, ""
	}
	return items[:limit], l.After(id(&items[limit-1]))
}

// ErrForeign is Invalid "invalid_cursor".
func ErrForeign() error {
	return errs.New(errs.Invalid, "invalid_cursor", "The cursor is not from this list.")
}
