package rule_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/chat"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/event"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/ledger"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/membertest"
	"github.com/regulars/regulars/internal/message"
	"github.com/regulars/regulars/internal/presence"
	"github.com/regulars/regulars/internal/progress/rule"
	"github.com/regulars/regulars/internal/sqldb"
)

// fixture has the rules of a community in Berlin, with a clock that the test sets.
type fixture struct {
	*membertest.Fixture
	access *access.Access
	ledger *ledger.Ledger
	rules  *rule.Rules
	now    time.Time
	ada    string
}

func each(t *testing.T, test func(f *fixture)) {
	t.Helper()
	membertest.Each(t, func(m *membertest.Fixture) {
		f := &fixture{Fixture: m, now: time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC), access: m.NewAccess()}
		c := clock.At(func() time.Time { return f.now })
		f.ledger = ledger.New(ledger.Deps{Clock: c})
		f.rules = rule.New(rule.Deps{DB: m.DB, Clock: c, Access: f.access, Ledger: f.ledger})
		_, err := community.New(community.Deps{DB: f.DB}).Update(f.Context(), f.Community, community.Change{TimeZone: new("Europe/Berlin")}, actor.Actor{})
		f.OK(err)
		f.ada = f.People("ada")[0].ID
		test(f)
	})
}

// allow enables rules.
func (f *fixture) allow(rules map[rule.Action]rule.ActionChange) rule.Settings {
	f.Helper()
	for action, c := range rules {
		c.Enabled = new(true)
		rules[action] = c
	}
	s, err := f.rules.Update(f.Context(), membertest.Command, f.Community, rule.Change{Rules: rules})
	f.OK(err)
	return s
}

// at sets the clock to a time in Berlin.
func (f *fixture) at(text string) {
	f.Helper()
	zone, err := time.LoadLocation("Europe/Berlin")
	f.OK(err)
	f.now, err = time.ParseInLocation(time.DateTime, text, zone)
	f.OK(err)
}

// happened returns an event of now.
func (f *fixture) happened(kind, userID string, data any) event.Event {
	f.Helper()
	text, err := json.Marshal(data)
	f.OK(err)
	return event.Event{CommunityID: f.Community, Type: kind, UserID: userID, OccurredAt: f.now.UnixMilli(), Data: text}
}

// handle gives events to the consumer, in one batch.
func (f *fixture) handle(batch ...event.Event) {
	f.Helper()
	f.OK(f.DB.Tx(f.Context(), func(tx *sqldb.Tx) error { return f.rules.Feature().Consumers[0].Handle(f.Context(), tx, batch) }))
}

// written returns the event of a message of Ada, with the id of the message.
func (f *fixture) written(m message.View) (event.Event, string) {
	f.Helper()
	m.ID, m.Timestamp = id.New(f.now), clock.Format(f.now.UnixMilli())
	if m.Kind == "" {
		m.Kind = message.Posted
	}
	return f.happened(message.EventPosted, f.ada, message.EventMessage{Message: m}), m.ID
}

// write handles a message of Ada alone.
func (f *fixture) write(m message.View) string {
	f.Helper()
	e, messageID := f.written(m)
	f.handle(e)
	return messageID
}

// has returns XP and coins of Ada.
func (f *fixture) has() [2]int64 {
	f.Helper()
	all, err := ledger.Balances(f.Context(), f.DB, f.Community, f.ada, f.now.UnixMilli(), f.now.UnixMilli())
	f.OK(err)
	return [2]int64{all[ledger.XP].Posted, all[ledger.Coins].Posted}
}

func (f *fixture) want(xp, coins int64) {
	f.Helper()
	if got := f.has(); got != [2]int64{xp, coins} {
		f.Errorf("%s: XP and coins %v, want %d and %d", f.now, got, xp, coins)
	}
}

// pays reports XP and coins that a fact adds.
func (f *fixture) pays(e event.Event, xp, coins int64) {
	f.Helper()
	before := f.has()
	f.handle(e)
	f.want(before[0]+xp, before[1]+coins)
}

func amounts(xp, coins int64) rule.ActionChange {
	return rule.ActionChange{XP: &xp, Coins: &coins, Time: new(int64(0))}
}

// Worked example 1 of the contract.
func TestCooldownAndCap(t *testing.T) {
	for _, together := range []bool{false, true} { // each message in a batch of its own, or all in one
		each(t, func(f *fixture) {
			three := new(int64(3))
			f.allow(map[rule.Action]rule.ActionChange{rule.Message: {XP: new(int64(10)), Coins: new(int64(1)), Time: new(int64(60)), DailyCap: &three}})
			ids := map[string]string{}
			var batch []event.Event
			for _, at := range []string{"28 10:00:00", "28 10:00:30", "28 10:01:00", "28 10:01:59", "28 10:02:00", "28 10:05:00", "29 00:00:00"} {
				f.at("2026-11-" + at)
				e, messageID := f.written(message.View{})
				ids[at] = messageID
				batch = append(batch, e)
			}
			if together {
				f.handle(batch...)
			} else {
				for _, e := range batch {
					f.handle(e)
				}
			}
			f.want(40, 4)
			f.handle(f.happened(message.EventDeleted, f.ada, message.EventRemoval{MessageID: ids["28 10:01:00"]}))
			f.want(30, 3)
			f.handle(f.happened(message.EventDeleted, f.ada, message.EventRemoval{MessageID: ids["28 10:00:30"]}))
			f.want(30, 3)
			f.at("2026-11-28 23:00:00")
			f.write(message.View{}) // the counter of the day stays 3
			f.want(30, 3)
		})
	}
}

// Worked example 3 of the contract.
func TestLateEventsPayByTheRuleOfTheirTime(t *testing.T) {
	each(t, func(f *fixture) {
		f.at("2026-11-28 11:00:00")
		f.allow(map[rule.Action]rule.ActionChange{rule.Message: amounts(10, 0)})
		f.at("2026-11-28 11:59:59")
		late, _ := f.written(message.View{})
		f.at("2026-11-28 12:00:00")
		f.allow(map[rule.Action]rule.ActionChange{rule.Message: amounts(20, 0)})
		onTime, _ := f.written(message.View{})
		f.at("2026-11-28 12:05:00")
		f.pays(late, 10, 0)
		f.pays(onTime, 20, 0)
		f.at("2026-11-28 10:59:59") // before any rule
		early, _ := f.written(message.View{})
		f.pays(early, 0, 0)
	})
}

func TestLateEventsKeepTheCooldownOnBothSides(t *testing.T) {
	each(t, func(f *fixture) {
		c := amounts(10, 0)
		c.Time = new(int64(60))
		f.allow(map[rule.Action]rule.ActionChange{rule.Message: c})
		for _, step := range []struct {
			at   string
			paid bool
		}{{"10:00:00", true}, {"09:59:30", false}, {"09:59:00", true}, {"10:00:59", false}, {"10:01:00", true}} {
			f.at("2026-11-28 " + step.at)
			e, _ := f.written(message.View{})
			xp := int64(0)
			if step.paid {
				xp = 10
			}
			f.pays(e, xp, 0)
		}
	})
}

func TestActionsReplaceEachOther(t *testing.T) {
	each(t, func(f *fixture) {
		rooms := chat.New(chat.Deps{DB: f.DB, Access: f.access, Members: f.Members, Clock: f.Clock})
		create := func(topic string, trading bool) string {
			made, err := rooms.CreateChannel(f.Context(), membertest.Command, f.Community, chat.Input{Topic: topic, TradingDiscussions: trading})
			f.OK(err)
			return made.ID
		}
		general, trades := create("general", false), create("trades", true)
		in := func(channelID string, m message.View) event.Event {
			m.Channel.ID = channelID
			e, _ := f.written(m)
			return e
		}
		reply := message.View{Kind: message.Reply, ParentID: new("p")}
		quote := message.View{Kind: message.Reply, ParentID: new("p"), ReplyToID: new("q")}
		c := amounts(1, 0)
		c.Channels = &[]string{general}
		f.allow(map[rule.Action]rule.ActionChange{rule.Message: c, rule.Reply: amounts(2, 0)})
		f.pays(in(general, message.View{}), 1, 0)
		f.pays(in(trades, message.View{}), 0, 0) // not in the list
		f.pays(in(trades, reply), 2, 0)
		f.pays(in(general, quote), 2, 0)
		f.allow(map[rule.Action]rule.ActionChange{rule.Quote: {XP: new(int64(3)), Coins: new(int64(0))}, rule.Trading: amounts(0, 7)})
		f.pays(in(general, quote), 3, 0)
		f.pays(in(general, reply), 2, 0)
		f.pays(in(trades, message.View{}), 0, 7)
		f.pays(in(trades, message.View{Kind: message.System}), 0, 0)
		f.pays(in(trades, message.View{Via: &message.Via{Type: "automation"}}), 0, 0)
		f.pays(in(general, message.View{Via: &message.Via{Type: "key"}}), 0, 0)
		_, err := f.rules.Update(f.Context(), membertest.Command, f.Community, rule.Change{PayKeyMessages: new(true)})
		f.OK(err)
		f.pays(in(general, message.View{Via: &message.Via{Type: "key"}}), 1, 0)
		_, err = f.rules.Update(f.Context(), membertest.Command, f.Community, rule.Change{Enabled: new(false)})
		f.OK(err)
		f.pays(in(general, message.View{}), 0, 0)
	})
}

func TestOccasionsPayOnce(t *testing.T) {
	each(t, func(f *fixture) {
		about := f.Define(field.Input{Field: "about", Type: field.MultiLine})
		text := amounts(0, 20)
		text.Time, text.FieldID = nil, &about.ID
		once := func(xp int64) rule.ActionChange { return rule.ActionChange{XP: &xp, Coins: new(int64(0))} }
		f.allow(map[rule.Action]rule.ActionChange{rule.React: amounts(2, 0), rule.Visit: once(5), rule.Picture: once(15), rule.AboutMe: text})
		reacted := func(messageID string) event.Event {
			return f.happened(message.EventReactionAdded, f.ada, message.EventReaction{MessageID: messageID, Emoji: "👍"})
		}
		f.pays(reacted("m1"), 2, 0)
		f.pays(reacted("m1"), 0, 0)
		f.pays(reacted("m2"), 2, 0)
		before := f.has()
		f.handle(reacted("m3"), reacted("m3"))
		f.want(before[0]+2, before[1])

		visited := func(first bool) event.Event {
			return f.happened(presence.EventVisited, f.ada, presence.Visited{FirstToday: first})
		}
		f.at("2026-11-28 00:30:00")
		f.pays(visited(true), 5, 0)
		f.pays(visited(false), 0, 0)
		f.pays(visited(true), 0, 0) // a day repeats after a change of the zone
		f.at("2026-11-29 00:00:00")
		f.pays(visited(true), 5, 0)

		updated := func(name string, old, changed any) event.Event {
			return f.happened(member.EventUpdated, f.ada, member.UserUpdated{Fields: []member.UpdatedField{{Field: name, Old: old, New: changed}}})
		}
		f.pays(updated("avatar", nil, "/media/x"), 15, 0)
		f.pays(updated("avatar", nil, "/media/y"), 0, 0)
		f.pays(updated("first_name", "a", "b"), 0, 0)
		f.pays(updated("about", "a", "b"), 0, 0)
		f.pays(updated("about", nil, "b"), 0, 20)
		f.pays(updated("about", nil, "c"), 0, 0)
	})
}

func TestSuspendedAndFormerMembersEarnNothing(t *testing.T) {
	each(t, func(f *fixture) {
		f.allow(map[rule.Action]rule.ActionChange{rule.Message: amounts(10, 1)})
		suspend := func(until int64) {
			f.OK(f.DB.Tx(f.Context(), func(tx *sqldb.Tx) error {
				return member.SetSuspended(f.Context(), tx, f.Community, f.ada, until)
			}))
		}
		suspend(f.now.Add(time.Hour).UnixMilli())
		f.write(message.View{})
		f.want(0, 0)
		suspend(0)
		e, _ := f.written(message.View{})
		e.Erased, e.UserID = true, ""
		f.handle(e, f.happened(message.EventPosted, id.New(f.now), message.EventMessage{Message: message.View{ID: "x", Kind: message.Posted}}))
		f.want(0, 0)
		f.write(message.View{})
		f.want(10, 1)
	})
}

func TestRewardsOverTheBoundAreSkipped(t *testing.T) {
	each(t, func(f *fixture) {
		f.allow(map[rule.Action]rule.ActionChange{rule.Message: amounts(10, 1)})
		var posts []ledger.Post
		for left := int64(ledger.MaxBalance) - 5; left > 0; left -= ledger.MaxAmount {
			posts = append(posts, ledger.Post{UserID: f.ada, Unit: ledger.XP, Amount: min(left, ledger.MaxAmount), Source: ledger.Source{Type: ledger.FromAPI}})
		}
		f.OK(f.DB.Tx(f.Context(), func(tx *sqldb.Tx) error {
			_, err := f.ledger.Post(f.Context(), tx, f.Community, posts)
			return err
		}))
		f.write(message.View{})
		f.want(ledger.MaxBalance-5, 1)
	})
}

func TestErasureRemovesCounters(t *testing.T) {
	each(t, func(f *fixture) {
		f.allow(map[rule.Action]rule.ActionChange{rule.Message: amounts(10, 1)})
		f.write(message.View{})
		count := func() int64 {
			n, err := sqldb.One(f.Context(), f.DB, "payments", sqldb.Value[int64], "SELECT COUNT(*) FROM xp_payments")
			f.OK(err)
			return n
		}
		if count() != 1 {
			t.Fatal("no payment was stored")
		}
		f.OK(f.DB.Tx(f.Context(), func(tx *sqldb.Tx) error { return rule.EraseMembers(f.Context(), tx, f.Community, []string{f.ada}) }))
		if count() != 0 {
			t.Error("a payment is left")
		}
	})
}

func TestSettingsAreChecked(t *testing.T) {
	each(t, func(f *fixture) {
		first, err := f.rules.Get(f.Context(), membertest.Command, f.Community)
		f.OK(err)
		if first.Version != 1 || len(first.Rules) != len(rule.Actions) {
			t.Errorf("%+v", first)
		}
		number := f.Define(field.Input{Field: "age", Type: field.Numerical})
		over := new(int64(-1))
		for want, c := range map[string]rule.ActionChange{
			"too_large": {XP: new(int64(rule.MaxReward + 1))}, "too_small": {Coins: new(int64(-1))}, "invalid": {Channels: &[]string{id.New(f.now)}},
			" too_large": {Time: new(int64(rule.MaxCooldown + 1))}, " too_small": {DailyCap: &over},
		} {
			_, err := f.rules.Update(f.Context(), membertest.Command, f.Community, rule.Change{Rules: map[rule.Action]rule.ActionChange{rule.Message: c}})
			if got := membertest.Code(err); got != "invalid_input "+strings.TrimSpace(want) {
				t.Errorf("%s, want %s", got, want)
			}
		}
		for _, fieldID := range []string{"", number.ID, "first_name"} {
			_, err := f.rules.Update(f.Context(), membertest.Command, f.Community, rule.Change{Rules: map[rule.Action]rule.ActionChange{rule.AboutMe: {Enabled: new(true), FieldID: &fieldID}}})
			if membertest.Code(err) != "invalid_input invalid" {
				t.Errorf("%q: %v", fieldID, err)
			}
		}
		second := f.allow(map[rule.Action]rule.ActionChange{rule.Visit: {}})
		same := f.allow(map[rule.Action]rule.ActionChange{rule.Visit: {}})
		if second.Version != 2 || same.Version != 2 {
			t.Errorf("versions %d and %d", second.Version, same.Version)
		}
		if _, err := f.rules.Update(f.Context(), membertest.Command, f.Community, rule.Change{Version: 1, Enabled: new(false)}); membertest.Code(err) != "stale_version" {
			t.Error(err)
		}
	})
}

func TestActionsHaveNoDuplicates(t *testing.T) {
	if len(slices.Compact(slices.Sorted(slices.Values(rule.Actions)))) != 13 {
		t.Error(rule.Actions)
	}
}
