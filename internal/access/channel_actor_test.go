package access_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// ruling is Decide in the slow way: it goes through all steps in the published
// order, keeps the answer so far, and remembers which step gave it.
func referenceDecision(s access.ChannelActor, channelID string, overrides []access.Override, permission string) (allowed bool, rule access.Rule, role string) {
	if s.FixedRule == access.RuleNotMember || s.FixedRule == access.RuleSuspended {
		return false, s.FixedRule, ""
	}
	if len(s.Channels) > 0 {
		listed := false
		for _, one := range s.Channels {
			listed = listed || one == channelID
		}
		if !listed {
			return false, access.RuleKeyChannels, ""
		}
	}
	if s.FixedRule != "" {
		return true, s.FixedRule, ""
	}
	for _, r := range s.Roles {
		if r.ServerPermissions["server_administrator"] {
			return true, access.RuleAdministrator, r.ID
		}
	}
	granted := func(names []string) bool { return slices.Contains(names, permission) }

	// What the roles allow together.
	allowed, rule = false, access.RuleNone
	for i := len(s.Roles) - 1; i >= 0; i-- { // the highest comes last and stays
		if s.Roles[i].ChannelPermissions[permission] {
			allowed, rule, role = true, access.RuleRole, s.Roles[i].ID
			if s.Roles[i].Everyone {
				rule = access.RuleEveryone
			}
		}
	}
	// The override of @all.
	for _, denying := range []bool{true, false} {
		for _, r := range s.Roles {
			for _, o := range overrides {
				if r.Everyone && o.RoleID == r.ID && (denying && granted(o.Deny) || !denying && granted(o.Allow)) {
					allowed, rule, role = !denying, access.RuleEveryoneOverride, r.ID
				}
			}
		}
	}
	// Those of the other roles: all denials, then all permissions.
	for _, denying := range []bool{true, false} {
		for i := len(s.Roles) - 1; i >= 0; i-- {
			r := s.Roles[i]
			for _, o := range overrides {
				if !r.Everyone && o.RoleID == r.ID && (denying && granted(o.Deny) || !denying && granted(o.Allow)) {
					allowed, rule, role = !denying, access.RuleRoleOverride, r.ID
				}
			}
		}
	}
	// The member's own.
	for _, denying := range []bool{true, false} {
		for _, o := range overrides {
			if s.MemberID != "" && o.UserID == s.MemberID && (denying && granted(o.Deny) || !denying && granted(o.Allow)) {
				allowed, rule, role = !denying, access.RuleMemberOverride, ""
			}
		}
	}
	return allowed, rule, role
}

func TestChannelOverridesAreResolvedInOrder(t *testing.T) {
	permissions := permission.ChannelPermissions[:3]
	granted := rapid.MapOf(rapid.SampledFrom(permissions), rapid.Bool())
	rapid.Check(t, func(t *rapid.T) {
		s := access.ChannelActor{MemberID: rapid.SampledFrom([]string{"ann", "bob", ""}).Draw(t, "account")}
		known := []string{"r1", "r2", "r3", "all"}
		for i, roleID := range known {
			everyone := roleID == "all"
			if !everyone && !rapid.Bool().Draw(t, "has "+roleID) {
				continue
			}
			role := access.Role{ID: roleID, Order: 9 - i, Everyone: everyone, ChannelPermissions: granted.Draw(t, roleID+" allows")}
			role.ServerPermissions = map[string]bool{"server_administrator": rapid.IntRange(0, 19).Draw(t, "administrator") == 0}
			s.Roles = append(s.Roles, role)
		}
		s.FixedRule = rapid.SampledFrom([]access.Rule{"", "", "", "", "", "", access.RuleOwner, access.RuleKey, access.RuleSuspended, access.RuleNotMember}).Draw(t, "always")
		s.Channels = rapid.SampledFrom([][]string{nil, nil, nil, {"here"}, {"there"}, {"there", "here"}}).Draw(t, "channels of the key")
		var overrides []access.Override
		for _, subject := range rapid.Permutation([]string{"r1", "r2", "r3", "all", "@ann", "@bob", "r9"}).Draw(t, "order") {
			o := access.Override{RoleID: subject}
			if subject[0] == '@' {
				o = access.Override{UserID: subject[1:]}
			}
			for _, permission := range permissions {
				switch rapid.IntRange(0, 3).Draw(t, subject+" "+permission) {
				case 0:
					o.Allow = append(o.Allow, permission)
				case 1:
					o.Deny = append(o.Deny, permission)
				}
			}
			overrides = append(overrides, o)
		}
		for _, permission := range permissions {
			got := s.Resolve("here", overrides, permission)
			allowed, rule, role := referenceDecision(s, "here", overrides, permission)
			if got.Allowed != allowed || got.Rule != rule || got.Role.ID != role {
				t.Fatalf("%s: %v %s %q, want %v %s %q", permission, got.Allowed, got.Rule, got.Role.ID, allowed, rule, role)
			}
		}
	})
}

func TestChannelActorHasItsRolesAndMembership(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		h := newRankFixture(t, db)
		home := h.id
		for name, membership := range map[string]access.Membership{
			"member": {Member: true, RoleIDs: []string{h.roles["low"].ID, "0123456789abcdef01234567"}}, "boss": {Member: true, Owner: true, SuspendedUntil: h.now.UnixMilli() + 1},
			"away": {Member: true, SuspendedUntil: h.now.UnixMilli() + 1}, "again": {Member: true, SuspendedUntil: h.now.UnixMilli()}, "left": {State: "left"},
		} {
			h.memberships.put(home, h.account(t, name).ID, membership)
		}
		for name, want := range map[string]struct {
			always access.Rule
			roles  []string
		}{
			"member": {"", []string{"low", "@all"}}, "boss": {access.RuleOwner, []string{"@all"}}, "away": {access.RuleSuspended, []string{"@all"}},
			"again": {"", []string{"@all"}}, "left": {access.RuleNotMember, []string{"@all"}},
		} {
			id, err := sqldb.One(t.Context(), db, "account", sqldb.Value[string], "SELECT id FROM accounts WHERE username_key = $1", name)
			if err != nil {
				t.Fatal(err)
			}
			for _, caller := range []actor.Actor{{Kind: actor.Session, AccountID: id}, {Kind: actor.UserKey, AccountID: id, Channels: []string{"c"}}} {
				s, err := h.ChannelActorOf(t.Context(), db, caller, home)
				var titles []string
				for _, r := range s.Roles {
					titles = append(titles, r.Title)
				}
				if err != nil || s.FixedRule != want.always || fmt.Sprint(titles) != fmt.Sprint(want.roles) || len(s.Channels) != len(caller.Channels) {
					t.Errorf("%s: %+v %v, want %v", name, s, err, want)
				}
			}
			elsewhere, err := h.ChannelActorOf(t.Context(), db, actor.Actor{Kind: actor.Session, AccountID: id, OnlyCommunity: "other"}, home)
			if err != nil || elsewhere.FixedRule != access.RuleNotMember {
				t.Errorf("%s with a session of another community: %+v %v", name, elsewhere, err)
			}
		}
		for rule, caller := range map[access.Rule]actor.Actor{
			access.RuleKey: h.actor("key"), access.RuleInstallationOwner: command, access.RuleNotMember: {Kind: actor.CommunityKey, CommunityID: "other"},
		} {
			if s, err := h.ChannelActorOf(t.Context(), db, caller, home); err != nil || s.FixedRule != rule {
				t.Errorf("%s: %+v %v", rule, s, err)
			}
		}
		if s, err := h.ChannelActorOfMember(t.Context(), db, home, "nobody"); err != nil || s.FixedRule != access.RuleNotMember {
			t.Errorf("nobody: %+v %v", s, err)
		}
	})
}
