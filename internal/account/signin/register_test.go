package signin_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/account/signin"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/mail"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

func applicant(name string) signin.RegisterInput {
	return signin.RegisterInput{Email: name + "@Example.com", Username: name, Password: password, FirstName: " Ann ", LastName: "Lee", DisplayName: "Annie"}
}

// imported makes an account as imports of older versions did: without a
// password, for an address that nobody confirmed.
func (w *world) imported(t *testing.T, name string) {
	t.Helper()
	email, emailKey, _ := account.CheckEmail(name + "@example.com")
	username, usernameKey, _ := account.CheckUsername(name)
	err := w.db.Tx(t.Context(), func(tx *sqldb.Tx) error {
		numbers, err := account.AllocateNumbers(t.Context(), tx, 1)
		if err != nil {
			return err
		}
		_, err = tx.Exec(t.Context(), `INSERT INTO accounts (number, id, email, email_key, username, username_key, created_at, updated_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $7)`, numbers[0], fmt.Sprintf("%024x", len(name)), email, emailKey, username, usernameKey, w.now.UnixMilli())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) count(t *testing.T, table string) (n int) {
	t.Helper()
	if err := w.db.QueryRow(t.Context(), "SELECT count(*) FROM "+table).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestARegistrationBecomesAnAccountOnceTheAddressIsProven(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		if err := w.Register(t.Context(), applicant("ann")); err != nil {
			t.Fatal(err)
		}
		sent := w.letters(t)
		if len(sent) != 1 || sent[0].to != "ann@Example.com" || sent[0].template != mail.VerifyEmail || sent[0].page != "verify-email" {
			t.Fatalf("%+v", sent)
		}
		if n := w.count(t, "accounts"); n != 0 {
			t.Errorf("%d accounts before the address is proven", n)
		}
		_, err := w.signIn(t, "ann", password, "")
		mustFail(t, "signed in before", err, errs.Unauthenticated, "wrong_password")
		created, err := w.VerifyEmail(t.Context(), sent[0].token, "")
		if err != nil {
			t.Fatal(err)
		}
		want := account.Account{
			ID: created.ID, Number: created.Number, Email: "ann@Example.com", Username: "ann", FirstName: "Ann", LastName: "Lee", DisplayName: "Annie", CreatedAt: w.now.UnixMilli(),
		}
		if diff := cmp.Diff(want, created); diff != "" {
			t.Error(diff)
		}
		if _, err := w.signIn(t, "ANN@example.com", password, ""); err != nil {
			t.Error(err)
		}
		_, err = w.VerifyEmail(t.Context(), sent[0].token, "")
		mustFail(t, "a second time", err, errs.Gone, "link_expired")
		if n := w.count(t, "registrations"); n != 0 {
			t.Errorf("%d registrations are left", n)
		}
	})
}

func TestARegistrationWaitsForADay(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		if err := w.Register(t.Context(), applicant("ann")); err != nil {
			t.Fatal(err)
		}
		token := w.letters(t)[0].token
		w.pass(24 * time.Hour)
		_, err := w.VerifyEmail(t.Context(), token, "")
		mustFail(t, "a day later", err, errs.Gone, "link_expired")
		w.pass(time.Millisecond)
		if err := w.Accounts.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := w.count(t, "registrations"); n != 0 {
			t.Errorf("%d registrations are left", n)
		}
	})
}

func TestNothingTellsWhoeverRegistersWhoElseHasAnAccount(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		w.account(t, "known")
		w.imported(t, "imported")
		for _, c := range []struct {
			name     string
			change   func(*signin.RegisterInput)
			template mail.Template
			page     string
		}{
			{"nobody", func(*signin.RegisterInput) {}, mail.VerifyEmail, "verify-email"},
			{"a known username", func(in *signin.RegisterInput) { in.Email, in.Username = "other@example.com", "KNOWN" }, mail.VerifyEmail, "verify-email"},
			{"a known address", func(in *signin.RegisterInput) { in.Email = "Known@example.com" }, mail.AccountExists, ""},
			{"an imported address", func(in *signin.RegisterInput) { in.Email = "imported@example.com" }, mail.ResetPassword, "reset-password"},
		} {
			in := applicant("new")
			c.change(&in)
			hashes, rows := w.Hashes(), w.count(t, "registrations")+w.count(t, "one_time_links")
			if err := w.Register(t.Context(), in); err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
			sent := w.letters(t)
			if len(sent) != 1 || sent[0].template != c.template || sent[0].page != c.page {
				t.Errorf("%s: %+v", c.name, sent)
			}
			if hashed, written := w.Hashes()-hashes, w.count(t, "registrations")+w.count(t, "one_time_links")-rows; hashed != 2 || written != 1 {
				t.Errorf("%s: %d hashes, %d rows", c.name, hashed, written)
			}
		}
	})
}

func TestATakenUsernameIsToldToWhoeverProvedTheAddress(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		w.account(t, "ann")
		in := applicant("ann")
		in.Email = "other@example.com"
		if err := w.Register(t.Context(), in); err != nil {
			t.Fatal(err)
		}
		token := w.letters(t)[0].token
		_, err := w.VerifyEmail(t.Context(), token, "")
		mustFail(t, "taken", err, errs.Conflict, "username_taken")
		_, err = w.VerifyEmail(t.Context(), token, "12")
		mustFail(t, "no username", err, errs.Invalid, "invalid_input")
		created, err := w.VerifyEmail(t.Context(), token, "ann2")
		if err != nil || created.Username != "ann2" {
			t.Errorf("%+v %v", created, err)
		}
	})
}

func TestThePasswordOfAnImportedAccountIsItsOwnersChoice(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		early := applicant("imported") // before the import
		if err := w.Register(t.Context(), early); err != nil {
			t.Fatal(err)
		}
		before := w.letters(t)[0].token
		w.imported(t, "imported")
		_, err := w.VerifyEmail(t.Context(), before, "")
		mustFail(t, "registered before the import", err, errs.Gone, "link_expired")
		if err := w.Register(t.Context(), applicant("imported")); err != nil {
			t.Fatal(err)
		}
		token := w.letters(t)[0].token
		_, err = w.VerifyEmail(t.Context(), token, "")
		mustFail(t, "a link to choose a password", err, errs.Gone, "link_expired")
		const chosen = "what the owner chose"
		if _, err := w.ResetPassword(t.Context(), token, chosen, "", account.SessionInfo{}); err != nil {
			t.Fatal(err)
		}
		_, err = w.signIn(t, "imported", password, "")
		mustFail(t, "whoever registered", err, errs.Unauthenticated, "wrong_password")
		if _, err := w.signIn(t, "imported", chosen, ""); err != nil {
			t.Errorf("the owner: %v", err)
		}
	})
}

func TestOneTokenMakesOneAccount(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		if err := w.Register(t.Context(), applicant("ann")); err != nil {
			t.Fatal(err)
		}
		token := w.letters(t)[0].token
		var created atomic.Int32
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				_, err := w.VerifyEmail(t.Context(), token, "")
				if err == nil {
					created.Add(1)
				} else if !errs.Is(err, "link_expired") {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if created.Load() != 1 || w.count(t, "accounts") != 1 {
			t.Errorf("%d were told it is made, %d accounts", created.Load(), w.count(t, "accounts"))
		}
	})
}

func TestARegistrationNamesEveryWrongField(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		hashes := w.Hashes()
		err := w.Register(t.Context(), signin.RegisterInput{Email: "x", Username: "1", FirstName: " ", LastName: "a\nb", DisplayName: "\xff"})
		if diff := cmp.Diff([]string{"email", "username", "password", "firstname", "lastname", "displayname"}, fieldsOf(err)); diff != "" {
			t.Errorf("%v %s", err, diff)
		}
		if w.Hashes() != hashes || len(w.letters(t)) != 0 {
			t.Error("something was done for a wrong input")
		}
	})
}

func TestALetterThatLooksLikeAnotherProvesNoOtherAddress(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		in := applicant("mike")
		in.Email = "mi\u212Ae@example.com" // the sign of the kelvin, which is a k in lower case
		if err := w.Register(t.Context(), in); err != nil {
			t.Fatal(err)
		}
		if sent := w.letters(t); len(sent) != 1 || sent[0].to != "miKe@example.com" {
			t.Errorf("written to %+v", sent)
		}
	})
}

func TestWhereRegistrationIsClosedNobodyRegisters(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		closed := w.accountsWith(func(d *signin.Deps) { d.Closed = true })
		mustFail(t, "closed", closed.Register(t.Context(), applicant("ann")), errs.Forbidden, "registration_closed")
		if closed.RegistrationOpen() || !w.RegistrationOpen() {
			t.Error("open and closed are mixed up")
		}
	})
}

func TestWhoeverAsksForTooManyMailsIsNotTold(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db, 2)
		w.account(t, "known")
		w.imported(t, "imported")
		for _, name := range []string{"new", "known", "imported"} {
			written := 0
			for range 4 {
				hashes, rows := w.Hashes(), w.count(t, "mail_outbox")+w.count(t, "jobs")
				if err := w.Register(t.Context(), applicant(name)); err != nil {
					t.Errorf("%s: %v", name, err)
				}
				if hashed, added := w.Hashes()-hashes, w.count(t, "mail_outbox")+w.count(t, "jobs")-rows; hashed != 2 || added != 2 {
					t.Errorf("%s: %d hashes, %d rows", name, hashed, added)
				}
				written += len(w.letters(t))
			}
			if written != 2 {
				t.Errorf("%s was written %d mails", name, written)
			}
		}
		for range 4 {
			if err := w.AnswerResetRequest(t.Context(), "known@example.com"); err != nil {
				t.Fatal(err)
			}
		}
		if sent := w.letters(t); len(sent) != 2 || sent[0].page != "reset-password" {
			t.Errorf("%+v", sent)
		}
		actor := w.session(t, "known")
		for i := range 4 {
			change := signin.PasswordChange{Current: password, New: password + " and more"}
			if i%2 == 1 {
				change.Current, change.New = change.New, change.Current
			}
			if err := w.ChangePassword(t.Context(), actor, change); err != nil {
				t.Fatal(err)
			}
		}
		if sent := w.letters(t); len(sent) != 4 {
			t.Errorf("of 4 changes %d were told", len(sent))
		}
	})
}

// other is ann's address with a password that is not hers.
func other(username string) signin.RegisterInput {
	in := applicant("ann")
	in.Username, in.Password = username, "red fox under 7 bridges"
	return in
}

func (w *world) registers(t *testing.T, in signin.RegisterInput) (token string) {
	t.Helper()
	if err := w.Register(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	sent := w.letters(t)
	if len(sent) != 1 {
		return ""
	}
	return sent[0].token
}

func TestOnlyTheNewestRegistrationOfAnAddressCounts(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		mistyped := applicant("ann")
		mistyped.Username = "amm"
		first := w.registers(t, mistyped)
		second := w.registers(t, applicant("ann"))
		if n := w.count(t, "registrations"); n != 1 {
			t.Errorf("%d registrations of one address", n)
		}
		_, err := w.VerifyEmail(t.Context(), first, "")
		mustFail(t, "the older link", err, errs.Gone, "link_expired")
		created, err := w.VerifyEmail(t.Context(), second, "")
		if err != nil || created.Username != "ann" {
			t.Fatalf("%+v, %v", created, err)
		}
		if _, err := w.signIn(t, "ann", password, ""); err != nil {
			t.Errorf("with the password of both: %v", err)
		}
		if sent := w.letters(t); len(sent) != 0 {
			t.Errorf("%+v", sent)
		}
	})
}

func TestNobodyRegistersAPasswordForWhoeverHasTheAddress(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		for name, order := range map[string][]signin.RegisterInput{
			"the stranger comes later":             {applicant("ann"), other("eve")},
			"the stranger comes first":             {other("eve"), applicant("ann")},
			"the stranger comes between":           {applicant("ann"), other("eve"), applicant("ann")},
			"the stranger asks twice":              {applicant("ann"), other("eve"), other("eve")},
			"the person asks twice, and they once": {applicant("ann"), applicant("ann"), other("eve")},
		} {
			w, token := newWorld(db), ""
			for _, table := range []string{"accounts", "sign_in_failures"} {
				if _, err := db.Exec(t.Context(), "DELETE FROM "+table); err != nil {
					t.Fatal(err)
				}
			}
			for _, in := range order {
				token = w.registers(t, in)
			}
			created, err := w.VerifyEmail(t.Context(), token, "")
			if err != nil {
				t.Fatal(name, err)
			}
			if has, err := w.HasPassword(t.Context(), created.ID); has || err != nil {
				t.Errorf("%s: it has a password (%v)", name, err)
			}
			sent := w.letters(t)
			if len(sent) != 1 || sent[0].template != mail.ResetPassword || sent[0].to != "ann@Example.com" {
				t.Fatalf("%s: %+v", name, sent)
			}
			const chosen = "what the owner chose"
			if _, err := w.ResetPassword(t.Context(), sent[0].token, chosen, "", account.SessionInfo{}); err != nil {
				t.Fatal(name, err)
			}
			w.letters(t)
			_, err = w.signIn(t, "ann@example.com", other("eve").Password, "")
			mustFail(t, name, err, errs.Unauthenticated, "wrong_password")
			if _, err := w.signIn(t, "ann@example.com", chosen, ""); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func TestARegistrationThatHasEndedContestsNothing(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		w.registers(t, other("eve"))
		w.registers(t, applicant("ann"))
		w.pass(24 * time.Hour)
		created, err := w.VerifyEmail(t.Context(), w.registers(t, applicant("ann")), "")
		if err != nil {
			t.Fatal(err)
		}
		if has, err := w.HasPassword(t.Context(), created.ID); !has || err != nil {
			t.Errorf("it has no password (%v)", err)
		}
	})
}

func TestAFloodOfRegistrationsLeavesALinkThatWorks(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, newest := newWorld(db, 2), ""
		for range 5 {
			if token := w.registers(t, applicant("ann")); token != "" {
				newest = token
			}
		}
		if _, err := w.VerifyEmail(t.Context(), newest, ""); err != nil {
			t.Errorf("the last link that was written: %v", err)
		}
	})
}

func TestRegistrationsThatMeetLeaveOneLink(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		var all sync.WaitGroup
		for range 6 {
			all.Go(func() {
				if err := w.Register(t.Context(), applicant("ann")); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		works := 0
		for _, l := range w.letters(t) {
			if _, err := w.VerifyEmail(t.Context(), l.token, ""); err == nil {
				works++
			}
		}
		if works != 1 {
			t.Errorf("%d links work", works)
		}
	})
}
