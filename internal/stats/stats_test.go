package stats_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/account/signin"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/event"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/membertest"
	"github.com/regulars/regulars/internal/moderation"
	"github.com/regulars/regulars/internal/presence"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
	"github.com/regulars/regulars/internal/stats"
)

// calendar is a clock that the test moves from day to day.
type calendar struct {
	mu    sync.Mutex
	ahead time.Duration
}

func (c *calendar) clock() clock.Clock {
	return clock.At(func() time.Time {
		c.mu.Lock()
		defer c.mu.Unlock()
		return clock.Clock{}.Now().Add(c.ahead)
	})
}

// nextDay moves to noon of the next day in UTC.
func (c *calendar) nextDay() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := clock.Clock{}.Now()
	noon := now.Add(c.ahead).Truncate(24 * time.Hour).Add(36 * time.Hour)
	c.ahead = noon.Sub(now)
	return noon
}

// fixture is a community with an owner.
type fixture struct {
	*testing.T
	*apptest.App
	id          string
	token, key  string
	accounts    map[string]account.Account
	sequence    int64 // of the last event that was checked
	importJobID string
}

// post sends a request that succeeds.
func (f *fixture) post(path, body string) map[string]any {
	f.Helper()
	status, answer := f.Do(f, http.MethodPost, path, f.token, strings.NewReader(body))
	if status != http.StatusOK && status != http.StatusCreated {
		f.Fatalf("%s: %d %v", path, status, answer)
	}
	return answer
}

// person creates an account.
func (f *fixture) person(name string) actor.Actor {
	f.Helper()
	if _, known := f.accounts[name]; !known {
		a, err := f.Accounts.CreateAccount(f.Context(), signin.Input{Email: name + "@example.com", Username: name, Password: "correct-horse-battery"})
		if err != nil {
			f.Fatal(err)
		}
		f.accounts[name] = a
	}
	return actor.Actor{Kind: actor.Session, AccountID: f.accounts[name].ID, Name: name}
}

// join lets a person join by an invite.
func (f *fixture) join(name string) {
	f.Helper()
	invite := f.post("/v1/servers/"+f.id+"/invites", `{}`)
	code := invite["data"].(map[string]any)["code"].(string)
	if err := f.Moderation.Join(f.Context(), f.person(name), f.id, moderation.JoinInput{InviteCode: code}); err != nil {
		f.Fatal(err)
	}
}

// create adds an unclaimed member.
func (f *fixture) create(name string) {
	f.Helper()
	f.post("/v1/users", fmt.Sprintf(`{"communityId":%q,"firstname":"A","lastname":"B","username":%q,"email":%q,"displayname":"","joinServer":true,"emailPassword":false,"sendEmail":false}`, f.id, name, name+"@example.com"))
}

func (f *fixture) manage(action, name string) {
	f.Helper()
	m, err := f.Members.FindIn(f.Context(), membertest.Command, f.id, name, "active", "deleted", "banned")
	if err != nil {
		f.Fatal(err)
	}
	f.post("/v1/users/manage", fmt.Sprintf(`{"communityId":%q,"action":%q,"user":%q}`, f.id, action, m.ID))
}

func (f *fixture) penalise(kind, name string) {
	f.Helper()
	f.post("/v1/servers/"+f.id+"/penalties", fmt.Sprintf(`{"userId":%q,"kind":%q,"reason":"spam"}`, name, kind))
}

func (f *fixture) importFile(csv string) {
	f.Helper()
	s := f.Import(f, f.id, f.key, csv, nil)
	f.importJobID = s.JobID
}

// changes are all changes of the number of members, with their events, and how
// many members joined and left.
var changes = []struct {
	name         string
	act          func(f *fixture)
	events       []string
	joined, left int64
}{
	{"found", func(*fixture) {}, []string{"user.joined_server"}, 1, 0},
	{"join", func(f *fixture) { f.join("ann") }, []string{"user.joined_server"}, 1, 0},
	{"join, another", func(f *fixture) { f.join("ben") }, []string{"user.joined_server"}, 1, 0},
	{"leave", func(f *fixture) {
		if err := f.Moderation.Leave(f.Context(), f.person("ann"), f.id); err != nil {
			f.Fatal(err)
		}
	}, []string{"user.left_server leave"}, 0, 1},
	{"join again", func(f *fixture) { f.join("ann") }, []string{"user.joined_server"}, 1, 0},
	{"kick", func(f *fixture) { f.penalise("kick", "ann") }, []string{"user.left_server kick"}, 0, 1},
	{"ban", func(f *fixture) { f.penalise("ban", "ben") }, []string{"user.left_server ban"}, 0, 1},
	{"delete a banned member", func(f *fixture) { f.manage("delete", "ben") }, nil, 0, 0},
	{"restore a banned member", func(f *fixture) { f.manage("restore", "ben") }, nil, 0, 0},
	{"create", func(f *fixture) { f.create("cy") }, []string{"user.joined_server"}, 1, 0},
	{"claim", func(f *fixture) {
		if err := f.Moderation.Join(f.Context(), f.person("cy"), f.id, moderation.JoinInput{}); err != nil {
			f.Fatal(err)
		}
	}, nil, 0, 0},
	{"delete", func(f *fixture) { f.manage("delete", "cy") }, []string{"user.left_server deleted"}, 0, 1},
	{"restore", func(f *fixture) { f.manage("restore", "cy") }, []string{"user.restored"}, 1, 0},
	{"create, another", func(f *fixture) { f.create("dora") }, []string{"user.joined_server"}, 1, 0},
	{"decline", func(f *fixture) {
		if err := f.Moderation.Decline(f.Context(), f.person("dora"), f.id); err != nil {
			f.Fatal(err)
		}
	}, []string{"user.left_server"}, 0, 1}, // the member is erased
	{"import", func(f *fixture) {
		f.importFile("First Name,Last Name,Username,Email\nE,E,eve,eve@example.com\nF,F,fay,fay@example.com\nG,G,,broken\n,C,,cy@example.com\n")
	}, []string{"members.imported", "bulk_job.finished"}, 2, 0},
	{"undo", func(f *fixture) {
		f.post("/v1/users/bulk-update/"+f.importJobID+"/undo", `{"communityId":"`+f.id+`"}`)
		f.awaitEvents(2)
	}, []string{"members.imported", "bulk_job.finished"}, 0, 2},
	{"import again", func(f *fixture) { f.importFile("First Name,Last Name,Username,Email\nE,E,eve,eve@example.com\n") }, []string{"members.imported", "bulk_job.finished"}, 1, 0},
}

// awaitEvents waits until there are n events after the last one that was checked,
// and returns them.
func (f *fixture) awaitEvents(n int) []event.Event {
	f.Helper()
	changed, stop := f.Events.Watch(f.id)
	defer stop()
	for {
		page, err := f.Events.Read(f.Context(), f.id, event.Query{After: f.sequence, Limit: 100})
		if err != nil {
			f.Fatal(err)
		}
		pending, err := sqldb.One(f.Context(), f.DB, "event", sqldb.Value[int], "SELECT count(*) FROM events WHERE sequence IS NULL")
		if err != nil {
			f.Fatal(err)
		}
		// A visit is noted beside the request that is one.
		others := slices.DeleteFunc(page.Events, func(e event.Event) bool { return e.Type == presence.EventVisited })
		if len(others) >= n && pending == 0 {
			return others
		}
		select {
		case <-changed:
		case <-time.After(30 * time.Second):
			f.Fatalf("%d of %d events", len(others), n)
		}
	}
}

// describe returns the type of an event, with the cause if it has one.
func describe(t *testing.T, e *event.Event) string {
	t.Helper()
	var data struct{ Cause string }
	if err := e.Decode(&data); err != nil {
		t.Fatal(err)
	}
	if data.Cause != "" {
		return e.Type + " " + data.Cause
	}
	return e.Type
}

// active counts the members in the table.
func (f *fixture) active() int64 {
	f.Helper()
	n, err := sqldb.One(f.Context(), f.DB, "count", sqldb.Value[int64], "SELECT count(*) FROM members WHERE community_id = $1 AND state = 'active'", f.id)
	if err != nil {
		f.Fatal(err)
	}
	return n
}

// TestFiguresOfMembersEqualTheTable also checks that each change of the number of
// members appends its event.
func TestFiguresOfMembersEqualTheTable(t *testing.T) {
	for _, engine := range sqldbtest.Engines(t) {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			days := &calendar{}
			days.nextDay() // far from midnight, when the test starts too
			a := apptest.New(t, engine, apptest.WithClock(days.clock()))
			f := &fixture{T: t, App: a, accounts: map[string]account.Account{}}
			f.id = a.Community(t)
			f.key = a.Key(t, f.id)
			_, f.token = a.Owner(t, f.id, "olga")
			first := days.clock().Now()
			today := stats.MemberDay{Day: first.Format(time.DateOnly)}
			var want []stats.MemberDay
			for i, c := range changes {
				if i > 0 && i%6 == 0 {
					want = append(want, today)
					today = stats.MemberDay{Day: days.nextDay().Format(time.DateOnly)}
				}
				c.act(f)
				if got := f.newEvents(len(c.events)); !reflect.DeepEqual(got, c.events) {
					t.Errorf("%s: events %v, want %v", c.name, got, c.events)
				}
				today.Joined, today.Left, today.Total = today.Joined+c.joined, today.Left+c.left, f.active()
			}
			awaitDays(t, a, f.id, first, days.clock().Now(), append(want, today))
		})
	}
}

// newEvents returns the events after the last call, at least n, with their causes.
func (f *fixture) newEvents(n int) (list []string) {
	f.Helper()
	for _, e := range f.awaitEvents(n) {
		list = append(list, describe(f.T, &e))
		f.sequence = e.Sequence
	}
	return list
}

// awaitDays waits until the figures are as wanted.
func awaitDays(t *testing.T, a *apptest.App, communityID string, first, last time.Time, want []stats.MemberDay) {
	t.Helper()
	deadline := time.After(30 * time.Second)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		got, err := a.Stats.MemberDays(t.Context(), apptest.Operator, communityID, first, last)
		if err != nil {
			t.Fatal(err)
		}
		if reflect.DeepEqual(got, want) {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("%+v, want %+v", got, want)
		}
	}
}

func TestDaysOfAZone(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s := newStats(t, db)
		for i, at := range []string{"2026-03-28T22:59:00Z", "2026-03-28T23:00:00Z", "2026-03-29T21:59:59Z", "2026-03-29T22:00:00Z", "2026-03-31T10:00:00Z"} {
			occurred, err := time.Parse(time.RFC3339, at)
			if err != nil {
				t.Fatal(err)
			}
			err = db.Tx(t.Context(), func(tx *sqldb.Tx) error {
				e := event.Event{CommunityID: "c", Type: "user.joined_server", OccurredAt: occurred.UnixMilli()}
				if i == 3 {
					e.Type = "user.left_server"
				}
				return s.Feature().Consumers[0].Handle(t.Context(), tx, []event.Event{e})
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		for _, c := range []struct {
			zone, first, last string
			want              []stats.MemberDay
		}{
			{"Europe/Berlin", "2026-03-28", "2026-03-31", []stats.MemberDay{{"2026-03-28", 1, 0, 1}, {"2026-03-29", 2, 0, 3}, {"2026-03-30", 0, 1, 2}, {"2026-03-31", 1, 0, 3}}},
			{"UTC", "2026-03-29", "2026-03-30", []stats.MemberDay{{"2026-03-29", 1, 1, 2}, {"2026-03-30", 0, 0, 2}}},
			{"Europe/Berlin", "2026-03-31", "2026-03-30", []stats.MemberDay{}},
			// Midnight of 4 November 2018 did not exist; 30 December 2011 did not.
			{"America/Sao_Paulo", "2018-11-03", "2018-11-05", []stats.MemberDay{{"2018-11-03", 0, 0, 0}, {"2018-11-04", 0, 0, 0}, {"2018-11-05", 0, 0, 0}}},
			{"Pacific/Apia", "2011-12-29", "2011-12-31", []stats.MemberDay{{"2011-12-29", 0, 0, 0}, {"2011-12-31", 0, 0, 0}}},
		} {
			zone, err := time.LoadLocation(c.zone)
			if err != nil {
				t.Fatal(err)
			}
			day := func(text string) time.Time {
				at, err := time.ParseInLocation(time.DateOnly+" 15", text+" 12", zone)
				if err != nil {
					t.Fatal(err)
				}
				return at
			}
			got, err := s.MemberDays(t.Context(), apptest.Operator, "c", day(c.first), day(c.last))
			if err != nil || !reflect.DeepEqual(got, c.want) {
				t.Errorf("%s %s: %v, %v", c.zone, c.first, got, err)
			}
		}
		if got, err := s.MemberDays(t.Context(), apptest.Operator, "other", time.Unix(0, 0).UTC(), time.Unix(0, 0).UTC()); err != nil || len(got) != 1 || got[0].Total != 0 {
			t.Errorf("%v, %v", got, err)
		}
	})
}

func TestLateEventCorrectsTheTotalsAfterIt(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s := newStats(t, db)
		day := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
		for _, at := range []time.Time{day, day.AddDate(0, 0, 2), day.AddDate(0, 0, 1)} {
			err := db.Tx(t.Context(), func(tx *sqldb.Tx) error {
				return s.Feature().Consumers[0].Handle(t.Context(), tx, []event.Event{{CommunityID: "c", Type: "user.joined_server", OccurredAt: at.UnixMilli()}})
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		got, err := s.MemberDays(t.Context(), apptest.Operator, "c", day, day.AddDate(0, 0, 2))
		want := []stats.MemberDay{{"2026-05-01", 1, 0, 1}, {"2026-05-02", 1, 0, 2}, {"2026-05-03", 1, 0, 3}}
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%v, %v", got, err)
		}
	})
}

// newStats returns the Stats of a database with the communities "c" and "other".
func newStats(t *testing.T, db *sqldb.DB) *stats.Stats {
	t.Helper()
	communities := community.New(community.Deps{DB: db})
	for _, id := range []string{"c", "other"} {
		if err := community.Insert(t.Context(), db, community.Community{ID: id, Name: id}); err != nil {
			t.Fatal(err)
		}
	}
	return stats.New(db, access.New(access.Deps{DB: db, Communities: communities, Memberships: member.Memberships{}, Log: slog.New(slog.DiscardHandler)}))
}
