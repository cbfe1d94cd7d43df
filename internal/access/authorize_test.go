package access_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// place is a community as the reference sees it: what each role allows.
type referenceCommunity struct {
	id       string
	open     bool
	everyone []string
	roles    map[string][]string // by id
}

// allowed is Can in the slow way, a sentence at a time: the code it must
// answer, "" for yes.
func referenceCan(places []referenceCommunity, member fakeMemberships, a actor.Actor, communityID string, need actor.Permission) string {
	at := slices.IndexFunc(places, func(p referenceCommunity) bool { return p.id == communityID })
	switch a.Kind {
	case actor.Anonymous:
		return "authentication_required"
	case actor.Command:
		if at < 0 {
			return "community_not_found"
		}
		return ""
	case actor.Open:
		if at >= 0 && places[at].open && need == "bulkUpdateUser" {
			return ""
		}
		return "authentication_required"
	case actor.CommunityKey:
		if a.CommunityID != communityID {
			return "wrong_community"
		}
		if !keyHas(a, need) {
			return "missing_permission"
		}
		return ""
	case actor.UserKey:
		if !keyHas(a, need) {
			return "missing_permission"
		}
	}
	limited := a.OnlyCommunity != ""
	if limited && a.OnlyCommunity != communityID {
		return "community_not_found"
	}
	if limited && a.InstallationOwner {
		return "limited_session" // also in a community that no longer exists
	}
	if at < 0 {
		return "community_not_found"
	}
	if a.InstallationOwner {
		return ""
	}
	membership := member[communityID][a.AccountID]
	if !membership.Member {
		return "community_not_found"
	}
	if membership.Owner {
		return codeUnless(limited, "limited_session")
	}
	granted := slices.Clone(places[at].everyone)
	for _, role := range membership.RoleIDs {
		granted = append(granted, places[at].roles[role]...)
	}
	if limited && len(granted) > 0 {
		return "limited_session"
	}
	if need == "sendMessage" || need == "replyMessage" || need == "getMessages" {
		return ""
	}
	for _, name := range granted {
		if name == "server_administrator" || name == "manage_roles" && need == "roles" {
			return ""
		}
	}
	return "missing_permission"
}

func keyHas(a actor.Actor, need actor.Permission) bool {
	for _, p := range a.Permissions {
		if p == need || p == "*" && need != "signIn" {
			return true
		}
	}
	return false
}

func codeUnless(yes bool, code string) string {
	if yes {
		return code
	}
	return ""
}

func TestCanMatchesTheReferenceModel(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newFixture(db)
		var places []referenceCommunity
		anyRole := []string{"no such role"}
		for _, p := range []referenceCommunity{
			{open: true, roles: map[string][]string{"": nil, "a": {"server_administrator"}, "m": {"manage_roles", "kick_members"}, "k": {"kick_members", "allow_dm"}}},
			{roles: map[string][]string{"x": {"manage_roles"}, "y": {"server_administrator", "manage_roles"}}},
			{everyone: []string{"manage_roles"}, roles: map[string][]string{"z": {"allow_dm"}}},
			{},
		} {
			created, err := w.communities.Create(t.Context(), community.Input{Name: "c", Settings: community.Settings{OpenBulkImport: p.open}}, actor.Actor{})
			if err != nil {
				t.Fatal(err)
			}
			stored := referenceCommunity{id: created.ID, open: p.open, everyone: p.everyone, roles: map[string][]string{}}
			for title, grants := range p.roles {
				role := w.role(t, created.ID, access.RoleInput{Title: "role " + title, ServerPermissions: permissionSet(grants...)})
				stored.roles[role.ID] = grants
				anyRole = append(anyRole, role.ID)
			}
			if p.everyone != nil {
				if _, err := db.Exec(t.Context(), "UPDATE roles SET server_permissions = $1 WHERE community_id = $2 AND everyone",
					fmt.Sprintf(`{%q: true}`, p.everyone[0]), created.ID); err != nil {
					t.Fatal(err)
				}
			}
			places = append(places, stored)
		}
		ids := []string{places[0].id, places[1].id, places[2].id, places[3].id, "nowhere"}
		// Those that Can treats in a way of their own come up as often as all others.
		special := []actor.Permission{permission.ManageRoles, permission.ManageRoles, actor.PermSignIn, permission.BulkUpdateUser}
		rapid.Check(t, func(rt *rapid.T) {
			pick := func(from []string, label string) string { return rapid.SampledFrom(from).Draw(rt, label) }
			clear(w.memberships)
			for _, p := range places {
				w.memberships.put(p.id, "ann", access.Membership{
					Member: rapid.IntRange(0, 5).Draw(rt, "member") > 0, Owner: rapid.IntRange(0, 5).Draw(rt, "owner") == 0,
					RoleIDs: rapid.SliceOfN(rapid.SampledFrom(anyRole), 0, 3).Draw(rt, "roles"),
				})
			}
			caller := actor.Actor{
				Kind:      rapid.SampledFrom([]actor.Kind{actor.Session, actor.Session, actor.Session, actor.CommunityKey, actor.CommunityKey, actor.UserKey, actor.UserKey, actor.Open, actor.Anonymous, actor.Command}).Draw(rt, "kind"),
				AccountID: pick([]string{"ann", "ann", "ann", "stranger"}, "account"), CommunityID: pick(ids, "home"),
				Permissions:       rapid.SliceOfN(rapid.SampledFrom(permission.All()), 0, 4).Draw(rt, "permissions"),
				InstallationOwner: rapid.IntRange(0, 5).Draw(rt, "installation owner") == 0,
			}
			if rapid.Bool().Draw(rt, "everywhere at home") {
				caller.CommunityID = ids[0]
			}
			if caller.Kind == actor.Session && rapid.Bool().Draw(rt, "limited") {
				caller.OnlyCommunity, caller.MemberID = pick(ids, "limited to"), caller.AccountID
			}
			communityID, need := pick(ids, "community"), rapid.SampledFrom(append(permission.All(), "unknown")).Draw(rt, "need")
			if rapid.Bool().Draw(rt, "is special") {
				need = rapid.SampledFrom(special).Draw(rt, "special need")
			}
			err := w.Can(t.Context(), caller, communityID, need)
			if want := referenceCan(places, w.memberships, caller, communityID, need); want == "" && err != nil || want != "" && !errs.Is(err, want) {
				rt.Fatalf("%+v needs %s in %s: %v, want %q", caller, need, communityID, err, want)
			}
		})
	})
}

// TestLostPermissionEndsALongRequest covers requests whose body arrives slowly,
// and streams.
func TestLostPermissionEndsALongRequest(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newFixture(db)
		home, other := w.community(t, "Home"), w.community(t, "Other")
		role := w.role(t, home, access.RoleInput{Title: "Keys", ServerPermissions: permissionSet("server_administrator")})
		ann := w.account(t, "ann").ID
		for name, caller := range map[string]actor.Actor{
			"a session":         {Kind: actor.Session, AccountID: ann},
			"a person's key":    {Kind: actor.UserKey, AccountID: ann, Permissions: []actor.Permission{actor.PermAll}},
			"a community's key": {Kind: actor.CommunityKey, CommunityID: home, CreatedBy: "account:" + ann, Permissions: []actor.Permission{actor.PermAll}},
		} {
			t.Run(name, func(t *testing.T) {
				caller.Cache = &actor.Cache{}
				w.memberships.put(home, ann, access.Membership{Member: true, RoleIDs: []string{role.ID}})
				can := func(communityID string) error { return w.Can(t.Context(), caller, communityID, permission.APIKeys) }
				if err := can(home); err != nil {
					t.Fatal(err)
				}
				if err := can(other); !errs.Is(err, "community_not_found") && !errs.Is(err, "wrong_community") {
					t.Errorf("another community: %v", err)
				}
				w.memberships.put(home, ann, access.Membership{Member: true})
				if err := can(home); err != nil {
					t.Errorf("the next check of the request loads the grants again: %v", err)
				}
				w.advance(time.Second)
				if err := can(home); !errs.Is(err, "missing_permission") {
					t.Errorf("without the role: %v", err)
				}
				w.memberships.put(home, ann, access.Membership{Member: true, RoleIDs: []string{role.ID}, SuspendedUntil: w.clock.MS() + 60_000})
				w.advance(time.Second)
				if err := can(home); !errs.Is(err, "suspended") && !errs.Is(err, "key_maker_suspended") {
					t.Errorf("suspended: %v", err)
				}
			})
		}
	})
}

// TestRequestReadsTheMembershipOnce covers persons and keys. A transaction reads it again,
// and so does a request of somebody who was not a member.
func TestRequestReadsTheMembershipOnce(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newFixture(db)
		home := w.community(t, "Home")
		ann := w.account(t, "ann").ID
		role := w.role(t, home, access.RoleInput{Title: "Keys", ServerPermissions: permissionSet("server_administrator")})
		for name, caller := range map[string]actor.Actor{
			"a session":         {Kind: actor.Session, AccountID: ann},
			"a community's key": {Kind: actor.CommunityKey, CommunityID: home, CreatedBy: "account:" + ann, Permissions: []actor.Permission{actor.PermAll}},
		} {
			t.Run(name, func(t *testing.T) {
				caller.Cache = &actor.Cache{}
				rule := func(q sqldb.Querier) access.Rule {
					subject, err := w.ChannelActorOf(t.Context(), q, caller, home)
					if err != nil {
						t.Fatal(err)
					}
					return subject.FixedRule
				}
				w.memberships.put(home, ann, access.Membership{})
				if got := rule(db); got != access.RuleNotMember {
					t.Fatalf("not a member: %q", got)
				}
				w.memberships.put(home, ann, access.Membership{Member: true, RoleIDs: []string{role.ID}})
				joined := rule(db)
				if err := w.Can(t.Context(), caller, home, permission.APIKeys); err != nil || joined == access.RuleNotMember {
					t.Fatalf("joined meanwhile: %q, %v", joined, err)
				}
				w.memberships.put(home, ann, access.Membership{Member: true, SuspendedUntil: w.clock.MS() + 60_000})
				if got := rule(db); got != joined {
					t.Errorf("the next check of the request reads the membership again: %q", got)
				}
				if err := db.Tx(t.Context(), func(tx *sqldb.Tx) error {
					if got := rule(tx); got != access.RuleSuspended {
						t.Errorf("in a transaction: %q", got)
					}
					return nil
				}); err != nil {
					t.Fatal(err)
				}
				w.advance(time.Second)
				if got := rule(db); got != access.RuleSuspended {
					t.Errorf("a second later: %q", got)
				}
			})
		}
	})
}

func TestResolveCommunity(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newFixture(db)
		home, other := w.community(t, "Home"), w.community(t, "Other")
		w.memberships.put(home, "one", access.Membership{Member: true})
		w.memberships.put(home, "two", access.Membership{Member: true})
		w.memberships.put(other, "two", access.Membership{Member: true})
		key := actor.Actor{Kind: actor.CommunityKey, CommunityID: home}
		person := func(name string) actor.Actor { return actor.Actor{Kind: actor.Session, AccountID: name} }
		owner := actor.Actor{Kind: actor.Session, AccountID: "zero", InstallationOwner: true}
		for _, c := range []struct {
			name           string
			actor          actor.Actor
			explicit, want string
			code           string
		}{
			{"a key needs no name", key, "", home, ""},
			{"a key may name its own", key, home, home, ""},
			{"a key names another", key, other, "", "wrong_community"},
			{"a key names none that exists", key, "nowhere", "", "wrong_community"},
			{"one membership needs no name", person("one"), "", home, ""},
			{"a membership is named", person("one"), home, home, ""},
			{"a community of others", person("one"), other, "", "community_not_found"},
			{"two memberships need a name", person("two"), "", "", "community_required"},
			{"no membership needs a name", person("zero"), "", "", "community_required"},
			{"the owner of the installation", owner, other, other, ""},
			{"the owner names none that exists", owner, "nowhere", "", "community_not_found"},
			{"the command line names it", command, home, home, ""},
			{"the command line names none", command, "", "", "community_required"},
			{"the command line names a wrong one", command, "nowhere", "", "community_not_found"},
			{"an open import names it", actor.Actor{Kind: actor.Open}, home, home, ""},
			{"nobody", actor.Actor{}, home, "", "authentication_required"},
		} {
			got, err := w.ResolveCommunity(t.Context(), c.actor, c.explicit)
			if c.code == "" && (err != nil || got != c.want) || c.code != "" && !errs.Is(err, c.code) {
				t.Errorf("%s: %q %v, want %q %q", c.name, got, err, c.want, c.code)
			}
		}
	})
}

func TestContextCarriesTheActor(t *testing.T) {
	if got := actor.FromContext(t.Context()); got.Kind != actor.Anonymous {
		t.Errorf("%+v", got)
	}
	if got := actor.FromContext(actor.NewContext(t.Context(), command)); got.Kind != actor.Command || got.Ref() != "command" {
		t.Errorf("%+v", got)
	}
}
