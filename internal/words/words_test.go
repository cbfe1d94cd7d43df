package words_test

import (
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"github.com/regulars/regulars/internal/words"
)

func TestTextsAreFoldedIntoTokens(t *testing.T) {
	for text, want := range map[string]string{
		"":                              "",
		" ...!":                         "",
		"Hello, World":                  "hello world",
		"don't re-enter v1.2":           "don t re enter v1 2",
		"Frée Monéy":                    "free money",
		"Fre\u0301e":                    "free",
		"Straße STRASSE \u1e9e":         "strasse strasse ss",
		"ΣΊΣΥΦΟΣ σίσυφος":               "σισυφοσ σισυφοσ",
		"İstanbul":                      "istanbul",
		"ﬁne ２０ ①":                      "fine 20 1",
		"sc\u00adam s\u200bcam \u202es": "scam scam s",
		"日本語":                           "日本 本語 語",
		"日":                             "日",
		"日 本":                           "日 本",
		"iPhone日本v2":                    "iphone 日本 本 v2",
		"カタカナー ｶﾞｽ":                     "カタ タカ カナ ナー ー カス ス",
		"한국어":                           "한국 국어 어",
		norm.NFD.String("한국어"):          "한국 국어 어",
		"Привет, мир":                   "привет мир",
		"👍 ok 👍🏽":                       "ok",
		"a\xffb":                        "a b",
		strings.Repeat("a", 300):        strings.Repeat("a", 100),
	} {
		if got := words.Tokens(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestVectorHasPositions(t *testing.T) {
	if got, want := words.Vector("a B, a 日本"), `'a':1,3 'b':2 '日本':4 '本':5`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	repeated := words.Vector(strings.Repeat("a ", 300) + "b")
	if !strings.HasSuffix(repeated, ",255 'b':301") {
		t.Errorf("%s", repeated)
	}
	long := words.Vector(strings.Repeat("a b ", 10_000) + "c")
	if strings.Contains(long, "'c'") {
		t.Error("a position of PostgreSQL is at most 16383")
	}
}

func TestFoldingAgainChangesNothing(t *testing.T) {
	for r := rune(1); r <= 0x2ffff; r++ {
		once := words.Tokens("x" + string(r) + "y")
		if again := words.Tokens(once); again != once && !strings.ContainsAny(once, "あかさ") && len(strings.Fields(once)) == 1 {
			t.Errorf("%U: %q, then %q", r, once, again)
		}
		if decomposed := words.Tokens("x" + norm.NFKD.String(string(r)) + "y"); decomposed != once {
			t.Errorf("%U: %q, decomposed %q", r, once, decomposed)
		}
	}
}

func highlights(t *testing.T, q, text string) []string {
	t.Helper()
	query, err := words.ParseQuery(q)
	if err != nil {
		t.Fatalf("%q: %v", q, err)
	}
	units := utf16.Encode([]rune(text))
	list := []string{}
	for _, s := range query.Highlights(text) {
		list = append(list, string(utf16.Decode(units[s.Start:s.Start+s.Length])))
	}
	return list
}

// matching are queries, texts and the parts of the texts that match.
var matching = []struct {
	q, text string
	want    []string
}{
	{"hello", "Hello, hello!", []string{"Hello", "hello"}},
	{"hel", "Hello", []string{"Hello"}},
	{"hel ", "Hello", []string{}},
	{"hello ", "Hello", []string{"Hello"}},
	{"he wor", "he said: World", []string{"he", "World"}},
	{"hel wor", "hello world", []string{}},
	{"hello moon", "hello world", []string{}},
	{`"free money"`, "Get free, MONEY now", []string{"free, MONEY"}},
	{`"free money"`, "free the money", []string{}},
	{`"free mon"`, "free money", []string{}},
	{`"free mon`, "free money", []string{"free money"}},
	{`"free mon `, "free money", []string{}},
	{`now "free money" ge`, "get free money now", []string{"get", "free money", "now"}},
	{"\u201cfree money\u201d", "free money", []string{"free money"}},
	{`a"b c"d`, "a b c d", []string{"a", "b c", "d"}},
	{"strasse", "die Straße", []string{"Straße"}},
	{"STRASSE ", "die Straße", []string{"Straße"}},
	{"cafe", "👍👍 Cafe\u0301s", []string{"Cafe\u0301s"}},
	{"re-enter", "reenter, re enter", []string{"re enter"}},
	{"日本", "これは日本語です", []string{"日本"}},
	{"日本語", "日本と日本語", []string{"日本語"}},
	{"語", "日本語", []string{"語"}},
	{"本 ", "日本語", []string{"本"}},
	{"日語", "日本語", []string{}},
	{"日本", "日 本", []string{}},
	{`"日 本"`, "日本", []string{}},
	{`"foo 日本 bar"`, "foo 日本語 bar", []string{}},
	{`"foo 日本 bar"`, "foo 日本 bar", []string{"foo 日本 bar"}},
	{`"本 foo"`, "日本 foo", []string{"本 foo"}},
	{`"foo 日`, "foo 日本", []string{"foo 日"}},
	{"국어", "한국어", []string{"국어"}},
	{"!!! ok", "ok", []string{"ok"}},
	{"ok !!!", "okay", []string{}},
	{"o'ne", "o'neill", []string{"o'neill"}},
	{`or NOT "and" NEAR`, "not or near and", []string{"not", "or", "near", "and"}},
	{"ああ", "あああ", []string{"あああ"}},
}

func TestHighlightsAreTheMatchingParts(t *testing.T) {
	for _, m := range matching {
		if diff := cmp.Diff(m.want, highlights(t, m.q, m.text)); diff != "" {
			t.Errorf("%q in %q: %s", m.q, m.text, diff)
		}
	}
}

func TestQueriesWithoutWordsAndLongOnesAreRejected(t *testing.T) {
	for q, ok := range map[string]bool{
		"": false, " ": false, "!!!": false, `""`: false, `"`: false, "👍": false, "\u0301": false,
		"a": true, strings.Repeat("é", 200): true, strings.Repeat("a", 201): false,
	} {
		if _, err := words.ParseQuery(q); (err == nil) != ok {
			t.Errorf("%q: %v", q, err)
		}
	}
}

func TestHighlightsAreInOrderAndInTheText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		query, err := words.ParseQuery(rapid.StringN(1, 50, -1).Draw(t, "q"))
		if err != nil {
			t.Skip()
		}
		units, at := len(utf16.Encode([]rune(text))), 0
		for _, s := range query.Highlights(text) {
			if s.Start < at || s.Length < 1 || s.Start+s.Length > units {
				t.Fatalf("%+v in %q of %d units", s, text, units)
			}
			at = s.Start + s.Length
		}
	})
}

func TestATextIsFoundByItsOwnWords(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringN(1, 60, 200).Draw(t, "text")
		query, err := words.ParseQuery(strings.Map(func(r rune) rune {
			if strings.ContainsRune("\"\u201c\u201d\u201e", r) {
				return ' '
			}
			return r
		}, text))
		if err == nil && len(query.Highlights(text)) == 0 {
			t.Fatalf("%q is not found", text)
		}
	})
}

func BenchmarkTokens(b *testing.B) {
	for name, text := range map[string]string{"english": "The quick brown fox jumps. ", "russian": "Съешь ещё этих мягких. ", "chinese": "我能吞下玻璃而不伤身体。"} {
		text = string([]rune(strings.Repeat(text, 1000))[:10_000])
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				words.Tokens(text)
			}
		})
	}
}
