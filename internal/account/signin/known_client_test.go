package signin_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/account/signin"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

const wrongPassword = "wrong password!"

// flood makes the names of an account wait by failures from many networks.
func (w *world) flood(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		for i := range 6 {
			if _, err := w.signIn(t, name, wrongPassword, fmt.Sprintf("198.51.%d.1", i)); err == nil {
				t.Fatal("signed in")
			}
		}
		_, err := w.signIn(t, name, password, "198.51.99.1")
		mustFail(t, "a stranger", err, errs.Limited, "too_many_sign_ins")
	}
}

func TestAKnownNetworkAndDeviceSignInWhileOthersFail(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		ann := w.account(t, "ann")
		if _, err := w.signIn(t, "ann", password, "192.0.2.7"); err != nil {
			t.Fatal(err)
		}
		cookie, err := w.Clients.RememberDevice(t.Context(), ann.ID, "")
		if err != nil {
			t.Fatal(err)
		}
		device := account.SessionInfo{Address: "203.0.113.1", Device: cookie}
		w.flood(t, "ann", "ann@example.com")
		_, err = w.signIn(t, "ann", wrongPassword, "192.0.2.8")
		mustFail(t, "a wrong password in the known network", err, errs.Limited, "too_many_sign_ins")
		_, err = w.signIn(t, "nobody", wrongPassword, "192.0.2.8")
		mustFail(t, "an unknown name", err, errs.Unauthenticated, "wrong_password")
		for _, name := range []string{"ann", "ann@example.com"} {
			if _, err := w.signIn(t, name, password, "192.0.2.200"); err != nil {
				t.Errorf("%s from the known network: %v", name, err)
			}
			_, _, err := w.SignIn(t.Context(), name, wrongPassword, device)
			mustFail(t, "a wrong password on the device", err, errs.Unauthenticated, "wrong_password")
			if _, _, err := w.SignIn(t.Context(), name, password, device); err != nil {
				t.Errorf("%s on the known device: %v", name, err)
			}
			_, err = w.signIn(t, name, password, "198.51.77.1")
			mustFail(t, "a stranger after the owner came in", err, errs.Limited, "too_many_sign_ins")
		}
		other := w.account(t, "bob")
		w.flood(t, "bob")
		_, _, err = w.SignIn(t.Context(), "bob", password, device)
		mustFail(t, "another account on the device of ann", err, errs.Limited, "too_many_sign_ins")
		both, err := w.Clients.RememberDevice(t.Context(), other.ID, cookie)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"ann", "bob"} {
			if _, _, err := w.SignIn(t.Context(), name, password, account.SessionInfo{Address: "203.0.113.77", Device: both}); err != nil {
				t.Errorf("%s on a shared device: %v", name, err)
			}
		}
	})
}

func TestAKnownPlaceWaitsForItsOwnFailures(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		ann := w.account(t, "ann")
		cookie, err := w.Clients.RememberDevice(t.Context(), ann.ID, "")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.signIn(t, "ann", password, "192.0.2.7"); err != nil {
			t.Fatal(err)
		}
		w.flood(t, "ann")
		for range 5 {
			_, _, err = w.SignIn(t.Context(), "ann", wrongPassword, account.SessionInfo{Device: cookie})
			mustFail(t, "device", err, errs.Unauthenticated, "wrong_password")
			_, err = w.signIn(t, "ann", wrongPassword, "192.0.2.7")
			mustFail(t, "network", err, errs.Limited, "too_many_sign_ins")
		}
		_, _, err = w.SignIn(t.Context(), "ann", password, account.SessionInfo{Device: cookie})
		mustFail(t, "the sixth on the device", err, errs.Limited, "too_many_sign_ins")
		_, err = w.signIn(t, "ann", password, "192.0.2.7")
		mustFail(t, "the sixth in the network", err, errs.Limited, "too_many_sign_ins")
	})
}

func TestPlacesEnd(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		ann := w.account(t, "ann")
		signedIn := func() (cookie string) {
			t.Helper()
			w.pass(time.Hour)
			if _, err := w.signIn(t, "ann", password, "192.0.2.7"); err != nil {
				t.Fatal(err)
			}
			cookie, err := w.Clients.RememberDevice(t.Context(), ann.ID, "")
			if err != nil {
				t.Fatal(err)
			}
			return cookie
		}
		known := func(cookie string) bool {
			t.Helper()
			place, err := w.Clients.KnownDevice(t.Context(), "ann", cookie)
			if err != nil {
				t.Fatal(err)
			}
			return place != ""
		}
		first := signedIn()
		if !known(first) {
			t.Error("the device is unknown")
		}
		if err := w.Sessions.EndAll(t.Context(), ann.ID, ""); err != nil {
			t.Fatal(err)
		}
		if known(first) || w.count(t, "known_clients") != 0 {
			t.Error("known after a sign-out everywhere")
		}
		mine, theirs := signedIn(), signedIn()
		actor := w.session(t, "ann")
		change := signin.PasswordChange{Current: password, New: "another phrase, 42!", Device: mine}
		if err := w.ChangePassword(t.Context(), actor, change); err != nil {
			t.Fatal(err)
		}
		if !known(mine) || known(theirs) || w.count(t, "known_clients") != 1 {
			t.Errorf("after a new password: %v %v", known(mine), known(theirs))
		}
		for range 25 {
			if _, err := w.Clients.RememberDevice(t.Context(), ann.ID, ""); err != nil {
				t.Fatal(err)
			}
		}
		if n := w.count(t, "known_clients"); n != 20 {
			t.Errorf("%d devices are kept", n)
		}
		w.pass(91 * 24 * time.Hour)
		if err := w.Accounts.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if known(mine) || w.count(t, "known_clients") != 0 {
			t.Error("known after 90 days")
		}
	})
}

func TestAWaitNeverExceedsTheLongestAfterTheClockMoved(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		w.account(t, "ann")
		w.pass(365 * 24 * time.Hour)
		for range 5 {
			_, err := w.signIn(t, "ann", wrongPassword, "192.0.2.7")
			mustFail(t, "a guess", err, errs.Unauthenticated, "wrong_password")
		}
		w.pass(-365 * 24 * time.Hour)
		_, err := w.signIn(t, "ann", password, "192.0.2.7")
		mustFail(t, "after the clock went back", err, errs.Limited, "too_many_sign_ins")
		if wait := errs.From(err).RetryAfter; wait > 2*time.Second {
			t.Errorf("a wait of %v", wait)
		}
		w.pass(3 * time.Second)
		if _, err := w.signIn(t, "ann", password, "198.51.100.1"); err == nil {
			return // the name's wait began with the first attempt
		}
		w.pass(3 * time.Second)
		if _, err := w.signIn(t, "ann", password, "192.0.2.7"); err != nil {
			t.Errorf("after the wait: %v", err)
		}
	})
}

func TestAKnownDeviceIsKnownAtTheSecondStep(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		ann, _, _ := w.withTOTP(t)
		needs, ok := errors.AsType[*signin.CodeRequiredError](w.signInWith(t, ""))
		if !ok {
			t.Fatal("no challenge")
		}
		for _, c := range []struct {
			accountID, challenge string
			known                bool
		}{{ann.AccountID, needs.Challenge, true}, {ann.AccountID, "x", false}, {w.account(t, "bob").ID, needs.Challenge, false}} {
			cookie, err := w.Clients.RememberDevice(t.Context(), c.accountID, "")
			if err != nil {
				t.Fatal(err)
			}
			if device, err := w.KnownDeviceOfChallenge(t.Context(), c.challenge, cookie); err != nil || (device != "") != c.known {
				t.Errorf("%+v: %q %v", c, device, err)
			}
		}
	})
}
