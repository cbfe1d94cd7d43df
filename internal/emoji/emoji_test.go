package emoji_test

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/regulars/regulars/internal/emoji"
)

func TestEmojiAndShortcodesAreParsed(t *testing.T) {
	for input, want := range map[string]emoji.Kind{
		":heart:":                      {"\u2764", ":heart:"},
		":red_heart:":                  {"\u2764", ":heart:"},
		"\u2764":                       {"\u2764", ":heart:"},
		"\u2764\ufe0f":                 {"\u2764", ":heart:"},
		"\u2764\ufe0e":                 {"\u2764", ":heart:"},
		"\U0001f44d":                   {"\U0001f44d", ":+1:"},
		":thumbsup:":                   {"\U0001f44d", ":+1:"},
		"\U0001f44d\U0001f3fd":         {"\U0001f44d\U0001f3fd", ":+1_tone3:"},
		":+1_tone3:":                   {"\U0001f44d\U0001f3fd", ":+1_tone3:"},
		":thumbsup_tone3:":             {"\U0001f44d\U0001f3fd", ":+1_tone3:"},
		"\U0001f44d\ufe0f\U0001f3fd":   {"\U0001f44d\U0001f3fd", ":+1_tone3:"},
		"\u2764\ufe0f\u200d\U0001f525": {"\u2764\u200d\U0001f525", ":heart_on_fire:"},
		"\u2764\u200d\U0001f525":       {"\u2764\u200d\U0001f525", ":heart_on_fire:"},
		"\u2764\u200d\U0001f525\ufe0f": {"\u2764\u200d\U0001f525", ":heart_on_fire:"},
		"\U0001f1e9\U0001f1ea":         {"\U0001f1e9\U0001f1ea", ":de:"},
		"1\ufe0f\u20e3":                {"1\u20e3", ":one:"},
		"1\u20e3":                      {"1\u20e3", ":one:"},
		"\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f": {"\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", ":england:"},
		"\U0001faea": {"\U0001faea", ":distorted_face:"}, // Unicode 17
		"\U0001f9d1\U0001f3fb\u200d\U0001f91d\u200d\U0001f9d1\U0001f3fc": {"\U0001f9d1\U0001f3fb\u200d\U0001f91d\u200d\U0001f9d1\U0001f3fc", ":people_holding_hands_tone1-2:"},
	} {
		if kind, ok := emoji.Parse(input); !ok || kind != want {
			t.Errorf("%+q: %+q %v, want %+q", input, kind, ok, want)
		}
	}
}

func TestOtherTextsAreNotEmoji(t *testing.T) {
	for _, input := range []string{
		"", " ", "ok", "1", "#", "*", ":", "::", ":heart", "heart:", "heart", ":no_such_emoji:", ":heart: ", ":Heart:", "::heart::",
		":heart_tone1:", ":_tone1:", ":+1_tone6:", ":+1_tone1_tone1:", ":heart::heart:", "\ufe0f", "\u200d",
		"\u2764\U0001f44d", "\u2764\u2764", "\u2764 ", " \u2764", "\u2764a", "\u2764\u200d",
		"\U0001f1e9", "\U0001f1e9\U0001f1e9", "\U0001f44d\U0001f3fd\U0001f3fd", "\u2764\U0001f3fd", "\xff", "\u2764\xff",
		"\u2764" + strings.Repeat("\ufe0f", 100_000),
	} {
		if kind, ok := emoji.Parse(input); ok {
			t.Errorf("%.60q is %q", input, kind)
		}
	}
}

func everyKind(t *testing.T) []emoji.Kind {
	t.Helper()
	kinds := emoji.All()
	if len(kinds) != 3953 {
		t.Fatalf("%d emoji; Unicode 17 has 3953 with its components", len(kinds))
	}
	return kinds
}

func TestEachKindHasOneTextAndOneShortcode(t *testing.T) {
	texts, codes := map[string]bool{}, map[string]bool{}
	for _, k := range everyKind(t) {
		if texts[k.Text] || codes[k.Shortcode] {
			t.Errorf("%q repeats", k)
		}
		texts[k.Text], codes[k.Shortcode] = true, true
		if k.Text != emoji.Fold(k.Text) {
			t.Errorf("%+q has a variation selector", k.Text)
		}
		for _, input := range []string{k.Text, k.Shortcode} {
			if got, ok := emoji.Parse(input); !ok || got != k {
				t.Errorf("%q: %q %v, want %q", input, got, ok, k)
			}
		}
		if got, ok := emoji.Parse(k.Text + k.Text); ok {
			t.Errorf("%q twice is %q", k, got)
		}
	}
}

func TestVariationSelectorsAnywhereAreIgnored(t *testing.T) {
	kinds := everyKind(t)
	rapid.Check(t, func(t *rapid.T) {
		kind := rapid.SampledFrom(kinds).Draw(t, "kind")
		var input strings.Builder
		for _, r := range kind.Text {
			input.WriteRune(r)
			input.WriteString(rapid.SampledFrom([]string{"", "\ufe0f", "\ufe0e"}).Draw(t, "selector"))
		}
		if got, ok := emoji.Parse(input.String()); !ok || got != kind {
			t.Fatalf("%+q: %q %v, want %q", input.String(), got, ok, kind)
		}
	})
}

func TestGroupsHaveEachEmojiOnceWithoutSkinTones(t *testing.T) {
	seen := map[string]bool{}
	groups := emoji.Groups()
	for _, g := range groups {
		for _, c := range g.Choices {
			if seen[c.Text] || len(c.Keywords) == 0 || !utf8.ValidString(c.Display) || emoji.Fold(c.Display) != c.Text {
				t.Errorf("%s: %+q", g.Name, c)
			}
			seen[c.Text] = true
			if kind, ok := emoji.Parse(c.Display); !ok || kind != c.Kind {
				t.Errorf("%q: %q", c, kind)
			}
		}
	}
	if first := groups[0].Choices[0]; len(groups) != 9 || first.Shortcode != ":grinning:" || !slices.Contains(first.Keywords, "face") {
		t.Errorf("%d groups, first %+v", len(groups), first)
	}
	for _, k := range everyKind(t) {
		first, size := utf8.DecodeRuneInString(k.Text)
		component := size == len(k.Text) && (first >= 0x1f3fb && first <= 0x1f3ff || first >= 0x1f9b0 && first <= 0x1f9b3)
		if want := !component && !strings.Contains(k.Shortcode, "_tone"); seen[k.Text] != want {
			t.Errorf("%q is a choice: %v", k, seen[k.Text])
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"", ":heart:", "\u2764\ufe0f", ":a_tone1:", ":_tone"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, input string) {
		kind, ok := emoji.Parse(input)
		if !ok {
			return
		}
		if again, ok := emoji.Parse(kind.Text); !ok || again != kind {
			t.Errorf("%q: %q, then %q", input, kind, again)
		}
		if again, ok := emoji.Parse(kind.Shortcode); !ok || again != kind {
			t.Errorf("%q: %q, then %q", input, kind, again)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	for name, input := range map[string]string{"emoji": "\u2764\ufe0f", "shortcode": ":+1_tone3:", "text": "ok"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				emoji.Parse(input)
			}
		})
	}
}
