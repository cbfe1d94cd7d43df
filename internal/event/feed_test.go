package event_test

import (
	"testing"
	"time"

	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/event"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// read reads a page and returns the sequences of its events.
func read(t *testing.T, n node, communityID string, q event.Query) (sequences []int64, p event.Page) {
	t.Helper()
	if q.Limit == 0 {
		q.Limit = 100
	}
	p, err := n.Read(t.Context(), communityID, q)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range p.Events {
		if e.CommunityID != communityID {
			t.Errorf("event of community %s", e.CommunityID)
		}
		sequences = append(sequences, e.Sequence)
	}
	return sequences, p
}

func TestPagesOfEvents(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		n := startNode(t, db)
		addEach(t, db, "a", noted, upTo(5)...)
		addEach(t, db, "a", closed, 6)
		addEach(t, db, "b", noted, 7)
		awaitLatest(t, n, "a", 6)
		awaitLatest(t, n, "b", 1)
		for _, c := range []struct {
			name         string
			community    string
			query        event.Query
			first, count int64
			next, latest int64
			more         bool
		}{
			{"all", "a", event.Query{}, 1, 6, 6, 6, false},
			{"after", "a", event.Query{After: 4}, 5, 2, 6, 6, false},
			{"limit", "a", event.Query{Limit: 2}, 1, 2, 2, 6, true},
			{"end", "a", event.Query{After: 6}, 0, 0, 6, 6, false},
			{"beyond the end", "a", event.Query{After: 9}, 0, 0, 9, 6, false},
			{"type", "a", event.Query{Types: []string{closed}}, 6, 1, 6, 6, false},
			{"type without a match", "a", event.Query{Types: []string{closed}, After: 6}, 0, 0, 6, 6, false},
			{"type with a limit", "a", event.Query{Types: []string{noted}, Limit: 5}, 1, 5, 5, 6, true},
			{"other community", "b", event.Query{}, 1, 1, 1, 1, false},
			{"no events", "c", event.Query{}, 0, 0, 0, 0, false},
		} {
			got, p := read(t, n, c.community, c.query)
			if int64(len(got)) != c.count || c.count > 0 && got[0] != c.first || p.Next != c.next || p.Latest != c.latest || p.Oldest != 1 || p.More != c.more {
				t.Errorf("%s: %v, next %d, latest %d, oldest %d, more %v", c.name, got, p.Next, p.Latest, p.Oldest, p.More)
			}
		}
		_, err := n.Read(t.Context(), "a", event.Query{Types: []string{noted, "no.such"}, Limit: 1})
		if e := errs.From(err); e == nil || e.Code != "invalid_input" || len(e.Fields) != 1 || e.Fields[0].Field != "types" {
			t.Errorf("unknown type: %v", err)
		}
	})
}

func TestRetentionDeletesOldEventsThatEveryConsumerHasPassed(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		var r recorder
		at := time.UnixMilli(1_700_000_000_000)
		n := newNode(db, clock.At(func() time.Time { return at.Add(retention) }), r.consumer("closings", closed))
		addAt := func(name string, age time.Duration) {
			t.Helper()
			err := db.Tx(t.Context(), func(tx *sqldb.Tx) error {
				return event.Append(t.Context(), tx, at.Add(-age).UnixMilli(), event.Event{CommunityID: "a", Type: name}, note{})
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		addAt(noted, 2*time.Hour)
		addAt(noted, 2*time.Hour)
		addAt(closed, 2*time.Hour)
		addAt(noted, 2*time.Hour)
		addAt(noted, -time.Hour)
		addAt(noted, 2*time.Hour) // a late event
		numbers := newNode(db, clock.Clock{})
		start(t, numbers) // without consumers
		awaitLatest(t, numbers, "a", 6)
		oldest := func(want int64) {
			t.Helper()
			if err := n.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
			if _, p := read(t, n, "a", event.Query{After: 5}); p.Oldest != want || p.Latest != 6 {
				t.Errorf("oldest %d, want %d; latest %d", p.Oldest, want, p.Latest)
			}
		}
		oldest(1) // the consumer has not started
		if _, err := db.Exec(t.Context(), "INSERT INTO event_positions (community_id, consumer, position) VALUES ('a', 'closings', 2)"); err != nil {
			t.Fatal(err)
		}
		oldest(3)
		if _, err := db.Exec(t.Context(), "UPDATE event_positions SET position = 3"); err != nil {
			t.Fatal(err)
		}
		oldest(5) // the event between is of another type, the fifth is too young
		for after, expired := range map[int64]bool{0: true, 3: true, 4: false, 6: false} {
			_, err := n.Read(t.Context(), "a", event.Query{After: after, Limit: 1})
			if errs.Is(err, "expired") != expired || expired && errs.From(err).Details["oldest"] != int64(5) {
				t.Errorf("after %d: %v", after, err)
			}
		}
		at = at.Add(2 * retention)
		if err := n.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got, p := read(t, n, "a", event.Query{After: 6}); len(got) != 0 || p.Oldest != 7 || p.Latest != 6 {
			t.Errorf("%v, oldest %d, latest %d", got, p.Oldest, p.Latest)
		}
		addAt(noted, 0)
		awaitLatest(t, numbers, "a", 7)
	})
}

func TestErasureOfAMemberErasesTheDataOfTheirEvents(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		n := startNode(t, db)
		appendOf := func(communityID, userID string) {
			t.Helper()
			err := db.Tx(t.Context(), func(tx *sqldb.Tx) error {
				e := event.Event{CommunityID: communityID, Type: noted, UserID: userID, Actor: "account:ada"}
				return event.Append(t.Context(), tx, 1_700_000_000_000, e, note{7})
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		appendOf("a", "ada")
		appendOf("a", "bob")
		appendOf("b", "ada")
		awaitLatest(t, n, "a", 2)
		awaitLatest(t, n, "b", 1)
		err := db.Tx(t.Context(), func(tx *sqldb.Tx) error { return event.EraseMembers(t.Context(), tx, "a", []string{"ada", "cy"}) })
		if err != nil {
			t.Fatal(err)
		}
		_, a := read(t, n, "a", event.Query{})
		_, b := read(t, n, "b", event.Query{})
		if e := a.Events[0]; string(e.Data) != `{"erased":true}` && string(e.Data) != `{"erased": true}` || e.UserID != "" || e.Actor != "" || e.Sequence != 1 || e.Type != noted || e.OccurredAt == 0 || e.ID == "" {
			t.Errorf("%+v", e)
		}
		for _, e := range []event.Event{a.Events[1], b.Events[0]} {
			if numberOf(t, e) != 7 || e.UserID == "" || e.Actor != "account:ada" {
				t.Errorf("%+v", e)
			}
		}
	})
}

func TestDeletionOfACommunityDeletesItsEventsAndPositions(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		var r recorder
		n := startNode(t, db, r.consumer("notes", noted))
		addEach(t, db, "a", noted, 1)
		addEach(t, db, "b", noted, 1)
		awaitSeen(t, &r, 2)
		if err := db.DeleteByColumn(t.Context(), "community_id", "a"); err != nil {
			t.Fatal(err)
		}
		for _, table := range []string{"events", "event_sequences", "event_positions"} {
			left, err := sqldb.All(t.Context(), db, sqldb.Value[string], "SELECT community_id FROM "+table)
			if err != nil || len(left) != 1 || left[0] != "b" {
				t.Errorf("%s: %v, %v", table, left, err)
			}
		}
		if got, p := read(t, n, "a", event.Query{}); len(got) != 0 || p.Latest != 0 {
			t.Errorf("%v, %+v", got, p)
		}
	})
}

func TestWatchEndsWithStop(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		n := startNode(t, db)
		changed, stop := n.Watch("a")
		other, stopOther := n.Watch("b")
		defer stopOther()
		addEach(t, db, "a", noted, 1)
		receive(t, changed)
		stop()
		addEach(t, db, "b", noted, 1)
		receive(t, other)
	})
}
