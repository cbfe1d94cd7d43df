package member_test

import (
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sqldb"
)

// roles makes roles of the community by title; each allows what is named.
func (f *fixture) roles(ins ...access.RoleInput) map[string]access.Role {
	f.Helper()
	f.ok(access.EnsureEveryoneRole(f.Context(), f.db, f.community))
	a := f.auth()
	made := map[string]access.Role{}
	for _, in := range ins {
		role, err := a.CreateRole(f.Context(), command, f.community, in)
		f.ok(err)
		made[in.Title] = role
	}
	all, err := access.Roles(f.Context(), f.db, f.community)
	f.ok(err)
	made["@all"] = all[len(all)-1]
	return made
}

func (f *fixture) auth() *access.Access {
	c := clock.Clock{}
	return access.New(access.Deps{DB: f.db, Accounts: f.accounts(), Communities: community.New(f.db, c), Memberships: member.Memberships{}, Clock: c, Log: slog.New(slog.DiscardHandler)})
}

func (f *fixture) accounts() *account.Accounts {
	c := clock.Clock{}
	return account.New(account.Deps{
		DB: f.db, Clock: c, Log: slog.New(slog.DiscardHandler), AssignedUsername: member.Memberships{}.GivenName, LimitSession: access.LimitedSessions(member.Memberships{}, c), RevokeKeys: access.RevokeUserKeys,
	})
}

func session(who *member.Record) actor.Actor {
	return actor.Actor{Kind: actor.Session, AccountID: who.ID, Name: who.Username}
}

func (f *fixture) rolesOf(who *member.Record) []string {
	f.Helper()
	found, err := f.members.Find(f.Context(), f.community, who.ID)
	f.ok(err)
	return found.RoleIDs
}

func TestARoleIsGivenAndTakenWithItsTraces(t *testing.T) {
	each(t, func(f *fixture) {
		vip := f.roles(access.RoleInput{Title: "vip", Order: 3})["vip"]
		ann := f.people("ann")[0]
		key := actor.Actor{Kind: actor.CommunityKey, KeyID: "k1", CommunityID: f.community, Name: "sync"}
		for range 2 {
			got, err := f.members.AddRole(f.Context(), key, f.community, "ann@example.com", vip.ID, member.Source{Type: "api", ID: "k1"})
			if d := cmp.Diff([]string{vip.ID}, got.RoleIDs); err != nil || d != "" {
				t.Fatalf("%v %s", err, d)
			}
		}
		if d := cmp.Diff([]string{vip.ID}, f.rolesOf(ann)); d != "" {
			t.Error(d)
		}
		for range 2 {
			got, err := f.members.RemoveRole(f.Context(), key, f.community, ann.ID, vip.ID, member.Source{Type: "api", ID: "k1"})
			if err != nil || len(got.RoleIDs) != 0 {
				t.Fatalf("%v %v", got.RoleIDs, err)
			}
		}
		rows, err := f.db.Query(f.Context(), "SELECT field_id, old_value, new_value, source_type, source_id, actor FROM field_history ORDER BY id")
		f.ok(err)
		defer func() { _ = rows.Close() }()
		var history [][6]string
		for rows.Next() {
			var h [6]string
			f.ok(rows.Scan(&h[0], &h[1], &h[2], &h[3], &h[4], &h[5]))
			history = append(history, h)
		}
		f.ok(rows.Err())
		want := [][6]string{
			{"role", "null", `["` + vip.ID + `"]`, "api", "k1", "key:k1"}, {"role", `["` + vip.ID + `"]`, "null", "api", "k1", "key:k1"},
		}
		if d := cmp.Diff(want, history); d != "" {
			t.Error(d)
		}
		events, err := sqldb.All(f.Context(), f.db, sqldb.Value[string], "SELECT type FROM events ORDER BY id")
		if d := cmp.Diff([]string{"user.role_added", "user.role_removed"}, events); err != nil || d != "" {
			t.Errorf("%v %s", err, d)
		}
		entries, _, err := audit.List(f.Context(), f.db, f.community, audit.Filter{Action: "user.", Limit: 9})
		if err != nil || len(entries) != 2 || entries[1].Action != "user.add_role" || entries[1].ActorName != "sync" {
			t.Errorf("%v %v", entries, err)
		}
	})
}

func TestNobodyHandsOutWhatStandsAboveThem(t *testing.T) {
	each(t, func(f *fixture) {
		roles := f.roles(
			access.RoleInput{Title: "low", Order: 2}, access.RoleInput{Title: "banner", Order: 3, ServerPermissions: map[string]bool{"ban_members": true}},
			access.RoleInput{Title: "manager", Order: 5, ServerPermissions: map[string]bool{"manage_roles": true}},
			access.RoleInput{Title: "same", Order: 5}, access.RoleInput{Title: "high", Order: 9},
		)
		people := map[string]*member.Record{}
		for _, r := range f.people("owner", "manager", "plain", "same", "high") {
			people[r.Username] = r
			if role, ok := roles[r.Username]; ok {
				_, err := f.members.AddRole(f.Context(), command, f.community, r.ID, role.ID, member.Source{Type: "api"})
				f.ok(err)
			}
		}
		f.ok(f.members.AddOwner(f.Context(), f.community, people["owner"].ID))
		key := actor.Actor{Kind: actor.CommunityKey, CommunityID: f.community, Permissions: []actor.Permission{actor.PermAll}}
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
				actor = session(people[c.who])
			}
			hand := f.members.AddRole
			if c.take {
				hand = f.members.RemoveRole
			}
			_, err := hand(f.Context(), actor, f.community, people[c.to].ID, roles[c.role].ID, member.Source{Type: "api"})
			if c.want == "" && err != nil || c.want != "" && !errs.Is(err, c.want) {
				t.Errorf("%s %s to %s: %v, want %q", c.who, c.role, c.to, err, c.want)
			}
		}
		_, err := f.members.AddRole(f.Context(), command, f.community, "nobody", roles["low"].ID, member.Source{Type: "api"})
		if !errs.Is(err, "user_not_found") {
			t.Error(err)
		}
		_, err = f.members.AddRole(f.Context(), command, f.community, "plain", "0123456789abcdef01234567", member.Source{Type: "api"})
		if !errs.Is(err, "role_not_found") {
			t.Error(err)
		}
	})
}

func TestADeletedRoleLeavesEveryMemberInPieces(t *testing.T) {
	each(t, func(f *fixture) {
		roles := f.roles(access.RoleInput{Title: "gone", Order: 2}, access.RoleInput{Title: "kept", Order: 1})
		people := f.people("ann", "bob", "cat", "dan")
		for i, r := range people {
			if i < 3 {
				_, err := f.members.AddRole(f.Context(), command, f.community, r.ID, roles["gone"].ID, member.Source{Type: "api"})
				f.ok(err)
			}
			_, err := f.members.AddRole(f.Context(), command, f.community, r.ID, roles["kept"].ID, member.Source{Type: "api"})
			f.ok(err)
		}
		f.ok(f.db.Tx(f.Context(), func(tx *sqldb.Tx) error {
			_, err := member.SetState(f.Context(), tx, f.community, []string{people[1].ID}, member.Deleted, 1)
			return err
		}))
		f.ok(f.members.DeleteRole(f.Context(), command, f.community, roles["gone"].ID))
		if _, err := access.RoleByID(f.Context(), f.db, f.community, roles["gone"].ID); !errs.Is(err, "role_not_found") {
			t.Error(err)
		}
		f.work()
		with, err := sqldb.All(f.Context(), f.db, sqldb.Value[string], "SELECT roles FROM members ORDER BY user_id")
		f.ok(err)
		for _, text := range with {
			if text != `["`+roles["kept"].ID+`"]` {
				t.Errorf("roles %s", text)
			}
		}
		rows, err := sqldb.One(f.Context(), f.db, "row", sqldb.Value[int], "SELECT count(*) FROM field_history WHERE source_type = 'role' AND source_id = $1 AND actor = 'command'", roles["gone"].ID)
		if err != nil || rows != 3 {
			t.Errorf("%d rows of history, %v", rows, err)
		}
		for code, roleID := range map[string]string{"role_not_found": roles["gone"].ID, "role_of_everyone": roles["@all"].ID} {
			if err := f.members.DeleteRole(f.Context(), command, f.community, roleID); !errs.Is(err, code) {
				t.Errorf("%v, want %s", err, code)
			}
		}
		manager := f.people("eve")[0]
		if err := f.members.DeleteRole(f.Context(), session(manager), f.community, roles["kept"].ID); !errs.Is(err, "rank_too_low") {
			t.Error(err)
		}
	})
}

// work runs the engine until the queue is empty.
func (f *fixture) work() {
	f.Helper()
	engine := jobs.New(f.db, clock.Clock{}, slog.New(slog.DiscardHandler), jobs.EngineOptions{})
	f.members.TakeRoles(engine)
	f.members.RemoveTags(engine)
	f.ok(engine.Start(f.Context()))
	defer func() { f.ok(engine.Stop(f.Context())) }()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for range tick.C {
		left, err := sqldb.One(f.Context(), f.db, "job", sqldb.Value[int], "SELECT count(*) FROM jobs")
		f.ok(err)
		if left == 0 {
			return
		}
		if f.Context().Err() != nil {
			f.Fatal("jobs are left")
		}
	}
}

func TestWhoGivesARoleThatIsBeingDeletedGivesNothingThatStays(t *testing.T) {
	each(t, func(f *fixture) {
		gone := f.roles(access.RoleInput{Title: "gone"})["gone"]
		people := f.people("ann", "bob", "cat", "dan", "eve", "fay")
		var all sync.WaitGroup
		for i, r := range people {
			all.Go(func() {
				if i == 3 {
					f.ok(f.members.DeleteRole(f.Context(), command, f.community, gone.ID))
					return
				}
				_, err := f.members.AddRole(f.Context(), command, f.community, r.ID, gone.ID, member.Source{Type: "api"})
				if err != nil && !errs.Is(err, "role_not_found") {
					t.Error(err)
				}
			})
		}
		all.Wait()
		f.work()
		for _, r := range people {
			if left := f.rolesOf(r); len(left) != 0 {
				t.Errorf("%s still has %v", r.Username, left)
			}
		}
	})
}
