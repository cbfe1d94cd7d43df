package readstate_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/chat"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/roster"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// BenchmarkStates reads the states of 200 channels with 0 to 100 unread messages
// each, one of ten with a mention, behind 500 that were read.
func BenchmarkStates(b *testing.B) {
	for _, engine := range sqldbtest.Engines(b) {
		b.Run(string(engine), func(b *testing.B) {
			a := apptest.New(b, engine)
			home := a.Community(b)
			created, err := a.Members.Create(b.Context(), apptest.Operator, home, roster.CreateInput{Email: "cleo@example.com", Username: "cleo", FirstName: "Cleo", LastName: "Nil"})
			if err != nil {
				b.Fatal(err)
			}
			claimed, _ := a.Claim(b, home, "cleo")
			person := actor.Actor{Kind: actor.Session, AccountID: claimed.ID, CommunityID: home}
			for i := range 200 {
				if _, err := a.Chat.CreateChannel(b.Context(), apptest.Operator, home, chat.Input{Topic: fmt.Sprint("channel ", i)}); err != nil {
					b.Fatal(err)
				}
			}
			channels, err := a.Chat.Channels(b.Context(), person, home)
			if err != nil {
				b.Fatal(err)
			}
			fill(b, a, home, created.ID, channels)
			var took []time.Duration
			for b.Loop() {
				began := clock.Clock{}.Now()
				states, err := a.ReadStates.Of(b.Context(), person, home, channels)
				if err != nil || states[channels[100].ID].Unread != 50 {
					b.Fatal(err, states[channels[100].ID])
				}
				took = append(took, clock.Clock{}.Now().Sub(began))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
		})
	}
}

// fill posts in channels; each has half its number of unread messages.
func fill(b *testing.B, a *apptest.App, home, reader string, channels []chat.Channel) {
	b.Helper()
	var messages, mentions, markers [][]any
	for i, c := range channels {
		for n := range 500 + i/2 {
			messageID := id.New(clock.Clock{}.Now())
			messages = append(messages, []any{home, c.ID, messageID, "message", home, "A text of ordinary length, such as people write in a channel of theirs.", "[]", "", "", "", "", "", false, false, false, 0, 0, 0, 0, 1})
			if n%10 == 0 {
				mentions = append(mentions, []any{home, c.ID, reader, messageID, true})
			}
			if n == 499 {
				markers = append(markers, []any{home, reader, c.ID, messageID})
			}
		}
	}
	for _, table := range []struct {
		name    string
		columns []string
		rows    [][]any
	}{
		{"messages", []string{"community_id", "channel_id", "id", "kind", "author_id", "text", "mentions", "parent_id", "reply_to_id", "topic_id", "via_type", "via_name", "hushed", "has_image", "has_link", "reply_count", "pinned_at", "edited_at", "deleted_at", "posted_at"}, messages},
		{"message_mentions", []string{"community_id", "channel_id", "target", "message_id", "notify"}, mentions},
		{"read_markers", []string{"community_id", "user_id", "channel_id", "last_read_id"}, markers},
	} {
		err := a.DB.Tx(b.Context(), func(tx *sqldb.Tx) error {
			return tx.InsertRows(b.Context(), sqldb.Rows{Table: table.name, Columns: table.columns, N: len(table.rows), Fill: func(i int, row []any) { copy(row, table.rows[i]) }})
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}
