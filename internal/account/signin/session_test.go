package signin_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/argon2"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/account/session"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

func here(address string) account.SessionInfo {
	return account.SessionInfo{UserAgent: "test", Address: address}
}

func (w *world) signIn(t *testing.T, login, password, address string) (string, error) {
	t.Helper()
	token, _, err := w.SignIn(t.Context(), login, password, here(address))
	return token, err
}

func TestASessionStandsForItsAccount(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		ann := w.account(t, "ann")
		for _, login := range []string{"ann", " ANN ", "Ann@Example.com"} {
			token, account, err := w.SignIn(t.Context(), login, password, here("192.0.2.1"))
			if err != nil {
				t.Fatal(err)
			}
			ann.SignedInAt = w.now.UnixMilli()
			if diff := cmp.Diff(ann, account); diff != "" {
				t.Error(diff)
			}
			caller, err := w.Sessions.Authenticate(t.Context(), token)
			want := actor.Actor{Kind: actor.Session, AccountID: ann.ID, SessionID: caller.SessionID, SignedInAt: w.now.UnixMilli(), Name: "ann"}
			if diff := cmp.Diff(want, caller); err != nil || diff != "" || caller.Ref() != "account:"+ann.ID {
				t.Errorf("%v %s", err, diff)
			}
		}
	})
}

func TestASessionEndsBySignOutOrAfterAWeek(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		w.account(t, "ann")
		first, err := w.signIn(t, "ann", password, "")
		if err != nil {
			t.Fatal(err)
		}
		second, err := w.signIn(t, "ann", password, "")
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := w.Sessions.SignOut(t.Context(), first); err != nil {
				t.Fatal(err)
			}
		}
		_, err = w.Sessions.Authenticate(t.Context(), first)
		mustFail(t, "signed out", err, errs.Unauthenticated, "invalid_credential")
		w.pass(session.Lifetime - time.Millisecond)
		if _, err := w.Sessions.Authenticate(t.Context(), second); err != nil {
			t.Errorf("the other session: %v", err)
		}
		w.pass(time.Millisecond)
		_, err = w.Sessions.Authenticate(t.Context(), second)
		mustFail(t, "after a week", err, errs.Unauthenticated, "credential_expired")
		w.pass(32 * 24 * time.Hour)
		if err := w.Accounts.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		_, err = w.Sessions.Authenticate(t.Context(), second)
		mustFail(t, "swept", err, errs.Unauthenticated, "invalid_credential")
	})
}

func TestOnlyTheHashOfATokenIsKept(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		w.account(t, "ann")
		token, err := w.signIn(t, "ann", password, "")
		if err != nil {
			t.Fatal(err)
		}
		var stored, hash string
		if err := db.QueryRow(t.Context(), "SELECT token_hash FROM sessions").Scan(&stored); err != nil {
			t.Fatal(err)
		}
		if err := db.QueryRow(t.Context(), "SELECT password_hash FROM accounts").Scan(&hash); err != nil {
			t.Fatal(err)
		}
		if len(stored) != 64 || strings.Contains(token, stored) || !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") {
			t.Errorf("kept %q and %q", stored, hash)
		}
	})
}

func TestTheLastUseOfASessionIsNotedOnceAMinute(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		w.account(t, "ann")
		token, err := w.signIn(t, "ann", password, "")
		if err != nil {
			t.Fatal(err)
		}
		begin := w.now.UnixMilli()
		for _, step := range []struct {
			pass time.Duration
			want int64
		}{{59 * time.Second, begin}, {time.Second, begin + 60_000}, {time.Second, begin + 60_000}, {time.Hour, begin + 3_661_000}} {
			w.pass(step.pass)
			if _, err := w.Sessions.Authenticate(t.Context(), token); err != nil {
				t.Fatal(err)
			}
			var seen int64
			if err := db.QueryRow(t.Context(), "SELECT seen_at FROM sessions").Scan(&seen); err != nil || seen != step.want {
				t.Errorf("seen at %d, want %d (%v)", seen-begin, step.want-begin, err)
			}
		}
	})
}

func TestAWriterThatKeepsTheDatabaseBusyFailsNoRequest(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		w.account(t, "ann")
		token, err := w.signIn(t, "ann", password, "")
		if err != nil {
			t.Fatal(err)
		}
		w.pass(time.Hour)
		err = db.Tx(t.Context(), func(tx *sqldb.Tx) error {
			if _, err := tx.Exec(t.Context(), "UPDATE sessions SET user_agent = 'busy'"); err != nil {
				return err
			}
			_, err := w.Sessions.Authenticate(t.Context(), token)
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
}

func TestAWrongPasswordAndAnUnknownUserLookTheSame(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		w.account(t, "ann")
		w.imported(t, "imported")
		_, want := w.signIn(t, "ann", "wrong password!", "")
		mustFail(t, "wrong password", want, errs.Unauthenticated, "wrong_password")
		for _, login := range []string{"nobody", "nobody@example.com", "imported", "a\x00b", "a\xffb", ""} {
			_, err := w.signIn(t, login, password, "")
			if diff := cmp.Diff(errs.From(want).Message, errs.From(err).Message); diff != "" {
				t.Errorf("%q: %v", login, err)
			}
			if _, err := w.signIn(t, login, "", ""); !errs.Is(err, "wrong_password") {
				t.Errorf("%q without a password: %v", login, err)
			}
		}
	})
}

func TestFailedSignInsMakeTheNextOneWait(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		for _, login := range []string{"ann", "nobody"} {
			w := newWorld(db)
			if login == "ann" {
				w.account(t, "ann")
			}
			for range 5 {
				_, err := w.signIn(t, login, "wrong password!", "")
				mustFail(t, login, err, errs.Unauthenticated, "wrong_password")
			}
			for _, wait := range []time.Duration{2 * time.Second, 4 * time.Second} {
				_, err := w.signIn(t, login, password, "")
				mustFail(t, login, err, errs.Limited, "too_many_sign_ins")
				if errs.From(err).RetryAfter != wait {
					t.Errorf("%s: wait %v, want %v", login, errs.From(err).RetryAfter, wait)
				}
				w.pass(wait)
				_, err = w.signIn(t, login, "wrong password!", "")
				mustFail(t, login, err, errs.Unauthenticated, "wrong_password")
			}
		}
	})
}

func TestTheRightPasswordForgetsTheFailures(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		w.account(t, "ann")
		for range 2 {
			for range 4 {
				_, err := w.signIn(t, "ann", "wrong password!", "")
				mustFail(t, "wrong", err, errs.Unauthenticated, "wrong_password")
			}
			if _, err := w.signIn(t, " Ann ", password, ""); err != nil {
				t.Error(err)
			}
		}
	})
}

func TestANameThatHasToWaitDoesNotTellTheOtherNameOfItsAccount(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		for name, c := range map[string]struct{ tried, other string }{"ann": {"ann@example.com", "ann"}, "bob": {"bob", "Bob@Example.com"}} {
			w.account(t, name)
			for range 5 {
				_, err := w.signIn(t, c.tried, "wrong password!", "")
				mustFail(t, "a guess", err, errs.Unauthenticated, "wrong_password")
			}
			_, err := w.signIn(t, c.tried, password, "")
			mustFail(t, "the name that was tried", err, errs.Limited, "too_many_sign_ins")
			_, err = w.signIn(t, c.other, "wrong password!", "")
			mustFail(t, "the other name", err, errs.Unauthenticated, "wrong_password")
			if _, err = w.signIn(t, c.other, password, ""); err != nil {
				t.Errorf("the person by the other name: %v", err)
			}
			_, err = w.signIn(t, c.tried, "wrong password!", "")
			mustFail(t, "the name that was tried, after the person came in", err, errs.Limited, "too_many_sign_ins")
		}
	})
}

func TestAnAddressThatTriesManyAccountsHasToWait(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		w.account(t, "ann")
		if _, err := db.Exec(t.Context(), "INSERT INTO sign_in_failures (subject, failures, last_failed_at) VALUES ($1, 49, $2), ($3, 50, $2)",
			"address:192.0.2.1", w.now.UnixMilli(), "address:2001:db8::/64"); err != nil {
			t.Fatal(err)
		}
		_, err := w.signIn(t, "bob", "wrong password!", "::ffff:192.0.2.1")
		mustFail(t, "50th failure", err, errs.Unauthenticated, "wrong_password")
		for _, address := range []string{"192.0.2.1", "2001:db8::7"} {
			_, err := w.signIn(t, "ann", password, address)
			mustFail(t, address, err, errs.Limited, "too_many_sign_ins")
		}
		if _, err := w.signIn(t, "ann", password, "192.0.2.2"); err != nil {
			t.Errorf("another address: %v", err)
		}
		w.pass(time.Hour)
		if _, err := w.signIn(t, "ann", password, "192.0.2.1"); err != nil {
			t.Errorf("an hour later: %v", err)
		}
	})
}

func TestGuessesAtTheSameTimeAreCountedOneByOne(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		w.account(t, "ann")
		var wrong, limited atomic.Int32
		var all sync.WaitGroup
		for i := range 12 {
			all.Go(func() {
				_, _, err := w.SignIn(t.Context(), "ann", fmt.Sprintf("wrong password %d!", i), here(fmt.Sprintf("192.0.2.%d", i)))
				switch {
				case errs.Is(err, "wrong_password"):
					wrong.Add(1)
				case errs.Is(err, "too_many_sign_ins"):
					limited.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		all.Wait()
		if wrong.Load() != 5 || limited.Load() != 7 {
			t.Errorf("%d guesses were answered, %d had to wait", wrong.Load(), limited.Load())
		}
	})
}

func TestManySignInsAtTheSameTimeAllSucceed(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		w.account(t, "ann")
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				if _, _, err := w.SignIn(t.Context(), "ann", password, here("192.0.2.1")); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
	})
}

func TestAPasswordHashedAtAnotherCostIsHashedAgain(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		ann := w.account(t, "ann")
		sum := argon2.IDKey([]byte("old password!"), []byte("saltsaltsaltsalt"), 1, 64, 1, 32)
		old := fmt.Sprintf("$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHRzYWx0c2FsdA$%s", base64.RawStdEncoding.EncodeToString(sum))
		if _, err := db.Exec(t.Context(), "UPDATE accounts SET password_hash = $1 WHERE id = $2", old, ann.ID); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if _, err := w.signIn(t, "ann", "old password!", ""); err != nil {
				t.Fatal(err)
			}
			var hash string
			if err := db.QueryRow(t.Context(), "SELECT password_hash FROM accounts").Scan(&hash); err != nil || !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") {
				t.Errorf("hash %q %v", hash, err)
			}
		}
	})
}
