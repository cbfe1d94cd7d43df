package count_test

import (
	"fmt"
	"testing"

	"github.com/regulars/regulars/internal/condition"
	"github.com/regulars/regulars/internal/ledger"
	"github.com/regulars/regulars/internal/member/figure"
	"github.com/regulars/regulars/internal/member/membertest"
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
			if _, err := tx.Exec(f.Context(), "INSERT INTO member_presence (community_id, user_id, visits, minutes, last_minute, streak, streak_day) VALUES ($1, $2, 9, 8, 1, 5, 6)", f.Community, ada.ID); err != nil {
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
		at := figure.Moment{Today: 7, MS: 7 * day}
		since, err := count.Since(f.Context(), f.DB, at, f.Community, []string{ada.ID}, 2*day)
		f.OK(err)
		for action, want := range map[string]int64{"messages": 1, "replies": 1, "reactions": 2, "visitStreak": 5, "xpEarned": 40, "coinsEarned": 5} {
			if got := since[ada.ID][action]; got != want {
				f.Errorf("%s since the instant: %d, want %d", action, got, want)
			}
		}
		later, err := count.Since(f.Context(), f.DB, at, f.Community, []string{ada.ID}, 5*day)
		f.OK(err)
		if got := later[ada.ID]; got["messages"] != 0 || got["visitStreak"] != 2 {
			f.Errorf("later: %v", got)
		}
		all, err := count.Of(f.Context(), f.DB, at, f.Community, []string{ada.ID}, []string{condition.XPEarned})
		f.OK(err)
		for action, want := range map[string]int64{"visits": 9, "timeSpent": 8, "visitStreak": 5, "xpEarned": 50, "coinsEarned": 5} {
			if got := all[ada.ID][action]; got != want {
				f.Errorf("%s: %d, want %d", action, got, want)
			}
		}
	})
}
