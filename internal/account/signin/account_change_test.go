package signin_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/account/signin"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/mail"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// email asks for a new email address and returns the token of its link.
func (w *world) email(t *testing.T, actor actor.Actor, address string) string {
	t.Helper()
	if _, err := w.UpdateAccount(t.Context(), actor, signin.Update{Email: &address}); err != nil {
		t.Fatal(err)
	}
	for _, l := range w.letters(t) {
		if l.to == address && l.template == mail.ConfirmEmail {
			return l.token
		}
	}
	t.Fatalf("no link to %s", address)
	return ""
}

func (w *world) rename(t *testing.T, actor actor.Actor, username string) error {
	t.Helper()
	_, err := w.UpdateAccount(t.Context(), actor, signin.Update{Username: &username})
	return err
}

func TestAnAccountGetsNewNames(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		ann := w.account(t, "ann")
		w.account(t, "bob")
		var followed []string
		w.AddChangeHook(func(_ context.Context, _ *sqldb.Tx, _ actor.Actor, before, after account.Account, source string) error {
			followed = append(followed, before.Username+" "+after.Username+" "+source)
			return nil
		})
		actor := w.session(t, "ann")
		name, first, none := " Änne.L ", "Anne", ""
		got, err := w.UpdateAccount(t.Context(), actor, signin.Update{Username: &name, FirstName: &first, Source: "api"})
		if err != nil {
			t.Fatal(err)
		}
		ann.Username, ann.FirstName, ann.SignedInAt = "Änne.L", "Anne", got.SignedInAt
		stored, err := w.Account(t.Context(), ann.ID)
		if diff := cmp.Diff(ann, got) + cmp.Diff(ann, stored); diff != "" || err != nil {
			t.Errorf("%v %s", err, diff)
		}
		if _, err := w.signIn(t, "änne.l", password, ""); err != nil {
			t.Error(err)
		}
		if err := w.rename(t, actor, "änne.l"); err != nil {
			t.Errorf("other capitals: %v", err)
		}
		_ = w.rename(t, actor, "änne.l") // no change
		mustFail(t, "taken", w.rename(t, actor, "BOB"), errs.Conflict, "username_taken")
		mustFail(t, "no username", w.rename(t, actor, "12345"), errs.Invalid, "invalid_input")
		bad, worse := "a\x00b", "no address"
		_, err = w.UpdateAccount(t.Context(), actor, signin.Update{Username: &none, Email: &worse, LastName: &bad, DisplayName: &bad, Language: &worse})
		if diff := cmp.Diff([]string{"username", "email", "lastname", "displayname", "language"}, fieldsOf(err)); diff != "" {
			t.Error(diff)
		}
		if err := w.rename(t, w.session(t, "bob"), "ann"); err != nil {
			t.Errorf("the old name: %v", err)
		}
		if diff := cmp.Diff([]string{"ann Änne.L api", "Änne.L änne.l ", "bob ann "}, followed); diff != "" {
			t.Error(diff)
		}
	})
}

func TestAChangeOfTheAccountNeedsAProof(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		w.account(t, "ann")
		caller := w.session(t, "ann")
		w.pass(11 * time.Minute)
		name, german := "anna", "de"
		change := signin.Update{Username: &name}
		update := func(actor actor.Actor, change signin.Update) error {
			_, err := w.UpdateAccount(t.Context(), actor, change)
			return err
		}
		mustFail(t, "an old session", update(caller, change), errs.Forbidden, "proof_required")
		if err := update(caller, signin.Update{Language: &german}); err != nil {
			t.Errorf("the language: %v", err)
		}
		change.Password = wrongPassword
		for range 5 {
			mustFail(t, "a wrong password", update(caller, change), errs.Unauthenticated, "wrong_password")
		}
		change.Password = password
		mustFail(t, "the sixth", update(caller, change), errs.Limited, "too_many_sign_ins")
		w.pass(time.Minute)
		if err := update(caller, change); err != nil {
			t.Error(err)
		}
		limited := caller
		limited.OnlyCommunity = "c"
		for code, actor := range map[string]actor.Actor{
			"session_required": {Kind: actor.UserKey, AccountID: caller.AccountID}, "limited_session": limited,
		} {
			mustFail(t, code, update(actor, change), errs.Forbidden, code)
			mustFail(t, code, w.CancelEmailChange(t.Context(), actor), errs.Forbidden, code)
		}
	})
}

func TestANewEmailAddressCountsWhenItIsConfirmed(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		ann := w.account(t, "ann")
		actor := w.session(t, "ann")
		address := "Ann@New.example"
		if _, err := w.UpdateAccount(t.Context(), actor, signin.Update{Email: &address}); err != nil {
			t.Fatal(err)
		}
		sent := w.letters(t)
		token := sent[0].token
		want := []letter{{address, mail.ConfirmEmail, "confirm-email", token}, {"ann@example.com", mail.EmailChanging, "", ""}}
		if diff := cmp.Diff(want, sent, cmp.AllowUnexported(letter{})); diff != "" {
			t.Error(diff)
		}
		_, err := w.signIn(t, address, password, "")
		mustFail(t, "before the link is opened", err, errs.Unauthenticated, "wrong_password")
		if err := w.AnswerResetRequest(t.Context(), "ann@example.com"); err != nil {
			t.Fatal(err)
		}
		reset := w.letters(t)[0].token
		if pending, err := w.PendingEmail(t.Context(), ann.ID); pending != address || err != nil {
			t.Errorf("pending %q, %v", pending, err)
		}
		if about, err := w.PendingChange(t.Context(), token); about != (signin.EmailChange{Username: "ann", Email: address}) || err != nil {
			t.Errorf("%+v, %v", about, err)
		}
		changed, err := w.ConfirmEmail(t.Context(), token, "console")
		if err != nil || changed.Email != address || changed.ID != ann.ID {
			t.Fatalf("%+v, %v", changed, err)
		}
		if sent := w.letters(t); len(sent) != 1 || sent[0].to != "ann@example.com" || sent[0].template != mail.EmailChanged {
			t.Errorf("%+v", sent)
		}
		_, err = w.ConfirmEmail(t.Context(), token, "console")
		mustFail(t, "a second time", err, errs.Gone, "link_expired")
		_, err = w.ResetPassword(t.Context(), reset, "another phrase, 42!", "", account.SessionInfo{})
		mustFail(t, "a link to the old address", err, errs.Gone, "link_expired")
		if _, err := w.signIn(t, "ann@new.example", password, ""); err != nil {
			t.Error(err)
		}
		_, err = w.signIn(t, "ann@example.com", password, "")
		mustFail(t, "the old address", err, errs.Unauthenticated, "wrong_password")
		if pending, _ := w.PendingEmail(t.Context(), ann.ID); pending != "" {
			t.Errorf("pending %q", pending)
		}
	})
}

func TestALinkToANewEmailAddressEnds(t *testing.T) {
	for what, end := range map[string]func(*testing.T, *world, actor.Actor){
		"by a newer request": func(t *testing.T, w *world, actor actor.Actor) { w.email(t, actor, "other@new.example") },
		"by the current address": func(t *testing.T, w *world, actor actor.Actor) {
			present := "ann@example.com"
			if _, err := w.UpdateAccount(t.Context(), actor, signin.Update{Email: &present}); err != nil {
				t.Fatal(err)
			}
		},
		"by its person": func(t *testing.T, w *world, actor actor.Actor) {
			if err := w.CancelEmailChange(t.Context(), actor); err != nil {
				t.Fatal(err)
			}
		},
		"by a new password": func(t *testing.T, w *world, actor actor.Actor) {
			if err := w.ChangePassword(t.Context(), actor, signin.PasswordChange{Current: password, New: "another phrase, 42!"}); err != nil {
				t.Fatal(err)
			}
		},
		"by a forgotten password": func(t *testing.T, w *world, _ actor.Actor) {
			if err := w.AnswerResetRequest(t.Context(), "ann@example.com"); err != nil {
				t.Fatal(err)
			}
			if _, err := w.ResetPassword(t.Context(), w.letters(t)[0].token, "another phrase, 42!", "", account.SessionInfo{}); err != nil {
				t.Fatal(err)
			}
		},
		"by its age": func(t *testing.T, w *world, _ actor.Actor) {
			w.pass(24 * time.Hour)
		},
	} {
		t.Run(what, func(t *testing.T) {
			sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
				w := newWorld(db)
				w.account(t, "ann")
				actor := w.session(t, "ann")
				token := w.email(t, actor, "ann@new.example")
				end(t, w, actor)
				_, err := w.PendingChange(t.Context(), token)
				mustFail(t, "the page", err, errs.Gone, "link_expired")
				_, err = w.ConfirmEmail(t.Context(), token, "")
				mustFail(t, "the link", err, errs.Gone, "link_expired")
				if account, err := w.Account(t.Context(), actor.AccountID); err != nil || account.Email != "ann@example.com" {
					t.Errorf("%+v, %v", account, err)
				}
			})
		})
	}
}

func TestOldEmailChangesAreDeleted(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		w.account(t, "ann")
		w.email(t, w.session(t, "ann"), "ann@new.example")
		for _, left := range []int{1, 0} {
			if err := w.Accounts.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
			if n := w.count(t, "email_changes"); n != left {
				t.Errorf("%d are kept, want %d", n, left)
			}
			w.pass(25 * time.Hour)
		}
	})
}

func TestARequestForATakenAddressLooksLikeAnyOther(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		w.account(t, "ann")
		w.account(t, "bob")
		actor := w.session(t, "ann")
		taken := w.email(t, actor, "bob@example.com")
		_, err := w.ConfirmEmail(t.Context(), taken, "")
		mustFail(t, "a taken address", err, errs.Conflict, "email_taken")
		if diff := cmp.Diff([]string{"email"}, fieldsOf(err)); diff != "" {
			t.Error(diff)
		}
		if sent := w.letters(t); len(sent) != 0 {
			t.Errorf("%+v", sent)
		}
		for range 4 {
			w.email(t, actor, "ann@new.example")
		}
		sixth := "ann@other.example"
		_, err = w.UpdateAccount(t.Context(), actor, signin.Update{Email: &sixth})
		mustFail(t, "the sixth in an hour", err, errs.Limited, "too_many_mails")
		if e := errs.From(err); e == nil || e.RetryAfter <= 0 || e.RetryAfter > time.Hour {
			t.Errorf("%+v", e)
		}
	})
}

func TestOnlyAProvenAddressIsReplaced(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		ann := w.account(t, "ann")
		actor := w.session(t, "ann")
		if _, err := db.Exec(t.Context(), "UPDATE accounts SET email_verified_at = 0 WHERE id = $1", ann.ID); err != nil {
			t.Fatal(err)
		}
		address, name := "ann@new.example", "anna"
		_, err := w.UpdateAccount(t.Context(), actor, signin.Update{Email: &address})
		mustFail(t, "an address that was never proven", err, errs.Forbidden, "email_not_verified")
		if _, err := w.UpdateAccount(t.Context(), actor, signin.Update{Username: &name}); err != nil {
			t.Error(err)
		}
	})
}

// meet runs functions at the same time and counts those that succeed; the
// others have to fail with the code.
func meet(t *testing.T, code string, calls ...func() error) (succeeded int) {
	t.Helper()
	results := make([]error, len(calls))
	var all sync.WaitGroup
	for i, call := range calls {
		all.Go(func() { results[i] = call() })
	}
	all.Wait()
	for _, err := range results {
		if err == nil {
			succeeded++
		} else if !errs.Is(err, code) {
			t.Error(err)
		}
	}
	return succeeded
}

func TestAccountsThatWantOneNameOrAddressAtTheSameTime(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		var renames, confirms, twice []func() error
		var last string
		for _, name := range []string{"ann", "bob", "cid", "dot"} {
			w.account(t, name)
			actor := w.session(t, name)
			renames = append(renames, func() error { return w.rename(t, actor, "Wanted") })
			last = w.email(t, actor, "wanted@example.com")
			token := last
			confirms = append(confirms, func() error {
				_, err := w.ConfirmEmail(t.Context(), token, "")
				return err
			})
		}
		if n := meet(t, "username_taken", renames...); n != 1 {
			t.Errorf("%d accounts got the name", n)
		}
		if n := meet(t, "email_taken", confirms...); n != 1 {
			t.Errorf("%d accounts got the address", n)
		}
		w.account(t, "eve")
		token := w.email(t, w.session(t, "eve"), "eve@new.example")
		for range 4 {
			twice = append(twice, func() error {
				_, err := w.ConfirmEmail(t.Context(), token, "")
				return err
			})
		}
		if n := meet(t, "link_expired", twice...); n != 1 {
			t.Errorf("%d uses of one link", n)
		}
	})
}

func TestARenameThatIsRolledBackLeavesNothing(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		ann := w.account(t, "ann")
		caller := w.session(t, "ann")
		broken := errors.New("broken")
		w.AddChangeHook(func(context.Context, *sqldb.Tx, actor.Actor, account.Account, account.Account, string) error {
			return broken
		})
		address, name := "ann@new.example", "anna"
		_, err := w.UpdateAccount(t.Context(), caller, signin.Update{Username: &name, Email: &address, FirstName: &name})
		if !errors.Is(err, broken) {
			t.Fatal(err)
		}
		stored, err := w.Account(t.Context(), ann.ID)
		stored.SignedInAt = 0
		if diff := cmp.Diff(ann, stored); diff != "" || err != nil {
			t.Errorf("%v %s", err, diff)
		}
		if sent := w.letters(t); len(sent) != 0 || w.count(t, "email_changes") != 0 {
			t.Errorf("%+v", sent)
		}
	})
}
