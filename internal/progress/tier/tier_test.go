package tier_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/event"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/ledger"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/membertest"
	"github.com/regulars/regulars/internal/progress/level"
	"github.com/regulars/regulars/internal/progress/tier"
	"github.com/regulars/regulars/internal/sqldb"
)

// fixture has the tiers of a community.
type fixture struct {
	*membertest.Fixture
	ledger *ledger.Ledger
	tiers  *tier.Tiers
	people []*member.Record
	seen   int // events
}

func each(t *testing.T, test func(f *fixture)) {
	t.Helper()
	membertest.Each(t, func(m *membertest.Fixture) {
		f := &fixture{Fixture: m}
		f.tiers = tier.New(tier.Deps{DB: m.DB, Clock: m.Clock, Access: m.NewAccess()})
		f.ledger = ledger.New(ledger.Deps{Clock: m.Clock, Moved: []ledger.MoveHook{f.tiers.Move}})
		f.people = f.People("ada", "ben")
		f.events()
		test(f)
	})
}

// set sets the XP of a member.
func (f *fixture) set(userID string, xp int64) {
	f.Helper()
	f.OK(f.DB.Tx(f.Context(), func(tx *sqldb.Tx) error {
		_, _, err := f.ledger.Overwrite(f.Context(), tx, f.Community, ledger.Post{UserID: userID, Unit: ledger.XP, Source: ledger.Source{Type: ledger.FromAPI}}, xp)
		return err
	}))
}

// events returns the events since the last call, in short.
func (f *fixture) events() string {
	f.Helper()
	all, err := sqldb.All(f.Context(), f.DB, func(s sqldb.Scanner) (string, error) {
		var e event.Event
		if err := s.Scan(&e.Type, (*[]byte)(&e.Data)); err != nil {
			return "", err
		}
		switch e.Type {
		case tier.EventReached:
			var d tier.Reached
			err := e.Decode(&d)
			return fmt.Sprintf("%s reached %s %d %d %v", d.User.Username, d.Tier.Name, d.Level, d.XP, d.First), err
		case tier.EventLost:
			var d tier.Lost
			if err := e.Decode(&d); err != nil || d.Tier == nil {
				return fmt.Sprintf("%s lost all %d %d", d.User.Username, d.Level, d.XP), err
			}
			return fmt.Sprintf("%s lost %s %d %d", d.User.Username, d.Tier.Name, d.Level, d.XP), nil
		case member.EventRoleAdded, member.EventRoleRemoved:
			var d member.UserRole
			err := e.Decode(&d)
			return strings.TrimPrefix(e.Type, "user.role_") + " " + d.Title, err
		}
		return e.Type, nil
	}, "SELECT type, data FROM events WHERE community_id = $1 ORDER BY append_order", f.Community)
	f.OK(err)
	news := all[f.seen:]
	f.seen = len(all)
	slices.Sort(news)
	return strings.Join(news, ", ")
}

func (f *fixture) wantEvents(want string) {
	f.Helper()
	if got := f.events(); got != want {
		f.Errorf("events %q, want %q", got, want)
	}
}

func thresholds(a, b, c int64) map[int64]int64 { return map[int64]int64{1: a, 2: b, 3: c} }

// metals are the tiers of the worked example.
func metals(roleID string) tier.Input {
	return tier.Input{Enabled: true, ShowLevels: true, ShowTiers: true, Demote: true, Tiers: []tier.OneInput{
		{Name: "Bronze", Levels: thresholds(0, 100, 250)}, {Name: "Silver", RoleID: roleID, Levels: thresholds(500, 800, 1200)}, {Name: "Gold", Levels: thresholds(2000, 3000, 5000)},
	}}
}

// again returns the input that stores settings again.
func again(s level.Settings) tier.Input {
	in := tier.Input{Enabled: s.Enabled, ShowLevels: s.ShowLevels, ShowTiers: s.ShowTiers, Demote: s.Demote}
	for _, one := range s.Tiers {
		in.Tiers = append(in.Tiers, tier.OneInput{ID: one.ID, Name: one.Name, Icon: one.Icon, RoleID: one.RoleID, Levels: thresholds(one.Thresholds[0], one.Thresholds[1], one.Thresholds[2])})
	}
	return in
}

// replace replaces the tiers and runs the job.
func (f *fixture) replace(in tier.Input) level.Settings {
	f.Helper()
	s, err := f.tiers.Replace(f.Context(), membertest.Command, f.Community, in)
	f.OK(err)
	f.runJobs()
	after, err := f.tiers.Get(f.Context(), membertest.Command, f.Community)
	f.OK(err)
	if after.Recomputing {
		f.Error("the job has not ended")
	}
	return s
}

func (f *fixture) runJobs() {
	f.Helper()
	f.RunJobs(f.tiers.Feature().Jobs)
}

// place returns where a member is, with the number of its roles.
func (f *fixture) place(userID string) string {
	f.Helper()
	all, err := level.Of(f.Context(), f.DB, f.Community, []string{userID})
	f.OK(err)
	found, err := member.Lookup(f.Context(), f.DB, f.Community, member.KeySet{IDs: []string{userID}}, false)
	f.OK(err)
	at := all[userID]
	return strings.TrimSpace(fmt.Sprintf("%s %d", at.Name, at.Level) + strings.Repeat(" R", len(found[0].RoleIDs)))
}

// Worked example 2 of the contract.
func TestPositionsFollowXP(t *testing.T) {
	each(t, func(f *fixture) {
		role := f.NewRoles(access.RoleInput{Title: "R"})["R"]
		ada := f.people[0].ID
		f.replace(metals(role.ID))
		f.events()
		for _, c := range []struct {
			xp            int64
			place, events string
		}{
			{0, "Bronze 1", ""},
			{99, "Bronze 1", ""},
			{100, "Bronze 2", "ada reached Bronze 2 100 true"},
			{499, "Bronze 3", "ada reached Bronze 3 499 true"},
			{500, "Silver 1 R", "ada reached Silver 1 500 true, added R"},
			{480, "Bronze 3", "ada lost Bronze 3 480, removed R"},
			{510, "Silver 1 R", "ada reached Silver 1 510 false, added R"},
			{2000, "Gold 1", "ada reached Gold 1 2000 true, removed R"},
		} {
			f.set(ada, c.xp)
			if got := f.place(ada); got != c.place {
				f.Errorf("%d XP: %s, want %s", c.xp, got, c.place)
			}
			f.wantEvents(c.events)
		}
	})
}

func TestWithoutDemotionTheHighestPositionStays(t *testing.T) {
	each(t, func(f *fixture) {
		role := f.NewRoles(access.RoleInput{Title: "R"})["R"]
		ada := f.people[0].ID
		in := metals(role.ID)
		in.Demote = false
		f.replace(in)
		f.set(ada, 500)
		f.events()
		f.set(ada, 480)
		if got := f.place(ada); got != "Silver 1 R" {
			f.Error(got)
		}
		f.set(ada, 510)
		f.wantEvents("")
	})
}

func TestOtherThresholdsMoveMembersOnce(t *testing.T) {
	each(t, func(f *fixture) {
		role := f.NewRoles(access.RoleInput{Title: "R"})["R"]
		ada, ben := f.people[0].ID, f.people[1].ID
		f.set(ada, 600)
		f.set(ben, 120)
		first := f.replace(metals(role.ID))
		if !first.Recomputing || first.Version != 2 {
			f.Errorf("%+v", first)
		}
		f.wantEvents("ada reached Silver 1 600 true, added R, ben reached Bronze 2 120 true")
		f.runJobs()
		second := again(first)
		second.Tiers[0].Name = "Iron"
		if named := f.replace(second); named.Recomputing || named.Version != 3 {
			f.Errorf("%+v", named)
		}
		f.wantEvents("")
		third := again(first)
		third.Tiers[1].Levels = thresholds(650, 800, 1200)
		f.replace(third)
		f.wantEvents("ada lost Bronze 3 600, removed R")
		fourth := again(first)
		fourth.Tiers = fourth.Tiers[1:]
		f.replace(fourth)
		f.wantEvents("ada reached Silver 1 600 false, added R, ben lost all 0 120")
		if got := f.place(ben); got != "0" {
			f.Errorf("%q", got)
		}
	})
}

func TestRolesAddedByHandStay(t *testing.T) {
	each(t, func(f *fixture) {
		role := f.NewRoles(access.RoleInput{Title: "R"})["R"]
		ada, ben := f.people[0].ID, f.people[1].ID
		f.replace(metals(role.ID))
		hand := func(userID string, add bool) {
			_, err := f.Members.SetRole(f.Context(), membertest.Command, f.Community, role.ID, []string{userID}, add, membertest.ByAPI)
			f.OK(err)
		}
		consume := func() {
			all, err := sqldb.All(f.Context(), f.DB, func(s sqldb.Scanner) (event.Event, error) {
				e := event.Event{CommunityID: f.Community}
				return e, s.Scan(&e.Type, &e.UserID, &e.Actor, (*[]byte)(&e.Data))
			}, "SELECT type, COALESCE(user_id, ''), actor, data FROM events WHERE community_id = $1 AND type = 'user.role_removed' ORDER BY append_order", f.Community)
			f.OK(err)
			f.OK(f.DB.Tx(f.Context(), func(tx *sqldb.Tx) error { return f.tiers.Feature().Consumers[0].Handle(f.Context(), tx, all) }))
		}
		hand(ada, true)
		f.set(ada, 500)
		f.set(ada, 10)
		if got := f.place(ada); got != "Bronze 1 R" {
			f.Error(got)
		}
		f.set(ben, 500) // by the tier
		hand(ben, false)
		consume()
		hand(ben, true)
		f.set(ben, 10)
		if got := f.place(ben); got != "Bronze 1 R" {
			f.Error(got)
		}
	})
}

func TestTiersAreChecked(t *testing.T) {
	each(t, func(f *fixture) {
		roles := f.NewRoles(access.RoleInput{Title: "R"}, access.RoleInput{Title: "Staff", ServerPermissions: map[string]bool{"ban_members": true}})
		for want, change := range map[string]func(in *tier.Input){
			"levels_not_rising":      func(in *tier.Input) { in.Tiers[0].Levels = thresholds(0, 100, 100) },
			" levels_not_rising":     func(in *tier.Input) { in.Tiers[1].Levels = thresholds(250, 300, 400) },
			"three_levels_required":  func(in *tier.Input) { delete(in.Tiers[0].Levels, 3) },
			" three_levels_required": func(in *tier.Input) { in.Tiers[0].Levels = map[int64]int64{1: 0, 2: 1, 4: 5} },
			"invalid_input invalid":  func(in *tier.Input) { in.Tiers[0].Name = " " },
			" invalid_input invalid": func(in *tier.Input) { in.Tiers[0].Levels = thresholds(-1, 1, 2) },
			"invalid_input too_many": func(in *tier.Input) { in.Tiers = make([]tier.OneInput, 51) },
			"role_not_allowed":       func(in *tier.Input) { in.Tiers[0].RoleID = roles["Staff"].ID },
			"role_not_found":         func(in *tier.Input) { in.Tiers[0].RoleID = id.New(f.Clock.Now()) },
			"stale_version":          func(in *tier.Input) { in.Version = 7 },
		} {
			in := metals("")
			change(&in)
			if want == "invalid_input too_many" {
				for i := range in.Tiers {
					in.Tiers[i] = tier.OneInput{Name: "T", Levels: thresholds(int64(3*i), int64(3*i+1), int64(3*i+2))}
				}
			}
			_, err := f.tiers.Replace(f.Context(), membertest.Command, f.Community, in)
			if got := membertest.Code(err); got != strings.TrimSpace(want) {
				f.Errorf("%s, want %s", got, want)
			}
		}
	})
}

func TestRolesOfTiersNeedTheRightToAssignThem(t *testing.T) {
	each(t, func(f *fixture) {
		roles := f.NewRoles(
			access.RoleInput{Title: "R", Order: 10}, access.RoleInput{Title: "High", Order: 90},
			access.RoleInput{Title: "Rewards", Order: 50, ServerPermissions: map[string]bool{"manage_gamification": true}}, access.RoleInput{Title: "Roles", Order: 40, ServerPermissions: map[string]bool{"manage_roles": true}},
		)
		ada := f.people[0]
		give := func(title string) {
			_, err := f.Members.SetRole(f.Context(), membertest.Command, f.Community, roles[title].ID, []string{ada.ID}, true, membertest.ByAPI)
			f.OK(err)
		}
		code := func(title string) string {
			_, err := f.tiers.Replace(f.Context(), membertest.Session(ada), f.Community, metals(roles[title].ID))
			return membertest.Code(err)
		}
		if got := code("R"); got != "missing_permission" {
			f.Error(got)
		}
		give("Rewards")
		if got := code("R"); got != "missing_permission" {
			f.Error(got)
		}
		give("Roles")
		if got := code("High"); got != "rank_too_low" {
			f.Error(got)
		}
		if got := code("R"); got != "" {
			f.Error(got)
		}
	})
}

func TestARoleWithServerPermissionsIsNotGranted(t *testing.T) {
	each(t, func(f *fixture) {
		role := f.NewRoles(access.RoleInput{Title: "R"})["R"]
		f.replace(metals(role.ID))
		_, err := f.NewAccess().UpdateRole(f.Context(), membertest.Command, f.Community, role.ID, access.RoleChange{ServerPermissions: map[string]bool{"ban_members": true}})
		f.OK(err)
		ada := f.people[0].ID
		f.set(ada, 500)
		if got := f.place(ada); got != "Silver 1" {
			f.Error(got)
		}
	})
}

func TestNewMembersGetTheRoleOfTheFirstTier(t *testing.T) {
	each(t, func(f *fixture) {
		role := f.NewRoles(access.RoleInput{Title: "R"})["R"]
		in := metals("")
		in.Tiers[0].RoleID = role.ID
		f.replace(in)
		f.wantEvents("added R, added R")
		cleo := f.People("cleo")[0].ID
		joined := event.Event{CommunityID: f.Community, Type: member.EventJoined, UserID: cleo}
		for range 2 {
			f.OK(f.DB.Tx(f.Context(), func(tx *sqldb.Tx) error {
				return f.tiers.Feature().Consumers[0].Handle(f.Context(), tx, []event.Event{joined})
			}))
		}
		if got := f.place(cleo); got != "Bronze 1 R" {
			f.Error(got)
		}
		f.wantEvents("added R")
	})
}

func TestADeletedRoleLeavesItsTier(t *testing.T) {
	each(t, func(f *fixture) {
		role := f.NewRoles(access.RoleInput{Title: "R"})["R"]
		f.replace(metals(role.ID))
		f.set(f.people[0].ID, 500)
		f.OK(f.DB.Tx(f.Context(), func(tx *sqldb.Tx) error { return tier.ForgetRole(f.Context(), tx, f.Community, role.ID) }))
		s, err := f.tiers.Get(f.Context(), actor.Actor{Kind: actor.Command}, f.Community)
		f.OK(err)
		if s.Tiers[1].RoleID != "" || s.Version != 3 {
			f.Errorf("%+v", s)
		}
		f.set(f.people[0].ID, 2000)
	})
}
