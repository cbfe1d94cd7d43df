package access_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/account/signin"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/mail"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

func (w *fixture) authenticate(t *testing.T, secret string) actor.Actor {
	t.Helper()
	caller, err := w.Authenticate(t.Context(), secret)
	if err != nil {
		t.Fatal(err)
	}
	return caller
}

func TestUserKeyNeedsItsOwnAndThePersonsPermission(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newFixture(db)
		home, other := w.community(t, "Home"), w.community(t, "Other")
		ann := w.account(t, "ann")
		session := w.session(t, "ann")
		in := access.KeyInput{Name: " Bot ", Permissions: []actor.Permission{permission.ManageRoles, permission.GetUserData}, Channels: []string{strings.Repeat("b", 24), strings.Repeat("a", 24)}, ExpirePeriod: 2}
		key, secret, err := w.CreateUserKey(t.Context(), session, account.Proof{}, in)
		if err != nil {
			t.Fatal(err)
		}
		want := actor.Actor{
			Kind: actor.UserKey, AccountID: ann.ID, KeyID: key.ID, Name: "Bot", Permissions: in.Permissions,
			Channels: []string{strings.Repeat("a", 24), strings.Repeat("b", 24)}, ExpiresAt: w.now.AddDate(0, 0, 2).UnixMilli(),
		}
		caller := w.authenticate(t, secret)
		if diff := cmp.Diff(want, caller); diff != "" || len(secret) != 64 {
			t.Error(diff)
		}
		if !caller.InChannel(strings.Repeat("a", 24)) || caller.InChannel(strings.Repeat("c", 24)) || !session.InChannel("x") {
			t.Error("the wrong channels")
		}
		role := w.role(t, home, access.RoleInput{Title: "Roles", ServerPermissions: permissionSet("manage_roles")})
		w.memberships.put(home, ann.ID, access.Membership{Member: true, RoleIDs: []string{role.ID}})
		for _, c := range []struct {
			name string
			in   string
			need actor.Permission
			code string
		}{
			{"both may", home, permission.ManageRoles, ""},
			{"the person may not", home, permission.GetUserData, "missing_permission"},
			{"the key may not", home, permission.ManageChannels, "missing_permission"},
			{"a member", home, permission.AnyMember, ""},
			{"no member", other, permission.ManageRoles, "community_not_found"},
		} {
			if err := w.Can(t.Context(), caller, c.in, c.need); c.code == "" && err != nil || c.code != "" && !errs.Is(err, c.code) {
				t.Errorf("%s: %v", c.name, err)
			}
		}
		keys, err := w.UserKeys(t.Context(), session)
		if err != nil || len(keys) != 1 || keys[0].UsedAt != w.now.UnixMilli() || keys[0].Hint != secret[60:] {
			t.Errorf("%+v %v", keys, err)
		}
		w.advance(48 * time.Hour)
		_, err = w.Authenticate(t.Context(), secret)
		mustFail(t, "two days later", err, errs.Unauthenticated, "credential_expired")
	})
}

func TestUserKeyIsUpdatedDisabledAndDeleted(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newFixture(db)
		w.account(t, "ann")
		bob := w.account(t, "bob")
		session, stranger := w.session(t, "ann"), w.session(t, "bob")
		key, secret, err := w.CreateUserKey(t.Context(), session, account.Proof{}, access.KeyInput{Name: "Bot", Permissions: []actor.Permission{actor.PermAll}})
		if err != nil {
			t.Fatal(err)
		}
		off, name := false, "Robot"
		_, err = w.UpdateUserKey(t.Context(), stranger, key.ID, access.KeyChange{Name: &name})
		mustFail(t, "a key of another person", err, errs.NotFound, "api_key_not_found")
		changed, err := w.UpdateUserKey(t.Context(), session, key.ID, access.KeyChange{Name: &name, Permissions: []actor.Permission{permission.Store}, Active: &off})
		key.Name, key.Permissions, key.Active, key.UpdatedAt = "Robot", []actor.Permission{permission.Store}, false, w.now.UnixMilli()
		if diff := cmp.Diff(key, changed); err != nil || diff != "" {
			t.Errorf("%v %s", err, diff)
		}
		_, err = w.Authenticate(t.Context(), secret)
		mustFail(t, "switched off", err, errs.Unauthenticated, "credential_inactive")
		on := true
		if _, err := w.UpdateUserKey(t.Context(), session, key.ID, access.KeyChange{Active: &on}); err != nil {
			t.Fatal(err)
		}
		if caller := w.authenticate(t, secret); len(caller.Permissions) != 1 || caller.Permissions[0] != permission.Store {
			t.Errorf("%+v", caller)
		}
		mustFail(t, "a key of another person", w.DeleteUserKey(t.Context(), actor.Actor{Kind: actor.Session, AccountID: bob.ID}, key.ID), errs.NotFound, "api_key_not_found")
		if err := w.DeleteUserKey(t.Context(), session, key.ID); err != nil {
			t.Fatal(err)
		}
		_, err = w.Authenticate(t.Context(), secret)
		mustFail(t, "deleted", err, errs.Unauthenticated, "invalid_credential")
	})
}

func TestUserKeyCannotCreateAKeyWithMorePermissions(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newFixture(db)
		home := w.community(t, "Home")
		ann := w.account(t, "ann")
		w.memberships.put(home, ann.ID, access.Membership{Member: true, Owner: true})
		session := w.session(t, "ann")
		channel, elsewhere := strings.Repeat("a", 24), strings.Repeat("b", 24)
		_, secret, err := w.CreateUserKey(t.Context(), session, account.Proof{}, access.KeyInput{
			Name: "maker", Permissions: []actor.Permission{permission.APIKeys, permission.Store}, Channels: []string{channel}, ExpirePeriod: 10,
		})
		if err != nil {
			t.Fatal(err)
		}
		creator := w.authenticate(t, secret)
		for _, c := range []struct {
			name string
			in   access.KeyInput
			code string
		}{
			{"the same", access.KeyInput{Permissions: []actor.Permission{permission.Store}, Channels: []string{channel}, ExpirePeriod: 10}, ""},
			{"a permission it lacks", access.KeyInput{Permissions: []actor.Permission{permission.Games}, Channels: []string{channel}, ExpirePeriod: 10}, "missing_permission"},
			{"all", access.KeyInput{Permissions: []actor.Permission{actor.PermAll}, Channels: []string{channel}, ExpirePeriod: 10}, "missing_permission"},
			{"another channel", access.KeyInput{Permissions: []actor.Permission{permission.Store}, Channels: []string{channel, elsewhere}, ExpirePeriod: 10}, "missing_permission"},
			{"all channels", access.KeyInput{Permissions: []actor.Permission{permission.Store}, ExpirePeriod: 10}, "missing_permission"},
			{"a day longer", access.KeyInput{Permissions: []actor.Permission{permission.Store}, Channels: []string{channel}, ExpirePeriod: 11}, "outlives_maker"},
			{"for ever", access.KeyInput{Permissions: []actor.Permission{permission.Store}, Channels: []string{channel}}, "outlives_maker"},
			{"to sign in", access.KeyInput{Permissions: []actor.Permission{actor.PermSignIn}, Channels: []string{channel}, ExpirePeriod: 10}, "invalid_input"},
		} {
			c.in.Name = "new"
			_, _, err := w.CreateUserKey(t.Context(), creator, account.Proof{}, c.in)
			if c.code == "" && err != nil || c.code != "" && !errs.Is(err, c.code) {
				t.Errorf("%s: %v", c.name, err)
			}
		}
		_, _, err = w.CreateKey(t.Context(), creator, home, access.KeyInput{Name: "c", Permissions: []actor.Permission{permission.Games}, ExpirePeriod: 1})
		mustFail(t, "a community's key", err, errs.Forbidden, "missing_permission")
		_, _, err = w.CreateUserKey(t.Context(), session, account.Proof{}, access.KeyInput{Name: "sign in", Permissions: []actor.Permission{actor.PermSignIn}})
		mustFail(t, "a person grants signIn", err, errs.Invalid, "invalid_input")
		every, _, err := w.CreateUserKey(t.Context(), session, account.Proof{}, access.KeyInput{Name: "every", Permissions: []actor.Permission{actor.PermAll}})
		if err != nil {
			t.Fatal(err)
		}
		name := "renamed"
		_, err = w.UpdateUserKey(t.Context(), creator, every.ID, access.KeyChange{Name: &name})
		mustFail(t, "a key that may more", err, errs.Forbidden, "missing_permission")
		_, err = w.UpdateUserKey(t.Context(), actor.Actor{Kind: actor.UserKey, AccountID: ann.ID, Permissions: []actor.Permission{permission.Store}}, every.ID, access.KeyChange{Name: &name})
		mustFail(t, "a key that manages none", err, errs.Forbidden, "missing_permission")
	})
}

func TestKeyUpdateIsAudited(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newFixture(db)
		home, other := w.community(t, "Home"), w.community(t, "Other")
		key, secret := w.key(t, home, access.KeyInput{Permissions: []actor.Permission{permission.Store}, ExpirePeriod: 2})
		_, few := w.key(t, home, access.KeyInput{Permissions: []actor.Permission{permission.APIKeys, permission.Store}, ExpirePeriod: 1})
		creator := w.authenticate(t, few)
		days, off, date := 5, false, "2026-04-07"
		for _, c := range []struct {
			name, community, key string
			actor                actor.Actor
			change               access.KeyChange
			code                 string
		}{
			{"of another community", other, key.ID, command, access.KeyChange{Active: &off}, "api_key_not_found"},
			{"by another community's key", other, key.ID, creator, access.KeyChange{Active: &off}, "wrong_community"},
			{"for longer than the maker", home, key.ID, creator, access.KeyChange{ExpirePeriod: &days}, "outlives_maker"},
			{"more than the maker", home, key.ID, creator, access.KeyChange{Permissions: []actor.Permission{permission.Games}}, "missing_permission"},
			{"no permission", home, key.ID, command, access.KeyChange{Permissions: []actor.Permission{}}, "invalid_input"},
			{"two ends", home, key.ID, command, access.KeyChange{ExpirePeriod: &days, ExpireDate: &date}, "invalid_input"},
		} {
			_, err := w.UpdateKey(t.Context(), c.actor, c.community, c.key, c.change)
			if !errs.Is(err, c.code) {
				t.Errorf("%s: %v", c.name, err)
			}
		}
		changed, err := w.UpdateKey(t.Context(), command, home, key.ID, access.KeyChange{ExpireDate: &date, Active: &off})
		end := time.Date(2026, 4, 8, 0, 0, 0, 0, time.UTC).UnixMilli()
		if err != nil || changed.ExpiresAt != end || changed.Active || changed.Name != key.Name {
			t.Errorf("%+v %v", changed, err)
		}
		_, err = w.Authenticate(t.Context(), secret)
		mustFail(t, "switched off", err, errs.Unauthenticated, "credential_inactive")
		if err := w.DeleteKey(t.Context(), command, home, key.ID); err != nil {
			t.Fatal(err)
		}
		log, _, err := audit.List(t.Context(), db, home, audit.Filter{Target: key.ID, Limit: 10})
		var actions []string
		for _, e := range log {
			actions = append(actions, string(e.Action)+" "+e.Actor)
		}
		if diff := cmp.Diff([]string{"api_key.delete command", "api_key.update command", "api_key.create command"}, actions); err != nil || diff != "" {
			t.Errorf("%v %s", err, diff)
		}
	})
}

func TestKeyExpiresOnADateOrAtATime(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newFixture(db) // on 2026-04-07 at 08:50:16
		home := w.community(t, "Home")
		for date, want := range map[string]string{
			"2026-04-07": "2026-04-08T00:00:00Z", "2026-04-07T08:50:17Z": "2026-04-07T08:50:17Z", "2026-04-07T11:00:00+02:00": "2026-04-07T09:00:00Z",
			"2026-04-06": "", "2026-04-07T08:50:16Z": "", "07.04.2027": "", "2036-04-09": "", "": "never",
		} {
			key, _, err := w.CreateKey(t.Context(), command, home, access.KeyInput{Name: "k", Permissions: []actor.Permission{permission.Store}, ExpireDate: date})
			got := time.UnixMilli(key.ExpiresAt).UTC().Format(time.RFC3339)
			if key.ExpiresAt == 0 {
				got = "never"
			}
			if want == "" && !errs.Is(err, "invalid_input") || want != "" && (err != nil || got != want) {
				t.Errorf("%q: %s %v, want %q", date, got, err, want)
			}
		}
	})
}

func TestUserKeyCannotChangeAKeyWithMorePermissions(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		h := newRankFixture(t, db)
		owner := h.account(t, "ann")
		h.memberships.put(h.id, owner.ID, access.Membership{Member: true, Owner: true})
		mine, _, err := h.CreateUserKey(t.Context(), actor.Actor{Kind: actor.UserKey, AccountID: owner.ID, Permissions: []actor.Permission{actor.PermAll}}, account.Proof{}, access.KeyInput{Name: "mine", Permissions: []actor.Permission{actor.PermAll}})
		if err != nil {
			t.Fatal(err)
		}
		_, secret, err := h.CreateUserKey(t.Context(), actor.Actor{Kind: actor.UserKey, AccountID: owner.ID, Permissions: []actor.Permission{actor.PermAll}}, account.Proof{}, access.KeyInput{Name: "few", Permissions: []actor.Permission{permission.APIKeys}})
		if err != nil {
			t.Fatal(err)
		}
		few := h.authenticate(t, secret)
		mustFail(t, "delete a person's", h.DeleteUserKey(t.Context(), few, mine.ID), errs.Forbidden, "missing_permission")
		_, err = h.UpdateUserKey(t.Context(), few, mine.ID, access.KeyChange{Permissions: []actor.Permission{permission.APIKeys}})
		mustFail(t, "weaken a person's", err, errs.Forbidden, "missing_permission")
	})
}

func TestUserKeyNeedsAProofAndSendsANotice(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newFixture(db)
		w.account(t, "ann")
		caller := w.session(t, "ann")
		w.advance(time.Hour)
		in := access.KeyInput{Name: "Bot", Permissions: []actor.Permission{actor.PermAll}}
		_, _, err := w.CreateUserKey(t.Context(), caller, account.Proof{}, in)
		mustFail(t, "no proof", err, errs.Forbidden, "proof_required")
		_, _, err = w.CreateUserKey(t.Context(), caller, account.Proof{Password: "wrong password!"}, in)
		mustFail(t, "a wrong one", err, errs.Unauthenticated, "wrong_password")
		w.sentMails(t)
		for _, end := range []func() error{
			func() error {
				return w.ChangePassword(t.Context(), caller, signin.PasswordChange{Current: password, New: "another password!"})
			},
			func() error { return w.Sessions.EndAll(t.Context(), caller.AccountID, "") },
		} {
			caller = w.authenticate(t, w.tokenOf(t, "ann", password, "another password!"))
			_, secret, err := w.CreateUserKey(t.Context(), caller, account.Proof{}, in)
			if err != nil {
				t.Fatal(err)
			}
			if sent := w.sentMails(t); len(sent) != 1 || sent[0].template != mail.SignInAdded {
				t.Errorf("%+v", sent)
			}
			if err := end(); err != nil {
				t.Fatal(err)
			}
			_, err = w.Authenticate(t.Context(), secret)
			mustFail(t, "afterwards", err, errs.Unauthenticated, "invalid_credential")
			w.sentMails(t)
		}
	})
}

// tokenOf signs in with the first password that is right.

func TestUnverifiedAccountCannotCreateAKey(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newFixture(db)
		w.account(t, "ann")
		if _, err := w.db.Exec(t.Context(), "UPDATE accounts SET email_verified_at = 0"); err != nil {
			t.Fatal(err)
		}
		_, _, err := w.CreateUserKey(t.Context(), w.session(t, "ann"), account.Proof{}, access.KeyInput{Name: "Bot", Permissions: []actor.Permission{actor.PermAll}})
		mustFail(t, "a key", err, errs.Forbidden, "email_not_verified")
	})
}
