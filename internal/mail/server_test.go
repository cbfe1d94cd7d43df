package mail_test

import (
	"fmt"
	"mime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/mail"
	"github.com/regulars/regulars/internal/mail/mailtest"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

func TestMessageIsTextAndHTMLInTheLanguageOfTheRecipient(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		p := mailtest.Start(t)
		p.Login = "AGNsdWIAc2VjcmV0" // \x00club\x00secret
		m := startMail(t, db, clock.Clock{}, "smtp://club:secret@"+p.Address()+"?tls=off")
		msg := mail.Message{
			To: "juergen@example.com", ToName: `Jürgen "J" Müller`, Language: "de-AT", Template: mail.Invited, CommunityID: "c",
			Values: map[string]string{"community": "Tom & <b>Jerry</b>", "link": "https://club.example.com/i/abc?x=1&y=2", "inviter": "Eve"},
		}
		if err := send(t, db, m, msg); err != nil {
			t.Fatal(err)
		}
		got := p.Receive(t)
		awaitStates(t, db, "juergen@example.com sent")
		if got.From != "FROM:<club@example.com> BODY=8BITMIME" || fmt.Sprint(got.To) != "[TO:<juergen@example.com>]" {
			t.Errorf("from %q to %q", got.From, got.To)
		}
		header, bodies := got.Parts(t)
		if subject, err := new(mime.WordDecoder).DecodeHeader(header.Get("Subject")); err != nil || !strings.Contains(subject, "Tom & <b>Jerry</b>") {
			t.Errorf("subject %q, %v", subject, err)
		}
		if to, err := header.AddressList("To"); err != nil || len(to) != 1 || to[0].Name != "" {
			t.Errorf("to %v, %v", to, err)
		}
		if !strings.HasSuffix(header.Get("Message-Id"), "@example.com>") || header.Get("Content-Language") != "de" || header.Get("Bcc") != "" {
			t.Errorf("header %v", header)
		}
		if text := bodies["text/plain"]; !strings.Contains(text, "https://club.example.com/i/abc?x=1&y=2") || !strings.Contains(text, "Tom & <b>Jerry</b>") {
			t.Errorf("text %q", text)
		}
		if html := bodies["text/html"]; !strings.Contains(html, `href="https://club.example.com/i/abc?x=1&amp;y=2"`) || strings.Contains(html, "<b>Jerry") || !strings.Contains(html, `<html lang="de">`) {
			t.Errorf("html %q", html)
		}
		if list, _, err := m.Unsent(t.Context(), actor.Actor{Kind: actor.Command}, "", 10); err != nil || len(list) != 0 {
			t.Errorf("still to be sent: %+v, %v", list, err)
		}
	})
}

func TestTemporaryErrorsAreRetriedAndPermanentOnesAreNot(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		p := mailtest.Start(t)
		start := clock.Clock{}.Now()
		c := clock.At(func() time.Time { // a second is over in ten milliseconds
			now := clock.Clock{}.Now()
			return now.Add(99 * now.Sub(start))
		})
		rejected := make(chan int, 16)
		p.Reply = func(attempt int) string {
			rejected <- attempt
			if attempt < 3 {
				return "451 4.3.0 later"
			}
			if attempt == 4 {
				return "550 5.7.1 never"
			}
			return ""
		}
		m := startMail(t, db, c, "smtp://"+p.Address())
		if err := send(t, db, m, verifyMessage("ada@example.com")); err != nil {
			t.Fatal(err)
		}
		p.Receive(t)
		awaitStates(t, db, "ada@example.com sent")
		if err := send(t, db, m, verifyMessage("bob@example.com")); err != nil {
			t.Fatal(err)
		}
		awaitStates(t, db, "ada@example.com sent", "bob@example.com failed")
		if len(rejected) != 4 {
			t.Errorf("%d attempts, want 3 and 1", len(rejected))
		}
		list, _, err := m.Unsent(t.Context(), actor.Actor{Kind: actor.Command}, "", 10)
		if err != nil || len(list) != 1 || !strings.Contains(list[0].Error, "never") {
			t.Errorf("%+v, %v", list, err)
		}
	})
}

func TestExpiredMessagesAreNotSentAndOldOnesAreErased(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		var mu sync.Mutex
		at := noon
		c := clock.At(func() time.Time { mu.Lock(); defer mu.Unlock(); return at })
		move := func(d time.Duration) { mu.Lock(); defer mu.Unlock(); at = at.Add(d) }
		writer, err := mail.New(mail.Deps{DB: db, Clock: c, Log: quiet, Keys: keys})
		if err != nil {
			t.Fatal(err)
		}
		early := verifyMessage("early@example.com")
		early.ExpiresAt = noon.Add(time.Hour).UnixMilli()
		if err := send(t, db, writer, early); err != nil {
			t.Fatal(err)
		}
		if err := send(t, db, writer, verifyMessage("held@example.com")); err != nil {
			t.Fatal(err)
		}
		move(time.Hour)
		m := startMail(t, db, c, "")
		awaitStates(t, db, "early@example.com expired", "held@example.com kept")
		bodies := func(want ...bool) {
			t.Helper()
			list, _, err := m.Unsent(t.Context(), actor.Actor{Kind: actor.Command}, "", 10)
			if err != nil || len(list) != len(want) {
				t.Fatalf("%+v, %v", list, err)
			}
			for i, k := range list {
				if (k.Text != "" || k.HTML != "") != want[i] {
					t.Errorf("%s: text %q", k.To, k.Text)
				}
			}
		}
		for _, step := range []struct {
			after time.Duration
			want  []bool
		}{{time.Minute, []bool{true, false}}, {8 * 24 * time.Hour, []bool{false, false}}, {90 * 24 * time.Hour, nil}} {
			move(step.after)
			if err := m.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
			bodies(step.want...)
		}
	})
}
