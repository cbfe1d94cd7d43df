package assign_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/directory"
	"github.com/regulars/regulars/internal/member/membertest"
	"github.com/regulars/regulars/internal/sqldb"
)

// ranked makes members of one role each: a manager, and two who do not stand
// below them.
func (f *fixture) ranked() (roles map[string]access.Role, people map[string]*member.Record) {
	f.Helper()
	roles = f.NewRoles(
		access.RoleInput{Title: "low", Order: 2}, access.RoleInput{Title: "lower", Order: 1},
		access.RoleInput{Title: "manager", Order: 5, ServerPermissions: map[string]bool{"manage_roles": true}},
		access.RoleInput{Title: "same", Order: 5}, access.RoleInput{Title: "high", Order: 9},
	)
	people = map[string]*member.Record{}
	for _, r := range f.People("manager", "plain", "other", "same", "high") {
		people[r.Username] = r
		if role, ok := roles[r.Username]; ok {
			f.OK(second(f.Members.AddRole(f.Context(), membertest.Command, f.Community, r.ID, role.ID, member.Source{Type: "console"})))
		}
	}
	return roles, people
}

func second[T any](_ T, err error) error { return err }

func TestARoleIsHandedToManyAndSaysWhoWasRefused(t *testing.T) {
	each(t, func(f *fixture) {
		roles, people := f.ranked()
		var ids []string
		for _, name := range []string{"plain", "same", "other", "high", "plain", "manager"} {
			ids = append(ids, people[name].ID)
		}
		nobody := "fa21d1c09f3b0c4d5e6f7a8b"
		want := []string{"high rank_too_low", "manager rank_too_low", "same rank_too_low", " user_not_found"}
		for _, add := range []bool{true, true, false} {
			changed := 2
			if now := f.rolesOf(people["plain"]); slices.Contains(now, roles["low"].ID) == add {
				changed = 0
			}
			done, err := f.Members.SetRole(f.Context(), membertest.Session(people["manager"]), f.Community, roles["low"].ID, append(ids, nobody), add, member.Source{Type: "console"})
			f.OK(err)
			var refused []string
			for _, one := range done.Refused {
				refused = append(refused, one.Name+" "+one.Why.Code)
			}
			if d := cmp.Diff(membertest.Sorted(slices.Clone(want)), membertest.Sorted(refused)); d != "" || done.Changed != changed {
				f.Errorf("add %v: %d were changed, refused %s", add, done.Changed, d)
			}
		}
		if left := f.rolesOf(people["plain"]); len(left) != 0 {
			f.Errorf("left: %v", left)
		}
		entries, _, err := audit.List(f.Context(), f.DB, f.Community, audit.Filter{Action: "user.", Limit: 50})
		f.OK(err)
		var told []string
		for _, e := range entries {
			if e.ActorName == "manager" {
				told = append(told, string(e.Action)+" "+e.Target.Name)
			}
		}
		if d := cmp.Diff([]string{"user.add_role other", "user.add_role plain", "user.remove_role other", "user.remove_role plain"}, membertest.Sorted(told)); d != "" {
			f.Error(d)
		}
		rows, _, err := f.Members.Histories(f.Context(), membertest.Command, f.Community, directory.HistoryFilter{UserID: people["other"].ID, Source: "console", Limit: 9})
		f.OK(err)
		if len(rows) != 2 || fmt.Sprint(rows[0].Old, rows[0].New, rows[1].Old, rows[1].New) != "[low] <nil> <nil> [low]" {
			f.Errorf("history: %+v", rows)
		}
	})
}

func TestARoleIsHandedToMoreThanOnePiece(t *testing.T) {
	each(t, func(f *fixture) {
		vip := f.NewRoles(access.RoleInput{Title: "vip"})["vip"]
		var names []string
		for i := range 120 {
			names = append(names, fmt.Sprintf("m%03d", i))
		}
		ids := membertest.IDs(f.People(names...))
		done, err := f.Members.SetRole(f.Context(), membertest.Command, f.Community, vip.ID, ids, true, member.Source{Type: "console"})
		if err != nil || done.Changed != 120 || len(done.Refused) != 0 {
			f.Fatalf("%+v %v", done, err)
		}
		events, err := sqldb.One(f.Context(), f.DB, "event", sqldb.Value[int], "SELECT count(*) FROM events WHERE type = 'user.role_added'")
		if err != nil || events != 120 {
			f.Errorf("%d events, %v", events, err)
		}
	})
}

func TestWhoMayNotHandOutRolesHandsThemToNobody(t *testing.T) {
	each(t, func(f *fixture) {
		roles, people := f.ranked()
		key := actor.Actor{Kind: actor.CommunityKey, KeyID: "k1", CommunityID: f.Community, Permissions: []actor.Permission{permission.ManageUser}}
		for _, c := range []struct {
			actor      actor.Actor
			role, want string
		}{
			{membertest.Session(people["high"]), roles["low"].ID, "missing_permission"},
			{key, roles["low"].ID, "missing_permission"},
			{actor.Actor{Kind: actor.Session, AccountID: "6a21d1c09f3b0c4d5e6f7a8b"}, roles["low"].ID, "community_not_found"},
			{membertest.Session(people["manager"]), roles["@all"].ID, "role_of_everyone"},
			{membertest.Session(people["manager"]), "6a21d1c09f3b0c4d5e6f7a8b", "role_not_found"},
		} {
			done, err := f.Members.SetRole(f.Context(), c.actor, f.Community, c.role, []string{people["plain"].ID}, true, member.Source{Type: "console"})
			if !errs.Is(err, c.want) || done.Changed != 0 {
				f.Errorf("%+v %v, want %s", done, err, c.want)
			}
		}
	})
}

func TestAChangeOfRolesIsTakenBackUnderTheRuleOfRanks(t *testing.T) {
	each(t, func(f *fixture) {
		roles, people := f.ranked()
		plain, manager := people["plain"], membertest.Session(people["manager"])
		f.OK(second(f.Members.AddRole(f.Context(), membertest.Command, f.Community, plain.ID, roles["low"].ID, member.Source{Type: "console"})))
		f.OK(second(f.Members.AddRole(f.Context(), membertest.Command, f.Community, plain.ID, roles["lower"].ID, member.Source{Type: "console"})))
		f.OK(second(f.Members.RemoveRole(f.Context(), membertest.Command, f.Community, plain.ID, roles["low"].ID, member.Source{Type: "console"})))
		rows, _, err := f.Members.Histories(f.Context(), membertest.Command, f.Community, directory.HistoryFilter{UserID: plain.ID, FieldID: field.RoleName, Source: "console", Limit: 9})
		f.OK(err)
		taken, lower, low := rows[0].ID, rows[1].ID, rows[2].ID
		revert := func(by actor.Actor, row, want string) {
			f.Helper()
			made, err := f.Members.Revert(f.Context(), by, f.Community, row)
			if got := fmt.Sprintf("%v > %v", made.Old, made.New); err != nil || got != want || made.Source != (member.Source{Type: "revert", ID: row}) || made.Actor != by.Ref() || made.ValidFrom == 0 {
				f.Errorf("%+v %v, want %s", made, err, want)
			}
		}
		refused := func(by actor.Actor, row, code string) {
			f.Helper()
			if made, err := f.Members.Revert(f.Context(), by, f.Community, row); !errs.Is(err, code) {
				f.Errorf("%+v %v, want %s", made, err, code)
			}
		}
		revert(manager, taken, "[lower] > [low lower]") // gives low back, and leaves lower
		refused(manager, taken, "value_unchanged")
		revert(manager, lower, "[low lower] > [low]")
		refused(membertest.Session(people["high"]), low, "missing_permission")
		refused(actor.Actor{Kind: actor.CommunityKey, CommunityID: f.Community, Permissions: []actor.Permission{permission.UserFields}}, low, "missing_permission")
		f.OK(second(f.Members.AddRole(f.Context(), membertest.Command, f.Community, plain.ID, roles["high"].ID, member.Source{Type: "console"})))
		refused(manager, low, "rank_too_low") // plain stands above by now
		revert(membertest.Command, low, "[high low] > [high]")
		events, err := sqldb.All(f.Context(), f.DB, sqldb.Value[string], "SELECT type FROM events ORDER BY id DESC LIMIT 1")
		if err != nil || events[0] != "user.role_removed" {
			f.Errorf("%v %v", events, err)
		}
		f.OK(f.Members.DeleteRole(f.Context(), membertest.Command, f.Community, roles["low"].ID))
		refused(membertest.Command, taken, "value_does_not_fit")
		refused(membertest.Command, low, "value_unchanged")
	})
}
