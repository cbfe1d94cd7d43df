package mail_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/mail"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// limitedMail is Mail with a limit of two per hour and without an engine.
type limitedMail struct {
	*mail.Mail
	db  *sqldb.DB
	now time.Time
	log bytes.Buffer
}

func newLimitedMail(t *testing.T, db *sqldb.DB) *limitedMail {
	t.Helper()
	c := &limitedMail{db: db, now: noon}
	var err error
	c.Mail, err = mail.New(mail.Deps{
		DB: db, Clock: clock.At(func() time.Time { return c.now }), Log: slog.New(slog.NewTextHandler(&c.log, nil)), Keys: keys, PerHour: 2,
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// trySend returns how many of n messages were queued.
func (c *limitedMail) trySend(t *testing.T, n int, template mail.Template, to string) (written int) {
	t.Helper()
	values := map[string]string{"community": "Club", "kind": mail.MethodPasskey, "name": "Phone", "link": "https://club.example.com/x"}
	for range n {
		err := c.db.Tx(t.Context(), func(tx *sqldb.Tx) error {
			ok, err := c.TrySend(t.Context(), tx, mail.Message{To: to, Template: template, Values: values})
			if ok {
				written++
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return written
}

func TestMailsPerRecipientAreLimited(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		c := newLimitedMail(t, db)
		for _, s := range []struct {
			name     string
			template mail.Template
			to       string
			want     int
		}{
			{"the first ones", mail.VerifyEmail, "ada@example.com", 2},
			{"the same mailbox in other letters", mail.VerifyEmail, "Ada@Example.com", 0},
			{"the same mailbox, to be sorted", mail.AccountExists, "ada+club@example.com", 0},
			{"another mailbox", mail.VerifyEmail, "bob@example.com", 2},
			{"an address that begins with a +", mail.VerifyEmail, "+@example.com", 2},
			{"another such", mail.VerifyEmail, "+x@example.com", 2},
			{"another kind", mail.ResetPassword, "ada@example.com", 2},
			{"of a community", mail.Invited, "ada@example.com", 2},
			{"of another community", mail.Welcome, "ada@example.com", 0},
			{"notices, which have to arrive", mail.PasswordChanged, "ada@example.com", 4},
			{"no more of them than six", mail.SignInAdded, "ada@example.com", 2},
		} {
			if got := c.trySend(t, 4, s.template, s.to); got != s.want {
				t.Errorf("%s: %d were queued, want %d", s.name, got, s.want)
			}
		}
		c.now = c.now.Add(2 * time.Hour)
		if got := c.trySend(t, 4, mail.VerifyEmail, "ada@example.com"); got != 2 {
			t.Errorf("two hours later %d were queued", got)
		}
	})
}

func TestSuppressedMailsAreCountedWithoutContent(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		c := newLimitedMail(t, db)
		c.trySend(t, 5, mail.VerifyEmail, "ada@example.com")
		if n := c.SuppressedTotal(); n != 3 {
			t.Errorf("%d suppressed", n)
		}
		if log := c.log.String(); strings.Count(log, "mail suppressed") != 3 || strings.Contains(log, "ada") {
			t.Error(log)
		}
		list, _, err := c.Unsent(t.Context(), actor.Actor{Kind: actor.Command}, "", 10)
		if err != nil || len(list) != 2 {
			t.Errorf("the mailbox shows %d (%v)", len(list), err)
		}
		suppressed, err := sqldb.All(t.Context(), db, sqldb.Value[string], "SELECT subject || body_text || body_html FROM mail_outbox WHERE state = 'held_back'")
		if d := cmp.Diff([]string{"", "", ""}, suppressed); d != "" || err != nil {
			t.Error(d, err)
		}
		if err := c.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if rows := states(t, db); len(rows) != 2 {
			t.Errorf("%q are left", rows)
		}
	})
}

func TestSuppressingDoesTheSameWorkAsQueueing(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		c := newLimitedMail(t, db)
		var rows [2]int
		for i := range rows {
			c.trySend(t, 2, mail.VerifyEmail, "ada@example.com")
			err := db.QueryRow(t.Context(), "SELECT (SELECT count(*) FROM mail_outbox) + (SELECT count(*) FROM jobs)").Scan(&rows[i])
			if err != nil {
				t.Fatal(err)
			}
		}
		if rows[1] != 2*rows[0] {
			t.Errorf("%d rows for messages that were queued, %d for suppressed ones", rows[0], rows[1]-rows[0])
		}
	})
}

func TestSuppressedMailsAreNotSent(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		newLimitedMail(t, db).trySend(t, 3, mail.VerifyEmail, "ada@example.com")
		startMail(t, db, clock.At(func() time.Time { return noon }), "") // its worker sends them
		awaitStates(t, db, "ada@example.com kept", "ada@example.com kept", "ada@example.com held_back")
	})
}
