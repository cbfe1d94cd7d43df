package award_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/event"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/ledger"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/membertest"
	"github.com/regulars/regulars/internal/member/tally"
	"github.com/regulars/regulars/internal/progress/award"
	"github.com/regulars/regulars/internal/progress/badge"
	"github.com/regulars/regulars/internal/progress/cause"
	"github.com/regulars/regulars/internal/progress/count"
	"github.com/regulars/regulars/internal/progress/gain"
	"github.com/regulars/regulars/internal/sqldb"
)

type fixture struct {
	*membertest.Fixture
	badges *badge.Badges
	awards *award.Awards
	ledger *ledger.Ledger
	jobs   *jobs.Engine
}

func each(t *testing.T, test func(f *fixture)) {
	t.Helper()
	membertest.Each(t, func(m *membertest.Fixture) {
		a, log := m.NewAccess(), slog.New(slog.DiscardHandler)
		l := ledger.New(ledger.Deps{Clock: m.Clock, Moved: []ledger.MoveHook{gain.Hook(m.Clock, badge.Gains())}})
		f := &fixture{
			m, badge.New(badge.Deps{DB: m.DB, Clock: m.Clock, Access: a, BaseURL: func() string { return "" }}),
			award.New(award.Deps{DB: m.DB, Clock: m.Clock, Log: log, Access: a, Ledger: l}), l,
			jobs.New(m.DB, m.Clock, log, jobs.EngineOptions{}),
		}
		f.awards.Feature().Jobs(f.jobs)
		test(f)
	})
}

// create creates a badge that pays XP; an action of "" is custom.
func (f *fixture) create(action string, quantity, xp int64) badge.Badge {
	f.Helper()
	title, pays := "Badge "+action, xp > 0
	if action == "" {
		action = badge.Custom
	}
	b, err := f.badges.Create(f.Context(), membertest.Command, f.Community, badge.Input{Title: &title, Action: &action, Quantity: &quantity, PaysXP: &pays, XP: &xp})
	f.OK(err)
	return b
}

func (f *fixture) tx(do func(tx *sqldb.Tx) error) {
	f.Helper()
	f.OK(f.DB.Tx(f.Context(), do))
}

// write counts messages of members.
func (f *fixture) write(n int64, people ...*member.Record) {
	f.Helper()
	f.tx(func(tx *sqldb.Tx) error {
		for _, who := range people {
			if err := tally.Add(f.Context(), tx, f.Community, who.ID, tally.Delta{Messages: n}); err != nil {
				return err
			}
		}
		return nil
	})
}

// handle handles an event of each member.
func (f *fixture) handle(people ...*member.Record) {
	f.Helper()
	f.tx(func(tx *sqldb.Tx) error {
		batch := []event.Event{{CommunityID: f.Community, Type: "message.posted"}}
		for _, who := range people {
			batch = append(batch, event.Event{CommunityID: f.Community, Type: "message.posted", UserID: who.ID, OccurredAt: 1_000})
		}
		return award.Handle(f.awards, f.Context(), tx, batch)
	})
}

// held returns the badges of a member with what they paid.
func (f *fixture) held(who *member.Record) (lines []string) {
	f.Helper()
	list, _, err := f.awards.OfMember(f.Context(), membertest.Command, f.Community, who.ID, "", 100)
	f.OK(err)
	for _, one := range list {
		lines = append(lines, fmt.Sprintf("%s %d", one.Badge.Title, one.Paid.XP))
	}
	return lines
}

func (f *fixture) xp(who *member.Record) int64 {
	f.Helper()
	now := time.Now().Add(time.Hour).UnixMilli()
	balances, err := ledger.Balances(f.Context(), f.DB, f.Community, who.ID, now, now)
	f.OK(err)
	return balances[ledger.XP].Posted
}

func (f *fixture) want(who *member.Record, want ...string) {
	f.Helper()
	if got := f.held(who); fmt.Sprint(got) != fmt.Sprint(want) {
		f.Errorf("%s has %q, want %q", who.Username, got, want)
	}
}

func TestParallelAwardsAreOne(t *testing.T) {
	each(t, func(f *fixture) {
		ada, b := f.People("ada")[0], f.create("", 0, 7)
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() {
				if _, err := f.awards.Award(f.Context(), membertest.Command, f.Community, b.ID, "ada"); err != nil {
					f.Error(err)
				}
			})
		}
		group.Wait()
		f.want(ada, "Badge 7")
		if got := f.xp(ada); got != 7 {
			f.Errorf("%d XP", got)
		}
		now, err := f.badges.Get(f.Context(), membertest.Command, f.Community, b.ID)
		if f.OK(err); now.Awarded != 1 {
			f.Errorf("%d awards", now.Awarded)
		}
	})
}

func TestConditionsAwardWhoReachesThem(t *testing.T) {
	each(t, func(f *fixture) {
		people := f.People("ada", "ben", "cleo", "dan")
		ada, ben, cleo, dan := people[0], people[1], people[2], people[3]
		b := f.create("messages", 3, 5)
		f.write(2, ada)
		f.write(3, ben, cleo, dan)
		f.tx(func(tx *sqldb.Tx) error {
			return member.SetSuspended(f.Context(), tx, f.Community, cleo.ID, time.Now().Add(time.Hour).UnixMilli())
		})
		f.SetState(member.Deleted, dan)
		f.handle(people...)
		f.handle(people...)
		f.want(ada)
		f.want(ben, "Badge messages 5")
		f.want(cleo)
		if _, err := f.awards.Award(f.Context(), membertest.Command, f.Community, b.ID, dan.ID); !errs.Is(err, "user_not_found") {
			f.Errorf("a deleted member: %v", err)
		}
		_, err := f.awards.Award(f.Context(), membertest.Command, f.Community, b.ID, cleo.ID)
		f.OK(err)
		f.want(cleo, "Badge messages 5")
		f.OK(f.awards.Remove(f.Context(), membertest.Command, f.Community, b.ID, ben.ID, false))
		f.handle(ben)
		f.want(ben)
		if got := f.xp(ben); got != 0 {
			f.Errorf("%d XP after the removal", got)
		}
		f.write(1, ada)
		f.handle(ada)
		f.want(ada, "Badge messages 5")
		f.write(-1, ada)
		f.handle(ada)
		f.want(ada, "Badge messages 5")
		var at int64
		f.OK(f.DB.QueryRow(f.Context(), "SELECT occurred_at FROM ledger_entries WHERE source_type = 'badge' AND reason = 'Badge messages' ORDER BY occurred_at LIMIT 1").Scan(&at))
		if at != 1_000 {
			f.Errorf("the entry is of %d, not of the event", at)
		}
	})
}

func TestFieldsAreConditions(t *testing.T) {
	each(t, func(f *fixture) {
		people := f.People("ada", "ben")
		f.Define(field.Input{Field: "vip", Type: field.Boolean})
		f.Change(people[0], "vip", "true")
		title, action := "VIP", badge.ByConditions
		in := badge.Input{Title: &title, Action: &action, Conditions: json.RawMessage(`{"operator":"and","conditions":[{"fieldId":"vip","value":true}]}`)}
		_, err := f.badges.Create(f.Context(), membertest.Command, f.Community, in)
		f.OK(err)
		if p, err := f.awards.Preview(f.Context(), membertest.Command, f.Community, in); err != nil || p != (count.Preview{Reached: 1, Checked: 2}) {
			f.Errorf("%+v (%v)", p, err)
		}
		f.handle(people...)
		f.want(people[0], "VIP 0")
		f.want(people[1])
	})
}

// run runs all jobs of a kind that are queued, and returns their number.
func (f *fixture) run(kind string) int {
	f.Helper()
	list, err := sqldb.All(f.Context(), f.DB, sqldb.Value[string], "SELECT id FROM jobs WHERE kind = $1", kind)
	f.OK(err)
	for _, jobID := range list {
		f.OK(f.jobs.RunUntilDone(f.Context(), jobID))
	}
	return len(list)
}

// createCounting creates a badge for members who earned something; it pays XP and coins.
func (f *fixture) createCounting(title, action string, value, xp, coins int64) badge.Badge {
	f.Helper()
	by, paysXP, paysCoins := badge.ByConditions, xp > 0, coins > 0
	conditions := fmt.Sprintf(`{"operator":"and","conditions":[{"action":%q,"value":%d}]}`, action, value)
	b, err := f.badges.Create(f.Context(), membertest.Command, f.Community, badge.Input{
		Title: &title, Action: &by, Conditions: json.RawMessage(conditions), PaysXP: &paysXP, XP: &xp, PaysCoins: &paysCoins, Coins: &coins,
	})
	f.OK(err)
	return b
}

// earn posts amounts of XP to a member, in one call.
func (f *fixture) earn(who *member.Record, source string, amounts ...int64) {
	f.Helper()
	var posts []ledger.Post
	for i, amount := range amounts {
		posts = append(posts, ledger.Post{UserID: who.ID, Unit: ledger.XP, Amount: amount, Source: ledger.Source{Type: ledger.FromAutomation, ID: source, Part: int64(i)}})
	}
	f.tx(func(tx *sqldb.Tx) error {
		_, err := f.ledger.Post(f.Context(), tx, f.Community, posts)
		return err
	})
}

// Each badge pays what the next one counts, and the last one what the first one counts.
func TestEarningAwardsBadgesUntilNoneIsLeft(t *testing.T) {
	each(t, func(f *fixture) {
		people := f.People("ada", "ben")
		ada, ben := people[0], people[1]
		f.create("messages", 1, 0)
		f.earn(ada, "a", 9)
		if n := f.run("badge.check"); n != 0 {
			f.Errorf("%d checks though no badge counts what members earned", n)
		}
		f.createCounting("Earner", "xpEarned", 10, 0, 5)
		f.createCounting("Saver", "coinsEarned", 5, 3, 0)
		f.createCounting("Collector", "xpEarned", 13, 2, 1)
		f.earn(ben, "a", 9)
		f.run("badge.check")
		f.want(ada)
		f.want(ben)
		f.earn(ada, "b", 1)
		rounds := 0
		for f.run("badge.check") > 0 {
			if rounds++; rounds > 10 {
				f.Fatal("the checks do not end")
			}
		}
		if rounds != 4 {
			f.Errorf("%d rounds of checks, want one for each payment", rounds)
		}
		f.want(ada, "Collector 2", "Saver 3", "Earner 0")
		f.want(ben)
		if got := f.xp(ada); got != 15 {
			f.Errorf("%d XP", got)
		}
		f.earn(ada, "c", 100)
		f.run("badge.check")
		f.want(ada, "Collector 2", "Saver 3", "Earner 0")
	})
}

func TestCreditsCountBesideLargerDebits(t *testing.T) {
	each(t, func(f *fixture) {
		people := f.People("ada", "ben")
		ada, ben := people[0], people[1]
		b := f.createCounting("Earner", "xpEarned", 10, 0, 0)
		f.earn(ada, "a", 10, -10)
		f.earn(ben, "a", 9)
		f.earn(ben, "b", -5)
		if n := f.run("badge.check"); n != 2 {
			f.Errorf("%d checks, want one for each call with a credit", n)
		}
		f.want(ada, "Earner 0")
		f.want(ben)
		every := json.RawMessage(`{"operator":"and","conditions":[{"action":"messages","value":1}]}`)
		_, err := f.badges.Update(f.Context(), membertest.Command, f.Community, b.ID, badge.Input{Conditions: every}, 0)
		f.OK(err)
		f.earn(ben, "c", 100)
		if n := f.run("badge.check"); n != 0 {
			f.Errorf("%d checks after the change of the condition", n)
		}
	})
}

// A reward over the largest balance rejects the award of a person; the award by conditions
// stays without it, so that the consumer continues.
func TestRewardOverTheLargestBalanceIsNotPaid(t *testing.T) {
	each(t, func(f *fixture) {
		ada := f.People("ada")[0]
		f.tx(func(tx *sqldb.Tx) error {
			var posts []ledger.Post
			for i := range int64(9_007) {
				posts = append(posts, ledger.Post{UserID: ada.ID, Unit: ledger.XP, Amount: ledger.MaxAmount, Source: ledger.Source{Type: ledger.FromAutomation, ID: "a", Part: i}})
			}
			posts = append(posts, ledger.Post{UserID: ada.ID, Unit: ledger.XP, Amount: ledger.MaxBalance % ledger.MaxAmount, Source: ledger.Source{Type: ledger.FromAutomation, ID: "b"}})
			_, err := f.ledger.Post(f.Context(), tx, f.Community, posts)
			return err
		})
		f.create("messages", 1, 5)
		custom := f.create("", 0, 5)
		if _, err := f.awards.Award(f.Context(), membertest.Command, f.Community, custom.ID, ada.ID); !errs.Is(err, "amount_out_of_range") {
			f.Error(err)
		}
		f.write(1, ada)
		f.handle(ada)
		f.want(ada, "Badge messages 0")
	})
}

func TestEvaluationContinuesWhereItStopped(t *testing.T) {
	each(t, func(f *fixture) {
		var names []string
		for i := range award.EvaluateBatch + 10 {
			names = append(names, fmt.Sprintf("m%d", i))
		}
		people := f.Unclaimed(names...)
		b := f.create("messages", 1, 2)
		f.write(1, people[0], people[len(people)-1])
		_, err := f.awards.Evaluate(f.Context(), membertest.Command, f.Community, b.ID)
		f.OK(err)
		if _, err := f.awards.Evaluate(f.Context(), membertest.Command, f.Community, b.ID); !errs.Is(err, "evaluation_running") {
			f.Error(err)
		}
		f.tx(func(tx *sqldb.Tx) error { // as a process that ends afterwards
			done, err := f.awards.EvaluateNext(f.Context(), tx, f.Community, b.ID)
			if done {
				f.Error("one batch was enough")
			}
			return err
		})
		f.run("badge.evaluate")
		now, err := f.badges.Get(f.Context(), membertest.Command, f.Community, b.ID)
		f.OK(err)
		if e := now.Evaluation; e.State != badge.Done || e.Checked != int64(len(people)) || e.Awarded != 2 || e.FinishedAt == 0 || now.Awarded != 2 {
			f.Errorf("%+v, %d awards", e, now.Awarded)
		}
		f.want(people[0], "Badge messages 2")
		_, err = f.awards.Evaluate(f.Context(), membertest.Command, f.Community, b.ID)
		f.OK(err)
		f.tx(func(tx *sqldb.Tx) error { return f.awards.EndFailed(f.Context(), tx, f.Community, b.ID) })
		if now, err = f.badges.Get(f.Context(), membertest.Command, f.Community, b.ID); err != nil || now.Evaluation.State != badge.Failed {
			f.Errorf("%+v (%v)", now.Evaluation, err)
		}
	})
}

func TestErasureDeletesAwards(t *testing.T) {
	each(t, func(f *fixture) {
		people, b := f.People("ada", "ben"), f.create("", 0, 0)
		for _, who := range people {
			_, err := f.awards.Award(f.Context(), membertest.Command, f.Community, b.ID, who.ID)
			f.OK(err)
		}
		f.tx(func(tx *sqldb.Tx) error {
			return award.EraseMembers(f.Context(), tx, f.Community, []string{people[0].ID})
		})
		now, err := f.badges.Get(f.Context(), membertest.Command, f.Community, b.ID)
		f.OK(err)
		left, err := sqldb.All(f.Context(), f.DB, sqldb.Value[string], "SELECT user_id FROM badge_awards")
		f.OK(err)
		if now.Awarded != 1 || len(left) != 1 || left[0] != people[1].ID {
			f.Errorf("%d awards, %q", now.Awarded, left)
		}
	})
}

func TestNewestBadgesAreListed(t *testing.T) {
	each(t, func(f *fixture) {
		people := f.People("ada", "ben")
		var last badge.Badge
		for range 22 {
			last = f.create("", 0, 0)
			_, err := f.awards.Award(f.Context(), membertest.Command, f.Community, last.ID, "ada")
			f.OK(err)
		}
		newest, err := award.Newest(f.Context(), f.DB, f.Community, membertest.IDs(people))
		f.OK(err)
		if list := newest[people[0].ID]; len(list) != 20 || list[0].ID != last.ID || len(newest[people[1].ID]) != 0 {
			f.Errorf("%d badges", len(list))
		}
		first, next, err := f.awards.OfMember(f.Context(), membertest.Command, f.Community, "ada", "", 20)
		f.OK(err)
		rest, end, err := f.awards.OfMember(f.Context(), membertest.Command, f.Community, "ada", next, 20)
		f.OK(err)
		if len(first) != 20 || len(rest) != 2 || end != "" {
			f.Errorf("%d and %d badges", len(first), len(rest))
		}
	})
}

func TestRewardsThatAJobCausedAreReversedInBatches(t *testing.T) {
	each(t, func(f *fixture) {
		var grants []award.Grant
		b := f.create("", 0, 5)
		for i := range cause.ReverseBatch + 1 {
			grants = append(grants, award.Grant{Badge: b, UserID: f.Unclaimed(fmt.Sprintf("m%d", i))[0].ID})
		}
		f.OK(f.DB.Tx(f.Context(), func(tx *sqldb.Tx) error {
			_, err := f.awards.AwardAll(f.Context(), tx, f.Community, grants)
			return err
		}))
		_, err := f.DB.Exec(f.Context(), "UPDATE badge_awards SET job_id = 'job'")
		f.OK(err)
		var left []int64
		for done := false; !done; {
			f.OK(f.DB.Tx(f.Context(), func(tx *sqldb.Tx) (err error) {
				done, err = f.awards.ReverseCaused(f.Context(), tx, f.Community, "job")
				return err
			}))
			n, err := sqldb.One(f.Context(), f.DB, "entries", sqldb.Value[int64], "SELECT CAST(sum(amount) AS BIGINT) FROM ledger_entries")
			f.OK(err)
			left = append(left, n)
		}
		if fmt.Sprint(left) != "[5 0 0]" {
			t.Errorf("XP after each transaction: %v", left)
		}
	})
}
