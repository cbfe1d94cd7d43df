package mail_test

import (
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/mail"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

func TestWhatASecretMessageSaidIsGoneOnceItIsSent(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		p := openPostbox(t)
		m := office(t, db, clock.Clock{}, "smtp://"+p.address())
		values := map[string]string{"community": "Club", "link": "https://club.example.com/x", "password": "hush"}
		for template, kept := range map[mail.Template]bool{mail.Welcome: false, mail.VerifyEmail: false, mail.ResetPassword: false, mail.Invited: true} {
			to := string(template) + "@example.com"
			expires := clock.Clock{}.MS() + 3_600_000
			if err := send(t, db, m, mail.Message{To: to, Template: template, Values: values, ExpiresAt: expires}); err != nil {
				t.Fatal(err)
			}
			if got := p.receive(t); !strings.Contains(got.data, "club.example.com") || template == mail.Welcome && strings.Contains(got.data, "works once") {
				t.Errorf("%s arrived as %s", template, got.data)
			}
			const unfinished = "SELECT count(*) FROM mail_outbox WHERE state <> 'sent'"
			for open := 1; open > 0; {
				if err := db.QueryRow(t.Context(), unfinished).Scan(&open); err != nil {
					t.Fatal(err)
				}
			}
			bodies, err := sqldb.One(t.Context(), db, "mail", sqldb.Value[string], "SELECT body_text || body_html FROM mail_outbox WHERE address = $1", to)
			if err != nil || (bodies != "") != kept {
				t.Errorf("%s: kept %q, %v", template, bodies, err)
			}
		}
	})
}
