package presence_test

import (
	"encoding/json"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/presence"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// Worked example 5 of the contract.
func TestVisitsAndLoginStreak(t *testing.T) {
	for _, engine := range sqldbtest.Engines(t) {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			var now atomic.Int64
			at := func(text string) {
				parsed, err := time.Parse("2006-01-02 15:04", text)
				if err != nil {
					t.Fatal(err)
				}
				now.Store(parsed.UnixMilli())
			}
			at("2026-03-27 21:00")
			a := apptest.New(t, engine, apptest.WithClock(clock.At(func() time.Time { return time.UnixMilli(now.Load()) })))
			home := a.Community(t, community.Settings{TimeZone: "Europe/Berlin"})
			created, _ := a.Owner(t, home, "ada")
			ada := actor.Actor{Kind: actor.Session, AccountID: created.ID}
			found, err := a.Members.Find(t.Context(), apptest.Operator, home, "ada")
			if err != nil {
				t.Fatal(err)
			}
			type figures struct {
				Visits, LoginStreak, Minutes, SeenAt int64
				Online                               bool
			}
			state := func() figures {
				t.Helper()
				read, err := a.Members.Figures(t.Context(), apptest.Operator, home, found)
				if err != nil {
					t.Fatal(err)
				}
				f := read[found.ID]
				return figures{f.Visits, f.LoginStreak, f.Minutes, f.SeenAt, f.Online}
			}
			for _, c := range []struct {
				request string
				visits  int64
				streak  int64
				minutes int64
			}{
				{"2026-03-27 21:30", 1, 1, 1},
				{"2026-03-27 21:50", 1, 1, 2},
				{"2026-03-28 23:10", 2, 1, 3},
				{"2026-03-29 21:40", 3, 1, 4},
				{"2026-03-29 22:05", 3, 1, 5},
				{"2026-03-30 22:01", 4, 1, 6},
				{"2026-03-31 10:00", 5, 1, 7},
				{"2026-04-01 10:00", 6, 2, 8},
			} {
				at(c.request)
				for range 2 { // the second sign in a minute changes nothing
					a.Presence.Record(t.Context(), ada, home)
				}
				if s := state(); s.Visits != c.visits || s.LoginStreak != c.streak || s.Minutes != c.minutes || !s.Online || s.SeenAt != now.Load() {
					t.Errorf("%s: %+v", c.request, s)
				}
			}
			at("2026-04-02 21:00") // 2 April, without a visit
			if s := state(); s.LoginStreak != 2 || s.Online {
				t.Errorf("%+v", s)
			}
			at("2026-04-02 22:00") // 3 April
			if s := state(); s.LoginStreak != 0 {
				t.Errorf("%+v", s)
			}
			a.Presence.Record(t.Context(), actor.Actor{Kind: actor.CommunityKey, CommunityID: home}, home)
			if state().Visits != 6 {
				t.Error("the request of a community's key counts")
			}
			checkFirstToday(t, a, home)
			days, err := sqldb.All(t.Context(), a.DB, sqldb.Value[string], "SELECT CAST(day - 20539 AS TEXT) || ':' || CAST(visits AS TEXT) || '/' || CAST(minutes AS TEXT) FROM presence_days WHERE community_id = $1 AND user_id = $2 ORDER BY day", home, found.ID)
			if want := "0:1/2 2:2/2 3:0/1 4:2/2 5:1/1"; err != nil || strings.Join(days, " ") != want {
				t.Errorf("days %v, want %s (%v)", days, want, err)
			}
		})
	}
}

// checkFirstToday checks the events of the visits.
func checkFirstToday(t *testing.T, a *apptest.App, home string) {
	t.Helper()
	all, err := sqldb.All(t.Context(), a.DB, sqldb.Value[string], "SELECT data FROM events WHERE community_id = $1 AND type = 'user.visited_server' ORDER BY append_order", home)
	if err != nil || len(all) != 6 {
		t.Fatalf("%d events, %v", len(all), err)
	}
	for i, text := range all {
		var e presence.Visited
		if err := json.Unmarshal([]byte(text), &e); err != nil || e.VisitCount != int64(i+1) || e.FirstToday != (i != 2 && i != 4) || e.User.Username != "ada" {
			t.Errorf("%d: %s, %v", i, text, err)
		}
	}
}
