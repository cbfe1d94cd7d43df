package message

import (
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/words"
)

// Hits are escaped, marked in UTF-16 units and cut around the first mark.
func TestHitsAreMarked(t *testing.T) {
	long := strings.Repeat("word ", 40)
	for _, row := range []struct {
		text  string
		spans []words.Span
		want  string
	}{
		{"plain", nil, "plain"},
		{"<b>tea</b>", []words.Span{{Start: 3, Length: 3}}, "&lt;b&gt;<mark>tea</mark>&lt;/b&gt;"},
		{"\U0001F389 tea & tea", []words.Span{{Start: 3, Length: 3}, {Start: 9, Length: 3}}, "\U0001F389 <mark>tea</mark> &amp; <mark>tea</mark>"},
		{long + "tea", []words.Span{{Start: 200, Length: 3}}, "… " + strings.Repeat("word ", 11) + "<mark>tea</mark>"},
		{strings.Repeat("x", 400), nil, strings.Repeat("x", 300) + " …"},
		{"tea " + strings.Repeat("x", 400) + " tea", []words.Span{{Start: 0, Length: 3}, {Start: 405, Length: 3}}, "<mark>tea</mark> " + strings.Repeat("x", 296) + " …"},
	} {
		if got := highlighted(row.text, row.spans); got != row.want {
			t.Errorf("%.40q: %q, want %q", row.text, got, row.want)
		}
	}
}
