package access_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// does names the acts that a secret can do.
func (s *keyFixture) does(t *testing.T, secret string) (acts []string) {
	t.Helper()
	caller, err := s.Authenticate(t.Context(), secret)
	if err != nil {
		t.Fatal(err)
	}
	return names(s.permissionsOf(t, caller))
}

func names(acts map[string]bool) (can []string) {
	for act, allowed := range acts {
		if allowed {
			can = append(can, act)
		}
	}
	slices.Sort(can)
	return can
}

// rotated makes a key of low that may everything, and rotates it as another
// person.
func (s *keyFixture) rotated(t *testing.T, by string) (keyID, before, after string) {
	t.Helper()
	s.reset(t)
	key, before, err := s.CreateKey(t.Context(), s.as("low"), s.home, access.KeyInput{Name: "k", Permissions: []actor.Permission{actor.PermAll}})
	if err != nil {
		t.Fatal(err)
	}
	key, after, err = s.RotateKey(t.Context(), s.as(by), s.home, key.ID, 24*time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"account:" + s.ids["low"], "account:" + s.ids[by]}, append([]string{key.CreatedBy}, key.LimitedBy...)); diff != "" {
		t.Error(diff)
	}
	return key.ID, before, after
}

func TestRotatedKeyIsBoundByItsCreatorAndRotator(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s := newKeyFixture(t, db)
		same := func(when, secret string, want []string) {
			t.Helper()
			if diff := cmp.Diff(want, s.does(t, secret)); diff != "" {
				t.Errorf("%s: %s", when, diff)
			}
		}
		for _, by := range []string{"high", "owner"} {
			keyID, before, after := s.rotated(t, by)
			lows := names(s.permissionsOf(t, s.as("low")))
			same("the old secret", before, lows)
			same("the new secret", after, lows)
			child, second, err := s.CreateKey(t.Context(), s.actor(t, after), s.home, access.KeyInput{Name: "made by it", Permissions: []actor.Permission{actor.PermAll}})
			if err != nil {
				t.Fatal(err)
			}
			same("a key that it made", second, lows)

			s.memberships.put(s.home, s.ids[by], access.Membership{Member: true, RoleIDs: []string{s.roles["moderator"].ID}})
			demoted := []string{string(permission.ManageRoles)}
			same("of "+by+", demoted to a moderator", after, demoted)
			authority, err := access.AuthorityOfRef(t.Context(), db, s.memberships, "key:"+keyID, s.home, s.now.UnixMilli())
			if err != nil || authority.Allows(permission.ManageUser, s.now.UnixMilli()) || authority.OutranksRole(s.roles["moderator"]) {
				t.Errorf("work that it began: %v", err)
			}
			same("a key that it made, then", second, demoted)
			same("the old secret, then", before, lows)
			if _, err := s.UpdateKey(t.Context(), s.as("low"), s.home, child.ID, access.KeyChange{Transfer: true}); err != nil {
				t.Fatal(err)
			}
			same("a key that its creator takes over", second, lows)

			s.memberships.put(s.home, s.ids[by], access.Membership{})
			mustFail(t, "the person left", s.Can(t.Context(), s.actor(t, after), s.home, permission.GetUserData), errs.Forbidden, "key_maker_gone")
			if key, err := s.Key(t.Context(), command, s.home, keyID); err != nil || key.DisabledReason != "key_maker_gone" {
				t.Errorf("%+v, %v", key, err)
			}
			_, third, err := s.RotateKey(t.Context(), s.as("low"), s.home, keyID, time.Hour)
			if err != nil {
				t.Fatal(err)
			}
			same("rotated by its creator", third, lows)
			mustFail(t, "the secret of the person that left", s.Can(t.Context(), s.actor(t, after), s.home, permission.GetUserData), errs.Forbidden, "key_maker_gone")
		}
	})
}

func (s *keyFixture) actor(t *testing.T, secret string) actor.Actor {
	t.Helper()
	caller, err := s.Authenticate(t.Context(), secret)
	if err != nil {
		t.Fatal(err)
	}
	return caller
}

func TestRotationDoesNotReviveTheOldSecretOfACreatorThatLeft(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s := newKeyFixture(t, db)
		s.reset(t)
		s.memberships.put(s.home, s.ids["left"], access.Membership{Member: true, RoleIDs: []string{s.roles["left"].ID}})
		key, before, err := s.CreateKey(t.Context(), s.as("left"), s.home, access.KeyInput{Name: "k", Permissions: []actor.Permission{actor.PermAll}})
		if err != nil {
			t.Fatal(err)
		}
		s.memberships.put(s.home, s.ids["left"], access.Membership{})
		never := 0
		if _, err := s.UpdateKey(t.Context(), s.as("high"), s.home, key.ID, access.KeyChange{ExpirePeriod: &never, Permissions: []actor.Permission{actor.PermAll}}); err != nil {
			t.Fatal(err)
		}
		mustFail(t, "after a change", s.Can(t.Context(), s.actor(t, before), s.home, permission.GetUserData), errs.Forbidden, "key_maker_gone")
		_, after, err := s.RotateKey(t.Context(), s.as("high"), s.home, key.ID, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		mustFail(t, "the old secret", s.Can(t.Context(), s.actor(t, before), s.home, permission.GetUserData), errs.Forbidden, "key_maker_gone")
		if diff := cmp.Diff(names(s.permissionsOf(t, s.as("high"))), s.does(t, after)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestWidenedKeyStaysWithinPermissionsOfItsCreator(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s := newKeyFixture(t, db)
		for _, by := range []string{"high", "owner"} {
			s.reset(t)
			key, secret, err := s.CreateKey(t.Context(), s.as("low"), s.home, access.KeyInput{Name: "k", Permissions: []actor.Permission{permission.GetUserData}, ExpirePeriod: 9})
			if err != nil {
				t.Fatal(err)
			}
			never := 0
			if _, err := s.UpdateKey(t.Context(), s.as(by), s.home, key.ID, access.KeyChange{Permissions: []actor.Permission{actor.PermAll}, ExpirePeriod: &never}); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(names(s.permissionsOf(t, s.as("low"))), s.does(t, secret)); diff != "" {
				t.Errorf("widened by %s: %s", by, diff)
			}
		}
	})
}

func TestCreatorRotatesTheirKeyWhateverTheIDOfTheirMembership(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s := newKeyFixture(t, db)
		s.reset(t)
		membership := s.memberships[s.home][s.ids["low"]]
		membership.MemberID = "0123456789abcdef01234567" // of a member whom an import created
		s.memberships[s.home][s.ids["low"]] = membership
		key, _, err := s.CreateKey(t.Context(), s.as("low"), s.home, access.KeyInput{Name: "k", Permissions: []actor.Permission{permission.GetUserData}})
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := s.RotateKey(t.Context(), s.as("low"), s.home, key.ID, 0); err != nil {
			t.Error(err)
		}
	})
}
