package signin_test

import (
	"testing"
	"time"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/account/flow"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

const (
	heldKnown   = "198.51.100.7"
	heldNear    = "198.51.100.200" // in the same /24
	heldUnknown = "203.0.113.9"
)

// rows counts the rows of a table.
func (w *world) rows(t *testing.T, table string) int {
	t.Helper()
	n, err := sqldb.One(t.Context(), w.db, "count", sqldb.Value[int], "SELECT count(*) FROM "+table)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestHeldPasskeyStartSignsInFromKnownPlacesOnly(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		ann, d, _ := w.withPasskey(t)
		steps := w.rows(t, "sign_in_steps")
		start := func() (string, []byte) {
			t.Helper()
			token, options, err := w.StartPasskeySignIn(t.Context(), true)
			if err != nil || !flow.IsHeld(token) {
				t.Fatal(token, err)
			}
			return token, options
		}
		finish := func(token string, options []byte, info account.SessionInfo) error {
			_, _, err := w.SignInByPasskey(t.Context(), token, d.get(options), info)
			return err
		}
		token, options := start()
		if got := w.rows(t, "sign_in_steps"); got != steps {
			t.Errorf("a held start writes %d rows", got-steps)
		}
		mustFail(t, "an unknown network", finish(token, options, here(heldUnknown)), errs.Limited, "too_many_sign_ins")

		usual, asked, err := w.StartPasskeySignIn(t.Context(), false)
		if err != nil {
			t.Fatal(err)
		}
		if err := finish(usual, asked, here(heldKnown)); err != nil {
			t.Fatal(err)
		}
		if err := finish(token, options, here(heldNear)); err != nil {
			t.Errorf("a known network: %v", err)
		}
		mustFail(t, "the token again", finish(token, options, here(heldNear)), errs.Gone, "sign_in_expired")

		device, err := w.Clients.RememberDevice(t.Context(), ann.AccountID, "")
		if err != nil {
			t.Fatal(err)
		}
		token, options = start()
		if err := finish(token, options, account.SessionInfo{Address: heldUnknown, Device: device}); err != nil {
			t.Errorf("a known device: %v", err)
		}
		token, options = start()
		mustFail(t, "a changed token", finish(token[:len(token)-4]+"AAAA", options, here(heldKnown)), errs.Gone, "sign_in_expired")
		mustFail(t, "a plain token", finish("held.x 99999999999999 {}", options, here(heldKnown)), errs.Gone, "sign_in_expired")
		w.pass(11 * time.Minute)
		mustFail(t, "a late token", finish(token, options, here(heldKnown)), errs.Gone, "sign_in_expired")
		for n := range 11 {
			token, options := start()
			if err := finish(token, options, here(heldKnown)); (err != nil) != (n == 10) {
				t.Errorf("sign-in %d of a known network in a minute: %v", n, err)
			}
		}
	})
}

func TestHeldProviderStartSignsInFromKnownPlacesOnly(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		p := w.withProvider(t)
		w.account(t, "ann")
		signIn := func(email, address string, held bool) error {
			t.Helper()
			p.Person["email"], p.Person["sub"] = email, email
			token, to, err := w.Provider.Start(t.Context(), actor.Actor{}, account.Proof{}, "", held)
			if err != nil {
				t.Fatal(err)
			}
			_, err = w.FinishProvider(t.Context(), actor.Actor{}, token, comesBack(t, p, to), here(address))
			return err
		}
		for _, email := range []string{"ann@example.com", "new@example.com"} {
			mustFail(t, email, signIn(email, heldUnknown, true), errs.Limited, "too_many_sign_ins")
		}
		if accounts, identities := w.rows(t, "accounts"), w.rows(t, "provider_identities"); accounts != 1 || identities != 0 {
			t.Errorf("refused sign-ins left %d accounts and %d identities", accounts, identities)
		}
		if err := signIn("ann@example.com", heldKnown, false); err != nil {
			t.Fatal(err)
		}
		if err := signIn("ann@example.com", heldNear, true); err != nil {
			t.Errorf("a known network: %v", err)
		}
		token, _, err := w.Provider.Start(t.Context(), actor.Actor{}, account.Proof{}, "", true)
		if err != nil {
			t.Fatal(err)
		}
		w.base = origin
		_, _, err = w.SignInByPasskey(t.Context(), token, newDevice(t).get([]byte(`{"challenge":"x","rpId":"community.example.com"}`)), here(heldKnown))
		mustFail(t, "a token of the other way", err, errs.Gone, "sign_in_expired")
	})
}
