package auth_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/auth"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

func (w *world) by(t *testing.T, secret string) actor.Actor {
	t.Helper()
	actor, err := w.Authenticate(t.Context(), secret)
	if err != nil {
		t.Fatal(err)
	}
	return actor
}

func TestAPersonsKeyMayWhatItAllowsAndThePersonMay(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		home, other := w.community(t, "Home"), w.community(t, "Other")
		ann := w.account(t, "ann")
		session := w.session(t, "ann")
		in := auth.KeyInput{Name: " Bot ", Permissions: []actor.Permission{auth.ManageRoles, auth.GetUserData}, Channels: []string{strings.Repeat("b", 24), strings.Repeat("a", 24)}, ExpirePeriod: 2}
		key, secret, err := w.CreateUserKey(t.Context(), session, auth.Proof{}, in)
		if err != nil {
			t.Fatal(err)
		}
		want := actor.Actor{
			Kind: actor.UserKey, AccountID: ann.ID, KeyID: key.ID, Name: "Bot", Permissions: in.Permissions,
			Channels: []string{strings.Repeat("a", 24), strings.Repeat("b", 24)}, ExpiresAt: w.now.AddDate(0, 0, 2).UnixMilli(),
		}
		caller := w.by(t, secret)
		if diff := cmp.Diff(want, caller); diff != "" || len(secret) != 64 {
			t.Error(diff)
		}
		if !caller.InChannel(strings.Repeat("a", 24)) || caller.InChannel(strings.Repeat("c", 24)) || !session.InChannel("x") {
			t.Error("the wrong channels")
		}
		role := w.role(t, home, auth.RoleInput{Title: "Roles", ServerPermissions: may("manage_roles")})
		w.standings.put(home, ann.ID, auth.Standing{Member: true, RoleIDs: []string{role.ID}})
		for _, c := range []struct {
			name string
			in   string
			need actor.Permission
			code string
		}{
			{"both may", home, auth.ManageRoles, ""},
			{"the person may not", home, auth.GetUserData, "missing_permission"},
			{"the key may not", home, auth.Channels, "missing_permission"},
			{"a member", home, auth.BeMember, ""},
			{"no member", other, auth.ManageRoles, "community_not_found"},
		} {
			if err := w.Can(t.Context(), caller, c.in, c.need); c.code == "" && err != nil || c.code != "" && !errs.Is(err, c.code) {
				t.Errorf("%s: %v", c.name, err)
			}
		}
		keys, err := w.UserKeys(t.Context(), ann.ID)
		if err != nil || len(keys) != 1 || keys[0].UsedAt != w.now.UnixMilli() || keys[0].Hint != secret[60:] {
			t.Errorf("%+v %v", keys, err)
		}
		w.pass(48 * time.Hour)
		_, err = w.Authenticate(t.Context(), secret)
		mustFail(t, "two days later", err, errs.Unauthenticated, "credential_expired")
	})
}

func TestAKeyOfAPersonIsChangedSwitchedOffAndDeleted(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		w.account(t, "ann")
		bob := w.account(t, "bob")
		session, stranger := w.session(t, "ann"), w.session(t, "bob")
		key, secret, err := w.CreateUserKey(t.Context(), session, auth.Proof{}, auth.KeyInput{Name: "Bot", Permissions: []actor.Permission{actor.PermAll}})
		if err != nil {
			t.Fatal(err)
		}
		off, name := false, "Robot"
		_, err = w.UpdateUserKey(t.Context(), stranger, key.ID, auth.KeyChange{Name: &name})
		mustFail(t, "somebody else's", err, errs.NotFound, "api_key_not_found")
		changed, err := w.UpdateUserKey(t.Context(), session, key.ID, auth.KeyChange{Name: &name, Permissions: []actor.Permission{auth.Store}, Active: &off})
		key.Name, key.Permissions, key.Active, key.UpdatedAt = "Robot", []actor.Permission{auth.Store}, false, w.now.UnixMilli()
		if diff := cmp.Diff(key, changed); err != nil || diff != "" {
			t.Errorf("%v %s", err, diff)
		}
		_, err = w.Authenticate(t.Context(), secret)
		mustFail(t, "switched off", err, errs.Unauthenticated, "credential_inactive")
		on := true
		if _, err := w.UpdateUserKey(t.Context(), session, key.ID, auth.KeyChange{Active: &on}); err != nil {
			t.Fatal(err)
		}
		if actor := w.by(t, secret); len(actor.Permissions) != 1 || actor.Permissions[0] != auth.Store {
			t.Errorf("%+v", actor)
		}
		mustFail(t, "somebody else's", w.DeleteUserKey(t.Context(), bob.ID, key.ID), errs.NotFound, "api_key_not_found")
		if err := w.DeleteUserKey(t.Context(), session.AccountID, key.ID); err != nil {
			t.Fatal(err)
		}
		_, err = w.Authenticate(t.Context(), secret)
		mustFail(t, "deleted", err, errs.Unauthenticated, "invalid_credential")
	})
}

func TestAKeyOfAPersonMakesNoKeyThatMayMoreThanItself(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		home := w.community(t, "Home")
		ann := w.account(t, "ann")
		w.standings.put(home, ann.ID, auth.Standing{Member: true, Owner: true})
		session := w.session(t, "ann")
		channel, elsewhere := strings.Repeat("a", 24), strings.Repeat("b", 24)
		_, secret, err := w.CreateUserKey(t.Context(), session, auth.Proof{}, auth.KeyInput{
			Name: "maker", Permissions: []actor.Permission{auth.APIKeys, auth.Store}, Channels: []string{channel}, ExpirePeriod: 10,
		})
		if err != nil {
			t.Fatal(err)
		}
		maker := w.by(t, secret)
		for _, c := range []struct {
			name string
			in   auth.KeyInput
			code string
		}{
			{"the same", auth.KeyInput{Permissions: []actor.Permission{auth.Store}, Channels: []string{channel}, ExpirePeriod: 10}, ""},
			{"a permission it lacks", auth.KeyInput{Permissions: []actor.Permission{auth.Games}, Channels: []string{channel}, ExpirePeriod: 10}, "missing_permission"},
			{"all", auth.KeyInput{Permissions: []actor.Permission{actor.PermAll}, Channels: []string{channel}, ExpirePeriod: 10}, "missing_permission"},
			{"another channel", auth.KeyInput{Permissions: []actor.Permission{auth.Store}, Channels: []string{channel, elsewhere}, ExpirePeriod: 10}, "missing_permission"},
			{"all channels", auth.KeyInput{Permissions: []actor.Permission{auth.Store}, ExpirePeriod: 10}, "missing_permission"},
			{"a day longer", auth.KeyInput{Permissions: []actor.Permission{auth.Store}, Channels: []string{channel}, ExpirePeriod: 11}, "outlives_maker"},
			{"for ever", auth.KeyInput{Permissions: []actor.Permission{auth.Store}, Channels: []string{channel}}, "outlives_maker"},
			{"to sign in", auth.KeyInput{Permissions: []actor.Permission{actor.PermSignIn}, Channels: []string{channel}, ExpirePeriod: 10}, "invalid_input"},
		} {
			c.in.Name = "new"
			_, _, err := w.CreateUserKey(t.Context(), maker, auth.Proof{}, c.in)
			if c.code == "" && err != nil || c.code != "" && !errs.Is(err, c.code) {
				t.Errorf("%s: %v", c.name, err)
			}
		}
		_, _, err = w.CreateKey(t.Context(), maker, home, auth.KeyInput{Name: "c", Permissions: []actor.Permission{auth.Games}, ExpirePeriod: 1})
		mustFail(t, "a community's key", err, errs.Forbidden, "missing_permission")
		_, _, err = w.CreateUserKey(t.Context(), session, auth.Proof{}, auth.KeyInput{Name: "sign in", Permissions: []actor.Permission{actor.PermSignIn}})
		mustFail(t, "a person gives signIn", err, errs.Invalid, "invalid_input")
		every, _, err := w.CreateUserKey(t.Context(), session, auth.Proof{}, auth.KeyInput{Name: "every", Permissions: []actor.Permission{actor.PermAll}})
		if err != nil {
			t.Fatal(err)
		}
		name := "renamed"
		_, err = w.UpdateUserKey(t.Context(), maker, every.ID, auth.KeyChange{Name: &name})
		mustFail(t, "a key that may more", err, errs.Forbidden, "missing_permission")
		_, err = w.UpdateUserKey(t.Context(), actor.Actor{Kind: actor.UserKey, AccountID: ann.ID, Permissions: []actor.Permission{auth.Store}}, every.ID, auth.KeyChange{Name: &name})
		mustFail(t, "a key that manages none", err, errs.Forbidden, "missing_permission")
	})
}

func TestAKeyOfACommunityIsChangedAndTheLogSaysBy(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		home, other := w.community(t, "Home"), w.community(t, "Other")
		key, secret := w.key(t, home, auth.KeyInput{Permissions: []actor.Permission{auth.Store}, ExpirePeriod: 2})
		_, few := w.key(t, home, auth.KeyInput{Permissions: []actor.Permission{auth.APIKeys, auth.Store}, ExpirePeriod: 1})
		maker := w.by(t, few)
		days, off, date := 5, false, "2026-04-07"
		for _, c := range []struct {
			name, community, key string
			actor                actor.Actor
			change               auth.KeyChange
			code                 string
		}{
			{"of another community", other, key.ID, command, auth.KeyChange{Active: &off}, "api_key_not_found"},
			{"by another community's key", other, key.ID, maker, auth.KeyChange{Active: &off}, "wrong_community"},
			{"for longer than the maker", home, key.ID, maker, auth.KeyChange{ExpirePeriod: &days}, "outlives_maker"},
			{"more than the maker", home, key.ID, maker, auth.KeyChange{Permissions: []actor.Permission{auth.Games}}, "missing_permission"},
			{"no permission", home, key.ID, command, auth.KeyChange{Permissions: []actor.Permission{}}, "invalid_input"},
			{"two ends", home, key.ID, command, auth.KeyChange{ExpirePeriod: &days, ExpireDate: &date}, "invalid_input"},
		} {
			_, err := w.UpdateKey(t.Context(), c.actor, c.community, c.key, c.change)
			if !errs.Is(err, c.code) {
				t.Errorf("%s: %v", c.name, err)
			}
		}
		changed, err := w.UpdateKey(t.Context(), command, home, key.ID, auth.KeyChange{ExpireDate: &date, Active: &off})
		end := time.Date(2026, 4, 8, 0, 0, 0, 0, time.UTC).UnixMilli()
		if err != nil || changed.ExpiresAt != end || changed.Active || changed.Name != key.Name {
			t.Errorf("%+v %v", changed, err)
		}
		_, err = w.Authenticate(t.Context(), secret)
		mustFail(t, "switched off", err, errs.Unauthenticated, "credential_inactive")
		if err := w.DeleteKey(actor.NewContext(t.Context(), command), home, key.ID); err != nil {
			t.Fatal(err)
		}
		log, _, err := audit.List(t.Context(), db, home, audit.Filter{Target: key.ID, Limit: 10})
		var actions []string
		for _, e := range log {
			actions = append(actions, e.Action+" "+e.Actor)
		}
		if diff := cmp.Diff([]string{"api_key.delete command", "api_key.update command", "api_key.create command"}, actions); err != nil || diff != "" {
			t.Errorf("%v %s", err, diff)
		}
	})
}

func TestTheEndOfAKeyIsADayOrAMoment(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db) // on 2026-04-07 at 08:50:16
		home := w.community(t, "Home")
		for date, want := range map[string]string{
			"2026-04-07": "2026-04-08T00:00:00Z", "2026-04-07T08:50:17Z": "2026-04-07T08:50:17Z", "2026-04-07T11:00:00+02:00": "2026-04-07T09:00:00Z",
			"2026-04-06": "", "2026-04-07T08:50:16Z": "", "07.04.2027": "", "2036-04-09": "", "": "never",
		} {
			key, _, err := w.CreateKey(t.Context(), command, home, auth.KeyInput{Name: "k", Permissions: []actor.Permission{auth.Store}, ExpireDate: date})
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

func TestAKeyOfAPersonNeitherDeletesNorWeakensOneThatMayMore(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		h := newHall(t, db)
		owner := h.account(t, "ann")
		h.standings.put(h.id, owner.ID, auth.Standing{Member: true, Owner: true})
		mine, _, err := h.CreateUserKey(t.Context(), actor.Actor{Kind: actor.UserKey, AccountID: owner.ID, Permissions: []actor.Permission{actor.PermAll}}, auth.Proof{}, auth.KeyInput{Name: "mine", Permissions: []actor.Permission{actor.PermAll}})
		if err != nil {
			t.Fatal(err)
		}
		_, secret, err := h.CreateUserKey(t.Context(), actor.Actor{Kind: actor.UserKey, AccountID: owner.ID, Permissions: []actor.Permission{actor.PermAll}}, auth.Proof{}, auth.KeyInput{Name: "few", Permissions: []actor.Permission{auth.APIKeys}})
		if err != nil {
			t.Fatal(err)
		}
		few := h.by(t, secret)
		mustFail(t, "delete a person's", h.DeleteUserKey(actor.NewContext(t.Context(), few), owner.ID, mine.ID), errs.Forbidden, "missing_permission")
		_, err = h.UpdateUserKey(t.Context(), few, mine.ID, auth.KeyChange{Permissions: []actor.Permission{auth.APIKeys}})
		mustFail(t, "weaken a person's", err, errs.Forbidden, "missing_permission")
	})
}
