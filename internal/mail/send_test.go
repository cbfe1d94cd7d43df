package mail_test

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/mail"
	"github.com/regulars/regulars/internal/mail/mailtest"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

var testMessage = mail.Message{To: "root@example.com", Language: "de", Confirmed: true, Values: map[string]string{"link": "https://club.example.com/"}}

var installationOwner = actor.Actor{Kind: actor.Session, AccountID: "root", InstallationOwner: true}

func TestTestMailIsDeliveredAtOnce(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		p := mailtest.Start(t)
		m := startMail(t, db, clock.Clock{}, "smtp://"+p.Address())
		result, err := m.SendTest(t.Context(), testMessage)
		if err != nil || result.Failed != "" || result.To != "root@example.com" {
			t.Fatalf("%+v, %v", result, err)
		}
		got := p.Receive(t)
		if _, parts := got.Parts(t); !strings.Contains(parts["text/plain"], "Dieser Server kann E-Mails senden") || !strings.Contains(got.Data, "club.example.com") {
			t.Errorf("%s", got.Data)
		}
		if stored, err := m.Test(t.Context(), actor.Actor{Kind: actor.Command}, result.ID); err != nil || stored != result {
			t.Errorf("%+v, %v", stored, err)
		}
		awaitStates(t, db, "root@example.com sent")
		if _, err := m.Test(t.Context(), actor.Actor{Kind: actor.Command}, "65a000000000000000000001"); !errs.Is(err, "mail_not_found") {
			t.Error(err)
		}
	})
}

func TestFailedTestMailNamesItsStep(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		p := mailtest.Start(t)
		p.Login = base64.StdEncoding.EncodeToString([]byte("\x00club\x00right-pass"))
		p.Reply = func(int) string { return "550 5.7.1 not from there" }
		for url, want := range map[string]mail.Step{
			"smtp://127.0.0.1:1":                                 mail.StepConnect,
			"smtp://" + p.Address() + "?tls=required":            mail.StepTLS,
			"smtps://" + p.Address():                             mail.StepTLS,
			"smtp://club:wrong-pass@" + p.Address() + "?tls=off": mail.StepSignIn,
			"smtp://club:right-pass@" + p.Address() + "?tls=off": mail.StepSender,
			"smtp://no-such-host.invalid:25?tls=off":             mail.StepConnect,
		} {
			m := startMail(t, db, clock.Clock{}, url)
			result, err := m.SendTest(t.Context(), testMessage)
			if err != nil || result.Failed != want || result.Reply == "" || strings.Contains(result.Reply, "-pass") {
				t.Errorf("%s: %+v, %v", url, result, err)
			}
			if stored, err := m.Test(t.Context(), actor.Actor{Kind: actor.Command}, result.ID); err != nil || stored != result {
				t.Errorf("%s: stored %+v, %v", url, stored, err)
			}
			if d := m.Delivery(); strings.Contains(d.Host+d.User+d.From, "pass") || d.Host == "" || d.Port == 0 {
				t.Errorf("%+v", d)
			}
		}
		m := startMail(t, db, clock.Clock{}, "")
		if _, err := m.SendTest(t.Context(), testMessage); !errs.Is(err, "mail_unavailable") {
			t.Error(err)
		}
		if q, err := m.Queue(t.Context(), installationOwner); err != nil || q.Failed != 6 || q.Waiting != 0 {
			t.Errorf("%+v, %v", q, err)
		}
	})
}

func TestTestMailsAreLimited(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		m := startMail(t, db, clock.At(func() time.Time { return noon }), "smtp://127.0.0.1:1")
		var limited int
		for range 12 {
			if _, err := m.SendTest(t.Context(), testMessage); errs.KindOf(err) == errs.Limited {
				limited++
			} else if err != nil {
				t.Fatal(err)
			}
		}
		if limited != 2 {
			t.Errorf("%d of 12 were rejected", limited)
		}
	})
}

func TestQueueCountsUnsentMessages(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		m := startMail(t, db, clock.Clock{}, "")
		for _, to := range []string{"ada@example.com", "ben@example.com"} {
			if err := send(t, db, m, verifyMessage(to)); err != nil {
				t.Fatal(err)
			}
		}
		awaitStates(t, db, "ada@example.com kept", "ben@example.com kept")
		if q, err := m.Queue(t.Context(), installationOwner); err != nil || q.NoServer != 2 || q.Waiting != 0 {
			t.Errorf("%+v, %v", q, err)
		}
		if _, err := m.Queue(t.Context(), actor.Actor{Kind: actor.Session, AccountID: "ada"}); !errs.Is(err, "owner_required") {
			t.Error(err)
		}
	})
}
