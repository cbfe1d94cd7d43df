package text_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"github.com/regulars/regulars/internal/text"
)

func TestLineIsTrimmedComposedAndChecked(t *testing.T) {
	for given, want := range map[string]struct {
		line string
		ok   bool
	}{
		"":                           {"", true},
		" \t\u00a0":                  {"", true},
		" Ann  Lee\n":                {"Ann  Lee", true},
		"Jose\u0301":                 {"Jos\u00e9", true},
		"日本語です":                      {"日本語です", true},
		"123456789":                  {"123456789", false},
		strings.Repeat("e\u0301", 8): {strings.Repeat("\u00e9", 8), true}, // counted in NFC
		"a\nb":                       {"a\nb", false},
		"a\x00b":                     {"a\x00b", false},
		"a\x7fb":                     {"a\x7fb", false},
		"a\u0085b":                   {"a\u0085b", false},
		"a\u009fb":                   {"a\u009fb", false},
		"a\u2028b":                   {"a\u2028b", false},
		"a\u2029b":                   {"a\u2029b", false},
		"a\xffb":                     {"a\xffb", false},
		"a\ufffdb":                   {"a\ufffdb", false},
		"a\u200db":                   {"a\u200db", true}, // joins emoji and words of some scripts
	} {
		if line, ok := text.Line(given, 8); line != want.line || ok != want.ok {
			t.Errorf("%q: %q %v, want %q %v", given, line, ok, want.line, want.ok)
		}
	}
}

func TestLineIsIdempotent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		given, limit := rapid.String().Draw(t, "text"), rapid.IntRange(0, 20).Draw(t, "limit")
		line, ok := text.Line(given, limit)
		if !ok {
			return
		}
		if again, ok := text.Line(line, limit); again != line || !ok {
			t.Fatalf("%q became %q, and then %q %v", given, line, again, ok)
		}
		if !utf8.ValidString(line) || utf8.RuneCountInString(line) > limit || !norm.NFC.IsNormalString(line) || strings.ContainsFunc(line, unicode.IsControl) {
			t.Fatalf("%q was accepted as %q", given, line)
		}
	})
}

func TestFileNameHasNoDirectoryAndIsSafeToShow(t *testing.T) {
	for given, want := range map[string]string{
		"members.csv": "members.csv", `C:\files\members.csv`: "members.csv", "../../etc/passwd": "passwd",
		"": "x", "/": "x", "..": "..", ".": "x", "a\u202egnp.csv": "agnp.csv", "a\r\nb.csv": "ab.csv", "\xff.csv": ".csv", "\u200b": "x",
	} {
		if got := text.FileName(given, "x"); got != want {
			t.Errorf("%q: %q, want %q", given, got, want)
		}
	}
}

func TestNamesThatLookEqualAreEqual(t *testing.T) {
	for given, want := range map[string]string{
		"": "", " ": "", "Team Lead": "Team Lead", "Team  Lead": "Team Lead", "Team\u00a0Lead ": "Team Lead", "\tTeam\r\nLead": "Team Lead",
		"Cafe\u0301": "Café", "Café": "Café", "team lead": "team lead", " a": "a", "a ": "a",
	} {
		if got := text.Name(given); got != want {
			t.Errorf("%q is %q, want %q", given, got, want)
		}
	}
}
