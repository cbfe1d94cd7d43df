package signin_test

import (
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	otptotp "github.com/pquerna/otp/totp"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/account/signin"
	"github.com/regulars/regulars/internal/account/totp"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// session signs somebody in and returns who they are then.
func (w *world) session(t *testing.T, login string) actor.Actor {
	t.Helper()
	token, err := w.signIn(t, login, password, "")
	if err != nil {
		t.Fatal(err)
	}
	actor, err := w.Sessions.Authenticate(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	return actor
}

func (w *world) code(t *testing.T, secret string) string {
	t.Helper()
	code, err := otptotp.GenerateCode(secret, w.now)
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// withTOTP makes ann, who has a second factor, and passes its first code.
func (w *world) withTOTP(t *testing.T) (actor actor.Actor, secret string, recovery []string) {
	t.Helper()
	w.account(t, "ann")
	actor = w.session(t, "ann")
	setup, err := w.StartTOTP(t.Context(), actor, account.Proof{})
	if err != nil {
		t.Fatal(err)
	}
	recovery, err = w.ConfirmTOTP(t.Context(), actor, w.code(t, setup.Secret))
	if err != nil {
		t.Fatal(err)
	}
	w.pass(time.Minute)
	return actor, setup.Secret, recovery
}

// actorByChallenge signs ann in by her next code.
func (w *world) actorByChallenge(t *testing.T) actor.Actor {
	t.Helper()
	var accountID, stored string
	if err := w.db.QueryRow(t.Context(), "SELECT account_id, secret FROM account_totp").Scan(&accountID, &stored); err != nil {
		t.Fatal(err)
	}
	secret, err := w.keys.Open(totp.SealedColumns()[0], accountID, stored)
	if err != nil {
		t.Fatal(err)
	}
	token, _, err := w.SignInWithCode(t.Context(), "ann", password, w.code(t, secret), here(""))
	if err != nil {
		t.Fatal(err)
	}
	actor, err := w.Sessions.Authenticate(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	return actor
}

func (w *world) signInWith(t *testing.T, code string) error {
	t.Helper()
	_, _, err := w.SignInWithCode(t.Context(), "ann", password, code, here(""))
	return err
}

func TestWithASecondFactorAPasswordAloneSignsNobodyIn(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		_, secret, _ := w.withTOTP(t)
		mustFail(t, "no code", w.signInWith(t, ""), errs.Unauthenticated, "totp_required")
		mustFail(t, "a wrong code", w.signInWith(t, "000000"), errs.Unauthenticated, "wrong_code")
		_, _, err := w.SignInWithCode(t.Context(), "ann", "wrong password!", w.code(t, secret), here(""))
		mustFail(t, "a wrong password", err, errs.Unauthenticated, "wrong_password")
		code := w.code(t, secret)
		if err := w.signInWith(t, code[:3]+" "+code[3:]); err != nil {
			t.Errorf("password and code: %v", err)
		}
	})
}

func TestACodeWorksOnceEvenWithinItsWindow(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		_, secret, _ := w.withTOTP(t)
		older, code := w.code(t, secret), ""
		w.pass(30 * time.Second)
		code = w.code(t, secret)
		if err := w.signInWith(t, code); err != nil {
			t.Fatal(err)
		}
		mustFail(t, "the same code", w.signInWith(t, code), errs.Unauthenticated, "wrong_code")
		mustFail(t, "the code before it", w.signInWith(t, older), errs.Unauthenticated, "wrong_code")
		w.pass(30 * time.Second)
		mustFail(t, "the same code in the next window", w.signInWith(t, code), errs.Unauthenticated, "wrong_code")
		if err := w.signInWith(t, w.code(t, secret)); err != nil {
			t.Errorf("the next code: %v", err)
		}
		late := w.code(t, secret)
		w.pass(2 * time.Minute)
		mustFail(t, "a code of minutes ago", w.signInWith(t, late), errs.Unauthenticated, "wrong_code")
	})
}

func TestTheCodeThatSwitchedTheSecondFactorOnSignsNobodyIn(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		w.account(t, "ann")
		actor := w.session(t, "ann")
		setup, err := w.StartTOTP(t.Context(), actor, account.Proof{})
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(setup.URI, "otpauth://totp/") || !strings.Contains(setup.URI, setup.Secret) {
			t.Errorf("uri %s", setup.URI)
		}
		if err := w.signInWith(t, ""); err != nil {
			t.Errorf("before it is confirmed: %v", err)
		}
		_, err = w.ConfirmTOTP(t.Context(), actor, "000000")
		mustFail(t, "a wrong code", err, errs.Unauthenticated, "wrong_code")
		code := w.code(t, setup.Secret)
		if _, err := w.ConfirmTOTP(t.Context(), actor, code); err != nil {
			t.Fatal(err)
		}
		mustFail(t, "the same code", w.signInWith(t, code), errs.Unauthenticated, "wrong_code")
		_, err = w.ConfirmTOTP(t.Context(), actor, code)
		mustFail(t, "confirmed twice", err, errs.Conflict, "totp_on")
		_, err = w.StartTOTP(t.Context(), actor, account.Proof{})
		mustFail(t, "started twice", err, errs.Conflict, "totp_on")
	})
}

func TestARecoveryCodeWorksOnce(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		actor, _, recovery := w.withTOTP(t)
		if len(recovery) != 10 {
			t.Fatalf("%d recovery codes", len(recovery))
		}
		if err := w.signInWith(t, strings.ToUpper(strings.ReplaceAll(recovery[3], "-", " "))); err != nil {
			t.Fatal(err)
		}
		mustFail(t, "the same again", w.signInWith(t, recovery[3]), errs.Unauthenticated, "wrong_code")
		var stored int
		if err := db.QueryRow(t.Context(), "SELECT count(*) FROM recovery_codes WHERE code_hash = $1", recovery[4]).Scan(&stored); err != nil || stored > 0 {
			t.Errorf("%d codes are kept as they are (%v)", stored, err)
		}
		renewed, err := w.RenewRecoveryCodes(t.Context(), actor, account.Proof{Password: password})
		if err != nil {
			t.Fatal(err)
		}
		mustFail(t, "one from before", w.signInWith(t, recovery[4]), errs.Unauthenticated, "wrong_code")
		if err := w.signInWith(t, renewed[0]); err != nil {
			t.Errorf("a new one: %v", err)
		}
	})
}

func TestOfManyThatUseOneRecoveryCodeOneGetsIn(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		_, secret, recovery := w.withTOTP(t)
		for _, code := range []string{recovery[0], w.code(t, secret)} {
			var in atomic.Int32
			var all sync.WaitGroup
			for range 4 {
				all.Go(func() {
					if _, _, err := w.SignInWithCode(t.Context(), "ann", password, code, here("")); err == nil {
						in.Add(1)
					}
				})
			}
			all.Wait()
			if in.Load() != 1 {
				t.Errorf("%d got in", in.Load())
			}
		}
	})
}

func TestWrongCodesMakeTheNextOneWaitAndARightPasswordForgivesNone(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		_, secret, recovery := w.withTOTP(t)
		for range 5 {
			mustFail(t, "half a sign-in", w.signInWith(t, ""), errs.Unauthenticated, "totp_required")
			mustFail(t, "a guess", w.signInWith(t, "000000"), errs.Unauthenticated, "wrong_code")
		}
		for _, code := range []string{"", "000000", w.code(t, secret), recovery[0]} {
			mustFail(t, "after five guesses", w.signInWith(t, code), errs.Limited, "too_many_sign_ins")
		}
		w.pass(2 * time.Second)
		if err := w.signInWith(t, w.code(t, secret)); err != nil {
			t.Errorf("after the wait: %v", err)
		}
	})
}

func TestWrongCodesCountForTheAccountByWhateverNameItIsCalled(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		_, secret, _ := w.withTOTP(t)
		for i := range 5 {
			name := []string{"ann", "ann@example.com"}[i%2]
			_, _, err := w.SignInWithCode(t.Context(), name, password, "000000", here(""))
			mustFail(t, name, err, errs.Unauthenticated, "wrong_code")
		}
		for _, name := range []string{"ann", "ann@example.com"} {
			_, _, err := w.SignInWithCode(t.Context(), name, password, w.code(t, secret), here(""))
			mustFail(t, name, err, errs.Limited, "too_many_sign_ins")
			_, err = w.signIn(t, name, "wrong password!", "")
			mustFail(t, name+" by who does not know the password", err, errs.Unauthenticated, "wrong_password")
		}
	})
}

func TestAnAnsweredChallengeForgetsTheFailuresOfTheName(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		_, secret, _ := w.withTOTP(t)
		for range 2 {
			for range 4 {
				_, err := w.signIn(t, "ann", "wrong password!", "")
				mustFail(t, "wrong", err, errs.Unauthenticated, "wrong_password")
			}
			needs, ok := errors.AsType[*signin.CodeRequiredError](w.signInWith(t, ""))
			if !ok {
				t.Fatal("no challenge")
			}
			if _, _, err := w.AnswerChallenge(t.Context(), needs.Challenge, w.code(t, secret), here("")); err != nil {
				t.Fatal(err)
			}
			w.pass(time.Minute)
		}
	})
}

func TestAChallengeIsAnsweredWithoutThePassword(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		ann, secret, recovery := w.withTOTP(t)
		challenge := func() string {
			t.Helper()
			needs, ok := errors.AsType[*signin.CodeRequiredError](w.signInWith(t, ""))
			if !ok {
				t.Fatal("no challenge")
			}
			return needs.Challenge
		}
		answer := func(challenge, code string) error {
			_, account, err := w.AnswerChallenge(t.Context(), challenge, code, here(""))
			if err == nil && account.ID != ann.AccountID {
				t.Errorf("signed in as %+v", account)
			}
			return err
		}
		first := challenge()
		mustFail(t, "no challenge", answer("x", w.code(t, secret)), errs.Gone, "sign_in_expired")
		mustFail(t, "a wrong code", answer(first, "123"), errs.Unauthenticated, "wrong_code")
		if err := answer(first, w.code(t, secret)); err != nil {
			t.Fatal(err)
		}
		mustFail(t, "the same challenge", answer(first, recovery[0]), errs.Gone, "sign_in_expired")
		late := challenge()
		w.pass(10 * time.Minute)
		mustFail(t, "too late", answer(late, recovery[0]), errs.Gone, "sign_in_expired")
		guessed := challenge()
		for range 5 {
			mustFail(t, "a guess", answer(guessed, "000000"), errs.Unauthenticated, "wrong_code")
		}
		mustFail(t, "the sixth", answer(guessed, recovery[0]), errs.Limited, "too_many_sign_ins")
	})
}

func TestAWayToSignInChangesOnlyWithProof(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		caller, secret, recovery := w.withTOTP(t)
		w.pass(10 * time.Minute)
		mustFail(t, "no proof", w.DisableTOTP(t.Context(), caller, account.Proof{}), errs.Forbidden, "proof_required")
		mustFail(t, "a wrong password", w.DisableTOTP(t.Context(), caller, account.Proof{Password: "wrong password!"}), errs.Unauthenticated, "wrong_password")
		mustFail(t, "a wrong code", w.DisableTOTP(t.Context(), caller, account.Proof{Code: "000000"}), errs.Unauthenticated, "wrong_code")
		for _, other := range []actor.Actor{{}, {Kind: actor.CommunityKey}, {Kind: actor.UserKey, AccountID: caller.AccountID}} {
			if err := w.DisableTOTP(t.Context(), other, account.Proof{Password: password}); err == nil {
				t.Errorf("%q may switch it off", other.Kind)
			}
		}
		if _, err := w.RenewRecoveryCodes(t.Context(), caller, account.Proof{Code: recovery[0]}); err != nil {
			t.Errorf("a recovery code: %v", err)
		}
		if err := w.DisableTOTP(t.Context(), caller, account.Proof{Code: w.code(t, secret)}); err != nil {
			t.Fatal(err)
		}
		mustFail(t, "off already", w.DisableTOTP(t.Context(), caller, account.Proof{Password: password}), errs.NotFound, "totp_not_found")
		if err := w.signInWith(t, ""); err != nil {
			t.Errorf("without a second factor: %v", err)
		}
		if fresh, err := w.Proofs.Recent(t.Context(), caller); err != nil || fresh {
			t.Errorf("the old session is fresh: %v (%v)", fresh, err)
		}
	})
}

func TestWrongProofsAreCountedLikeSignIns(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		actor, _, _ := w.withTOTP(t)
		for range 5 {
			mustFail(t, "a guess", w.DisableTOTP(t.Context(), actor, account.Proof{Password: "wrong password!"}), errs.Unauthenticated, "wrong_password")
		}
		mustFail(t, "the sixth", w.DisableTOTP(t.Context(), actor, account.Proof{Password: password}), errs.Limited, "too_many_sign_ins")
		mustFail(t, "a sign-in", w.signInWith(t, ""), errs.Limited, "too_many_sign_ins")
	})
}

func TestACodeForgivesNoFailuresElsewhere(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		_, secret, _ := w.withTOTP(t)
		signIn := func() {
			t.Helper()
			at := account.SessionInfo{Address: "192.0.2.7"}
			_, _, err := w.SignIn(t.Context(), "ann", password, at)
			needs, ok := errors.AsType[*signin.CodeRequiredError](err)
			if !ok {
				t.Fatal(err)
			}
			if _, _, err := w.AnswerChallenge(t.Context(), needs.Challenge, w.code(t, secret), at); err != nil {
				t.Fatal(err)
			}
		}
		w.pass(time.Minute)
		signIn() // makes the network known
		w.pass(time.Minute)
		w.flood(t, "ann")
		signIn()
		_, err := w.signIn(t, "ann", wrongPassword, "198.51.77.1")
		mustFail(t, "a stranger after the owner came in", err, errs.Limited, "too_many_sign_ins")
	})
}
