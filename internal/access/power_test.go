package access_test

import (
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// keyBy makes a key as somebody and returns it with the actor it stands for.
func (h hall) keyBy(t *testing.T, maker actor.Actor, permissions ...actor.Permission) (access.Key, actor.Actor) {
	t.Helper()
	key, secret, err := h.CreateKey(t.Context(), maker, h.id, access.KeyInput{Name: "key", Permissions: permissions})
	if err != nil {
		t.Fatal(err)
	}
	return key, h.by(t, secret)
}

func TestAKeyReachesNoFurtherThanWhoMadeItDoesNow(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		h := newHall(t, db)
		admin := h.account(t, "ann")
		adminRole := access.Membership{Member: true, RoleIDs: []string{h.roles["admin"].ID}}
		h.standings.put(h.id, admin.ID, adminRole)
		maker := actor.Actor{Kind: actor.Session, AccountID: admin.ID}
		_, key := h.keyBy(t, maker, actor.PermAll)
		parent, child := h.keyBy(t, key, actor.PermAll)
		give := func(actor actor.Actor, role string) error {
			power, err := access.PowerOf(t.Context(), db, h.standings, actor, h.id)
			if err != nil {
				t.Fatal(err)
			}
			return power.MayHand(h.roles[role], true, "plain", false, nil)
		}
		for name, actor := range map[string]actor.Actor{"a key": key, "a key that the key made": child} {
			if err := give(actor, "manager"); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			mustFail(t, name, give(actor, "admin"), errs.Forbidden, "rank_too_low")
			mustFail(t, name, give(actor, "high"), errs.Forbidden, "rank_too_low")
			h.standings.put(h.id, admin.ID, access.Membership{Member: true, RoleIDs: []string{h.roles["manager"].ID}})
			if err := give(actor, "low"); err != nil {
				t.Errorf("%s of who manages roles still: %v", name, err)
			}
			mustFail(t, name+" of a demoted maker", give(actor, "manager"), errs.Forbidden, "rank_too_low")
			for _, next := range []access.Membership{{Member: true}, {}} {
				h.standings.put(h.id, admin.ID, next)
				mustFail(t, name+" of a demoted maker", give(actor, "low"), errs.Forbidden, "rank_too_low")
			}
			h.standings.put(h.id, admin.ID, access.Membership{Member: true, Owner: true})
			if err := give(actor, "high"); err != nil {
				t.Errorf("%s of an owner: %v", name, err)
			}
			h.standings.put(h.id, admin.ID, adminRole)
		}
		if want := "account:" + admin.ID; parent.CreatedBy != want {
			t.Errorf("made by %q, want %q", parent.CreatedBy, want)
		}
		_, err := h.CreateRole(t.Context(), key, h.id, access.RoleInput{Title: "above", Order: 10})
		mustFail(t, "a role above the maker", err, errs.Forbidden, "rank_too_low")
	})
}

func TestAKeyHandsRolesOfTheServerOnlyWhenItManagesRoles(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		h := newHall(t, db)
		owner := h.account(t, "ann")
		h.standings.put(h.id, owner.ID, access.Membership{Member: true, Owner: true})
		for _, kind := range []actor.Kind{actor.CommunityKey, actor.UserKey} {
			for _, c := range []struct {
				permission actor.Permission
				role, want string
			}{
				{access.BulkUpdateUser, "manager", "missing_permission"},
				{access.CreateUser, "high", "missing_permission"},
				{access.BulkUpdateUser, "low", ""},
				{access.ManageRoles, "manager", ""},
				{actor.PermAll, "high", ""},
			} {
				actor := actor.Actor{Kind: kind, KeyID: "k", AccountID: owner.ID, CommunityID: h.id, Permissions: []actor.Permission{c.permission}}
				power, err := access.PowerOf(t.Context(), db, h.standings, actor, h.id)
				if err != nil {
					t.Fatal(err)
				}
				for _, giving := range []bool{true, false} {
					err := power.MayHand(h.roles[c.role], giving, "plain", false, nil)
					if c.want == "" && err != nil || c.want != "" && !errs.Is(err, c.want) {
						t.Errorf("%s with %s, %s: %v", kind, c.permission, c.role, err)
					}
				}
			}
		}
	})
}

func TestARefusalNamesAPermissionThatCanBeGiven(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		h := newHall(t, db)
		low := h.account(t, "ann")
		h.standings.put(h.id, low.ID, access.Membership{Member: true, RoleIDs: []string{h.roles["low"].ID}})
		person := actor.Actor{Kind: actor.Session, AccountID: low.ID}
		weak := actor.Actor{Kind: actor.CommunityKey, CommunityID: h.id, CreatedBy: "account:" + low.ID}
		weakOfPerson := actor.Actor{Kind: actor.UserKey, AccountID: low.ID}
		bereft := weak
		bereft.Permissions = []actor.Permission{actor.PermAll}
		for need, c := range map[actor.Permission]struct{ role, key string }{
			access.MayBan:           {`"ban_members"`, "manageUser"},
			access.MayInvite:        {`"create_invite"`, "community"},
			access.OverrideLanguage: {`"overwrite_language_settings"`, "community"},
			access.MaySeePenalties:  {"warn_members, suspend_members, kick_members, ban_members", "manageUser"},
			access.ManageRoles:      {`"manage_roles"`, "roles"},
			access.Channels:         {`"manage_channels"`, "channels"},
			access.GetUserData:      {`"server_administrator"`, "getUserData"},
			access.Community:        {`"server_administrator"`, "community"},
		} {
			for who, as := range map[string]struct {
				actor actor.Actor
				named string
			}{
				"a person": {person, c.role}, "a key": {weak, `"` + c.key + `"`}, "a person's key": {weakOfPerson, `"` + c.key + `"`}, "the maker of a key": {bereft, c.role},
			} {
				err := h.Can(t.Context(), as.actor, h.id, need)
				mustFail(t, who, err, errs.Forbidden, "missing_permission")
				if said := errs.From(err).Message; !strings.Contains(said, as.named) {
					t.Errorf("%s, %s: %s", who, need, said)
				}
			}
			power, err := access.PowerOf(t.Context(), db, h.standings, person, h.id)
			if err != nil {
				t.Fatal(err)
			}
			if said := errs.From(power.Need(need, 0)).Message; !strings.Contains(said, c.role) {
				t.Errorf("later, %s: %s", need, said)
			}
		}
	})
}

func TestAKeyNeitherDeletesNorWeakensOneThatMayMore(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		h := newHall(t, db)
		owner := h.account(t, "ann")
		h.standings.put(h.id, owner.ID, access.Membership{Member: true, Owner: true})
		session := actor.Actor{Kind: actor.Session, AccountID: owner.ID}
		strong, _ := h.keyBy(t, session, actor.PermAll)
		equal, _ := h.keyBy(t, session, access.APIKeys)
		_, weak := h.keyBy(t, session, access.APIKeys)
		as := actor.NewContext(t.Context(), weak)
		mustFail(t, "delete", h.DeleteKey(as, h.id, strong.ID), errs.Forbidden, "missing_permission")
		_, err := h.UpdateKey(as, weak, h.id, strong.ID, access.KeyChange{Active: new(false)})
		mustFail(t, "switch off", err, errs.Forbidden, "missing_permission")
		_, err = h.UpdateKey(as, weak, h.id, strong.ID, access.KeyChange{Permissions: []actor.Permission{access.APIKeys}})
		mustFail(t, "weaken", err, errs.Forbidden, "missing_permission")
		if err := h.DeleteKey(as, h.id, equal.ID); err != nil {
			t.Error(err)
		}
		if err := h.DeleteKey(actor.NewContext(t.Context(), session), h.id, strong.ID); err != nil {
			t.Error(err)
		}
	})
}
