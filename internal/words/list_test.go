package words_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/regulars/regulars/internal/words"
)

func list(t testing.TB, entries ...string) *words.List {
	t.Helper()
	l, err := words.NewList("bannedWords", entries)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestEntriesMatchFoldedWordsInSequence(t *testing.T) {
	l := list(t, "scam", "free money", "詐欺", "死", "C'mon now", "money free lunch")
	for text, want := range map[string]string{
		"This is a SCAM!":       "scam",
		"Scampi for dinner":     "",
		"Frée   Monéy now":      "free money",
		"free, money":           "free money",
		"money free":            "",
		"":                      "",
		"s\u00adc\u200bam":      "scam",
		"ｓｃａｍ":                  "scam",
		"scam_free":             "scam",
		"これは詐欺です":               "詐欺",
		"死ぬ":                    "死",
		"c'mon, NOW":            "C'mon now",
		"free free money":       "free money",
		"money free money":      "free money",
		"money free lunch scam": "money free lunch",
		"free the money":        "",
		"freemoney":             "",
	} {
		if got, ok := l.Find(text); got != want || ok != (want != "") {
			t.Errorf("%q: %q %v, want %q", text, got, ok, want)
		}
	}
}

func TestEntriesNeedAWordAndHaveALimit(t *testing.T) {
	for entry, ok := range map[string]bool{"a": true, "": false, " ": false, "!!!": false, "👍": false, strings.Repeat("é", 100): true, strings.Repeat("a", 101): false} {
		if _, err := words.NewList("alertWords", []string{"fine", entry}); (err == nil) != ok {
			t.Errorf("%q: %v", entry, err)
		}
	}
	if entry, ok := list(t).Find("text"); ok {
		t.Errorf("an empty list found %q", entry)
	}
}

// TestListFindsLikeASearchForEachEntry compares the automaton with a plain search.
func TestListFindsLikeASearchForEachEntry(t *testing.T) {
	sequence := func(most int) *rapid.Generator[[]string] {
		return rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c"}), 1, most)
	}
	rapid.Check(t, func(t *rapid.T) {
		var entries []string
		for _, e := range rapid.SliceOfN(sequence(4), 1, 5).Draw(t, "entries") {
			entries = append(entries, strings.Join(e, " "))
		}
		text := " " + strings.Join(sequence(12).Draw(t, "text"), " ") + " "
		l, err := words.NewList("bannedWords", entries)
		if err != nil {
			t.Fatal(err)
		}
		first := len(text) + 1 // the end of the first occurrence
		for _, e := range entries {
			if at := strings.Index(text, " "+e+" "); at >= 0 {
				first = min(first, at+len(e)+1)
			}
		}
		found, ok := l.Find(text)
		if ok != (first <= len(text)) || ok && strings.Index(text, " "+found+" ")+len(found)+1 != first {
			t.Fatalf("%q in %q: %q %v", entries, text, found, ok)
		}
	})
}

func FuzzList(f *testing.F) {
	f.Add("free money", "Frée, Monéy")
	f.Add("日本", "日本語")
	f.Fuzz(func(t *testing.T, entry, text string) {
		l, err := words.NewList("bannedWords", []string{entry})
		if err != nil {
			return
		}
		if _, ok := l.Find(entry); !ok {
			t.Errorf("%q does not contain itself", entry)
		}
		l.Find(text)
		if _, ok := l.Find(text + " " + entry + " " + text); !ok {
			t.Errorf("%q is not found within %q", entry, text)
		}
	})
}

// BenchmarkFind has a list of 1,000 entries whose beginnings occur all the time.
func BenchmarkFind(b *testing.B) {
	var entries []string
	for i := range 1000 {
		entries = append(entries, fmt.Sprintf("%sx%d", strings.Repeat("a ", i%40), i))
	}
	l := list(b, entries...)
	for _, size := range []int{1_000, 10_000} {
		text := strings.Repeat("a ", size/2)
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			for b.Loop() {
				l.Find(text)
			}
		})
	}
}
