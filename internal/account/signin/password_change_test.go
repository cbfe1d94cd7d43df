package signin_test

import (
	"sync"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/account/link"
	"github.com/regulars/regulars/internal/account/signin"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/mail"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

const fresh = "green pig under 3 trees"

// alive are those of the tokens that still stand for somebody.
func (w *world) alive(t *testing.T, tokens ...string) (n int) {
	t.Helper()
	for _, token := range tokens {
		if caller, err := w.Sessions.Authenticate(t.Context(), token); err == nil && caller.Kind == actor.Session {
			n++
		}
	}
	return n
}

func TestANewPasswordEndsAllOtherSessions(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		ann := w.account(t, "ann")
		other, err := w.signIn(t, "ann", password, "")
		if err != nil {
			t.Fatal(err)
		}
		mine, err := w.signIn(t, "ann", password, "")
		if err != nil {
			t.Fatal(err)
		}
		actor, err := w.Sessions.Authenticate(t.Context(), mine)
		if err != nil {
			t.Fatal(err)
		}
		link, err := w.CreateLink(t.Context(), link.SignIn, ann.ID)
		if err != nil {
			t.Fatal(err)
		}
		change := signin.PasswordChange{Current: password, New: fresh}
		if err := w.ChangePassword(t.Context(), actor, change); err != nil {
			t.Fatal(err)
		}
		if w.alive(t, mine) != 1 || w.alive(t, other) != 0 {
			t.Error("the wrong sessions ended")
		}
		_, _, err = w.RedeemLink(t.Context(), link, here(""))
		mustFail(t, "a link from before", err, errs.Gone, "link_expired")
		if sent := w.letters(t); len(sent) != 1 || sent[0].template != mail.PasswordChanged || sent[0].to != "ann@example.com" {
			t.Errorf("%+v", sent)
		}
		_, err = w.signIn(t, "ann", password, "")
		mustFail(t, "the old password", err, errs.Unauthenticated, "wrong_password")
		if _, err := w.signIn(t, "ann", fresh, ""); err != nil {
			t.Error(err)
		}
	})
}

func TestAPasswordIsChangedByWhoeverKnowsIt(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		ann := w.account(t, "ann")
		caller := w.session(t, "ann")
		limited := caller
		limited.OnlyCommunity = "c"
		for _, c := range []struct {
			name   string
			actor  actor.Actor
			change signin.PasswordChange
			kind   errs.Kind
			code   string
		}{
			{"nobody", actor.Actor{}, signin.PasswordChange{Current: password, New: fresh}, errs.Unauthenticated, "authentication_required"},
			{"a key of the person", actor.Actor{Kind: actor.UserKey, AccountID: ann.ID}, signin.PasswordChange{Current: password, New: fresh}, errs.Forbidden, "session_required"},
			{"a session that another system began", limited, signin.PasswordChange{Current: password, New: fresh}, errs.Forbidden, "limited_session"},
			{"no password", caller, signin.PasswordChange{New: fresh}, errs.Invalid, "invalid_input"},
			{"a new one that is too short", caller, signin.PasswordChange{Current: password, New: "short"}, errs.Invalid, "invalid_input"},
			{"a wrong password", caller, signin.PasswordChange{Current: fresh, New: fresh}, errs.Unauthenticated, "wrong_password"},
		} {
			mustFail(t, c.name, w.ChangePassword(t.Context(), c.actor, c.change), c.kind, c.code)
		}
		for range 4 {
			mustFail(t, "a guess", w.ChangePassword(t.Context(), caller, signin.PasswordChange{Current: fresh, New: fresh}), errs.Unauthenticated, "wrong_password")
		}
		mustFail(t, "the sixth guess", w.ChangePassword(t.Context(), caller, signin.PasswordChange{Current: password, New: fresh}), errs.Limited, "too_many_sign_ins")
	})
}

func TestASignInThatMeetsAPasswordChangeLeavesNoSession(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		w.account(t, "ann")
		actor := w.session(t, "ann")
		tokens := make([]string, 6)
		var all sync.WaitGroup
		for i := range tokens {
			all.Go(func() { tokens[i], _, _ = w.SignIn(t.Context(), "ann", password, here("")) })
		}
		if err := w.ChangePassword(t.Context(), actor, signin.PasswordChange{Current: password, New: fresh}); err != nil {
			t.Fatal(err)
		}
		all.Wait()
		if n := w.alive(t, tokens...); n != 0 {
			t.Errorf("%d sessions by the old password", n)
		}
	})
}

func TestAForgottenPasswordIsReplacedOnceByItsLink(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		w.account(t, "ann")
		session, err := w.signIn(t, "ann", password, "")
		if err != nil {
			t.Fatal(err)
		}
		link := func() string {
			t.Helper()
			if err := w.AnswerResetRequest(t.Context(), "ANN@example.com"); err != nil {
				t.Fatal(err)
			}
			sent := w.letters(t)
			if len(sent) != 1 || sent[0].to != "ann@example.com" || sent[0].page != "reset-password" {
				t.Fatalf("%+v", sent)
			}
			return sent[0].token
		}
		late := link()
		w.pass(time.Hour)
		_, err = w.ResetPassword(t.Context(), late, fresh, "", account.SessionInfo{})
		mustFail(t, "an hour later", err, errs.Gone, "link_expired")
		token, second := link(), link()
		hashes := w.Hashes()
		_, err = w.ResetPassword(t.Context(), "0", fresh, "", account.SessionInfo{})
		mustFail(t, "no link", err, errs.Gone, "link_expired")
		_, err = w.ResetPassword(t.Context(), token, "ann@example.com", "", account.SessionInfo{})
		mustFail(t, "the address for a password", err, errs.Invalid, "invalid_input")
		if w.Hashes() != hashes {
			t.Error("something was hashed for nothing")
		}
		if account, err := w.ResetPassword(t.Context(), token, fresh, "", account.SessionInfo{}); err != nil || account.Username != "ann" {
			t.Fatalf("%+v %v", account, err)
		}
		for what, used := range map[string]string{"the same link": token, "a link from before": second} {
			_, err := w.ResetPassword(t.Context(), used, password, "", account.SessionInfo{})
			mustFail(t, what, err, errs.Gone, "link_expired")
		}
		if w.alive(t, session) != 0 {
			t.Error("a session lived on")
		}
		if _, err := w.signIn(t, "ann", fresh, ""); err != nil {
			t.Error(err)
		}
	})
}

func TestAForgottenPasswordTellsNothing(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		w.account(t, "ann")
		hashes := w.Hashes()
		for n, email := range []string{"ann@example.com", "nobody@example.com"} {
			if err := w.ForgotPassword(t.Context(), email, "de"); err != nil {
				t.Error(err)
			}
			if queued := w.count(t, "jobs"); queued != n+1 || w.count(t, "one_time_links") != 0 {
				t.Errorf("%s: %d jobs, and %d links at once", email, queued, w.count(t, "one_time_links"))
			}
		}
		if w.Hashes() != hashes || len(w.letters(t)) != 0 {
			t.Error("the answer waited for more than a job to be queued")
		}
		if err := w.AnswerResetRequest(t.Context(), "nobody@example.com"); err != nil || len(w.letters(t)) != 0 {
			t.Errorf("somebody was written to (%v)", err)
		}
		mustFail(t, "no address", w.ForgotPassword(t.Context(), "x", ""), errs.Invalid, "invalid_input")
	})
}

func TestNobodyIsWrittenToMoreThanFiveTimesAnHour(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		w.account(t, "ann")
		request := func(times int) int {
			t.Helper()
			for range times {
				if err := w.AnswerResetRequest(t.Context(), "ann@example.com"); err != nil {
					t.Fatal(err)
				}
			}
			return len(w.letters(t))
		}
		if sent := request(8); sent != 5 {
			t.Errorf("%d mails", sent)
		}
		w.pass(time.Hour)
		if sent := request(1); sent != 1 {
			t.Errorf("%d mails an hour later", sent)
		}
	})
}
