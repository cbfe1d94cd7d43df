package search_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/regulars/regulars/internal/message/search"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
	"github.com/regulars/regulars/internal/words"
)

// post is a message of the test; its text is "" when it is not in the index.
type post struct{ community, channel, id, text string }

// index is the index of a database, beside a plain list of its messages.
type index struct {
	db    *sqldb.DB
	posts []post
}

// put stores a message of a community, or another text of it, in the index.
func (x *index) put(ctx context.Context, at int, p post) error {
	isNew := at == len(x.posts)
	return x.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if isNew {
			x.posts = append(x.posts, p)
			_, err := tx.Exec(ctx, `INSERT INTO messages (community_id, id, channel_id, kind, author_id, text, mentions, parent_id, reply_to_id, topic_id, via_type, via_name, hushed, has_image, has_link,
				reply_count, pinned_at, edited_at, deleted_at, posted_at) VALUES ($1, $2, $3, 'message', '', '', '[]', '', '', '', '', '', FALSE, FALSE, FALSE, 0, 0, 0, 0, 0)`, p.community, p.id, p.channel)
			if err != nil {
				return err
			}
		}
		x.posts[at] = p
		return search.Put(ctx, tx, p.community, search.Text{MessageID: p.id, ChannelID: p.channel, Text: p.text})
	})
}

func (x *index) remove(ctx context.Context, at int) error {
	p := &x.posts[at]
	p.text = ""
	return x.db.Tx(ctx, func(tx *sqldb.Tx) error { return search.Remove(ctx, tx, p.community, []string{p.id}) })
}

// want searches the list.
func (x *index) want(r search.Range, q *words.Query, limit int) []string {
	ids := []string{}
	for _, p := range slices.Backward(x.posts) {
		if p.community == r.CommunityID && (r.ChannelID == "" || p.channel == r.ChannelID) && p.id >= r.From && (r.Before == "" || p.id < r.Before) && q.Highlights(p.text) != nil && len(ids) < limit {
			ids = append(ids, p.id)
		}
	}
	return ids
}

// got searches the database.
func (x *index) got(ctx context.Context, limit int, source func(param func(any) string) search.Source) ([]string, error) {
	var args []any
	param := func(v any) string {
		args = append(args, v)
		return fmt.Sprintf("$%d", len(args))
	}
	s := source(param)
	return sqldb.All(ctx, x.db, sqldb.Value[string], "SELECT m.id FROM "+s.From+" WHERE "+s.Where+" ORDER BY "+s.Order+" LIMIT "+param(limit), args...)
}

var (
	parts = rapid.SampledFrom([]string{"a", "ab", "abc", "B", "1", "é", "e\u0301", "ß", "ss", " ", " ", " ", "-", "'", "\\", "`x := y`", "*", ":", "日", "本", "語", "が", "한국", "\U0001f44d", "❤\ufe0f", "\u00ad", " NOT ", " OR ", "@ben", "https://a.example/b?c=d"})
	texts = rapid.Map(rapid.SliceOfN(parts, 1, 10), func(parts []string) string { return strings.Join(parts, "") })
	typed = rapid.Map(rapid.SliceOfN(rapid.OneOf(parts, rapid.Just(`"`)), 1, 4), func(parts []string) string { return strings.Join(parts, "") })
)

// TestBothEnginesFindWhatAPlainSearchFinds posts, edits and deletes random texts of two
// communities and compares every search with one of the list.
func TestBothEnginesFindWhatAPlainSearchFinds(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		ctx, run := t.Context(), 0
		rapid.Check(t, func(t *rapid.T) {
			x, places := &index{db: db}, []string{fmt.Sprintf("%da", run), fmt.Sprintf("%db", run)}
			run++
			id := rapid.Map(rapid.IntRange(0, 40), func(n int) string { return fmt.Sprintf("%03d", n) })
			t.Repeat(map[string]func(*rapid.T){
				"post": func(t *rapid.T) {
					home := rapid.SampledFrom(places).Draw(t, "community")
					p := post{home, home + rapid.SampledFrom([]string{"1", "2"}).Draw(t, "channel"), fmt.Sprintf("%03d", len(x.posts)), texts.Draw(t, "text")}
					if err := x.put(ctx, len(x.posts), p); err != nil {
						t.Fatal(err)
					}
				},
				"edit or delete": func(t *rapid.T) {
					if len(x.posts) == 0 {
						t.Skip()
					}
					at := rapid.IntRange(0, len(x.posts)-1).Draw(t, "at")
					p, err := x.posts[at], error(nil)
					if p.text == "" {
						t.Skip() // deleted
					}
					if rapid.Bool().Draw(t, "delete") {
						err = x.remove(ctx, at)
					} else {
						p.text = texts.Draw(t, "text")
						err = x.put(ctx, at, p)
					}
					if err != nil {
						t.Fatal(err)
					}
				},
				"search": func(t *rapid.T) {
					q, err := words.ParseQuery(rapid.OneOf(typed, texts).Draw(t, "q"))
					if err != nil {
						t.Skip()
					}
					r, limit := search.Range{CommunityID: rapid.SampledFrom(places).Draw(t, "community")}, rapid.IntRange(1, 5).Draw(t, "limit")
					if rapid.Bool().Draw(t, "in a channel") {
						r.ChannelID = r.CommunityID + "1"
					}
					if rapid.Bool().Draw(t, "from") {
						r.From = id.Draw(t, "lowest")
					}
					if rapid.Bool().Draw(t, "before") {
						r.Before = id.Draw(t, "above the highest")
					}
					x.compare(ctx, t, r, q, limit)
				},
			})
		})
	})
}

// compare compares the search in the database with the one in the list.
func (x *index) compare(ctx context.Context, t *rapid.T, r search.Range, q *words.Query, limit int) {
	want, d := x.want(r, q, limit), x.db.Dialect()
	sources := []func(func(any) string) search.Source{func(param func(any) string) search.Source { return search.Found(d, r, q, param) }}
	if d == sqldb.Postgres {
		sources = append(sources, func(param func(any) string) search.Source { return search.Walked(r, q, param) })
	}
	for _, source := range sources {
		got, err := x.got(ctx, limit, source)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Fatalf("%+v\n%v\n%s", r, x.posts, d)
		}
	}
}

func TestWordsOfAnErasedCommunityAreNotFound(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		x := &index{db: db}
		for at, p := range []post{{"a", "c", "001", "secret"}, {"b", "d", "002", "secret"}} {
			if err := x.put(t.Context(), at, p); err != nil {
				t.Fatal(err)
			}
		}
		if err := db.DeleteByColumn(t.Context(), "community_id", "a"); err != nil {
			t.Fatal(err)
		}
		query := map[sqldb.Dialect]string{
			sqldb.SQLite: "SELECT count(*) FROM message_words_found WHERE message_words_found MATCH 'secret'", sqldb.Postgres: "SELECT count(*) FROM message_words WHERE words @@ 'secret'",
		}[db.Dialect()]
		if n, err := sqldb.One(t.Context(), db, "number", sqldb.Value[int], query); err != nil || n != 1 {
			t.Errorf("%d %v", n, err)
		}
	})
}
