package access_test

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/account/signin"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// signInSetup returns a community with a key that signs members in, and a member.
func (w *fixture) signInSetup(t *testing.T) (home string, key actor.Actor, ann account.Account) {
	t.Helper()
	home = w.community(t, "Home")
	_, secret := w.key(t, home, access.KeyInput{Permissions: []actor.Permission{actor.PermSignIn}})
	key, err := w.Authenticate(t.Context(), secret)
	if err != nil {
		t.Fatal(err)
	}
	ann = w.account(t, "ann")
	w.memberships.put(home, ann.ID, access.Membership{Member: true})
	return home, key, ann
}

func (w *fixture) signInLink(t *testing.T, key actor.Actor, accountID string) (token string, created access.SignInLink) {
	t.Helper()
	created, err := w.CreateSignInLink(t.Context(), key, accountID, "shop.example.com")
	if err != nil {
		t.Fatal(err)
	}
	token, ok := strings.CutPrefix(created.URL, "https://club.example.com/link?token=")
	if !ok {
		t.Fatalf("a link to %s", created.URL)
	}
	return token, created
}

func TestSignInLinkWorksOnceForFiveMinutesInOneCommunity(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newFixture(db)
		home, key, ann := w.signInSetup(t)
		other := w.community(t, "Other")
		w.memberships.put(other, ann.ID, access.Membership{Member: true, Owner: true})
		late, _ := w.signInLink(t, key, ann.ID)
		w.advance(5 * time.Minute)
		_, _, err := w.RedeemLink(t.Context(), late, sessionInfo(""))
		mustFail(t, "five minutes later", err, errs.Gone, "link_expired")

		token, created := w.signInLink(t, key, ann.ID)
		session, account, err := w.RedeemLink(t.Context(), token, sessionInfo("192.0.2.1"))
		if err != nil || account.ID != ann.ID {
			t.Fatalf("%+v %v", account, err)
		}
		if stored, err := w.Account(t.Context(), ann.ID); err != nil || stored.SignedInAt != 0 {
			t.Errorf("the account has signed in at %d (%v)", stored.SignedInAt, err)
		}
		_, _, err = w.RedeemLink(t.Context(), token, sessionInfo(""))
		mustFail(t, "a second time", err, errs.Gone, "link_expired")

		caller, err := w.Authenticate(t.Context(), session)
		if err != nil || caller.SessionID != created.SessionID || caller.OnlyCommunity != home {
			t.Fatalf("%+v %v", caller, err)
		}
		if err := w.Can(t.Context(), caller, home, permission.AnyMember); err != nil {
			t.Error(err)
		}
		mustFail(t, "another community", w.Can(t.Context(), caller, other, permission.AnyMember), errs.NotFound, "community_not_found")
		if in, err := w.ResolveCommunity(t.Context(), caller, ""); err != nil || in != home {
			t.Errorf("its community is %q (%v)", in, err)
		}
		mustFail(t, "the account", w.CanAsPerson(caller, []actor.Permission{actor.PermSessionOnly}), errs.Forbidden, "limited_session")
		_, err = w.CreateCommunity(t.Context(), caller, community.Input{Name: "Third"})
		mustFail(t, "a community of their own", err, errs.Forbidden, "limited_session")
		if err := w.CanAsPerson(caller, []actor.Permission{permission.AnyPerson}); err != nil {
			t.Error(err)
		}
		list, err := w.Sessions.List(t.Context(), ann.ID)
		if err != nil || len(list) != 1 || list[0].Host != "shop.example.com" || list[0].CommunityID != home {
			t.Errorf("%+v %v", list, err)
		}
		log, _, err := audit.List(t.Context(), db, home, audit.Filter{Action: "session.link", Limit: 10})
		if err != nil || len(log) != 2 || log[0].Actor != key.Ref() || log[0].Target.Name != ann.ID {
			t.Errorf("%+v %v", log, err)
		}
	})
}

func TestMemberWithServerPermissionGetsNoSignInLink(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newFixture(db)
		home, key, ann := w.signInSetup(t)
		role := w.role(t, home, access.RoleInput{Title: "Greeter", ServerPermissions: permissionSet("create_invite")})
		talker := w.role(t, home, access.RoleInput{Title: "Talker", ChannelPermissions: permissionSet("post_messages")})
		for _, c := range []struct {
			name     string
			standing access.Membership
			code     string
		}{
			{"no member", access.Membership{}, "user_not_found"},
			{"the owner", access.Membership{Member: true, Owner: true}, "limited_session"},
			{"with a server permission", access.Membership{Member: true, RoleIDs: []string{role.ID}}, "limited_session"},
			{"with a say in channels only", access.Membership{Member: true, RoleIDs: []string{talker.ID}}, ""},
		} {
			w.memberships.put(home, ann.ID, c.standing)
			_, err := w.CreateSignInLink(t.Context(), key, ann.ID, "")
			if c.code == "" && err != nil || c.code != "" && !errs.Is(err, c.code) {
				t.Errorf("%s: %v", c.name, err)
			}
		}
		root, err := w.CreateAccount(t.Context(), signin.Input{Email: "root@example.com", Username: "root", InstallationOwner: true})
		if err != nil {
			t.Fatal(err)
		}
		w.memberships.put(home, root.ID, access.Membership{Member: true})
		_, err = w.CreateSignInLink(t.Context(), key, root.ID, "")
		mustFail(t, "the owner of the installation", err, errs.Forbidden, "limited_session")
		_, err = w.CreateSignInLink(t.Context(), key, "000000000000000000000000", "")
		mustFail(t, "nobody", err, errs.NotFound, "user_not_found")
	})
}

func TestLimitedSessionEndsWithTheMembershipOrAServerPermission(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newFixture(db)
		home, key, ann := w.signInSetup(t)
		role := w.role(t, home, access.RoleInput{Title: "Greeter", ServerPermissions: permissionSet("create_invite")})
		token, _ := w.signInLink(t, key, ann.ID)
		waiting, _ := w.signInLink(t, key, ann.ID)
		session, _, err := w.RedeemLink(t.Context(), token, sessionInfo(""))
		if err != nil {
			t.Fatal(err)
		}
		own, err := w.signIn(t, "ann", password, "")
		if err != nil {
			t.Fatal(err)
		}
		caller, err := w.Authenticate(t.Context(), session)
		if err != nil {
			t.Fatal(err)
		}
		w.memberships.put(home, ann.ID, access.Membership{Member: true, RoleIDs: []string{role.ID}})
		mustFail(t, "with a say since", w.Can(t.Context(), caller, home, permission.AnyMember), errs.Forbidden, "limited_session")
		_, _, err = w.RedeemLink(t.Context(), waiting, sessionInfo(""))
		mustFail(t, "a link, with a say since", err, errs.Forbidden, "limited_session")
		err = db.Tx(t.Context(), func(tx *sqldb.Tx) error {
			return access.EndSessionsIn(t.Context(), tx, home, []string{ann.ID}, []string{ann.ID})
		})
		if err != nil || w.countSessions(t, session) != 0 || w.countSessions(t, own) != 1 {
			t.Errorf("the wrong sessions ended (%v)", err)
		}
		w.memberships.put(home, ann.ID, access.Membership{Member: true})
		_, _, err = w.RedeemLink(t.Context(), waiting, sessionInfo(""))
		mustFail(t, "a link from before", err, errs.Gone, "link_expired")
	})
}

func TestSignInLinksNeedAKeyWithThePermission(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newFixture(db)
		home, _, ann := w.signInSetup(t)
		w.memberships.put(home, "boss", access.Membership{Member: true, Owner: true})
		for _, c := range []struct {
			actor actor.Actor
			code  string
		}{
			{actor.Actor{Kind: actor.CommunityKey, CommunityID: home, Permissions: []actor.Permission{actor.PermAll}}, "missing_permission"},
			{actor.Actor{Kind: actor.Session, AccountID: "boss", CommunityID: home}, "key_required"},
			{actor.Actor{Kind: actor.UserKey, AccountID: "boss", CommunityID: home, Permissions: []actor.Permission{actor.PermAll}}, "key_required"},
		} {
			_, err := w.CreateSignInLink(t.Context(), c.actor, ann.ID, "")
			mustFail(t, string(c.actor.Kind), err, errs.Forbidden, c.code)
		}
	})
}

func TestSignInLinkStartsOneSession(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newFixture(db)
		_, key, ann := w.signInSetup(t)
		token, _ := w.signInLink(t, key, ann.ID)
		var in atomic.Int32
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				if _, _, err := w.RedeemLink(t.Context(), token, sessionInfo("")); err == nil {
					in.Add(1)
				} else if !errs.Is(err, "link_expired") {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if in.Load() != 1 || w.count(t, "sessions") != 1 {
			t.Errorf("%d were signed in, %d sessions", in.Load(), w.count(t, "sessions"))
		}
	})
}

func TestDisabledKeyEndsItsSignInLinksAndSessions(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newFixture(db)
		home, _, ann := w.signInSetup(t)
		off, narrow := false, access.KeyChange{Permissions: []actor.Permission{permission.GetUserData}}
		for name, c := range map[string]struct {
			end      func(w *fixture, home, keyID string) error
			sessions bool // go on
		}{
			"deleted": {func(w *fixture, home, keyID string) error {
				return w.DeleteKey(t.Context(), actor.Actor{Kind: actor.Command}, home, keyID)
			}, false},
			"switched off": {func(w *fixture, home, keyID string) error {
				_, err := w.UpdateKey(t.Context(), actor.Actor{Kind: actor.Command}, home, keyID, access.KeyChange{Active: &off})
				return err
			}, false},
			"narrowed": {func(w *fixture, home, keyID string) error {
				_, err := w.UpdateKey(t.Context(), actor.Actor{Kind: actor.Command}, home, keyID, narrow)
				return err
			}, false},
			"rotated": {func(w *fixture, home, keyID string) error {
				_, _, err := w.RotateKey(t.Context(), actor.Actor{Kind: actor.Command}, home, keyID, 0)
				return err
			}, true},
		} {
			created, secret := w.key(t, home, access.KeyInput{Permissions: []actor.Permission{actor.PermSignIn, permission.GetUserData}})
			key, err := w.Authenticate(t.Context(), secret)
			if err != nil || key.KeyID != created.ID {
				t.Fatal(err)
			}
			used, _ := w.signInLink(t, key, ann.ID)
			unused, _ := w.signInLink(t, key, ann.ID)
			session, _, err := w.RedeemLink(t.Context(), used, sessionInfo(""))
			if err != nil {
				t.Fatal(err)
			}
			if err := c.end(w, home, key.KeyID); err != nil {
				t.Fatal(err)
			}
			if _, err := w.Authenticate(t.Context(), session); (err == nil) != c.sessions {
				t.Errorf("%s: the session: %v", name, err)
			}
			if _, _, err := w.RedeemLink(t.Context(), unused, sessionInfo("")); (err == nil) != c.sessions {
				t.Errorf("%s: the unused link: %v", name, err)
			}
		}
	})
}
