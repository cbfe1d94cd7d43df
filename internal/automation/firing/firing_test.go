package firing_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/automation"
	"github.com/regulars/regulars/internal/automation/firing"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/event"
	"github.com/regulars/regulars/internal/ledger"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/membertest"
	"github.com/regulars/regulars/internal/progress/award"
	"github.com/regulars/regulars/internal/sqldb"
)

type fixture struct {
	*membertest.Fixture
	automations *automation.Automations
	firings     *firing.Firings
}

func each(t *testing.T, test func(f *fixture)) {
	t.Helper()
	membertest.Each(t, func(m *membertest.Fixture) {
		a, l := m.NewAccess(), ledger.New(ledger.Deps{Clock: m.Clock})
		automations := automation.New(automation.Deps{DB: m.DB, Clock: m.Clock, Access: a, Types: member.EventTypes})
		awards := award.New(award.Deps{DB: m.DB, Clock: m.Clock, Access: a, Ledger: l})
		test(&fixture{m, automations, firing.New(firing.Deps{DB: m.DB, Clock: m.Clock, Access: a, Automations: automations, Ledger: l, Awards: awards})})
	})
}

// create creates an automation for user.updated that grants coins.
func (f *fixture) create(in automation.Input) automation.Automation {
	f.Helper()
	name, trigger, actions := "Bonus", member.EventUpdated, []automation.Action{{Type: automation.Grant, Unit: ledger.Coins, Amount: 5, Reason: "Bonus"}}
	in.Name, in.Event, in.Actions = &name, &trigger, &actions
	made, err := f.automations.Create(f.Context(), membertest.Command, f.Community, in)
	f.OK(err)
	return made
}

// updated is an event of a member on a day of 2026.
func (f *fixture) updated(who *member.Record, sequence int64, day int) event.Event {
	at := time.Date(2026, 3, day, 12, 0, 0, 0, time.UTC)
	return event.Event{
		ID: fmt.Sprintf("%024x", sequence), CommunityID: f.Community, Type: member.EventUpdated, UserID: who.ID, Sequence: 1_000 + sequence, OccurredAt: at.UnixMilli(),
		Data: []byte(`{"user":{},"fields":[],"source":{"type":"api","id":""}}`),
	}
}

// handle handles events as the consumer does, in as many transactions as it wants.
func (f *fixture) handle(batch ...event.Event) (transactions int) {
	f.Helper()
	for len(batch) > 0 {
		done := len(batch)
		f.OK(f.DB.Tx(f.Context(), func(tx *sqldb.Tx) error {
			err := firing.Handle(f.firings, f.Context(), tx, batch)
			if partial, ok := err.(*event.PartialError); ok { //nolint:errorlint // it is returned as it is
				done = partial.Done
				return nil
			}
			return err
		}))
		batch = batch[done:]
		transactions++
	}
	return transactions
}

func (f *fixture) log(automationID string) (lines []string) {
	f.Helper()
	list, _, err := f.firings.Log(f.Context(), membertest.Command, f.Community, automationID, "", "", 200)
	f.OK(err)
	for i := len(list) - 1; i >= 0; i-- {
		lines = append(lines, list[i].Outcome+list[i].Reason)
	}
	return lines
}

func (f *fixture) coins(who *member.Record) int64 {
	f.Helper()
	now := time.Now().Add(time.Hour).UnixMilli()
	balances, err := ledger.Balances(f.Context(), f.DB, f.Community, who.ID, now, now)
	f.OK(err)
	return balances[ledger.Coins].Posted
}

// The day of a limit is that of the event, also for a late one.
func TestLimitsCountOnTheDayOfTheEvent(t *testing.T) {
	each(t, func(f *fixture) {
		ada, once := f.People("ada")[0], int64(1)
		made := f.create(automation.Input{PerDay: &once})
		f.handle(f.updated(ada, 1, 10), f.updated(ada, 2, 11), f.updated(ada, 3, 10), f.updated(ada, 4, 11), f.updated(ada, 5, 9))
		if got := fmt.Sprint(f.log(made.ID)); got != "[done done skippedper_day skippedper_day done]" || f.coins(ada) != 15 {
			t.Errorf("%s, %d coins", got, f.coins(ada))
		}
	})
}

func TestManyEventsAreHandledInSeveralTransactions(t *testing.T) {
	each(t, func(f *fixture) {
		ada := f.People("ada")[0]
		f.create(automation.Input{})
		var batch []event.Event
		for i := range int64(120) {
			batch = append(batch, f.updated(ada, i, 10))
		}
		if n := f.handle(batch...); n != 3 || f.coins(ada) != 600 {
			t.Errorf("%d transactions, %d coins", n, f.coins(ada))
		}
	})
}

// An entry belongs to its firing: what is handled twice is posted once.
func TestGrantIsPostedOnceForAnEvent(t *testing.T) {
	each(t, func(f *fixture) {
		ada := f.People("ada")[0]
		f.create(automation.Input{})
		e := f.updated(ada, 1, 10)
		f.handle(e)
		f.handle(e)
		if got := f.coins(ada); got != 5 {
			t.Errorf("%d coins", got)
		}
	})
}

func TestMembersWhoAreNotActiveGetNothing(t *testing.T) {
	each(t, func(f *fixture) {
		people := f.People("ada", "ben")
		made := f.create(automation.Input{})
		f.SetState(member.Deleted, people[0])
		f.OK(f.DB.Tx(f.Context(), func(tx *sqldb.Tx) error {
			return member.SetSuspended(f.Context(), tx, f.Community, people[1].ID, time.Now().Add(time.Hour).UnixMilli())
		}))
		erased := f.updated(people[1], 3, 10)
		erased.UserID, erased.Erased = "", true
		f.handle(f.updated(people[0], 1, 10), f.updated(people[1], 2, 10), erased)
		if got := fmt.Sprint(f.log(made.ID)); got != "[faileduser_not_found failedmember_suspended]" {
			t.Error(got)
		}
	})
}

func TestErasureDeletesTheLogOfMembers(t *testing.T) {
	each(t, func(f *fixture) {
		people, once := f.People("ada", "ben"), int64(1)
		made := f.create(automation.Input{PerMember: &once})
		f.handle(f.updated(people[0], 1, 10), f.updated(people[1], 2, 10))
		f.OK(f.DB.Tx(f.Context(), func(tx *sqldb.Tx) error {
			return firing.EraseMembers(f.Context(), tx, f.Community, []string{people[0].ID})
		}))
		left, err := sqldb.All(f.Context(), f.DB, sqldb.Value[string], "SELECT user_id FROM automation_log UNION ALL SELECT user_id FROM automation_counts")
		if f.OK(err); len(f.log(made.ID)) != 1 || fmt.Sprint(left) != fmt.Sprint([]string{people[1].ID, people[1].ID, people[1].ID}) {
			t.Errorf("%q", left)
		}
	})
}

// Rows are kept for their days, those of deleted automations too.
func TestOldRowsAreSwept(t *testing.T) {
	each(t, func(f *fixture) {
		ada := f.People("ada")[0]
		made, other := f.create(automation.Input{}), f.create(automation.Input{})
		f.handle(f.updated(ada, 1, 10))
		f.OK(f.automations.Delete(f.Context(), membertest.Command, f.Community, made.ID))
		sweep := func(want string) {
			t.Helper()
			for _, one := range f.firings.Feature().Sweeps {
				f.OK(one(f.Context()))
			}
			n, err := sqldb.One(f.Context(), f.DB, "rows", func(s sqldb.Scanner) (n [3]int, err error) { return n, s.Scan(&n[0], &n[1], &n[2]) },
				"SELECT (SELECT count(*) FROM automations), (SELECT count(*) FROM automation_log), (SELECT count(*) FROM automation_counts WHERE day = 0)")
			if f.OK(err); fmt.Sprint(n) != want {
				t.Errorf("%v rows, want %s", n, want)
			}
		}
		sweep("[2 2 2]")
		_, err := f.DB.Exec(f.Context(), "UPDATE automation_log SET at = 1 WHERE automation_id = $1", made.ID)
		f.OK(err)
		_, err = f.DB.Exec(f.Context(), "UPDATE automations SET deleted_at = 1 WHERE id = $1", made.ID)
		f.OK(err)
		sweep("[1 1 1]")
		if _, _, err := f.firings.Log(f.Context(), membertest.Command, f.Community, made.ID, "", "", 10); !errs.Is(err, "automation_not_found") {
			t.Error(err)
		}
		if got := f.log(other.ID); len(got) != 1 {
			t.Error(got)
		}
	})
}

func TestAutomationIsTheActor(t *testing.T) {
	a := automation.Automation{ID: "6a21d1c09f3b0c4d5e6f7a8b", Name: "Bonus"}
	if kind, id := event.ActorType(a.Actor().Ref()); kind != "automation" || id != a.ID || a.Actor().Kind != actor.Automation {
		t.Errorf("%s %s", kind, id)
	}
}
