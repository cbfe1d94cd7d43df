package completion_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/event"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/ledger"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/membertest"
	"github.com/regulars/regulars/internal/member/tally"
	"github.com/regulars/regulars/internal/message"
	"github.com/regulars/regulars/internal/progress/award"
	"github.com/regulars/regulars/internal/progress/badge"
	"github.com/regulars/regulars/internal/progress/cause"
	"github.com/regulars/regulars/internal/progress/completion"
	"github.com/regulars/regulars/internal/progress/count"
	"github.com/regulars/regulars/internal/progress/gain"
	"github.com/regulars/regulars/internal/progress/milestone"
	"github.com/regulars/regulars/internal/progress/subject"
	"github.com/regulars/regulars/internal/sqldb"
)

type fixture struct {
	*membertest.Fixture
	badges      *badge.Badges
	milestones  *milestone.Milestones
	completions *completion.Completions
	jobs        *jobs.Engine
	now         time.Time
	written     int
}

// start is when the clock of a fixture begins.
var start = time.Date(2026, 11, 27, 10, 0, 0, 0, time.UTC)

func each(t *testing.T, test func(f *fixture)) {
	t.Helper()
	membertest.Each(t, func(m *membertest.Fixture) {
		f := &fixture{Fixture: m, now: start}
		now, a, log := clock.At(func() time.Time { return f.now }), m.NewAccess(), slog.New(slog.DiscardHandler)
		f.milestones = milestone.New(milestone.Deps{DB: m.DB, Clock: now, Access: a})
		l := ledger.New(ledger.Deps{Clock: now, Moved: []ledger.MoveHook{gain.Hook(now, badge.Gains(), milestone.Gains())}})
		awards := award.New(award.Deps{DB: m.DB, Clock: now, Log: log, Access: a, Ledger: l})
		f.badges = badge.New(badge.Deps{DB: m.DB, Clock: now, Access: a, BaseURL: func() string { return "" }})
		f.completions = completion.New(completion.Deps{DB: m.DB, Clock: now, Log: log, Access: a, Ledger: l, Awards: awards})
		f.jobs = jobs.New(m.DB, now, log, jobs.EngineOptions{})
		f.completions.Feature().Jobs(f.jobs)
		f.tx(func(tx *sqldb.Tx) error {
			_, err := tx.Exec(f.Context(), `INSERT INTO channels (community_id, id, topic, type, description, category_id, url, position, created_at, updated_at)
				VALUES ($1, 'c', 'c', 'open', '', '', '', 0, 1, 1)`, f.Community)
			return err
		})
		test(f)
	})
}

func (f *fixture) tx(do func(tx *sqldb.Tx) error) {
	f.Helper()
	f.OK(f.DB.Tx(f.Context(), do))
}

// create creates a milestone from its JSON, which has conditions as a list.
func (f *fixture) create(in milestone.Input, conditions string) milestone.Milestone {
	f.Helper()
	m, err := f.milestones.Create(f.Context(), membertest.Command, f.Community, with(in, conditions))
	f.OK(err)
	return m
}

func with(in milestone.Input, conditions string) milestone.Input {
	if in.Name == nil {
		in.Name = ptr("First steps")
	}
	in.Conditions = json.RawMessage(`{"operator":"and","conditions":[` + conditions + `]}`)
	return in
}

func ptr[T any](v T) *T { return &v }

// write posts messages of a member at a time.
func (f *fixture) write(who *member.Record, at time.Time, n int) {
	f.Helper()
	f.tx(func(tx *sqldb.Tx) error {
		for range n {
			f.written++
			m := message.Message{ID: id.New(at), Kind: message.Posted, ChannelID: "c", AuthorID: who.ID, PostedAt: at.UnixMilli()}
			if err := message.Insert(f.Context(), tx, f.Community, &m); err != nil {
				return err
			}
		}
		return tally.Add(f.Context(), tx, f.Community, who.ID, tally.Delta{Messages: int64(n)})
	})
}

// handle handles events of a member at some times.
func (f *fixture) handle(who *member.Record, at ...time.Time) {
	f.Helper()
	f.tx(func(tx *sqldb.Tx) error {
		batch := []event.Event{{CommunityID: f.Community, Type: message.EventPosted}}
		for _, one := range at {
			batch = append(batch, event.Event{CommunityID: f.Community, Type: message.EventPosted, UserID: who.ID, OccurredAt: one.UnixMilli()})
		}
		return completion.Handle(f.completions, f.Context(), tx, batch)
	})
}

// run runs all jobs of a kind that are queued.
func (f *fixture) run(kind string) (n int) {
	f.Helper()
	list, err := sqldb.All(f.Context(), f.DB, sqldb.Value[string], "SELECT id FROM jobs WHERE kind = $1", kind)
	f.OK(err)
	for _, jobID := range list {
		f.OK(f.jobs.RunUntilDone(f.Context(), jobID))
	}
	return len(list)
}

// state returns the milestones of a member as text: name, status and what it paid.
func (f *fixture) state(who *member.Record) string {
	f.Helper()
	_, list, err := f.completions.Of(f.Context(), membertest.Command, f.Community, subject.Names{Type: "userId", Values: []string{who.ID}}, nil)
	f.OK(err)
	var lines []string
	for _, one := range list {
		line := one.Name + " " + one.Status
		if c := one.Completion; c != nil {
			line += fmt.Sprintf(" %d XP %d coins boosted %t at %s", c.Paid.XP, c.Paid.Coins, c.Boosted, clock.Format(c.At))
		} else {
			line += fmt.Sprintf(" %v of %v", one.Progress[0].Value, one.Progress[0].Needed)
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "; ")
}

func (f *fixture) want(who *member.Record, want string) {
	f.Helper()
	if got := f.state(who); got != want {
		f.Errorf("%s:\n got %s\nwant %s", who.Username, got, want)
	}
}

// paid returns the entries of milestones as text.
func (f *fixture) paid() string {
	f.Helper()
	list, err := sqldb.All(f.Context(), f.DB, sqldb.Value[string], "SELECT unit || ' ' || CAST(amount AS TEXT) FROM ledger_entries WHERE source_type IN ('milestone', 'badge') ORDER BY unit, amount")
	f.OK(err)
	return strings.Join(list, ", ")
}

// joined sets when a member joined.
func (f *fixture) joined(who *member.Record, at time.Time) {
	f.Helper()
	_, err := f.DB.Exec(f.Context(), "UPDATE members SET joined_at = $3 WHERE community_id = $1 AND user_id = $2", f.Community, who.ID, at.UnixMilli())
	f.OK(err)
}

// Worked example 5 of the contract: each event is handled late, and counts at its own time.
func TestBoostEndsAtItsInstant(t *testing.T) {
	each(t, func(f *fixture) {
		people := f.People("ada", "ben", "cleo", "dan")
		boost := &milestone.Boost{Tenths: 20, Hours: 24}
		f.create(milestone.Input{Coins: ptr(int64(500)), Boost: boost}, `{"action":"messages","value":3}`)
		f.create(milestone.Input{Name: ptr("Later"), Coins: ptr(int64(25)), XP: ptr(int64(3)), Boost: &milestone.Boost{Tenths: 15}}, `{"action":"messages","value":4}`)
		end := start.Add(24 * time.Hour)
		before, after := end.Add(-time.Millisecond), end.Add(time.Millisecond)
		for _, who := range people {
			f.joined(who, start)
			f.write(who, start.Add(time.Hour), 2)
		}
		f.now = end.Add(time.Hour)
		f.write(people[0], before, 1)
		f.handle(people[0], before)
		f.write(people[1], end, 1)
		f.handle(people[1], end)
		f.write(people[2], before, 1) // both in one batch: the first time counts
		f.write(people[2], after, 1)
		f.handle(people[2], after, before, start)
		f.write(people[3], after, 1) // the message of the earlier event was deleted
		f.handle(people[3], before, after)
		f.want(people[0], "First steps completed 0 XP 1000 coins boosted true at 2026-11-28T09:59:59.999Z; Later open 3 of 4")
		f.want(people[1], "First steps completed 0 XP 500 coins boosted false at 2026-11-28T10:00:00.000Z; Later open 3 of 4")
		f.want(people[2], "First steps completed 0 XP 1000 coins boosted true at 2026-11-28T09:59:59.999Z; Later completed 4 XP 37 coins boosted true at 2026-11-28T10:00:00.001Z")
		f.want(people[3], "First steps completed 0 XP 500 coins boosted false at 2026-11-28T10:00:00.001Z; Later open 3 of 4")
		var at int64
		f.OK(f.DB.QueryRow(f.Context(), "SELECT min(occurred_at) FROM ledger_entries WHERE source_type = 'milestone'").Scan(&at))
		if at != before.UnixMilli() {
			f.Errorf("the entry is of %d", at)
		}
	})
}

func TestMilestoneIsCompletedOnce(t *testing.T) {
	each(t, func(f *fixture) {
		ada := f.People("ada")[0]
		title, custom, yes := "Helper", badge.Custom, true
		b, err := f.badges.Create(f.Context(), membertest.Command, f.Community, badge.Input{Title: &title, Action: &custom, PaysXP: &yes, XP: ptr(int64(2))})
		f.OK(err)
		m := f.create(milestone.Input{Group: ptr("Start"), XP: ptr(int64(5)), BadgeID: &b.ID}, `{"action":"messages","value":1}`)
		f.write(ada, start, 1)
		var group sync.WaitGroup
		for range 4 {
			group.Go(func() {
				f.tx(func(tx *sqldb.Tx) error {
					return completion.Handle(f.completions, f.Context(), tx, []event.Event{{CommunityID: f.Community, Type: message.EventPosted, UserID: ada.ID, OccurredAt: start.UnixMilli()}})
				})
			})
		}
		group.Wait()
		f.run("milestone.evaluate")
		f.handle(ada, start, start)
		f.want(ada, "First steps completed 5 XP 0 coins boosted false at 2026-11-27T10:00:00.000Z")
		if got := f.paid(); got != "xp 2, xp 5" {
			f.Errorf("paid %s", got)
		}
		all, err := sqldb.All(f.Context(), f.DB, sqldb.Value[string], "SELECT data FROM events WHERE community_id = $1 AND type = 'milestone.completed'", f.Community)
		f.OK(err)
		var data completion.Completed
		if len(all) != 1 || json.Unmarshal([]byte(all[0]), &data) != nil || data.Milestone != (completion.EventMilestone{ID: m.ID, Name: "First steps", Group: "Start"}) || data.Rewards.XP != 5 || *data.Rewards.BadgeID != b.ID || data.User.Username != "ada" {
			f.Errorf("events %q", all)
		}
		if now, err := f.milestones.Get(f.Context(), membertest.Command, f.Community, m.ID); err != nil || now.Completed != 1 {
			f.Errorf("%d completions (%v)", now.Completed, err)
		}
		f.OK(f.badges.Delete(f.Context(), membertest.Command, f.Community, b.ID))
		f.OK(f.milestones.Delete(f.Context(), membertest.Command, f.Community, m.ID))
		f.want(ada, "")
		if got := f.paid(); got != "xp 2, xp 5" {
			f.Errorf("after the deletion paid %s", got)
		}
	})
}

func TestActionsCountFromTheStartToTheEnd(t *testing.T) {
	each(t, func(f *fixture) {
		people := f.People("ada", "ben")
		ada, ben := people[0], people[1]
		hour := func(n int) time.Time { return start.Add(time.Duration(n) * time.Hour) }
		f.write(ada, start, 5)
		f.write(ben, start, 5)
		f.create(milestone.Input{StartsAt: ptr(clock.Format(hour(1).UnixMilli())), EndsAt: ptr(clock.Format(hour(3).UnixMilli()))}, `{"action":"messages","value":2}`)
		f.handle(ada, start)
		f.want(ada, "First steps upcoming 0 of 2")
		f.now = hour(2)
		f.write(ada, hour(1).Add(-time.Millisecond), 1)
		f.write(ada, hour(1), 1)
		f.handle(ada, hour(1))
		f.want(ada, "First steps open 1 of 2")
		f.write(ada, hour(3), 1)
		f.write(ben, hour(2), 1)
		f.write(ben, hour(3).Add(time.Millisecond), 1)
		f.now = hour(4)
		f.handle(ada, hour(3))
		f.handle(ben, hour(2), hour(3).Add(time.Millisecond))
		f.want(ada, "First steps completed 0 XP 0 coins boosted false at 2026-11-27T13:00:00.000Z")
		f.want(ben, "First steps expired 1 of 2")
		f.tx(func(tx *sqldb.Tx) error {
			return milestone.RequestEvaluation(f.Context(), tx, f.Community, f.now.UnixMilli())
		})
		f.run("milestone.evaluate")
		f.want(ben, "First steps expired 1 of 2")
	})
}

func TestAllMembersAreCheckedWhenAMilestoneStarts(t *testing.T) {
	each(t, func(f *fixture) {
		people := f.People("ada", "ben")
		f.Define(field.Input{Field: "vip", Type: field.Boolean})
		f.Change(people[0], "vip", "true")
		vip := `{"fieldId":"vip","value":true}`
		m := f.create(milestone.Input{StartsAt: ptr(clock.Format(start.Add(time.Hour).UnixMilli()))}, vip)
		if n := f.run("milestone.evaluate"); n != 0 {
			f.Errorf("%d checks before the start", n)
		}
		f.now = start.Add(time.Hour)
		if n := f.run("milestone.start"); n != 1 {
			f.Errorf("%d starts", n)
		}
		f.run("milestone.evaluate")
		f.want(people[0], "First steps completed 0 XP 0 coins boosted false at 2026-11-27T11:00:00.000Z")
		f.want(people[1], "First steps open <nil> of true")
		off := f.create(milestone.Input{Name: ptr("Off"), Group: ptr("Z"), Enabled: ptr(false)}, vip)
		if n := f.run("milestone.evaluate"); n != 0 {
			f.Errorf("%d checks for a disabled milestone", n)
		}
		f.want(people[1], "First steps open <nil> of true")
		_, err := f.milestones.Update(f.Context(), membertest.Command, f.Community, off.ID, milestone.Input{Enabled: ptr(true)}, 0)
		f.OK(err)
		_, err = f.milestones.Update(f.Context(), membertest.Command, f.Community, m.ID, with(milestone.Input{}, `{"fieldId":"vip","op":"ne","value":true},{"action":"messages","value":1}`), 0)
		f.OK(err)
		f.run("milestone.evaluate")
		f.want(people[0], "First steps completed 0 XP 0 coins boosted false at 2026-11-27T11:00:00.000Z; Off completed 0 XP 0 coins boosted false at 2026-11-27T11:00:00.000Z")
	})
}

func TestCheckOfAllMembersContinuesWhereItStopped(t *testing.T) {
	each(t, func(f *fixture) {
		var names []string
		for i := range completion.CheckBatch + 10 {
			names = append(names, fmt.Sprintf("m%d", i))
		}
		people := f.Unclaimed(names...)
		first, last := people[0], people[len(people)-1]
		f.write(first, start, 1)
		f.write(last, start, 1)
		f.create(milestone.Input{XP: ptr(int64(1))}, `{"action":"messages","value":1}`)
		f.tx(func(tx *sqldb.Tx) error { // as a process that ends afterwards
			done, err := f.completions.CheckNext(f.Context(), tx, f.Community)
			if done {
				f.Error("one batch was enough")
			}
			return err
		})
		f.create(milestone.Input{Name: ptr("Second")}, `{"action":"messages","value":1}`) // for the first members too
		f.run("milestone.evaluate")
		if e, err := f.milestones.Evaluation(f.Context(), membertest.Command, f.Community); err != nil || e.State != milestone.Evaluated || e.Again || e.Checked != int64(len(people)) || e.Completed != 1 {
			f.Errorf("%+v (%v)", e, err)
		}
		for _, who := range []*member.Record{first, last} {
			if got := f.state(who); strings.Count(got, "completed") != 2 {
				f.Error(got)
			}
		}
		if got := f.paid(); got != "xp 1, xp 1" {
			f.Errorf("paid %s", got)
		}
		f.tx(func(tx *sqldb.Tx) error { return milestone.RequestEvaluation(f.Context(), tx, f.Community, 1) })
		f.tx(func(tx *sqldb.Tx) error { return f.completions.EndFailed(f.Context(), tx, f.Community) })
		if e, err := f.milestones.Evaluation(f.Context(), membertest.Command, f.Community); err != nil || e.State != milestone.Failed || e.FinishedAt == 0 {
			f.Errorf("%+v (%v)", e, err)
		}
	})
}

func TestImportsLetAllMembersBeChecked(t *testing.T) {
	each(t, func(f *fixture) {
		ada := f.People("ada")[0]
		imported := func() {
			f.tx(func(tx *sqldb.Tx) error {
				return completion.Handle(f.completions, f.Context(), tx, []event.Event{{CommunityID: f.Community, Type: "members.imported"}})
			})
		}
		imported()
		if n := f.run("milestone.evaluate"); n != 0 {
			f.Errorf("%d checks without milestones", n)
		}
		f.create(milestone.Input{}, `{"action":"messages","value":1}`)
		f.run("milestone.evaluate")
		f.write(ada, start, 1)
		imported()
		f.run("milestone.evaluate")
		f.want(ada, "First steps completed 0 XP 0 coins boosted false at 2026-11-27T10:00:00.000Z")
	})
}

func TestRewardsOfAnUndoneJobAreReversedInBatches(t *testing.T) {
	each(t, func(f *fixture) {
		names := []string{"spender", "steady"} // Steady still meets the conditions
		for i := range cause.ReverseBatch {
			names = append(names, fmt.Sprintf("m%d", i))
		}
		people := f.Unclaimed(names...)
		german := `{"fieldId":"country","value":"DE"}`
		_, err := f.DB.Exec(f.Context(), "UPDATE members SET country = 'DE'")
		f.OK(err)
		f.create(milestone.Input{XP: ptr(int64(1)), Coins: ptr(int64(3))}, german)
		f.create(milestone.Input{Name: ptr("Other"), XP: ptr(int64(10))}, german)
		f.run("milestone.evaluate")
		_, err = f.DB.Exec(f.Context(), "UPDATE milestone_completions SET job_id = 'job' WHERE xp = 1")
		f.OK(err)
		_, err = f.DB.Exec(f.Context(), "UPDATE members SET country = '' WHERE username <> 'steady'")
		f.OK(err)
		f.tx(func(tx *sqldb.Tx) error {
			spent := ledger.Post{UserID: people[0].ID, Unit: ledger.Coins, Amount: -2, Source: ledger.Source{Type: ledger.FromAutomation, ID: "a"}}
			_, err := ledger.New(ledger.Deps{}).Post(f.Context(), tx, f.Community, []ledger.Post{spent})
			return err
		})
		for range 2 { // again changes nothing
			f.tx(func(tx *sqldb.Tx) error { return completion.OnUndone(f.Context(), tx, f.Community, "job") })
			f.run("milestone.undone")
		}
		left, err := sqldb.All(f.Context(), f.DB, sqldb.Value[string], "SELECT unit || ' ' || CAST(sum(amount) AS TEXT) FROM ledger_entries GROUP BY unit ORDER BY unit")
		f.OK(err)
		if want := fmt.Sprintf("[coins 3 xp %d]", 10*len(people)+1); fmt.Sprint(left) != want {
			t.Errorf("the balances have %v, want %s", left, want)
		}
		if got := f.state(people[2]); strings.Count(got, "completed") != 2 {
			t.Error(got)
		}
	})
}

// A check that has read the values of the job commits after the undo.
func TestReversalWaitsForChecksThatHaveBegun(t *testing.T) {
	each(t, func(f *fixture) {
		f.People("ada")
		f.create(milestone.Input{Coins: ptr(int64(3))}, `{"fieldId":"country","value":"DE"}`)
		_, err := f.DB.Exec(f.Context(), "UPDATE members SET country = 'DE'")
		f.OK(err)
		f.run("milestone.evaluate")
		_, err = f.DB.Exec(f.Context(), "UPDATE members SET country = ''")
		f.OK(err)
		f.tx(func(tx *sqldb.Tx) error { return completion.OnUndone(f.Context(), tx, f.Community, "job") })
		jobID, err := sqldb.One(f.Context(), f.DB, "job", sqldb.Value[string], "SELECT id FROM jobs WHERE kind = 'milestone.undone'")
		f.OK(err)
		ended := make(chan error, 1)
		f.tx(func(tx *sqldb.Tx) error {
			if err := cause.Examine(f.Context(), tx, f.Community); err != nil {
				return err
			}
			go func() { ended <- f.jobs.RunUntilDone(f.Context(), jobID) }()
			f.awaitLock(ended)
			_, err := tx.Exec(f.Context(), "UPDATE milestone_completions SET job_id = 'job'")
			return err
		})
		f.OK(<-ended)
		left, err := sqldb.One(f.Context(), f.DB, "entries", sqldb.Value[int64], "SELECT CAST(sum(amount) AS BIGINT) FROM ledger_entries")
		f.OK(err)
		if left != 0 {
			t.Errorf("%d coins are left", left)
		}
	})
}

// awaitLock waits until a transaction waits for the lock of another, or one has ended. On
// SQLite a writer waits without one.
func (f *fixture) awaitLock(ended <-chan error) {
	for waiting := 0; f.DB.Dialect() == sqldb.Postgres && waiting == 0 && len(ended) == 0; {
		var err error
		waiting, err = sqldb.One(f.Context(), f.DB, "lock", sqldb.Value[int], "SELECT count(*) FROM pg_locks WHERE NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())")
		f.OK(err)
	}
}

// The consumer handles an event later and sees the value that a file has set since. What
// compares fields only is caused by the file, whenever an event lets it be found.
func TestAFileCausesWhatAnEarlierEventFinds(t *testing.T) {
	each(t, func(f *fixture) {
		people := f.People("ada", "ben")
		const named = `{"fieldId":"username","op":"set"}`
		f.create(milestone.Input{Name: ptr("Named")}, named)
		f.create(milestone.Input{Name: ptr("Writer")}, named+`,{"action":"messages","value":1}`)
		event := start.Add(time.Hour)
		for who, at := range map[*member.Record]time.Time{people[0]: event.Add(time.Second), people[1]: event.Add(-time.Second)} {
			_, err := f.DB.Exec(f.Context(), `INSERT INTO field_history (community_id, id, user_id, field_id, old_value, new_value, valid_from, recorded_at, source_type, source_id, actor)
				VALUES ($1, $2, $3, 'username', 'null', '"x"', $4, $4, 'import', 'job', '{}')`, f.Community, id.New(at), who.ID, at.UnixMilli())
			f.OK(err)
			f.write(who, event, 1)
			f.handle(who, event)
		}
		got, err := sqldb.All(f.Context(), f.DB, sqldb.Value[string], `SELECT o.name || ' ' || m.username || ' ' || c.job_id FROM milestone_completions c
			JOIN members m ON m.community_id = c.community_id AND m.user_id = c.user_id JOIN milestones o ON o.community_id = c.community_id AND o.id = c.milestone_id ORDER BY o.name, m.username`)
		f.OK(err)
		if want := []string{"Named ada job", "Named ben job", "Writer ada job", "Writer ben "}; !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	})
}

func TestEarningCompletesMilestones(t *testing.T) {
	each(t, func(f *fixture) {
		people := f.People("ada", "ben")
		f.create(milestone.Input{XP: ptr(int64(10))}, `{"action":"messages","value":1}`)
		f.create(milestone.Input{Name: ptr("Rich"), Coins: ptr(int64(1))}, `{"action":"xpEarned","value":10}`)
		f.run("milestone.evaluate")
		f.write(people[0], start, 1)
		f.handle(people[0], start)
		if n := f.run("milestone.check"); n != 1 {
			f.Errorf("%d checks", n)
		}
		f.want(people[0], "First steps completed 10 XP 0 coins boosted false at 2026-11-27T10:00:00.000Z; Rich completed 0 XP 1 coins boosted false at 2026-11-27T10:00:00.000Z")
		f.want(people[1], "First steps open 0 of 1; Rich open 0 of 10")
	})
}

func TestThoseWhoCannotEarnCompleteNothing(t *testing.T) {
	each(t, func(f *fixture) {
		people := f.People("ada", "ben", "cleo")
		ada, ben, cleo := people[0], people[1], people[2]
		f.tx(func(tx *sqldb.Tx) error {
			return member.SetSuspended(f.Context(), tx, f.Community, ada.ID, start.Add(time.Hour).UnixMilli())
		})
		f.SetState(member.Deleted, ben)
		for _, who := range people {
			f.write(who, start, 1)
		}
		in := milestone.Input{XP: ptr(int64(1))}
		if p, err := f.completions.Preview(f.Context(), membertest.Command, f.Community, "", with(in, `{"action":"messages","value":1}`)); err != nil || p != (count.Preview{Reached: 1, Checked: 2}) {
			f.Errorf("%+v (%v)", p, err)
		}
		m := f.create(in, `{"action":"messages","value":1}`)
		f.run("milestone.evaluate")
		for _, who := range people {
			f.handle(who, start)
		}
		f.want(ada, "First steps open 1 of 1")
		f.want(cleo, "First steps completed 1 XP 0 coins boosted false at 2026-11-27T10:00:00.000Z")
		if p, err := f.completions.Preview(f.Context(), membertest.Command, f.Community, m.ID, with(in, `{"action":"messages","value":1}`)); err != nil || p.Reached != 0 {
			f.Errorf("who has completed it counts: %+v (%v)", p, err)
		}
		if got := f.paid(); got != "xp 1" {
			f.Errorf("paid %s", got)
		}
		f.now = start.Add(2 * time.Hour)
		f.handle(ada, f.now)
		f.want(ada, "First steps completed 1 XP 0 coins boosted false at 2026-11-27T12:00:00.000Z")
		f.tx(func(tx *sqldb.Tx) error {
			return completion.EraseMembers(f.Context(), tx, f.Community, []string{ada.ID})
		})
		if now, err := f.milestones.Get(f.Context(), membertest.Command, f.Community, m.ID); err != nil || now.Completed != 1 {
			f.Errorf("%d completions after the erasure (%v)", now.Completed, err)
		}
		f.want(ada, "First steps open 1 of 1")
	})
}

// A reward over the largest balance is not paid; the milestone is completed without it, so
// that the consumer continues.
func TestRewardOverTheLargestBalanceOfAMilestoneIsNotPaid(t *testing.T) {
	each(t, func(f *fixture) {
		ada := f.People("ada")[0]
		f.tx(func(tx *sqldb.Tx) error {
			var posts []ledger.Post
			for i := range int64(9_007) {
				posts = append(posts, ledger.Post{UserID: ada.ID, Unit: ledger.XP, Amount: ledger.MaxAmount, Source: ledger.Source{Type: ledger.FromAutomation, ID: "a", Part: i}})
			}
			_, err := ledger.New(ledger.Deps{}).Post(f.Context(), tx, f.Community, posts)
			return err
		})
		f.create(milestone.Input{XP: ptr(int64(ledger.MaxAmount)), Coins: ptr(int64(1))}, `{"action":"messages","value":1}`)
		f.write(ada, start, 1)
		f.handle(ada, start)
		f.want(ada, "First steps completed 0 XP 1 coins boosted false at 2026-11-27T10:00:00.000Z")
	})
}

func TestMilestonesAreChecked(t *testing.T) {
	each(t, func(f *fixture) {
		const wrote = `{"action":"messages","value":1}`
		for name, c := range map[string]struct {
			in         milestone.Input
			conditions string
			code, part string
		}{
			"no name":          {milestone.Input{Name: ptr(" ")}, wrote, "invalid_input", "name"},
			"a long group":     {milestone.Input{Group: ptr(strings.Repeat("g", 51))}, wrote, "invalid_input", "group"},
			"an order below 0": {milestone.Input{Order: ptr(int64(-1))}, wrote, "invalid_input", "order"},
			"a small factor":   {milestone.Input{Boost: &milestone.Boost{Tenths: 10}}, wrote, "invalid_input", "boost.factor"},
			"a large factor":   {milestone.Input{Boost: &milestone.Boost{Tenths: 101}}, wrote, "invalid_input", "boost.factor"},
			"no hours":         {milestone.Input{Boost: &milestone.Boost{Tenths: 20, Hours: -1}}, wrote, "invalid_input", "boost.withinHours"},
			"a debit":          {milestone.Input{XP: ptr(int64(-1))}, wrote, "invalid_input", "rewards.xp"},
			"too many coins":   {milestone.Input{Coins: ptr(int64(ledger.MaxAmount)), Boost: &milestone.Boost{Tenths: 11}}, wrote, "invalid_input", "rewards.coins"},
			"no instant":       {milestone.Input{StartsAt: ptr("tomorrow")}, wrote, "invalid_input", "startsAt"},
			"an early end":     {milestone.Input{StartsAt: ptr("2026-11-28T10:00:00Z"), EndsAt: ptr("2026-11-28T09:00:00Z")}, wrote, "invalid_input", "endsAt"},
			"no conditions":    {milestone.Input{}, ``, "invalid_condition", "conditions.conditions"},
			"an absent area":   {milestone.Input{}, `{"action":"purchases","value":1}`, "invalid_condition", "conditions.conditions[0].action"},
			"an unknown badge": {milestone.Input{BadgeID: ptr("6a21d1c09f3b0c4d5e6f7a8b")}, wrote, "badge_not_found", ""},
		} {
			_, err := f.milestones.Create(f.Context(), membertest.Command, f.Community, with(c.in, c.conditions))
			if e := errs.From(err); !errs.Is(err, c.code) || c.part != "" && e.Fields[0].Field != c.part {
				f.Errorf("%s: %v", name, err)
			}
		}
		nobody := actor.Actor{Kind: actor.Session, AccountID: "6a21d1c09f3b0c4d5e6f7a8b"}
		if _, err := f.milestones.Create(f.Context(), nobody, f.Community, with(milestone.Input{}, wrote)); !errs.Is(err, "community_not_found") {
			f.Error(err)
		}
		for i := range milestone.MaxMilestones {
			f.OK(f.DB.Tx(f.Context(), func(tx *sqldb.Tx) error {
				_, err := tx.Exec(f.Context(), `INSERT INTO milestones (community_id, id, name, group_name, place, description, conditions, counts_earned, xp, coins, badge_id, boost_tenths, boost_hours, starts_at, ends_at, enabled, completed_count, version, created_at, deleted_at)
					VALUES ($1, $2, 'x', '', 0, '', '{}', $3, 0, 0, '', 0, 0, 0, 0, $3, 0, 1, 1, 0)`, f.Community, fmt.Sprintf("%024d", i), false)
				return err
			}))
		}
		if _, err := f.milestones.Create(f.Context(), membertest.Command, f.Community, with(milestone.Input{}, wrote)); !errs.Is(err, "too_many_milestones") {
			f.Error(err)
		}
	})
}
