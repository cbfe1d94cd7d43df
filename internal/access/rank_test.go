package access_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// rankFixture is a community with members of every rank.
type rankFixture struct {
	*fixture
	id    string
	roles map[string]access.Role
}

// newHall makes the roles low (2), same (5), manager (5, manage_roles and
// kick_members), admin (8, server_administrator) and high (9), and a person
// of each; owner owns the place, plain has no role, stranger is not there.
func newRankFixture(t *testing.T, db *sqldb.DB) rankFixture {
	t.Helper()
	h := rankFixture{fixture: newFixture(db), roles: map[string]access.Role{}}
	h.id = h.community(t, "Hall")
	for _, in := range []access.RoleInput{
		{Title: "low", Order: 2},
		{Title: "same", Order: 5},
		{Title: "manager", Order: 5, ServerPermissions: permissionSet("manage_roles", "kick_members")},
		{Title: "admin", Order: 8, ServerPermissions: permissionSet("server_administrator")},
		{Title: "high", Order: 9, ServerPermissions: permissionSet("ban_members")},
	} {
		h.roles[in.Title] = h.role(t, h.id, in)
		h.memberships.put(h.id, in.Title, access.Membership{Member: true, RoleIDs: []string{h.roles[in.Title].ID}})
	}
	everybody, err := access.Roles(t.Context(), db, h.id)
	if err != nil {
		t.Fatal(err)
	}
	h.roles["@all"] = everybody[len(everybody)-1]
	h.memberships.put(h.id, "owner", access.Membership{Member: true, Owner: true})
	h.memberships.put(h.id, "plain", access.Membership{Member: true})
	return h
}

func (h rankFixture) actor(member string) actor.Actor {
	switch member {
	case "key":
		return actor.Actor{Kind: actor.CommunityKey, KeyID: "k", CommunityID: h.id, Permissions: []actor.Permission{actor.PermAll}}
	case "command":
		return command
	case "installer":
		return actor.Actor{Kind: actor.Session, AccountID: member, InstallationOwner: true}
	case "nobody":
		return actor.Actor{}
	}
	return actor.Actor{Kind: actor.Session, AccountID: member}
}

func TestRankOrder(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		h := newRankFixture(t, db)
		targets := []string{"plain", "low", "same", "manager", "admin", "high", "owner"}
		for member, below := range map[string][]string{
			"plain": nil, "low": {"plain"}, "manager": {"plain", "low"}, "same": {"plain", "low"},
			"admin": {"plain", "low", "same", "manager"}, "high": {"plain", "low", "same", "manager", "admin"},
			"owner": targets[:6], "key": targets[:6], "command": targets, "installer": targets, "nobody": nil,
		} {
			for _, target := range targets {
				err := access.RequireHigherRank(t.Context(), db, h.memberships, h.actor(member), h.id, target)
				if want := slices.Contains(below, target); want != (err == nil) || err != nil && !errs.Is(err, "rank_too_low") {
					t.Errorf("%s over %s: %v", member, target, err)
				}
			}
		}
		err := access.RequireHigherRank(t.Context(), db, h.memberships, h.actor("stranger"), h.id, "plain")
		mustFail(t, "stranger", err, errs.NotFound, "community_not_found")
		other := h.community(t, "Other")
		foreign := h.actor("key")
		foreign.CommunityID = other
		err = access.RequireHigherRank(t.Context(), db, h.memberships, foreign, h.id, "plain")
		mustFail(t, "key of another community", err, errs.Forbidden, "rank_too_low")
	})
}

func TestOnlyLowerRankedRolesCanBeChanged(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		h := newRankFixture(t, db)
		order := func(n int) access.RoleChange { return access.RoleChange{Order: &n} }
		grant := func(names ...string) access.RoleChange {
			return access.RoleChange{ServerPermissions: permissionSet(names...)}
		}
		for _, c := range []struct {
			who, role string
			change    access.RoleChange
			want      string
		}{
			{"manager", "low", order(4), ""},
			{"manager", "low", order(5), "rank_too_low"},
			{"manager", "low", order(9), "rank_too_low"},
			{"manager", "same", order(1), "rank_too_low"},
			{"manager", "manager", order(9), "rank_too_low"},
			{"manager", "manager", grant("server_administrator"), "rank_too_low"},
			{"manager", "high", order(1), "rank_too_low"},
			{"manager", "low", grant("kick_members"), ""},
			{"manager", "low", grant("ban_members"), "missing_permission"},
			{"manager", "low", grant("server_administrator"), "missing_permission"},
			{"manager", "@all", grant("kick_members"), ""},
			{"manager", "@all", grant("ban_members"), "missing_permission"},
			{"manager", "low", access.RoleChange{ChannelPermissions: permissionSet("post_messages")}, ""},
			{"manager", "low", access.RoleChange{ChannelPermissions: permissionSet("post_analysis")}, "missing_permission"},
			{"manager", "low", access.RoleChange{ServerPermissions: map[string]bool{"kick_members": false}}, ""},
			{"admin", "low", grant("ban_members"), ""},
			{"admin", "high", order(7), "rank_too_low"},
			{"owner", "high", order(10), ""},
			{"key", "high", order(9), ""},
			{"plain", "low", order(1), "missing_permission"},
			{"high", "low", order(1), "missing_permission"},
			{"stranger", "low", order(1), "community_not_found"},
			{"nobody", "low", order(1), "authentication_required"},
			{"owner", "@all", order(1), "role_of_everyone"},
			{"command", "@all", access.RoleChange{Title: new("everybody")}, "role_of_everyone"},
			{"owner", "low", access.RoleChange{Title: new("high")}, "title_taken"},
			{"owner", "low", access.RoleChange{Title: new("@all")}, "title_taken"},
			{"owner", "low", access.RoleChange{Title: new("a,b"), Order: new(-1)}, "invalid_input"},
			{"owner", "low", grant("fly"), "invalid_input"},
		} {
			_, err := h.UpdateRole(t.Context(), h.actor(c.who), h.id, h.roles[c.role].ID, c.change)
			if c.want == "" && err != nil || c.want != "" && !errs.Is(err, c.want) {
				t.Errorf("%s changes %s: %v, want %q", c.who, c.role, err, c.want)
			}
		}
		_, err := h.UpdateRole(t.Context(), command, h.community(t, "Other"), h.roles["low"].ID, order(1))
		mustFail(t, "role of another community", err, errs.NotFound, "role_not_found")
	})
}

func TestRoleUpdateIsPartialAndAudited(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		h := newRankFixture(t, db)
		want := h.roles["manager"]
		want.Title, want.Class = "lead", "#00ff00"
		want.ServerPermissions["kick_members"], want.ServerPermissions["warn_members"] = false, true
		got, err := h.UpdateRole(t.Context(), h.actor("owner"), h.id, want.ID, access.RoleChange{
			Title: new(" lead "), Class: new("#00FF00"), ServerPermissions: map[string]bool{"kick_members": false, "warn_members": true},
		})
		if d := cmp.Diff(want, got); err != nil || d != "" {
			t.Fatalf("%v %s", err, d)
		}
		stored, err := access.RoleByID(t.Context(), db, h.id, want.ID)
		if d := cmp.Diff(want, stored); err != nil || d != "" {
			t.Fatalf("%v %s", err, d)
		}
		if _, err := h.UpdateRole(t.Context(), h.actor("owner"), h.id, want.ID, access.RoleChange{Title: new("lead")}); err != nil {
			t.Fatal(err)
		}
		entries, _, err := audit.List(t.Context(), db, h.id, audit.Filter{Action: "role.update", Limit: 9})
		if err != nil || len(entries) != 1 || entries[0].Actor != "account:owner" || entries[0].Target.ID != want.ID {
			t.Fatalf("%v %v", entries, err)
		}
		changes := []audit.Change{
			{Field: "title", Old: "manager", New: "lead"},
			{Field: "class", Old: "#808080", New: "#00ff00"},
			{Field: "warn_members", Old: false, New: true},
			{Field: "kick_members", Old: true, New: false},
		}
		if d := cmp.Diff(changes, entries[0].Changes); d != "" {
			t.Error(d)
		}
		created, _, err := audit.List(t.Context(), db, h.id, audit.Filter{Action: "role.create", Limit: 9})
		if err != nil || len(created) != 5 {
			t.Errorf("%d creations noted, %v", len(created), err)
		}
	})
}

func TestConcurrentRolesWithOneTitleConflict(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		h := newRankFixture(t, db)
		var all sync.WaitGroup
		failed := make([]error, 6)
		for i, role := range []string{"low", "same", "manager", "admin", "high"} {
			all.Go(func() {
				_, failed[i] = h.UpdateRole(t.Context(), command, h.id, h.roles[role].ID, access.RoleChange{Title: new("one")})
			})
		}
		all.Go(func() { _, failed[5] = h.CreateRole(t.Context(), command, h.id, access.RoleInput{Title: "one"}) })
		all.Wait()
		won := 0
		for _, err := range failed {
			if err == nil {
				won++
			} else if !errs.Is(err, "title_taken") {
				t.Error(err)
			}
		}
		if won != 1 {
			t.Errorf("%d won", won)
		}
	})
}

func TestCommunityHasAtMost250Roles(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newFixture(db)
		home := w.community(t, "Home")
		for i := range 249 {
			w.role(t, home, access.RoleInput{Title: fmt.Sprint(i)})
		}
		_, err := w.CreateRole(t.Context(), command, home, access.RoleInput{Title: "one more"})
		mustFail(t, "one more", err, errs.Conflict, "too_many_roles")
	})
}
