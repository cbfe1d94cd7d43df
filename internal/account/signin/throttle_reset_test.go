package signin_test

import (
	"testing"
	"time"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/account/signin"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

func TestANewPasswordForgivesNoFailuresElsewhere(t *testing.T) {
	const other = "another phrase, 42!"
	here := account.SessionInfo{Address: "192.0.2.7"}
	for what, change := range map[string]func(*testing.T, *world, actor.Actor) error{
		"a change": func(t *testing.T, w *world, actor actor.Actor) error {
			return w.ChangePassword(t.Context(), actor, signin.PasswordChange{Current: password, New: other, Address: here.Address})
		},
		"a reset": func(t *testing.T, w *world, _ actor.Actor) error {
			if err := w.AnswerResetRequest(t.Context(), "ann@example.com"); err != nil {
				return err
			}
			_, err := w.ResetPassword(t.Context(), w.letters(t)[0].token, other, "", here)
			return err
		},
	} {
		t.Run(what, func(t *testing.T) {
			sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
				w := newWorld(db)
				w.account(t, "ann")
				actor := w.session(t, "ann") // from no known network
				for _, address := range []string{"192.0.2.8", "192.0.2.9", "198.51.100.1", "198.51.101.1"} {
					_, err := w.signIn(t, "ann@example.com", wrongPassword, address)
					mustFail(t, "a guess from "+address, err, errs.Unauthenticated, "wrong_password")
				}
				w.flood(t, "ann")
				if err := change(t, w, actor); err != nil {
					t.Fatal(err)
				}
				_, err := w.signIn(t, "ann", other, "198.51.77.1")
				mustFail(t, "a stranger by the username", err, errs.Limited, "too_many_sign_ins")
				for range 3 { // two elsewhere stay, so the fifth is the third
					_, err = w.signIn(t, "ann@example.com", wrongPassword, "198.51.102.1")
					mustFail(t, "a stranger by the address", err, errs.Unauthenticated, "wrong_password")
				}
				_, err = w.signIn(t, "ann@example.com", wrongPassword, "198.51.103.1")
				mustFail(t, "after five elsewhere", err, errs.Limited, "too_many_sign_ins")
				for _, name := range []string{"ann", "ann@example.com"} {
					if _, err := w.signIn(t, name, other, here.Address); err != nil {
						t.Errorf("%s in the network of the new password: %v", name, err)
					}
				}
			})
		})
	}
}

func TestASignInAtAKnownPlaceForgivesNoCodesElsewhere(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		_, secret, _ := w.withTOTP(t)
		owner, thief := account.SessionInfo{Address: "192.0.2.7"}, account.SessionInfo{Address: "198.51.100.1"}
		signIn := func() {
			t.Helper()
			w.pass(time.Minute)
			if _, _, err := w.SignInWithCode(t.Context(), "ann", password, w.code(t, secret), owner); err != nil {
				t.Fatal(err)
			}
		}
		signIn() // makes the network known
		for range 5 {
			_, _, err := w.SignInWithCode(t.Context(), "ann", password, "000000", thief)
			mustFail(t, "a guess of a code", err, errs.Unauthenticated, "wrong_code")
		}
		for range 4 {
			signIn()
			for range 2 { // the waits have grown by then: one more guess each at most
				_, _, err := w.SignInWithCode(t.Context(), "ann", password, "000000", thief)
				if !errs.Is(err, "wrong_code") && !errs.Is(err, "too_many_sign_ins") {
					t.Error(err)
				}
			}
			_, _, err := w.SignInWithCode(t.Context(), "ann", password, "000000", thief)
			mustFail(t, "a guess after the owner came in", err, errs.Limited, "too_many_sign_ins")
		}
	})
}

func TestADeviceThatReturnsStaysKnown(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		ann := w.account(t, "ann")
		remember := func(cookie string) string {
			t.Helper()
			w.pass(time.Hour)
			cookie, err := w.Clients.RememberDevice(t.Context(), ann.ID, cookie)
			if err != nil {
				t.Fatal(err)
			}
			return cookie
		}
		browser := remember(remember(""))
		once := remember("")
		for range 25 { // a program that keeps no cookies
			remember("")
		}
		newest := remember("")
		for cookie, want := range map[string]bool{browser: true, once: false, newest: true} {
			for how, request := range map[string]func() (string, error){
				"name":    func() (string, error) { return w.Clients.KnownDevice(t.Context(), "ann", cookie) },
				"account": func() (string, error) { return w.Clients.KnownDeviceOfAccount(t.Context(), ann.ID, cookie) },
				"any":     func() (string, error) { return w.Clients.KnownDeviceOfAny(t.Context(), "x."+cookie) },
			} {
				if place, err := request(); err != nil || (place != "") != want {
					t.Errorf("by %s: %q %v, want %v", how, place, err, want)
				}
			}
		}
		if place, err := w.Clients.KnownDeviceOfAny(t.Context(), ""); place != "" || err != nil {
			t.Errorf("no cookie: %q %v", place, err)
		}
		w.pass(91 * 24 * time.Hour)
		if place, err := w.Clients.KnownDeviceOfAny(t.Context(), browser); place != "" || err != nil {
			t.Errorf("after 90 days: %q %v", place, err)
		}
	})
}
