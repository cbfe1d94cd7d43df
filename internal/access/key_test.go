package access_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/account/signin"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

var command = actor.Actor{Kind: actor.Command}

func (w *fixture) key(t *testing.T, communityID string, in access.KeyInput) (access.Key, string) {
	t.Helper()
	if in.Name == "" {
		in.Name = "key"
	}
	key, secret, err := w.CreateKey(t.Context(), command, communityID, in)
	if err != nil {
		t.Fatal(err)
	}
	return key, secret
}

func TestKeyAuthenticatesForItsCommunity(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newFixture(db)
		home := w.community(t, "Home")
		key, secret := w.key(t, home, access.KeyInput{Name: " Import ", Permissions: []actor.Permission{permission.BulkUpdateUser, permission.GetUserData, permission.BulkUpdateUser}})
		want := access.Key{
			CommunityID: home, ID: key.ID, Name: "Import", Hint: secret[60:], Active: true, CreatedBy: "command", CreatedAt: w.now.UnixMilli(),
			Permissions: []actor.Permission{permission.BulkUpdateUser, permission.GetUserData},
		}
		if diff := cmp.Diff(want, key); diff != "" || len(secret) != 64 {
			t.Errorf("secret of %d digits, %s", len(secret), diff)
		}
		caller, err := w.Authenticate(t.Context(), secret)
		wantActor := actor.Actor{Kind: actor.CommunityKey, KeyID: key.ID, CommunityID: home, CreatedBy: "command", Name: "Import", Permissions: want.Permissions}
		if diff := cmp.Diff(wantActor, caller); err != nil || diff != "" || caller.Ref() != "key:"+key.ID {
			t.Errorf("%v %s", err, diff)
		}
		want.UsedAt = w.now.UnixMilli()
		w.advance(time.Second)
		if _, err := w.Authenticate(t.Context(), secret); err != nil {
			t.Error(err)
		}
		other, _ := w.key(t, home, access.KeyInput{Permissions: []actor.Permission{actor.PermAll}})
		keys, err := w.Keys(t.Context(), command, home)
		if diff := cmp.Diff([]access.Key{other, want}, keys); err != nil || diff != "" {
			t.Errorf("%v %s", err, diff)
		}
	})
}

func TestKeyIsRejectedWhenExpiredOrDeleted(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newFixture(db)
		home, other := w.community(t, "Home"), w.community(t, "Other")
		_, short := w.key(t, home, access.KeyInput{Permissions: []actor.Permission{actor.PermAll}, ExpirePeriod: 2})
		key, long := w.key(t, home, access.KeyInput{Permissions: []actor.Permission{actor.PermAll}})
		w.advance(48*time.Hour - time.Millisecond)
		if _, err := w.Authenticate(t.Context(), short); err != nil {
			t.Error(err)
		}
		w.advance(time.Millisecond)
		_, err := w.Authenticate(t.Context(), short)
		mustFail(t, "expired", err, errs.Unauthenticated, "credential_expired")
		mustFail(t, "of another community", w.DeleteKey(t.Context(), command, other, key.ID), errs.NotFound, "api_key_not_found")
		if _, err := w.Authenticate(t.Context(), long); err != nil {
			t.Error(err)
		}
		if err := w.DeleteKey(t.Context(), command, home, key.ID); err != nil {
			t.Error(err)
		}
		_, err = w.Authenticate(t.Context(), long)
		mustFail(t, "deleted", err, errs.Unauthenticated, "invalid_credential")
		mustFail(t, "again", w.DeleteKey(t.Context(), command, home, key.ID), errs.NotFound, "api_key_not_found")
	})
}

func TestEveryInvalidFieldOfAKeyIsReported(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newFixture(db)
		home := w.community(t, "Home")
		_, _, err := w.CreateKey(t.Context(), command, home, access.KeyInput{Permissions: []actor.Permission{"fly", permission.Store, "swim"}, ExpirePeriod: -1})
		if diff := cmp.Diff([]string{"name", "permissions", "permissions", "expirePeriod"}, fieldsOf(err)); diff != "" {
			t.Errorf("%v %s", err, diff)
		}
		_, _, err = w.CreateKey(t.Context(), command, home, access.KeyInput{Name: "none"})
		if diff := cmp.Diff([]string{"permissions"}, fieldsOf(err)); diff != "" {
			t.Errorf("%v %s", err, diff)
		}
		_, _, err = w.CreateKey(t.Context(), command, "nowhere", access.KeyInput{Name: "k", Permissions: []actor.Permission{actor.PermAll}})
		mustFail(t, "nowhere", err, errs.NotFound, "community_not_found")
	})
}

func TestKeyCannotCreateAKeyWithMorePermissions(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newFixture(db)
		home := w.community(t, "Home")
		for _, c := range []struct {
			has, asks []actor.Permission
			ok        bool
		}{
			{[]actor.Permission{permission.APIKeys, permission.Store}, []actor.Permission{permission.Store}, true},
			{[]actor.Permission{permission.APIKeys, permission.Store}, []actor.Permission{permission.Store, permission.Games}, false},
			{[]actor.Permission{permission.APIKeys, permission.Store}, []actor.Permission{actor.PermAll}, false},
			{[]actor.Permission{actor.PermAll}, []actor.Permission{actor.PermAll, permission.Games}, true},
			{[]actor.Permission{actor.PermAll}, []actor.Permission{actor.PermSignIn}, false},
			{[]actor.Permission{permission.Store}, []actor.Permission{permission.Store}, false},
		} {
			_, secret := w.key(t, home, access.KeyInput{Permissions: c.has})
			caller, err := w.Authenticate(t.Context(), secret)
			if err != nil {
				t.Fatal(err)
			}
			_, _, err = w.CreateKey(t.Context(), caller, home, access.KeyInput{Name: "new", Permissions: c.asks})
			if c.ok != (err == nil) || !c.ok && !errs.Is(err, "missing_permission") {
				t.Errorf("%v asks for %v: %v", c.has, c.asks, err)
			}
		}
	})
}

func TestCreationCommitsWithItsIdempotencyRecord(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newFixture(db)
		home := w.community(t, "Home")
		records := 0
		ctx := sqldb.BeforeCommit(t.Context(), func(context.Context, *sqldb.Tx) error { records++; return nil })
		if _, _, err := w.CreateKey(ctx, command, home, access.KeyInput{Name: "k", Permissions: []actor.Permission{actor.PermAll}}); err != nil || records != 1 {
			t.Errorf("key: %d records, %v", records, err)
		}
		if _, err := w.CreateRole(ctx, command, home, access.RoleInput{Title: "r"}); err != nil || records != 2 {
			t.Errorf("role: %d records, %v", records, err)
		}
		if _, err := w.CreateAccount(ctx, signin.Input{Email: "ann@example.com", Username: "ann"}); err != nil || records != 3 {
			t.Errorf("account: %d records, %v", records, err)
		}
	})
}

func TestMalformedCredentialIsInvalid(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newFixture(db)
		if caller, err := w.Authenticate(t.Context(), ""); err != nil || caller.Kind != actor.Anonymous || caller.Ref() != "" {
			t.Errorf("no credential: %+v %v", caller, err)
		}
		for _, token := range []string{"x", "rgs_", "rgs_" + strings.Repeat("0", 64), strings.Repeat("0", 64), strings.Repeat("\x00", 64), "\xff"} {
			_, err := w.Authenticate(t.Context(), token)
			mustFail(t, token, err, errs.Unauthenticated, "invalid_credential")
		}
	})
}
