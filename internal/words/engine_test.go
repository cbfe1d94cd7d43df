package words_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
	"github.com/regulars/regulars/internal/words"
)

// finder returns a function that reports whether the index of an engine finds a
// text.
func finder(t *testing.T, address string) func(q *words.Query, text string) (bool, error) {
	db := sqldbtest.Open(t, address)
	postgres := db.Dialect() == "postgres"
	create := "CREATE VIRTUAL TABLE found USING fts5(words, tokenize = 'ascii')"
	if postgres {
		create = "CREATE TABLE found (words TSVECTOR NOT NULL)"
	}
	if _, err := db.Exec(t.Context(), create); err != nil {
		t.Fatal(err)
	}
	return func(q *words.Query, text string) (bool, error) {
		insert, count, indexed, query := "INSERT INTO found (words) VALUES ($1)", "SELECT COUNT(*) FROM found WHERE found MATCH $1", words.Tokens(text), q.FTS5()
		if postgres {
			insert, count, indexed, query = "INSERT INTO found (words) VALUES ($1::tsvector)", "SELECT COUNT(*) FROM found WHERE words @@ $1::tsquery", words.Vector(text), q.TSQuery()
		}
		if _, err := db.Exec(t.Context(), "DELETE FROM found"); err != nil {
			return false, err
		}
		if _, err := db.Exec(t.Context(), insert, indexed); err != nil {
			return false, fmt.Errorf("index %q: %w", indexed, err)
		}
		n := 0
		if err := db.QueryRow(t.Context(), count, query).Scan(&n); err != nil {
			return false, fmt.Errorf("find %q: %w", query, err)
		}
		return n > 0, nil
	}
}

func TestBothEnginesFindTheTextsThatHaveHighlights(t *testing.T) {
	part := rapid.SampledFrom([]string{"a", "ab", "B", "1", "é", "ß", "ss", " ", " ", "-", "'", "\\", "*", ":", "日", "本", "語", "が", "한국", "\u1112", "\U00020000", "\u0928\u093f", "\U0001f44d", "\u00ad", " NOT ", " OR "})
	text := rapid.Map(rapid.SliceOfN(part, 1, 12), func(parts []string) string { return strings.Join(parts, "") })
	query := rapid.Map(rapid.SliceOfN(rapid.OneOf(part, rapid.Just(`"`)), 1, 6), func(parts []string) string { return strings.Join(parts, "") })
	sqldbtest.EachAddress(t, func(t *testing.T, address string) {
		find := finder(t, address)
		for _, m := range matching {
			q, err := words.ParseQuery(m.q)
			if err != nil {
				t.Fatal(err)
			}
			if found, err := find(q, m.text); err != nil || found != (len(m.want) > 0) {
				t.Errorf("%q in %q: %v %v", m.q, m.text, found, err)
			}
		}
		rapid.Check(t, func(t *rapid.T) {
			text, typed := text.Draw(t, "text"), query.Draw(t, "q")
			if rapid.Bool().Draw(t, "part of the text") {
				from := rapid.IntRange(0, len([]rune(text))-1).Draw(t, "from")
				typed = string([]rune(text)[from:])
			}
			q, err := words.ParseQuery(typed)
			if err != nil {
				t.Skip()
			}
			found, err := find(q, text)
			if want := len(q.Highlights(text)) > 0; err != nil || found != want {
				t.Fatalf("%q in %q: found %v %v, highlights %v", typed, text, found, err, want)
			}
		})
	})
}

func TestBothEnginesAcceptTheLargestTexts(t *testing.T) {
	sqldbtest.EachAddress(t, func(t *testing.T, address string) {
		find := finder(t, address)
		for _, text := range []string{
			"start " + strings.Repeat("a", 9_990), strings.Repeat("a ", 5_000) + "start", strings.Repeat("\ufdfa", 9_990) + "start", "start" + strings.Repeat("語", 9_990),
			"start" + strings.Repeat("\U0001d51e", 9_990), "'\\\x00\" start " + strings.Repeat("Ǆ ", 4_000),
		} {
			q, err := words.ParseQuery("start")
			if err != nil {
				t.Fatal(err)
			}
			found, err := find(q, text)
			if want := len(words.Tokens(text)) > 0 && strings.Contains(words.Tokens(text), "start"); err != nil || found != want {
				t.Errorf("%.20q: %v %v, want %v", text, found, err, want)
			}
		}
		for phrase, want := range map[string]bool{`"a b"`: true, `"a c"`: false, "c": true} { // a 256th position is not indexed
			q, err := words.ParseQuery(phrase)
			if err != nil {
				t.Fatal(err)
			}
			if found, err := find(q, strings.Repeat("a b ", 255)+"a c"); err != nil || found != want {
				t.Errorf("%s: %v %v", phrase, found, err)
			}
		}
	})
}
