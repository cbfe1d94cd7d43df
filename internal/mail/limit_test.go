package mail_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/mail"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// counter is mail with a limit of two an hour, that nobody sends.
type counter struct {
	*mail.Mail
	db  *sqldb.DB
	now time.Time
	log bytes.Buffer
}

func newCounter(t *testing.T, db *sqldb.DB) *counter {
	t.Helper()
	c := &counter{db: db, now: noon}
	var err error
	c.Mail, err = mail.New(mail.Deps{
		DB: db, Clock: clock.At(func() time.Time { return c.now }), Log: slog.New(slog.NewTextHandler(&c.log, nil)), Keys: keys, PerHour: 2,
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// offer reports how many of n messages were written.
func (c *counter) offer(t *testing.T, n int, template mail.Template, to string) (written int) {
	t.Helper()
	values := map[string]string{"community": "Club", "kind": mail.ByPasskey, "name": "Phone", "link": "https://club.example.com/x"}
	for range n {
		err := c.db.Tx(t.Context(), func(tx *sqldb.Tx) error {
			ok, err := c.Offer(t.Context(), tx, mail.Message{To: to, Template: template, Values: values})
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

func TestNobodyIsFloodedWithMail(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		c := newCounter(t, db)
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
			if got := c.offer(t, 4, s.template, s.to); got != s.want {
				t.Errorf("%s: %d were written, want %d", s.name, got, s.want)
			}
		}
		c.now = c.now.Add(2 * time.Hour)
		if got := c.offer(t, 4, mail.VerifyEmail, "ada@example.com"); got != 2 {
			t.Errorf("two hours later %d were written", got)
		}
	})
}

func TestWhatIsHeldBackIsCountedAndSaysNothing(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		c := newCounter(t, db)
		c.offer(t, 5, mail.VerifyEmail, "ada@example.com")
		if n := c.HeldBackTotal(); n != 3 {
			t.Errorf("%d held back", n)
		}
		if log := c.log.String(); strings.Count(log, "mail held back") != 3 || strings.Contains(log, "ada") {
			t.Error(log)
		}
		list, _, err := c.Unsent(t.Context(), "", 10)
		if err != nil || len(list) != 2 {
			t.Errorf("the mailbox shows %d (%v)", len(list), err)
		}
		held, err := sqldb.All(t.Context(), db, sqldb.Value[string], "SELECT subject || body_text || body_html FROM mail_outbox WHERE state = 'held_back'")
		if d := cmp.Diff([]string{"", "", ""}, held); d != "" || err != nil {
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

func TestToHoldBackIsAsMuchWorkAsToWrite(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		c := newCounter(t, db)
		var rows [2]int
		for i := range rows {
			c.offer(t, 2, mail.VerifyEmail, "ada@example.com")
			err := db.QueryRow(t.Context(), "SELECT (SELECT count(*) FROM mail_outbox) + (SELECT count(*) FROM jobs)").Scan(&rows[i])
			if err != nil {
				t.Fatal(err)
			}
		}
		if rows[1] != 2*rows[0] {
			t.Errorf("%d rows for messages that were written, %d for those that were not", rows[0], rows[1]-rows[0])
		}
	})
}

func TestWhatIsHeldBackIsNotSent(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		newCounter(t, db).offer(t, 3, mail.VerifyEmail, "ada@example.com")
		office(t, db, clock.At(func() time.Time { return noon }), "") // whose worker finds them
		await(t, db, "ada@example.com kept", "ada@example.com kept", "ada@example.com held_back")
	})
}
