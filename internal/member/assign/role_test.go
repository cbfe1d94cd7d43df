package assign_test

import (
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/membertest"
	"github.com/regulars/regulars/internal/sqldb"
)

func (f *fixture) rolesOf(who *member.Record) []string {
	f.Helper()
	found, err := f.Members.Find(f.Context(), membertest.Command, f.Community, who.ID)
	f.OK(err)
	return found.RoleIDs
}

func TestARoleIsGivenAndTakenWithItsTraces(t *testing.T) {
	each(t, func(f *fixture) {
		vip := f.NewRoles(access.RoleInput{Title: "vip", Order: 3})["vip"]
		ann := f.People("ann")[0]
		key := actor.Actor{Kind: actor.CommunityKey, KeyID: "k1", CommunityID: f.Community, CreatedBy: "command", Permissions: []actor.Permission{permission.ManageRoles}, Name: "sync"}
		for range 2 {
			got, err := f.Members.AddRole(f.Context(), key, f.Community, "ann@example.com", vip.ID, member.Source{Type: "api", ID: "k1"})
			if d := cmp.Diff([]string{vip.ID}, got.RoleIDs); err != nil || d != "" {
				t.Fatalf("%v %s", err, d)
			}
		}
		if d := cmp.Diff([]string{vip.ID}, f.rolesOf(ann)); d != "" {
			t.Error(d)
		}
		for range 2 {
			got, err := f.Members.RemoveRole(f.Context(), key, f.Community, ann.ID, vip.ID, member.Source{Type: "api", ID: "k1"})
			if err != nil || len(got.RoleIDs) != 0 {
				t.Fatalf("%v %v", got.RoleIDs, err)
			}
		}
		rows, err := f.DB.Query(f.Context(), "SELECT field_id, old_value, new_value, source_type, source_id, actor FROM field_history ORDER BY id")
		f.OK(err)
		defer func() { _ = rows.Close() }()
		var history [][6]string
		for rows.Next() {
			var h [6]string
			f.OK(rows.Scan(&h[0], &h[1], &h[2], &h[3], &h[4], &h[5]))
			history = append(history, h)
		}
		f.OK(rows.Err())
		want := [][6]string{
			{"role", "null", `["` + vip.ID + `"]`, "api", "k1", "key:k1"}, {"role", `["` + vip.ID + `"]`, "null", "api", "k1", "key:k1"},
		}
		if d := cmp.Diff(want, history); d != "" {
			t.Error(d)
		}
		events, err := sqldb.All(f.Context(), f.DB, sqldb.Value[string], "SELECT type FROM events ORDER BY id")
		if d := cmp.Diff([]string{"user.role_added", "user.role_removed"}, events); err != nil || d != "" {
			t.Errorf("%v %s", err, d)
		}
		entries, _, err := audit.List(f.Context(), f.DB, f.Community, audit.Filter{Action: "user.", Limit: 9})
		if err != nil || len(entries) != 2 || entries[1].Action != "user.add_role" || entries[1].ActorName != "sync" {
			t.Errorf("%v %v", entries, err)
		}
	})
}

func TestNobodyHandsOutWhatStandsAboveThem(t *testing.T) {
	each(t, func(f *fixture) {
		roles := f.NewRoles(
			access.RoleInput{Title: "low", Order: 2}, access.RoleInput{Title: "banner", Order: 3, ServerPermissions: map[string]bool{"ban_members": true}},
			access.RoleInput{Title: "manager", Order: 5, ServerPermissions: map[string]bool{"manage_roles": true}},
			access.RoleInput{Title: "same", Order: 5}, access.RoleInput{Title: "high", Order: 9},
		)
		people := map[string]*member.Record{}
		for _, r := range f.People("owner", "manager", "plain", "same", "high") {
			people[r.Username] = r
			if role, ok := roles[r.Username]; ok {
				_, err := f.Members.AddRole(f.Context(), membertest.Command, f.Community, r.ID, role.ID, member.Source{Type: "api"})
				f.OK(err)
			}
		}
		f.OK(f.Ownership.AddOwner(f.Context(), actor.Actor{Kind: actor.Command}, f.Community, people["owner"].ID))
		key := actor.Actor{Kind: actor.CommunityKey, CommunityID: f.Community, Permissions: []actor.Permission{actor.PermAll}}
		for _, c := range []struct {
			who, role, to string
			take          bool
			want          string
		}{
			{"manager", "low", "plain", false, ""},
			{"manager", "same", "plain", false, "rank_too_low"},
			{"manager", "manager", "plain", false, "rank_too_low"},
			{"manager", "high", "plain", false, "rank_too_low"},
			{"manager", "banner", "plain", false, "missing_permission"},
			{"manager", "low", "same", false, "rank_too_low"},
			{"manager", "low", "high", false, "rank_too_low"},
			{"manager", "low", "owner", false, "rank_too_low"},
			{"manager", "low", "manager", false, "rank_too_low"},
			{"manager", "manager", "manager", true, "rank_too_low"},
			{"manager", "high", "high", true, "rank_too_low"},
			{"manager", "low", "plain", true, ""},
			{"manager", "@all", "plain", true, "role_of_everyone"},
			{"owner", "high", "owner", false, ""},
			{"owner", "high", "high", true, ""},
			{"owner", "@all", "high", false, "role_of_everyone"},
			{"key", "high", "plain", false, ""},
			{"key", "low", "owner", false, "rank_too_low"},
		} {
			actor := key
			if c.who != "key" {
				actor = membertest.Session(people[c.who])
			}
			hand := f.Members.AddRole
			if c.take {
				hand = f.Members.RemoveRole
			}
			_, err := hand(f.Context(), actor, f.Community, people[c.to].ID, roles[c.role].ID, member.Source{Type: "api"})
			if c.want == "" && err != nil || c.want != "" && !errs.Is(err, c.want) {
				t.Errorf("%s %s to %s: %v, want %q", c.who, c.role, c.to, err, c.want)
			}
		}
		_, err := f.Members.AddRole(f.Context(), membertest.Command, f.Community, "nobody", roles["low"].ID, member.Source{Type: "api"})
		if !errs.Is(err, "user_not_found") {
			t.Error(err)
		}
		_, err = f.Members.AddRole(f.Context(), membertest.Command, f.Community, "plain", "0123456789abcdef01234567", member.Source{Type: "api"})
		if !errs.Is(err, "role_not_found") {
			t.Error(err)
		}
	})
}

func TestADeletedRoleLeavesEveryMemberInPieces(t *testing.T) {
	each(t, func(f *fixture) {
		roles := f.NewRoles(access.RoleInput{Title: "gone", Order: 2}, access.RoleInput{Title: "kept", Order: 1})
		people := f.People("ann", "bob", "cat", "dan")
		for i, r := range people {
			if i < 3 {
				_, err := f.Members.AddRole(f.Context(), membertest.Command, f.Community, r.ID, roles["gone"].ID, member.Source{Type: "api"})
				f.OK(err)
			}
			_, err := f.Members.AddRole(f.Context(), membertest.Command, f.Community, r.ID, roles["kept"].ID, member.Source{Type: "api"})
			f.OK(err)
		}
		f.OK(f.DB.Tx(f.Context(), func(tx *sqldb.Tx) error {
			_, err := member.SetState(f.Context(), tx, actor.Actor{}, f.Community, []string{people[1].ID}, member.Deleted, 1)
			return err
		}))
		f.OK(f.Members.DeleteRole(f.Context(), membertest.Command, f.Community, roles["gone"].ID))
		if _, err := access.RoleByID(f.Context(), f.DB, f.Community, roles["gone"].ID); !errs.Is(err, "role_not_found") {
			t.Error(err)
		}
		f.RunJobs()
		with, err := sqldb.All(f.Context(), f.DB, sqldb.Value[string], "SELECT roles FROM members ORDER BY user_id")
		f.OK(err)
		for _, text := range with {
			if text != `["`+roles["kept"].ID+`"]` {
				t.Errorf("roles %s", text)
			}
		}
		rows, err := sqldb.One(f.Context(), f.DB, "row", sqldb.Value[int], "SELECT count(*) FROM field_history WHERE source_type = 'role' AND source_id = $1 AND actor = 'command'", roles["gone"].ID)
		if err != nil || rows != 3 {
			t.Errorf("%d rows of history, %v", rows, err)
		}
		for code, roleID := range map[string]string{"role_not_found": roles["gone"].ID, "role_of_everyone": roles["@all"].ID} {
			if err := f.Members.DeleteRole(f.Context(), membertest.Command, f.Community, roleID); !errs.Is(err, code) {
				t.Errorf("%v, want %s", err, code)
			}
		}
		manager := f.People("eve")[0]
		if err := f.Members.DeleteRole(f.Context(), membertest.Session(manager), f.Community, roles["kept"].ID); !errs.Is(err, "rank_too_low") {
			t.Error(err)
		}
	})
}

func TestWhoGivesARoleThatIsBeingDeletedGivesNothingThatStays(t *testing.T) {
	each(t, func(f *fixture) {
		gone := f.NewRoles(access.RoleInput{Title: "gone"})["gone"]
		people := f.People("ann", "bob", "cat", "dan", "eve", "fay")
		var all sync.WaitGroup
		for i, r := range people {
			all.Go(func() {
				if i == 3 {
					f.OK(f.Members.DeleteRole(f.Context(), membertest.Command, f.Community, gone.ID))
					return
				}
				_, err := f.Members.AddRole(f.Context(), membertest.Command, f.Community, r.ID, gone.ID, member.Source{Type: "api"})
				if err != nil && !errs.Is(err, "role_not_found") {
					t.Error(err)
				}
			})
		}
		all.Wait()
		f.RunJobs()
		for _, r := range people {
			if left := f.rolesOf(r); len(left) != 0 {
				t.Errorf("%s still has %v", r.Username, left)
			}
		}
	})
}
