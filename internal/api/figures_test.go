package api_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/member/tally"
	"github.com/regulars/regulars/internal/message"
	posting "github.com/regulars/regulars/internal/message/post"
	"github.com/regulars/regulars/internal/message/topic"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

func TestFiguresOfMembersAreInTheirDataAndFilters(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		c := newChatRoom(t, a)
		direct := createChannel(t, a, c.key, `{"topic":"two","channelType":"direct"}`)
		first := c.post("ada", "one")
		c.post("ada", "two")
		c.reply("ben", first, "three")
		post(t, a, c.key, direct, "four", "ada")
		c.want(200, "", c.send("key", "POST", "/v1/messages/react", `{"messageId":"`+first+`","emoji":":heart:","sender":"ben"}`))
		c.want(200, "", c.send("ada", "GET", "/v1/channels", ""))

		for _, got := range []reply{c.send("key", "POST", "/v1/users/info", `{"idOrEmail":"ada"}`), c.send("key", "GET", "/v1/communities/"+c.home+"/users/"+c.ids["ada"], "")} {
			want := map[string]any{"totalMessages": 2.0, "totalReactions": 0.0, "replySent": 0.0, "visitCount": 1.0, "timeSpent": 1.0, "loginStreak": 1.0, "isOnline": true}
			for name, value := range want {
				if got.at("data."+name) != value {
					t.Errorf("%s is %v, want %v", name, got.at("data."+name), value)
				}
			}
			if seen, _ := got.at("data.lastSeenAt").(string); seen == "" {
				t.Errorf("not seen: %s", got.text)
			}
		}
		listed := c.send("key", "GET", "/v1/communities/"+c.home+"/users?sort=username", "")
		if listed.at("data.1.username") != "ben" || listed.at("data.1.replySent") != 1.0 || listed.at("data.1.totalReactions") != 1.0 || listed.at("data.1.isOnline") != false || listed.at("data.1.lastSeenAt") != nil {
			t.Errorf("%s", listed.text)
		}
		found := c.want(200, "", c.send("key", "POST", "/v1/users/filter", `{"fields":["username","total_messages","reply_sent","total_reactions","visit_count","time_spent","login_streak","is_online"],"filter":{"total_messages":{"gte":1}}}`))
		row, _ := found.at("data.0").(map[string]any)
		delete(row, "_id")
		want := map[string]any{"username": "ada", "total_messages": 2.0, "reply_sent": 0.0, "total_reactions": 0.0, "visit_count": 1.0, "time_spent": 1.0, "login_streak": 1.0, "is_online": true}
		if d := cmp.Diff(want, row); d != "" || found.at("data.1") != nil {
			t.Errorf("%s\n%s", found.text, d)
		}
		if got := c.send("key", "POST", "/v1/users/filter", `{"filter":{"is_online":true,"visit_count":{"gte":1,"lte":1}},"page":1}`); got.at("meta.total") != 1.0 || got.at("data.0.total_messages") != 2.0 {
			t.Errorf("%s", got.text)
		}
		c.want(400, "invalid_input", c.send("key", "POST", "/v1/users/filter", `{"filter":{"total_messages":"many"}}`))
	})
}

// writers change messages at random and at the same time.
type writers struct {
	*testing.T
	a           *apptest.App
	home        string
	channels    []string // text, forum, direct
	authors     []string
	mu          sync.Mutex
	ids, topics []string
}

func newWriters(t *testing.T, a *apptest.App) *writers {
	home := a.Community(t)
	key := a.Key(t, home)
	w := &writers{T: t, a: a, home: home}
	for _, kind := range []string{"open", "forum", "direct"} {
		w.channels = append(w.channels, createChannel(t, a, key, `{"topic":"`+kind+`","channelType":"`+kind+`"}`))
	}
	for i := range 8 {
		w.authors = append(w.authors, userOf(t, a, key, fmt.Sprintf("writer%d", i)))
	}
	return w
}

// pick returns one of some ids; "" if there is none.
func (w *writers) pick(r *rand.Rand, list *[]string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(*list) == 0 {
		return ""
	}
	return (*list)[r.IntN(len(*list))]
}

func (w *writers) add(list *[]string, id string) {
	if id != "" {
		w.mu.Lock()
		defer w.mu.Unlock()
		*list = append(*list, id)
	}
}

// act does one random thing. What concurrent deletions make impossible is refused.
func (w *writers) act(ctx context.Context, r *rand.Rand) error {
	author, about := w.authors[r.IntN(len(w.authors))], w.pick(r, &w.ids)
	in := posting.Input{Text: fmt.Sprintf("text %d", r.Int()), Sender: author}
	emoji := []string{":heart:", ":+1:", ":tada:"}[r.IntN(3)]
	var sent message.View
	var err error
	switch n := r.IntN(100); {
	case n < 5:
		var made topic.Topic
		made, err = w.a.Topics.Create(ctx, apptest.Operator, w.home, w.channels[1], topic.Input{Title: "about", First: in})
		w.add(&w.topics, made.ID)
	case n < 15:
		in.TopicID = w.pick(r, &w.topics)
		sent, err = w.a.Posts.Send(ctx, apptest.Operator, w.home, w.channels[1], in)
	case n < 40 || about == "":
		sent, err = w.a.Posts.Send(ctx, apptest.Operator, w.home, w.channels[r.IntN(2)*2], in)
	case n < 55:
		sent, err = w.a.Posts.Reply(ctx, apptest.Operator, w.home, about, in)
	case n < 75:
		_, err = w.a.Reactions.React(ctx, apptest.Operator, w.home, about, emoji, author)
	case n < 83:
		_, err = w.a.Reactions.Unreact(ctx, apptest.Operator, w.home, about, emoji, author, "")
	case n < 97:
		err = w.a.Changes.Delete(ctx, apptest.Operator, w.home, about)
	case n < 99:
		err = w.a.Topics.Delete(ctx, apptest.Operator, w.home, w.channels[1], w.pick(r, &w.topics))
	default:
		_, err = w.a.Changes.DeleteRecent(ctx, apptest.Operator, w.home, author)
	}
	w.add(&w.ids, sent.ID)
	if e := errs.From(err); e != nil && (e.Kind == errs.NotFound || e.Kind == errs.Invalid) {
		return nil
	}
	return err
}

// stored are the figures of members, counted over the messages and reactions of channels
// that count.
func (w *writers) stored() map[string]tally.Delta {
	w.Helper()
	return w.tallies(`SELECT m.author_id, CASE WHEN m.kind = 'reply' THEN 0 ELSE 1 END, CASE WHEN m.kind = 'reply' THEN 1 ELSE 0 END, 0 FROM messages m
			WHERE m.community_id = $1 AND m.channel_id <> $2 AND m.deleted_at = 0 AND m.author_id <> ''
		UNION ALL SELECT r.user_id, 0, 0, 1 FROM message_reactions r JOIN messages m ON m.community_id = r.community_id AND m.id = r.message_id
			WHERE r.community_id = $1 AND m.channel_id <> $2 AND EXISTS (SELECT 1 FROM members u WHERE u.community_id = $1 AND u.user_id = r.user_id)`, w.home, w.channels[2])
}

// counted are the figures that the server has.
func (w *writers) counted() map[string]tally.Delta {
	w.Helper()
	return w.tallies("SELECT user_id, messages, replies, reactions FROM message_totals WHERE community_id = $1", w.home)
}

func (w *writers) tallies(query string, args ...any) map[string]tally.Delta {
	w.Helper()
	found := map[string]tally.Delta{}
	_, err := sqldb.All(w.Context(), w.a.DB, func(s sqldb.Scanner) (none struct{}, err error) {
		var id string
		var d tally.Delta
		err = s.Scan(&id, &d.Messages, &d.Replies, &d.Reactions)
		found[id] = found[id].Plus(d)
		return none, err
	}, query, args...)
	if err != nil {
		w.Fatal(err)
	}
	for id, d := range found {
		if d == (tally.Delta{}) {
			delete(found, id)
		}
	}
	return found
}

func (w *writers) check(when string) {
	w.Helper()
	if d := cmp.Diff(w.stored(), w.counted()); d != "" {
		w.Errorf("%s:\n%s", when, d)
	}
}

func TestFiguresEqualTheCountsOfMessagesAndReactions(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		w := newWriters(t, a)
		seed := rand.Uint64()
		t.Logf("seed %d", seed)
		var work sync.WaitGroup
		for i := range uint64(8) {
			work.Go(func() {
				r := rand.New(rand.NewPCG(seed, i))
				for range 60 {
					if err := w.act(t.Context(), r); err != nil {
						t.Errorf("seed %d: %v", seed, err)
						return
					}
				}
			})
		}
		work.Wait()
		w.check("after random changes")
		if len(w.stored()) == 0 {
			t.Fatal("nothing was written")
		}
		if err := a.Members.Delete(t.Context(), apptest.Operator, w.home, w.authors[:1]); err != nil {
			t.Fatal(err)
		}
		w.check("after the deletion of a member")
		if err := a.DB.Tx(t.Context(), func(tx *sqldb.Tx) error { return a.Members.EraseMembers(t.Context(), tx, w.home, w.authors[:1]) }); err != nil {
			t.Fatal(err)
		}
		if _, left := w.counted()[w.authors[0]]; left {
			t.Error("an erased member has figures")
		}
		w.check("after the erasure of a member")
		for _, messageID := range w.ids { // also those of the erased member, with their reactions
			if err := a.Changes.Delete(t.Context(), apptest.Operator, w.home, messageID); err != nil && errs.KindOf(err) != errs.NotFound {
				t.Fatal(err)
			}
		}
		w.check("after the deletion of the rest")
	})
}

// newImport imports members that write, and returns its job.
func (w *writers) newImport(key string, usernames ...string) (jobID string) {
	w.Helper()
	file := "First Name,Last Name,Username,Email\n"
	for _, name := range usernames {
		file += "A,B," + name + "," + name + "@example.com\n"
	}
	done := w.a.Import(w.T, w.home, key, file, nil)
	for _, name := range usernames {
		id, _ := send(w.T, w.a, "POST", "/v1/users/info", key, `{"idOrEmail":"`+name+`"}`).at("data._id").(string)
		w.authors = append(w.authors, id)
	}
	return done.JobID
}

func TestFiguresAreRightAfterAnUndoneImportAndADeletedChannel(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		w := newWriters(t, a)
		key := a.Key(t, w.home)
		jobID := w.newImport(key, "late0", "late1", "late2", "late3")
		seed := rand.Uint64()
		r := rand.New(rand.NewPCG(seed, 0))
		write := func() {
			t.Helper()
			for range 200 {
				if err := w.act(t.Context(), r); err != nil {
					t.Fatalf("seed %d: %v", seed, err)
				}
			}
		}
		write()
		for _, author := range w.authors[8:] { // chance may have deleted all of theirs
			if _, err := a.Posts.Send(t.Context(), apptest.Operator, w.home, w.channels[0], posting.Input{Text: "the last one", Sender: author}); err != nil {
				t.Fatal(err)
			}
		}
		before := w.counted()
		undone := send(t, a, "POST", "/v1/users/bulk-update/"+jobID+"/undo", key, "{}")
		undo, _ := undone.at("data.jobId").(string)
		if got := finish(t, a, key, undo); got["status"] != "completed" {
			t.Fatalf("%s %v", undone.text, got)
		}
		w.check(fmt.Sprintf("seed %d: after an undone import", seed))
		for _, author := range w.authors[8:] {
			if _, wrote := before[author]; !wrote {
				t.Errorf("seed %d: %s has not written", seed, author)
			}
			if _, left := w.counted()[author]; left {
				t.Errorf("seed %d: a removed member has figures", seed)
			}
		}
		w.authors = w.authors[:8]
		write()
		if err := a.Chat.DeleteChannel(t.Context(), apptest.Operator, w.home, w.channels[0]); err != nil {
			t.Fatal(err)
		}
		until(t, func() bool {
			left, err := sqldb.One(t.Context(), a.DB, "messages", sqldb.Value[int], "SELECT count(*) FROM messages WHERE community_id = $1 AND channel_id = $2", w.home, w.channels[0])
			return err == nil && left == 0
		})
		w.check(fmt.Sprintf("seed %d: after the deletion of a channel", seed))
		if len(w.stored()) == 0 {
			t.Error("nothing is left to count")
		}
	})
}

// A transaction that waits to commit does not stop another author.
func TestSendersDoNotWaitForTheCountersOfOthers(t *testing.T) {
	for _, engine := range sqldbtest.Engines(t) {
		if engine != sqldb.Postgres {
			continue // SQLite has one writer
		}
		w := newWriters(t, apptest.New(t, engine))
		for round := range 40 { // the shards of a channel are chosen anew
			send := func(ctx context.Context, author string) {
				if _, err := w.a.Posts.Send(ctx, apptest.Operator, w.home, w.channels[0], posting.Input{Text: "hello", Sender: author}); err != nil {
					t.Errorf("round %d: %v", round, err)
				}
			}
			send(sqldb.BeforeCommit(t.Context(), func(context.Context, *sqldb.Tx) error {
				for _, author := range w.authors[1:] {
					send(t.Context(), author)
				}
				return nil
			}), w.authors[0])
		}
		w.check("after sends inside of others")
	}
}
