package staged

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/regulars/regulars/internal/bulk/source"
)

func TestASampleCellIsShort(t *testing.T) {
	for text, want := range map[string]int{"": 0, "abc": 3, strings.Repeat("ä", source.MaxShown): source.MaxShown, strings.Repeat("ä", 1<<20): source.MaxShown + 1} {
		if got := shortened(text); utf8.RuneCountInString(got) != want || !utf8.ValidString(got) {
			t.Errorf("%d characters of %d", utf8.RuneCountInString(got), utf8.RuneCountInString(text))
		}
	}
}
