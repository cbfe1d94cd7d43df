package signin_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/account/link"
	"github.com/regulars/regulars/internal/account/signin"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

func TestALinkSignsInOnceWithinAnHour(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		ann := w.account(t, "ann")
		link := func() string {
			token, err := w.CreateLink(t.Context(), link.SignIn, ann.ID)
			if err != nil {
				t.Fatal(err)
			}
			return token
		}
		late := link()
		w.pass(time.Hour)
		_, _, err := w.RedeemLink(t.Context(), late, here(""))
		mustFail(t, "late", err, errs.Gone, "link_expired")
		token := link()
		var sessions atomic.Int32
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				session, account, err := w.RedeemLink(t.Context(), token, here(""))
				if errs.Is(err, "link_expired") {
					return
				}
				actor, wrong := w.Sessions.Authenticate(t.Context(), session)
				if err != nil || wrong != nil || account.ID != ann.ID || actor.AccountID != ann.ID {
					t.Errorf("%v %v %+v", err, wrong, actor)
				}
				sessions.Add(1)
			})
		}
		all.Wait()
		if sessions.Load() != 1 {
			t.Errorf("%d sessions from one link", sessions.Load())
		}
	})
}

func TestALinkForNothingIsNotMade(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		_, err := w.CreateLink(t.Context(), link.SignIn, "nobody")
		mustFail(t, "account", err, errs.NotFound, "account_not_found")
		_, err = w.CreateLink(t.Context(), "setup", "nobody")
		mustFail(t, "purpose", err, errs.Invalid, "invalid_input")
		setup, _, err := w.SetupLink(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, token := range []string{"", "x", setup} {
			_, _, err = w.RedeemLink(t.Context(), token, here(""))
			mustFail(t, token, err, errs.Gone, "link_expired")
		}
	})
}

var first = signin.Input{Email: "ann@example.com", Username: "ann", Password: password}

func TestSetupMakesTheOwnerOfTheInstallation(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		w.imported(t, "imported")
		token, needed, err := w.SetupLink(t.Context())
		if err != nil || !needed {
			t.Fatalf("needed %v, %v", needed, err)
		}
		acct, session, err := w.Setup(t.Context(), token, first, here("192.0.2.1"))
		want := account.Account{
			ID: acct.ID, Number: acct.Number, Email: "ann@example.com", Username: "ann",
			InstallationOwner: true, CreatedAt: w.now.UnixMilli(), SignedInAt: w.now.UnixMilli(),
		}
		if diff := cmp.Diff(want, acct); err != nil || diff != "" {
			t.Fatalf("%v %s", err, diff)
		}
		if actor, err := w.Sessions.Authenticate(t.Context(), session); err != nil || !actor.InstallationOwner {
			t.Errorf("%+v %v", actor, err)
		}
		if _, err := w.signIn(t, "ann", password, ""); err != nil {
			t.Error(err)
		}
		if _, needed, err := w.SetupLink(t.Context()); err != nil || needed {
			t.Errorf("needed again: %v %v", needed, err)
		}
		if pending, err := w.SetupPending(t.Context()); err != nil || pending {
			t.Errorf("pending: %v %v", pending, err)
		}
		_, _, err = w.Setup(t.Context(), token, signin.Input{Email: "bob@example.com", Username: "bob", Password: password}, here(""))
		mustFail(t, "again", err, errs.Gone, "link_expired")
	})
}

func TestASetupThatIsRefusedCanBeTriedAgain(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		w.imported(t, "ann")
		token, _, err := w.SetupLink(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = w.Setup(t.Context(), "wrong", first, here(""))
		mustFail(t, "wrong token", err, errs.Gone, "link_expired")
		_, _, err = w.Setup(t.Context(), token, signin.Input{Email: "bob@example.com", Username: "bob"}, here(""))
		if diff := cmp.Diff([]string{"password"}, fieldsOf(err)); diff != "" {
			t.Errorf("%v %s", err, diff)
		}
		_, _, err = w.Setup(t.Context(), token, first, here(""))
		mustFail(t, "taken", err, errs.Conflict, "email_taken")
		other := first
		other.Email, other.Username = "bob@example.com", "bob"
		if _, _, err = w.Setup(t.Context(), token, other, here("")); err != nil {
			t.Error(err)
		}
	})
}

func TestASetupLinkExpiresAfterADay(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		token, _, err := w.SetupLink(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		w.pass(24 * time.Hour)
		_, _, err = w.Setup(t.Context(), token, first, here(""))
		mustFail(t, "a day later", err, errs.Gone, "link_expired")
	})
}

func TestTwoWhoSetUpAtTheSameTimeMakeOneOwner(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		var tokens []string
		for range 2 {
			token, _, err := w.SetupLink(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			tokens = append(tokens, token, token)
		}
		var owners atomic.Int32
		var all sync.WaitGroup
		for i, token := range tokens {
			all.Go(func() {
				name := string(rune('a'+i)) + "nn"
				in := signin.Input{Email: name + "@example.com", Username: name, Password: password}
				_, _, err := w.Setup(t.Context(), token, in, here(""))
				if err == nil {
					owners.Add(1)
				} else if !errs.Is(err, "link_expired") {
					t.Error(err)
				}
			})
		}
		all.Wait()
		var stored int32
		if err := db.QueryRow(t.Context(), "SELECT count(*) FROM accounts").Scan(&stored); err != nil || stored != 1 || owners.Load() != 1 {
			t.Errorf("%d owners, %d accounts, %v", owners.Load(), stored, err)
		}
	})
}

func TestSweepTakesWhatIsOfNoUse(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		ann := w.account(t, "ann")
		if _, err := w.CreateLink(t.Context(), link.SignIn, ann.ID); err != nil {
			t.Fatal(err)
		}
		_, err := w.signIn(t, "ann", "wrong password!", "192.0.2.1")
		mustFail(t, "wrong", err, errs.Unauthenticated, "wrong_password")
		for _, step := range []struct {
			pass            time.Duration
			links, failures int
		}{{0, 1, 3}, {time.Hour + time.Second, 0, 3}, {23 * time.Hour, 0, 0}} {
			w.pass(step.pass)
			if err := w.Accounts.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
			var links, failures int
			if err := db.QueryRow(t.Context(), "SELECT (SELECT count(*) FROM one_time_links), (SELECT count(*) FROM sign_in_failures)").Scan(&links, &failures); err != nil {
				t.Fatal(err)
			}
			if links != step.links || failures != step.failures {
				t.Errorf("after %v: %d links, %d failures", step.pass, links, failures)
			}
		}
	})
}
