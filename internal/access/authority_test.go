package access_test

import (
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// keyBy creates a key as creator and returns it with its actor.
func (h rankFixture) keyBy(t *testing.T, creator actor.Actor, permissions ...actor.Permission) (access.Key, actor.Actor) {
	t.Helper()
	key, secret, err := h.CreateKey(t.Context(), creator, h.id, access.KeyInput{Name: "key", Permissions: permissions})
	if err != nil {
		t.Fatal(err)
	}
	return key, h.authenticate(t, secret)
}

func TestKeyStaysWithinCurrentPermissionsOfItsCreator(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		h := newRankFixture(t, db)
		admin := h.account(t, "ann")
		adminRole := access.Membership{Member: true, RoleIDs: []string{h.roles["admin"].ID}}
		h.memberships.put(h.id, admin.ID, adminRole)
		creator := actor.Actor{Kind: actor.Session, AccountID: admin.ID}
		_, key := h.keyBy(t, creator, actor.PermAll)
		parent, child := h.keyBy(t, key, actor.PermAll)
		assign := func(caller actor.Actor, role string) error {
			authority, err := access.AuthorityOf(t.Context(), db, h.memberships, caller, h.id)
			if err != nil {
				t.Fatal(err)
			}
			return authority.MayAssign(h.roles[role], true, "plain", false, nil)
		}
		for name, caller := range map[string]actor.Actor{"a key": key, "a key that the key made": child} {
			if err := assign(caller, "manager"); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			mustFail(t, name, assign(caller, "admin"), errs.Forbidden, "rank_too_low")
			mustFail(t, name, assign(caller, "high"), errs.Forbidden, "rank_too_low")
			h.memberships.put(h.id, admin.ID, access.Membership{Member: true, RoleIDs: []string{h.roles["manager"].ID}})
			if err := assign(caller, "low"); err != nil {
				t.Errorf("%s of who manages roles still: %v", name, err)
			}
			mustFail(t, name+" of a demoted creator", assign(caller, "manager"), errs.Forbidden, "rank_too_low")
			for _, next := range []access.Membership{{Member: true}, {}} {
				h.memberships.put(h.id, admin.ID, next)
				mustFail(t, name+" of a demoted creator", assign(caller, "low"), errs.Forbidden, "rank_too_low")
			}
			h.memberships.put(h.id, admin.ID, access.Membership{Member: true, Owner: true})
			if err := assign(caller, "high"); err != nil {
				t.Errorf("%s of an owner: %v", name, err)
			}
			h.memberships.put(h.id, admin.ID, adminRole)
		}
		if want := "account:" + admin.ID; parent.CreatedBy != want {
			t.Errorf("made by %q, want %q", parent.CreatedBy, want)
		}
		_, err := h.CreateRole(t.Context(), key, h.id, access.RoleInput{Title: "above", Order: 10})
		mustFail(t, "a role above the maker", err, errs.Forbidden, "rank_too_low")
	})
}

func TestKeyNeedsManageRolesToAssignServerRoles(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		h := newRankFixture(t, db)
		owner := h.account(t, "ann")
		h.memberships.put(h.id, owner.ID, access.Membership{Member: true, Owner: true})
		for _, kind := range []actor.Kind{actor.CommunityKey, actor.UserKey} {
			for _, c := range []struct {
				permission actor.Permission
				role, want string
			}{
				{permission.BulkUpdateUser, "manager", "missing_permission"},
				{permission.CreateUser, "high", "missing_permission"},
				{permission.BulkUpdateUser, "low", ""},
				{permission.ManageRoles, "manager", ""},
				{actor.PermAll, "high", ""},
			} {
				caller := actor.Actor{Kind: kind, KeyID: "k", AccountID: owner.ID, CommunityID: h.id, Permissions: []actor.Permission{c.permission}}
				authority, err := access.AuthorityOf(t.Context(), db, h.memberships, caller, h.id)
				if err != nil {
					t.Fatal(err)
				}
				for _, adding := range []bool{true, false} {
					err := authority.MayAssign(h.roles[c.role], adding, "plain", false, nil)
					if c.want == "" && err != nil || c.want != "" && !errs.Is(err, c.want) {
						t.Errorf("%s with %s, %s: %v", kind, c.permission, c.role, err)
					}
				}
			}
		}
	})
}

func TestRejectionNamesAnExistingPermission(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		h := newRankFixture(t, db)
		low := h.account(t, "ann")
		h.memberships.put(h.id, low.ID, access.Membership{Member: true, RoleIDs: []string{h.roles["low"].ID}})
		person := actor.Actor{Kind: actor.Session, AccountID: low.ID}
		weak := actor.Actor{Kind: actor.CommunityKey, CommunityID: h.id, CreatedBy: "account:" + low.ID}
		weakOfPerson := actor.Actor{Kind: actor.UserKey, AccountID: low.ID}
		bereft := weak
		bereft.Permissions = []actor.Permission{actor.PermAll}
		for need, c := range map[actor.Permission]struct{ role, key string }{
			permission.Ban:              {`"ban_members"`, "manageUser"},
			permission.CreateInvites:    {`"create_invite"`, "community"},
			permission.OverrideLanguage: {`"overwrite_language_settings"`, "community"},
			permission.ViewPenalties:    {"warn_members, suspend_members, kick_members, ban_members", "manageUser"},
			permission.ManageRoles:      {`"manage_roles"`, "roles"},
			permission.ManageChannels:   {`"manage_channels"`, "channels"},
			permission.GetUserData:      {`"server_administrator"`, "getUserData"},
			permission.ManageCommunity:  {`"server_administrator"`, "community"},
		} {
			for member, as := range map[string]struct {
				actor actor.Actor
				named string
			}{
				"a person": {person, c.role}, "a key": {weak, `"` + c.key + `"`}, "a person's key": {weakOfPerson, `"` + c.key + `"`}, "the maker of a key": {bereft, c.role},
			} {
				err := h.Can(t.Context(), as.actor, h.id, need)
				mustFail(t, member, err, errs.Forbidden, "missing_permission")
				if said := errs.From(err).Message; !strings.Contains(said, as.named) {
					t.Errorf("%s, %s: %s", member, need, said)
				}
			}
			authority, err := access.AuthorityOf(t.Context(), db, h.memberships, person, h.id)
			if err != nil {
				t.Fatal(err)
			}
			if said := errs.From(authority.Require(need, 0)).Message; !strings.Contains(said, c.role) {
				t.Errorf("later, %s: %s", need, said)
			}
		}
	})
}

func TestKeyCannotChangeAKeyWithMorePermissions(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		h := newRankFixture(t, db)
		owner := h.account(t, "ann")
		h.memberships.put(h.id, owner.ID, access.Membership{Member: true, Owner: true})
		session := actor.Actor{Kind: actor.Session, AccountID: owner.ID}
		strong, _ := h.keyBy(t, session, actor.PermAll)
		equal, _ := h.keyBy(t, session, permission.APIKeys)
		_, weak := h.keyBy(t, session, permission.APIKeys)
		mustFail(t, "delete", h.DeleteKey(t.Context(), weak, h.id, strong.ID), errs.Forbidden, "missing_permission")
		_, err := h.UpdateKey(t.Context(), weak, h.id, strong.ID, access.KeyChange{Active: new(false)})
		mustFail(t, "switch off", err, errs.Forbidden, "missing_permission")
		_, err = h.UpdateKey(t.Context(), weak, h.id, strong.ID, access.KeyChange{Permissions: []actor.Permission{permission.APIKeys}})
		mustFail(t, "weaken", err, errs.Forbidden, "missing_permission")
		if err := h.DeleteKey(t.Context(), weak, h.id, equal.ID); err != nil {
			t.Error(err)
		}
		if err := h.DeleteKey(t.Context(), session, h.id, strong.ID); err != nil {
			t.Error(err)
		}
	})
}
