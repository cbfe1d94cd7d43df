package count_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/condition"
	"github.com/regulars/regulars/internal/ledger"
	"github.com/regulars/regulars/internal/member/figure"
	"github.com/regulars/regulars/internal/member/membertest"
	"github.com/regulars/regulars/internal/member/tally"
	"github.com/regulars/regulars/internal/message"
	"github.com/regulars/regulars/internal/progress/count"
	"github.com/regulars/regulars/internal/sqldb"
)

// day is a day in Unix milliseconds.
const day = 24 * 60 * 60 * 1000

func TestCountsBeginAtAnInstant(t *testing.T) {
	membertest.Each(t, func(f *membertest.Fixture) {
		ada := f.People("ada", "ben")[0]
		l := ledger.New(ledger.Deps{Clock: f.Clock})
		f.OK(f.DB.Tx(f.Context(), func(tx *sqldb.Tx) error {
			if _, err := tx.Exec(f.Context(), `INSERT INTO channels (community_id, id, topic, type, description, category_id, url, position, created_at, updated_at)
				VALUES ($1, 'c', 'c', 'open', '', '', '', 0, 1, 1)`, f.Community); err != nil {
				return err
			}
			for i, one := range []message.Message{
				{Kind: message.Posted, PostedAt: 1 * day},
				{Kind: message.Posted, PostedAt: 2 * day},
				{Kind: message.Posted, PostedAt: 3 * day, DeletedAt: 3 * day},
				{Kind: message.Reply, PostedAt: 2*day - 1},
				{Kind: message.Reply, PostedAt: 4 * day},
				{Kind: message.Posted, PostedAt: 4 * day, ChannelID: "conversation"},
			} {
				one.ID, one.AuthorID = fmt.Sprintf("m%d", i), ada.ID
				if one.ChannelID == "" {
					one.ChannelID = "c"
				}
				if err := message.Insert(f.Context(), tx, f.Community, &one); err != nil {
					return err
				}
				if one.DeletedAt != 0 {
					if err := message.SetDeleted(f.Context(), tx, f.Community, &one); err != nil {
						return err
					}
				}
				if _, err := tx.Exec(f.Context(), "INSERT INTO message_reactions (community_id, message_id, emoji, user_id, reacted_at) VALUES ($1, $2, 'x', $3, $4)", f.Community, one.ID, ada.ID, one.PostedAt); err != nil {
					return err
				}
			}
			if _, err := tx.Exec(f.Context(), "INSERT INTO member_presence (community_id, user_id, visits, minutes, last_minute, streak, streak_day) VALUES ($1, $2, 9, 90, 1, 5, 6)", f.Community, ada.ID); err != nil {
				return err
			}
			if err := tally.Add(f.Context(), tx, f.Community, ada.ID, tally.Delta{Messages: 2, Replies: 2, Reactions: 4}); err != nil {
				return err
			}
			posted, err := l.Post(f.Context(), tx, f.Community, []ledger.Post{
				{UserID: ada.ID, Unit: ledger.XP, Amount: 10, Source: ledger.Source{Type: ledger.FromBadge, ID: "a"}, OccurredAt: 1 * day},
				{UserID: ada.ID, Unit: ledger.XP, Amount: 20, Source: ledger.Source{Type: ledger.FromBadge, ID: "b"}, OccurredAt: 2 * day},
				{UserID: ada.ID, Unit: ledger.XP, Amount: 40, Source: ledger.Source{Type: ledger.FromBadge, ID: "c"}, OccurredAt: 3 * day},
				{UserID: ada.ID, Unit: ledger.Coins, Amount: 5, Source: ledger.Source{Type: ledger.FromBadge, ID: "c"}, OccurredAt: 3 * day},
				{UserID: ada.ID, Unit: ledger.Coins, Amount: -3, Source: ledger.Source{Type: ledger.FromAutomation, ID: "d"}, OccurredAt: 3 * day},
			})
			if err != nil {
				return err
			}
			_, err = l.Reverse(f.Context(), tx, f.Community, posted[1].Entry.ID, "")
			return err
		}))
		for day, visits := range map[int]int{1: 4, 2: 2, 4: 3} {
			_, err := f.DB.Exec(f.Context(), "INSERT INTO presence_days (community_id, user_id, day, visits, minutes) VALUES ($1, $2, $3, $4, $5)", f.Community, ada.ID, day, visits, 10*visits)
			f.OK(err)
		}
		at := figure.Moment{Today: 7, MS: 7 * day}
		for _, c := range []struct {
			span count.Span
			want string
		}{
			{count.Span{}, "messages 2 replies 2 reactions 4 visits 9 visitStreak 5 timeSpent 90 xpEarned 50 coinsEarned 5"},
			{count.Span{From: 1}, "messages 2 replies 2 reactions 4 visits 9 visitStreak 5 timeSpent 90 xpEarned 50 coinsEarned 5"},
			{count.Span{From: 2 * day}, "messages 1 replies 1 reactions 2 visits 5 visitStreak 5 timeSpent 50 xpEarned 40 coinsEarned 5"},
			{count.Span{From: 2*day + 1}, "messages 0 replies 1 reactions 1 visits 5 visitStreak 5 timeSpent 50 xpEarned 40 coinsEarned 5"},
			{count.Span{From: 5 * day}, "messages 0 replies 0 reactions 0 visits 0 visitStreak 2 timeSpent 0 xpEarned 0 coinsEarned 0"},
			{count.Span{From: 2 * day, Until: 3 * day}, "messages 1 replies 0 reactions 1 visits 2 visitStreak 2 timeSpent 20 xpEarned 40 coinsEarned 5"},
			{count.Span{From: 1, Until: 4*day - 1}, "messages 2 replies 1 reactions 3 visits 6 visitStreak 2 timeSpent 60 xpEarned 50 coinsEarned 5"},
			{count.Span{Until: 1 * day}, "messages 1 replies 0 reactions 1 visits 4 visitStreak 0 timeSpent 40 xpEarned 10 coinsEarned 0"},
		} {
			counts, err := count.Of(f.Context(), f.DB, at, f.Community, []string{ada.ID}, condition.Actions, c.span)
			f.OK(err)
			var got []string
			for _, action := range condition.Actions {
				got = append(got, fmt.Sprint(action, " ", counts[ada.ID][action]))
			}
			if text := strings.Join(got, " "); text != c.want {
				f.Errorf("%+v:\n got %s\nwant %s", c.span, text, c.want)
			}
		}
	})
}
