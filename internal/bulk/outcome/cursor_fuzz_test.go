package outcome

import (
	"testing"

	"github.com/regulars/regulars/internal/errs"
)

func FuzzCursor(f *testing.F) {
	for _, s := range []string{"", "0-0", "12-345", "-1-2", "9223372036854775808-0", "1-", "1-2-3", "+1-+2", "0x1-1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, cursor string) {
		number, skip, err := ParseCursor(cursor)
		switch {
		case err != nil && !errs.Is(err, "invalid_cursor"):
			t.Errorf("%q: %v", cursor, err)
		case err == nil && (number < 0 || skip < 0):
			t.Errorf("%q is %d, %d", cursor, number, skip)
		}
	})
}
