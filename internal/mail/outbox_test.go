package mail_test

import (
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/mail"
	"github.com/regulars/regulars/internal/mail/mailtest"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

func TestBodiesOfSecretMessagesAreErasedAfterSending(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		p := mailtest.Start(t)
		m := startMail(t, db, clock.Clock{}, "smtp://"+p.Address())
		values := map[string]string{"community": "Club", "link": "https://club.example.com/x"}
		for template, remains := range map[mail.Template]bool{mail.Welcome: false, mail.VerifyEmail: false, mail.ResetPassword: false, mail.Invited: false, mail.PasswordChanged: true} {
			to := string(template) + "@example.com"
			expires := clock.Clock{}.MS() + 3_600_000
			if err := send(t, db, m, mail.Message{To: to, Template: template, Values: values, ExpiresAt: expires}); err != nil {
				t.Fatal(err)
			}
			if got := p.Receive(t); !strings.Contains(got.Data, "club.example.com") || template == mail.Welcome && strings.Contains(got.Data, "works once") {
				t.Errorf("%s arrived as %s", template, got.Data)
			}
			const unfinished = "SELECT count(*) FROM mail_outbox WHERE state <> 'sent'"
			for open := 1; open > 0; {
				if err := db.QueryRow(t.Context(), unfinished).Scan(&open); err != nil {
					t.Fatal(err)
				}
			}
			bodies, err := sqldb.One(t.Context(), db, "mail", sqldb.Value[string], "SELECT body_text || body_html FROM mail_outbox WHERE address = $1", to)
			if err != nil || (bodies != "") != remains {
				t.Errorf("%s: kept %q, %v", template, bodies, err)
			}
		}
	})
}

func TestBodiesAreSealedInTheDatabase(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		m := startMail(t, db, clock.Clock{}, "")
		if err := send(t, db, m, verifyMessage("ada@example.com")); err != nil {
			t.Fatal(err)
		}
		for _, row := range sqldbtest.Dump(t, db) {
			if strings.Contains(row, "token=abc") {
				t.Errorf("the link is readable in %s", row)
			}
		}
		if _, err := db.Exec(t.Context(), "UPDATE mail_outbox SET body_text = 'Hello from before there was a key'"); err != nil {
			t.Fatal(err)
		}
		if n, err := keys.Rotate(t.Context(), db, mail.SealedColumns()...); n != 0 || err != nil {
			t.Fatal(n, err)
		}
		list, _, err := m.Unsent(t.Context(), actor.Actor{Kind: actor.Command}, "", 10)
		if err != nil || len(list) != 1 || list[0].Text != "Hello from before there was a key" || !strings.Contains(list[0].HTML, "token=abc") {
			t.Errorf("%+v, %v", list, err)
		}
		for _, row := range sqldbtest.Dump(t, db) {
			if strings.Contains(row, "before there was a key") {
				t.Errorf("still plain: %s", row)
			}
		}
	})
}
