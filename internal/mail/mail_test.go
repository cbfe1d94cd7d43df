package mail_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/mail"
	"github.com/regulars/regulars/internal/seal"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

var (
	quiet = slog.New(slog.DiscardHandler)
	noon  = time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC)
	keys  = seal.Random()
)

// startMail returns a Mail with a running engine.
func startMail(t *testing.T, db *sqldb.DB, c clock.Clock, smtpURL string) *mail.Mail {
	t.Helper()
	engine := jobs.New(db, c, quiet, jobs.EngineOptions{Lease: 24 * time.Hour})
	m, err := mail.New(mail.Deps{DB: db, Jobs: engine, Clock: c, Log: quiet, Keys: keys, SMTPURL: smtpURL, From: "Our Club <club@example.com>"})
	if err != nil {
		t.Fatal(err)
	}
	if err := engine.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := engine.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	return m
}

func send(t *testing.T, db *sqldb.DB, m *mail.Mail, msg mail.Message) error {
	t.Helper()
	return db.Tx(t.Context(), func(tx *sqldb.Tx) error { return m.Send(t.Context(), tx, msg) })
}

// states lists the outbox as "address state", oldest first.
func states(t *testing.T, db *sqldb.DB) []string {
	t.Helper()
	list, err := sqldb.All(t.Context(), db, func(s sqldb.Scanner) (string, error) {
		var address, state string
		err := s.Scan(&address, &state)
		return address + " " + state, err
	}, "SELECT address, state FROM mail_outbox ORDER BY id")
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func awaitStates(t *testing.T, db *sqldb.DB, want ...string) {
	t.Helper()
	retryUntil(t, func() error {
		if got := states(t, db); fmt.Sprint(got) != fmt.Sprint(want) {
			return fmt.Errorf("the outbox is %q, want %q", got, want)
		}
		return nil
	})
}

// retryUntil retries until there is no error; after a minute the last error
// fails the test.
func retryUntil(t *testing.T, ask func() error) {
	t.Helper()
	deadline := time.After(60 * time.Second)
	tick := time.NewTicker(3 * time.Millisecond)
	defer tick.Stop()
	for {
		err := ask()
		if err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal(err)
		}
	}
}

func verifyMessage(to string) mail.Message {
	return mail.Message{To: to, Template: mail.VerifyEmail, Values: map[string]string{"link": "https://club.example.com/verify?token=abc"}}
}

func TestMessageIsQueuedInTheTransactionOfTheChange(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		m := startMail(t, db, clock.Clock{}, "")
		failure := errors.New("the change failed")
		err := db.Tx(t.Context(), func(tx *sqldb.Tx) error {
			return errors.Join(m.Send(t.Context(), tx, verifyMessage("gone@example.com")), failure)
		})
		if !errors.Is(err, failure) {
			t.Fatal(err)
		}
		if err := send(t, db, m, verifyMessage("ada@example.com")); err != nil {
			t.Fatal(err)
		}
		awaitStates(t, db, "ada@example.com kept")
		list, _, err := m.Unsent(t.Context(), actor.Actor{Kind: actor.Command}, "", 10)
		if err != nil || len(list) != 1 || !strings.Contains(list[0].Text, "https://club.example.com/verify?token=abc") {
			t.Errorf("%+v, %v", list, err)
		}
	})
}

func TestInputCannotAddHeadersOrRecipients(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		m := startMail(t, db, clock.Clock{}, "")
		welcome := func(community, name, to string) mail.Message {
			return mail.Message{To: to, ToName: name, Template: mail.Welcome, Values: map[string]string{"community": community, "link": "https://club.example.com/"}}
		}
		for name, msg := range map[string]mail.Message{
			"a line in the subject":        welcome("Club\r\nBcc: eve@example.com", "Ada", "ada@example.com"),
			"a bare line feed":             welcome("Club\nBcc: eve@example.com", "Ada", "ada@example.com"),
			"a line in the name":           welcome("Club", "Ada\r\nBcc: eve@example.com", "ada@example.com"),
			"a line in the address":        welcome("Club", "Ada", "ada@example.com\r\nBcc: eve@example.com"),
			"two addresses":                welcome("Club", "Ada", "ada@example.com, eve@example.com"),
			"a name in the address":        welcome("Club", "Ada", "Eve <eve@example.com>"),
			"a NUL":                        welcome("Club\x00", "Ada", "ada@example.com"),
			"a separator of lines":         welcome("Club\u2028Bcc", "Ada", "ada@example.com"),
			"text that is not UTF-8":       welcome("Club\xff", "Ada", "ada@example.com"),
			"a value of several kilobytes": welcome(strings.Repeat("Club ", 1000), "Ada", "ada@example.com"),
		} {
			if err := send(t, db, m, msg); !errs.Is(err, "mail_refused") {
				t.Errorf("%s: %v", name, err)
			}
		}
		if got := states(t, db); len(got) != 0 {
			t.Errorf("the outbox is %q", got)
		}
	})
}

func TestSMTPURLIsValidated(t *testing.T) {
	for address, ok := range map[string]bool{
		"smtp://mail.example.com": true, "smtps://u:p@mail.example.com": true, "smtp://u:p@mail.example.com:25?tls=off": true,
		"http://mail.example.com": false, "smtp://": false, "mail.example.com:25": false, "smtp://mail.example.com?tls=maybe": false, "smtp://mail.example.com:port": false, "smtp://mail.example.com/path": false,
	} {
		_, err := mail.New(mail.Deps{SMTPURL: address, From: "club@example.com"})
		if (err == nil) != ok {
			t.Errorf("%s: %v", address, err)
		}
		if err != nil && strings.Contains(err.Error(), address) {
			t.Errorf("%s: the error reveals the password", address)
		}
	}
	if _, err := mail.New(mail.Deps{SMTPURL: "smtp://mail.example.com"}); err == nil {
		t.Error("a server without a sender is accepted")
	}
}

func TestMessageFailsWithItsJob(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		engine := jobs.New(db, clock.Clock{}, quiet, jobs.EngineOptions{ReclaimAll: true})
		m, err := mail.New(mail.Deps{DB: db, Jobs: engine, Clock: clock.Clock{}, Log: quiet, Keys: keys})
		if err != nil {
			t.Fatal(err)
		}
		msg := mail.Message{To: "ada@example.com", Template: mail.Invited, Values: map[string]string{"community": "Club", "link": "https://example.com"}}
		if err := send(t, db, m, msg); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Exec(t.Context(), "UPDATE jobs SET state = 'running', attempt = 1, node_id = 'lost', lease_token = 'lost', crashes = 2"); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(engine.Start(t.Context()), engine.Stop(t.Context())); err != nil {
			t.Fatal(err)
		}
		if got := states(t, db); len(got) != 1 || got[0] != "ada@example.com failed" {
			t.Error(got)
		}
	})
}
