package signin_test

import (
	"strings"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/account/signin"
	"github.com/regulars/regulars/internal/account/totp"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/seal"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

func (w *world) keptTOTP(t *testing.T) (stored string) {
	t.Helper()
	if err := w.db.QueryRow(t.Context(), "SELECT secret FROM account_totp").Scan(&stored); err != nil {
		t.Fatal(err)
	}
	return stored
}

func TestTheSecretOfAnAppIsNotReadableInTheDatabase(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		actor, secret, _ := w.withTOTP(t)
		for _, row := range sqldbtest.Dump(t, db) {
			if strings.Contains(row, secret) {
				t.Errorf("the secret stands in %s", row)
			}
		}
		err := w.DisableTOTP(t.Context(), actor, account.Proof{Code: w.code(t, secret)})
		if err != nil {
			t.Fatal(err)
		}
		started, err := w.StartTOTP(t.Context(), w.session(t, "ann"), account.Proof{})
		if err != nil {
			t.Fatal(err)
		}
		pending, err := w.PendingTOTP(t.Context(), actor)
		if err != nil || pending != started {
			t.Errorf("pending %v, started %v, %v", pending, started, err)
		}
	})
}

func TestASecretFromBeforeThereWasAKeyWorksAndIsSealed(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		_, secret, _ := w.withTOTP(t)
		if _, err := db.Exec(t.Context(), "UPDATE account_totp SET secret = $1", secret); err != nil {
			t.Fatal(err)
		}
		if err := w.signInWith(t, w.code(t, secret)); err != nil {
			t.Errorf("while it is plain: %v", err)
		}
		if n, err := w.keys.Rotate(t.Context(), db, totp.SealedColumns()...); n != 0 || err != nil {
			t.Fatal(n, err)
		}
		if stored := w.keptTOTP(t); strings.Contains(stored, secret) {
			t.Errorf("kept as %s", stored)
		}
		w.pass(time.Minute)
		if err := w.signInWith(t, w.code(t, secret)); err != nil {
			t.Errorf("once it is sealed: %v", err)
		}
	})
}

func TestWithoutTheKeyRecoveryCodesStillSignIn(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		_, secret, recovery := w.withTOTP(t)
		other := w.accountsWith(func(d *signin.Deps) { d.Keys = seal.Random() })
		_, _, err := other.SignInWithCode(t.Context(), "ann", password, w.code(t, secret), here(""))
		mustFail(t, "a code of the app", err, errs.Unavailable, "second_factor_unreadable")
		if _, _, err := other.SignInWithCode(t.Context(), "ann", password, recovery[0], here("")); err != nil {
			t.Errorf("a recovery code: %v", err)
		}
	})
}

func TestASecretCopiedToAnotherAccountIsWorthNothing(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		_, secret, _ := w.withTOTP(t)
		bob := w.account(t, "bob")
		_, err := db.Exec(t.Context(), "INSERT INTO account_totp (account_id, secret, last_used_step, created_at, confirmed_at) SELECT $1, secret, 0, 1, 1 FROM account_totp", bob.ID)
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = w.SignInWithCode(t.Context(), "bob", password, w.code(t, secret), here(""))
		mustFail(t, "a code of ann's app", err, errs.Unavailable, "second_factor_unreadable")
	})
}
