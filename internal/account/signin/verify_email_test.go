package signin_test

import (
	"testing"
	"time"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/mail"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// unproven makes an account with a password for an address whose person has
// not been heard of.
func (w *world) unproven(t *testing.T, name string) {
	t.Helper()
	w.account(t, name)
	if _, err := w.db.Exec(t.Context(), "UPDATE accounts SET email_verified_at = 0 WHERE username_key = $1", account.UsernameKey(name)); err != nil {
		t.Fatal(err)
	}
}

// plant puts every way to sign in at an account.
func (w *world) plant(t *testing.T, accountID string) {
	t.Helper()
	for _, row := range []string{
		`INSERT INTO account_api_keys (account_id, id, name, key_hash, hint, permissions, channels, active, created_at, updated_at, expires_at, used_at)
			VALUES ($1, 'k', 'k', 'k', 'k', '["*"]', '[]', TRUE, 1, 0, 0, 0)`,
		"INSERT INTO account_totp (account_id, secret, last_used_step, created_at, confirmed_at) VALUES ($1, 'ABCDEFGH', 0, 1, 1)",
		"INSERT INTO recovery_codes (account_id, code_hash) VALUES ($1, 'x')",
		"INSERT INTO passkeys (id, account_id, credential_id, name, credential, sign_count, created_at, used_at) VALUES ('p', $1, 'c', 'p', '{}', 0, 1, 0)",
		"INSERT INTO provider_identities (issuer, subject, account_id, email, created_at, used_at) VALUES ('i', 's', $1, '', 1, 1)",
	} {
		if _, err := w.db.Exec(t.Context(), row, accountID); err != nil {
			t.Fatal(err)
		}
	}
}

func (w *world) methodsLeft(t *testing.T) int {
	t.Helper()
	return w.count(t, "account_api_keys") + w.count(t, "account_totp") + w.count(t, "recovery_codes") + w.count(t, "passkeys") + w.count(t, "provider_identities")
}

func TestAnAccountWhoseAddressNobodyHasProvenGetsNoOtherWayToSignIn(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		w.withProvider(t)
		w.unproven(t, "ann")
		caller := w.session(t, "ann")
		_, _, err := w.StartPasskey(t.Context(), caller, account.Proof{Password: password})
		mustFail(t, "a passkey", err, errs.Forbidden, "email_not_verified")
		_, err = w.StartTOTP(t.Context(), caller, account.Proof{})
		mustFail(t, "an app", err, errs.Forbidden, "email_not_verified")
		_, _, err = w.Provider.Start(t.Context(), caller, account.Proof{}, "", false)
		mustFail(t, "a provider", err, errs.Forbidden, "email_not_verified")
	})
}

func TestWhoProvesAnAddressFirstTakesTheAccountFromWhoeverMadeIt(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		w.unproven(t, "ann")
		stranger := w.session(t, "ann")
		w.plant(t, stranger.AccountID)
		w.letters(t)
		if err := w.AnswerResetRequest(t.Context(), "ann@example.com"); err != nil {
			t.Fatal(err)
		}
		sent := w.letters(t)
		if _, err := w.ResetPassword(t.Context(), sent[0].token, "another password!", "", account.SessionInfo{}); err != nil {
			t.Fatal(err)
		}
		if n := w.methodsLeft(t) + w.count(t, "sessions"); n != 0 {
			t.Errorf("%d ways in are left to whoever made the account", n)
		}
		w.plant(t, stranger.AccountID) // now they are the person's own
		w.pass(2 * time.Hour)
		if err := w.AnswerResetRequest(t.Context(), "ann@example.com"); err != nil {
			t.Fatal(err)
		}
		for _, l := range w.letters(t) {
			if l.template != mail.ResetPassword {
				continue
			}
			if _, err := w.ResetPassword(t.Context(), l.token, "a third password!", "", account.SessionInfo{}); err != nil {
				t.Fatal(err)
			}
		}
		if n := w.methodsLeft(t); n != 4 || w.count(t, "account_api_keys") != 0 {
			t.Errorf("%d ways are left after another reset", n)
		}
	})
}

func TestAProviderTakesAnAccountFromWhoeverMadeIt(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		p := w.withProvider(t)
		w.unproven(t, "ann")
		stranger := w.session(t, "ann")
		w.plant(t, stranger.AccountID)
		p.Person["email"] = "ann@example.com"
		done, err := w.byProvider(t, p)
		if err != nil || done.Account.ID != stranger.AccountID {
			t.Fatalf("%+v %v", done, err)
		}
		if n := w.methodsLeft(t); n != 1 || w.count(t, "sessions") != 1 {
			t.Errorf("%d ways and %d sessions, want the new ones", n, w.count(t, "sessions"))
		}
		_, err = w.signIn(t, "ann", password, "")
		mustFail(t, "the password of before", err, errs.Unauthenticated, "wrong_password")
		w.account(t, "bobby")
		p.Person["email"], p.Person["sub"] = "bobby@example.com", "another"
		if _, err := w.byProvider(t, p); err != nil {
			t.Fatal(err)
		}
		w.session(t, "bobby") // an address that was proven before keeps its password
	})
}
