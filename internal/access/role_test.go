package access_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

func (w *fixture) role(t *testing.T, communityID string, in access.RoleInput) access.Role {
	t.Helper()
	role, err := w.CreateRole(t.Context(), command, communityID, in)
	if err != nil {
		t.Fatal(err)
	}
	return role
}

func permissionSet(names ...string) map[string]bool {
	granted := map[string]bool{}
	for _, name := range names {
		granted[name] = true
	}
	return granted
}

func TestEveryCommunityHasTheEveryoneRole(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newFixture(db)
		home := w.community(t, "Home")
		if err := access.EnsureEveryoneRole(t.Context(), db, home); err != nil {
			t.Fatal(err)
		}
		roles, err := access.Roles(t.Context(), db, home)
		if err != nil || len(roles) != 1 {
			t.Fatalf("%v %v", roles, err)
		}
		r := roles[0]
		if r.Title != "@all" || !r.Everyone || r.GrantsServerPermission() || !r.GrantsPermission() || r.Order != 0 {
			t.Errorf("%+v", r)
		}
		mustFail(t, "no community", access.EnsureEveryoneRole(t.Context(), db, "nowhere"), errs.NotFound, "community_not_found")
	})
}

func TestRolesAreListedHighestFirst(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newFixture(db)
		home := w.community(t, "Home")
		low := w.role(t, home, access.RoleInput{Title: " vip ", Class: "#FFAA00", Order: 1, Billable: true, ChannelPermissions: permissionSet("pinable")})
		high := w.role(t, home, access.RoleInput{Title: "VIP", Order: 9, ServerPermissions: map[string]bool{"kick_members": true, "allow_dm": false}})
		if low.Title != "vip" || low.Class != "#ffaa00" || low.GrantsServerPermission() || !low.GrantsPermission() || !high.GrantsServerPermission() {
			t.Errorf("%+v %+v", low, high)
		}
		if len(high.ServerPermissions) != 14 || len(high.ChannelPermissions) != 10 {
			t.Errorf("a name is missing: %+v", high)
		}
		roles, err := access.Roles(t.Context(), db, home)
		if err != nil || len(roles) != 3 {
			t.Fatalf("%v %v", roles, err)
		}
		if diff := cmp.Diff([]access.Role{high, low}, roles[:2]); diff != "" || !roles[2].Everyone {
			t.Error(diff)
		}
		_, err = w.CreateRole(t.Context(), command, home, access.RoleInput{Title: "vip"})
		mustFail(t, "title", err, errs.Conflict, "title_taken")
		other := w.community(t, "Other")
		w.role(t, other, access.RoleInput{Title: "vip"})
	})
}

func TestEveryInvalidFieldOfARoleIsReported(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newFixture(db)
		home := w.community(t, "Home")
		_, err := w.CreateRole(t.Context(), command, home, access.RoleInput{
			Title: "a,b", Class: "red", Order: -1,
			ServerPermissions: permissionSet("fly", "swim", "allow_dm"), ChannelPermissions: permissionSet("dance"),
		})
		want := []string{"title", "class", "order", "server_permissions", "server_permissions", "channel_permissions"}
		if diff := cmp.Diff(want, fieldsOf(err)); diff != "" {
			t.Errorf("%v %s", err, diff)
		}
	})
}

func TestOnlyLowerRankedRolesCanBeCreated(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newFixture(db)
		home := w.community(t, "Home")
		manager := w.role(t, home, access.RoleInput{Title: "manager", Order: 5, ServerPermissions: permissionSet("manage_roles", "kick_members")})
		admin := w.role(t, home, access.RoleInput{Title: "admin", Order: 8, ServerPermissions: permissionSet("server_administrator")})
		helper := w.role(t, home, access.RoleInput{Title: "helper", Order: 9, ServerPermissions: permissionSet("kick_members")})
		w.memberships.put(home, "owner", access.Membership{Member: true, Owner: true})
		w.memberships.put(home, "manager", access.Membership{Member: true, RoleIDs: []string{manager.ID}})
		w.memberships.put(home, "admin", access.Membership{Member: true, RoleIDs: []string{admin.ID}})
		w.memberships.put(home, "helper", access.Membership{Member: true, RoleIDs: []string{helper.ID}})
		for _, c := range []struct {
			title, who string
			order      int
			grants     map[string]bool
			want       string
		}{
			{"1", "manager", 4, permissionSet("kick_members"), ""},
			{"2", "manager", 5, nil, "rank_too_low"},
			{"3", "manager", 4, permissionSet("ban_members"), "missing_permission"},
			{"4", "manager", 4, permissionSet("server_administrator"), "missing_permission"},
			{"5", "admin", 7, permissionSet("server_administrator"), ""},
			{"6", "admin", 8, nil, "rank_too_low"},
			{"7", "owner", 10000, permissionSet("server_administrator"), ""},
			{"8", "helper", 1, nil, "missing_permission"},
			{"9", "stranger", 1, nil, "community_not_found"},
		} {
			caller := actor.Actor{Kind: actor.Session, AccountID: c.who}
			_, err := w.CreateRole(t.Context(), caller, home, access.RoleInput{Title: c.title, Order: c.order, ServerPermissions: c.grants})
			if c.want == "" && err != nil || c.want != "" && !errs.Is(err, c.want) {
				t.Errorf("%s %s: %v, want %q", c.title, c.who, err, c.want)
			}
		}
	})
}
