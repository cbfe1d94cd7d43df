package access_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// staff is a community with persons of different ranks.
type keyFixture struct {
	*fixture
	home  string
	ids   map[string]string // accounts by username
	roles map[string]access.Role
	held  map[string]string // secrets that the actor got, by key
}

var ranks = map[string]int{"high": 20, "left": 18, "suspended": 15, "low": 10, "moderator": 5}

func newKeyFixture(t *testing.T, db *sqldb.DB) *keyFixture {
	t.Helper()
	s := &keyFixture{newFixture(db), "", map[string]string{}, map[string]access.Role{}, nil}
	s.home = s.community(t, "Home")
	for _, name := range []string{"owner", "high", "left", "suspended", "low", "moderator", "member"} {
		s.ids[name] = s.account(t, name).ID
		if order, ok := ranks[name]; ok {
			role, err := s.CreateRole(t.Context(), actor.Actor{Kind: actor.Command}, s.home, access.RoleInput{
				Title: name, Order: order, ServerPermissions: map[string]bool{permission.ServerAdministrator: name != "moderator", permission.ManageRolesPermission: true},
			})
			if err != nil {
				t.Fatal(err)
			}
			s.roles[name] = role
		}
	}
	return s
}

// reset restores the first memberships and keys.
func (s *keyFixture) reset(t *testing.T) (keys []string) {
	t.Helper()
	if _, err := s.db.Exec(t.Context(), "DELETE FROM api_keys"); err != nil {
		t.Fatal(err)
	}
	s.held = map[string]string{}
	for name, id := range s.ids {
		membership := access.Membership{Member: true, Owner: name == "owner"}
		if role, ok := s.roles[name]; ok {
			membership.RoleIDs = []string{role.ID}
		}
		s.memberships.put(s.home, id, membership)
	}
	makers := []actor.Actor{{Kind: actor.Command}}
	for _, name := range []string{"owner", "high", "left", "suspended", "low"} {
		makers = append(makers, s.as(name))
	}
	for _, creator := range makers {
		key, _, err := s.CreateKey(t.Context(), creator, s.home, access.KeyInput{Name: "k", Permissions: []actor.Permission{permission.GetUserData}, ExpirePeriod: 9})
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, key.ID)
	}
	s.memberships.put(s.home, s.ids["left"], access.Membership{})
	s.memberships.put(s.home, s.ids["suspended"], access.Membership{Member: true, RoleIDs: []string{s.roles["suspended"].ID}, SuspendedUntil: s.now.Add(time.Hour).UnixMilli()})
	return keys
}

func (s *keyFixture) as(name string) actor.Actor {
	return actor.Actor{Kind: actor.Session, AccountID: s.ids[name]}
}

// acts names what an actor can do: by permission and by rank.
func (s *keyFixture) permissionsOf(t *testing.T, caller actor.Actor) map[string]bool {
	t.Helper()
	can := map[string]bool{}
	for _, need := range []actor.Permission{permission.ManageUser, permission.ManageRoles, permission.APIKeys, permission.GetUserData} {
		can[string(need)] = s.Can(t.Context(), caller, s.home, need) == nil
	}
	authority, err := access.AuthorityOf(t.Context(), s.db, s.memberships, caller, s.home)
	if err != nil {
		return can
	}
	for name, id := range s.ids {
		var roles []access.Role
		if role, ok := s.roles[name]; ok {
			roles = append(roles, role)
			can["assign the role "+name] = can[string(permission.ManageRoles)] && authority.OutranksRole(role)
		}
		can["change "+name] = can[string(permission.ManageUser)] && authority.OutranksMember(id, name == "owner", roles)
	}
	return can
}

// exceeds fails when a secret that the actor holds does more than limit.
func (s *keyFixture) exceeds(t *testing.T, rt *rapid.T, when string, limit map[string]bool, of func(access.Key) bool) {
	t.Helper()
	for keyID, secret := range s.held {
		caller, err := s.Authenticate(t.Context(), secret)
		if err != nil {
			continue
		}
		key, err := s.Key(t.Context(), command, s.home, keyID)
		if err != nil || !of(key) {
			continue
		}
		for act, can := range s.permissionsOf(t, caller) {
			if can && !limit[act] {
				rt.Fatalf("%s: a key made by %s can %s", when, key.CreatedBy, act)
			}
		}
	}
}

// call performs one random call as the person or with one of its keys.
func (s *keyFixture) call(t *testing.T, rt *rapid.T, member string, keys []string) []string {
	t.Helper()
	caller := s.as(member)
	if secrets := sortedSecrets(s.held); len(secrets) > 0 && rapid.Bool().Draw(rt, "by a key") {
		if got, err := s.Authenticate(t.Context(), rapid.SampledFrom(secrets).Draw(rt, "secret")); err == nil {
			caller = got
		}
	}
	wish := rapid.SampledFrom([][]actor.Permission{{actor.PermAll}, {permission.APIKeys, permission.ManageUser}, {permission.ManageRoles, permission.APIKeys}, {actor.PermSignIn}}).Draw(rt, "permissions")
	id := rapid.SampledFrom(keys).Draw(rt, "key")
	on, never := rapid.Bool().Draw(rt, "on"), 0
	switch rapid.IntRange(0, 5).Draw(rt, "call") {
	case 0:
		if key, secret, err := s.CreateKey(t.Context(), caller, s.home, access.KeyInput{Name: "n", Permissions: wish}); err == nil {
			s.held[key.ID] = secret
			keys = append(keys, key.ID)
		}
	case 1:
		_, _ = s.UpdateKey(t.Context(), caller, s.home, id, access.KeyChange{Permissions: wish, Active: &on})
	case 2:
		_, _ = s.UpdateKey(t.Context(), caller, s.home, id, access.KeyChange{ExpirePeriod: &never, Transfer: on})
	case 3:
		_, _ = s.UpdateKey(t.Context(), caller, s.home, id, access.KeyChange{Permissions: wish, Transfer: true})
	case 4, 5:
		if key, secret, err := s.RotateKey(t.Context(), caller, s.home, id, time.Hour); err == nil {
			s.held[key.ID] = secret
		}
	}
	return keys
}

func sortedSecrets(held map[string]string) (secrets []string) {
	for _, secret := range held {
		secrets = append(secrets, secret)
	}
	slices.Sort(secrets)
	return secrets
}

func TestNoSequenceOfCallsRaisesACredentialAboveItsOwner(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s := newKeyFixture(t, db)
		all := func(access.Key) bool { return true }
		rapid.Check(t, func(rt *rapid.T) {
			keys := s.reset(t)
			member := rapid.SampledFrom([]string{"low", "low", "high", "owner", "moderator", "member"}).Draw(rt, "actor")
			limit := s.permissionsOf(t, s.as(member))
			for range rapid.IntRange(1, 8).Draw(rt, "calls") {
				keys = s.call(t, rt, member, keys)
			}
			s.exceeds(t, rt, "after the calls", limit, all)
			for _, name := range []string{"left", "suspended"} {
				s.memberships.put(s.home, s.ids[name], access.Membership{Member: true, RoleIDs: []string{s.roles[name].ID}})
			}
			s.exceeds(t, rt, "after the others came back", limit, all)
			s.memberships.put(s.home, s.ids[member], access.Membership{Member: true})
			s.exceeds(t, rt, "after the role was lost", s.permissionsOf(t, s.as(member)), all)
		})
	})
}
