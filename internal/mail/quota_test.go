package mail_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/mail"
	"github.com/regulars/regulars/internal/mail/mailtest"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// testClock is a clock shared by two nodes.
type testClock struct {
	mu  sync.Mutex
	now time.Time
}

func (h *testClock) read() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *testClock) advance(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
}

// startNode returns a Mail with an engine and the default quota.
func startNode(t *testing.T, db *sqldb.DB, h *testClock, smtpURL string) *mail.Mail {
	t.Helper()
	return startNodeWith(t, db, h, smtpURL, jobs.EngineOptions{Lease: 24 * time.Hour})
}

func startNodeWith(t *testing.T, db *sqldb.DB, h *testClock, smtpURL string, o jobs.EngineOptions) *mail.Mail {
	t.Helper()
	now := clock.At(h.read)
	engine := jobs.New(db, now, quiet, o)
	m, err := mail.New(mail.Deps{DB: db, Jobs: engine, Clock: now, Log: quiet, Keys: keys, SMTPURL: smtpURL, From: "Our Club <club@example.com>", UnconfirmedPerHour: 20})
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

func count(t *testing.T, db *sqldb.DB, state string) (n int) {
	t.Helper()
	if err := db.QueryRow(t.Context(), "SELECT count(*) FROM mail_outbox WHERE state = $1", state).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// awaitCount waits until n messages are in a state.
func awaitCount(t *testing.T, db *sqldb.DB, state string, n int) {
	t.Helper()
	retryUntil(t, func() error {
		if got := count(t, db, state); got != n {
			return fmt.Errorf("%d messages are %s, want %d", got, state, n)
		}
		return nil
	})
}

func invitation(i int, sender, communityID string) mail.Message {
	return mail.Message{
		To: fmt.Sprintf("stranger%d@example.org", i), Template: mail.Invited, Sender: sender, CommunityID: communityID,
		Values: map[string]string{"community": "Club", "link": "https://club.example.com/i/abc"},
	}
}

func TestTwentyMailsAnHourGoToUnconfirmedAddressesOverAllNodes(t *testing.T) {
	for name, from := range map[string]func(i int) (sender, communityID string){
		"of one account in many communities": func(i int) (string, string) { return "account:a", fmt.Sprintf("c%d", i%7) },
		"of many accounts in one community":  func(i int) (string, string) { return fmt.Sprintf("account:%d", i%7), "c" },
	} {
		t.Run(name, func(t *testing.T) {
			sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
				p, h := mailtest.Start(t), &testClock{now: noon}
				nodes := []*mail.Mail{startNode(t, db, h, "smtp://"+p.Address()), startNode(t, db, h, "smtp://"+p.Address())}
				var senders sync.WaitGroup
				for n, m := range nodes {
					senders.Go(func() {
						for i := range 20 {
							sender, communityID := from(i)
							if err := send(t, db, m, invitation(100*n+i, sender, communityID)); err != nil {
								t.Error(err)
							}
						}
					})
				}
				senders.Wait()
				awaitCount(t, db, mail.Throttled, 20)
				awaitCount(t, db, mail.Sent, 20)
				if err := send(t, db, nodes[0], verifyMessage("ada@example.com")); err != nil {
					t.Fatal(err)
				}
				for got := (mailtest.Message{}); !strings.Contains(fmt.Sprint(got.To), "ada@example.com"); {
					got = p.Receive(t)
				}
				if waiting := backlog(t, nodes[1]); waiting != 20 {
					t.Errorf("%d messages wait for a quota, want 20", waiting)
				}
				for range 2 { // the next windows have room for all of them
					h.advance(2 * time.Hour)
					release(t, db, nodes[0], 20)
				}
				awaitCount(t, db, mail.Sent, 41)
			})
		})
	}
}

func backlog(t *testing.T, m *mail.Mail) (waiting int64) {
	t.Helper()
	list, err := m.Backlogs(t.Context(), actor.Actor{Kind: actor.Command})
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range list {
		waiting += b.Waiting
	}
	return waiting
}

// release releases throttled messages until none is left.
func release(t *testing.T, db *sqldb.DB, m *mail.Mail, rounds int) {
	t.Helper()
	for range rounds {
		if err := db.Tx(t.Context(), func(tx *sqldb.Tx) error { return m.ReleaseTx(t.Context(), tx) }); err != nil {
			t.Fatal(err)
		}
		awaitAttempts(t, db)
		if count(t, db, mail.Throttled) == 0 {
			return
		}
	}
}

func TestStoppedMailsAreNeverSent(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		p, h := mailtest.Start(t), &testClock{now: noon}
		m := startNode(t, db, h, "smtp://"+p.Address())
		for i := range 23 {
			if err := send(t, db, m, invitation(i, "account:a", "c")); err != nil {
				t.Fatal(err)
			}
		}
		awaitCount(t, db, mail.Throttled, 3)
		awaitCount(t, db, mail.Sent, 20)
		var stopped int64
		err := db.Tx(t.Context(), func(tx *sqldb.Tx) (err error) {
			stopped, err = m.StopBacklog(t.Context(), tx, mail.Backlog{Sender: "account:a", CommunityID: "c"}, "It is spam.")
			return err
		})
		if err != nil || stopped != 3 || backlog(t, m) != 0 {
			t.Fatalf("%d stopped, %d wait: %v", stopped, backlog(t, m), err)
		}
		h.advance(3 * time.Hour)
		release(t, db, m, 1)
		if n := count(t, db, mail.Stopped); n != 3 {
			t.Errorf("%d messages are stopped, want 3", n)
		}
	})
}

func TestMailsToUnconfirmedAddressesContainNoFreeText(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		m := startMail(t, db, clock.Clock{}, "")
		for template, values := range map[mail.Template]map[string]string{
			mail.Welcome:         {"password": "spam-text"},
			mail.Invited:         {"inviter": "spam-text"},
			mail.VerifyEmail:     {"name": "spam-text"},
			mail.SignInAdded:     {"kind": mail.MethodPasskey, "name": "spam-text"},
			mail.BulkJobFinished: {"kind": "import", "status": "completed", "file": "spam-text", "created": "1", "updated": "0", "unchanged": "0", "skipped": "0", "failed": "0"},
		} {
			values["community"], values["link"] = "Harbour Club spam-text.example www.spam-text spam@text.example", "https://club.example.com/x"
			to := string(template) + "@example.org"
			if err := send(t, db, m, mail.Message{To: to, ToName: "spam-text", Template: template, Values: values, CommunityID: "c"}); err != nil {
				t.Fatal(err)
			}
		}
		list, _, err := m.Unsent(t.Context(), actor.Actor{Kind: actor.Command}, "", 10)
		if err != nil || len(list) != 5 {
			t.Fatal(len(list), err)
		}
		for _, k := range list {
			if all := k.ToName + k.Subject + k.Text + k.HTML; strings.Contains(all, "spam") {
				t.Errorf("%s: %s", k.Template, all)
			}
			if k.Template == mail.Welcome && k.Subject != "You were added to Harbour Club" {
				t.Errorf("subject %q", k.Subject)
			}
		}
	})
}

// The only link leads to a page with both choices, in every language.
func TestCommunityMailsOfferAcceptAndDecline(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		m := startMail(t, db, clock.Clock{}, "")
		button := map[string]string{"en": "Accept or decline", "de": "Annehmen oder ablehnen", "es": "Aceptar o rechazar", "ja": "承認または辞退する"}
		without := map[string]string{"en": "without an account", "de": "ohne Konto", "es": "sin cuenta", "ja": "アカウントがなくても"}
		for language := range button {
			for _, template := range []mail.Template{mail.Welcome, mail.Invited} {
				values := map[string]string{"community": "Harbour Club", "link": "https://club.example.com/added?token=x"}
				to := string(template) + "@" + language + ".example.org"
				if err := send(t, db, m, mail.Message{To: to, Language: language, Template: template, Values: values, CommunityID: "c"}); err != nil {
					t.Fatal(err)
				}
			}
		}
		list, _, err := m.Unsent(t.Context(), actor.Actor{Kind: actor.Command}, "", 10)
		if err != nil || len(list) != 8 {
			t.Fatal(len(list), err)
		}
		for _, k := range list {
			_, host, _ := strings.Cut(k.To, "@")
			for _, part := range []string{button[host[:2]], without[host[:2]], "Harbour Club"} {
				if !strings.Contains(k.HTML, part) || part != button[host[:2]] && !strings.Contains(k.Text, part) {
					t.Errorf("%s to %s lacks %q: %s", k.Template, k.To, part, k.Text)
				}
			}
			if n := strings.Count(k.Text, "https://"); n != 1 {
				t.Errorf("%s to %s has %d links", k.Template, k.To, n)
			}
		}
	})
}

func TestAddressesAreStrippedFromCommunityNames(t *testing.T) {
	for name, want := range map[string]string{
		"Harbour Club":                  "Harbour Club",
		"F.C. Harbour 2.0 / A&B":        "F.C. Harbour 2.0 / A&B",
		"Ärzte-Club, Köln!":             "Ärzte-Club, Köln!",
		"ハーバークラブ":                       "ハーバークラブ",
		"Win at evil.example now":       "Win at now",
		"https://evil.example/x":        "",
		"HTTPS:evil":                    "",
		"mail me@evil.example":          "mail",
		"evil．example":                  "", // full-width dot
		"evil。example Club":             "Club",
		"evil｡example":                  "",
		"evil․example":                  "", // one dot leader
		"evil·example":                  "",
		"ｅｖｉｌ．ｃｏｍ Club":                 "Club",
		"me＠evil Club":                  "Club", // full-width at sign
		"evil\u200b.\u200bexample Club": "Club", // zero-width spaces
		"ev\u00adil.exam\u00adple Club": "Club",
		"пример.рф Club":                "Club",
		"xn--e1afmkfd.xn--p1ai Club":    "Club",
		"(evil.example) Club":           "Club",
		"evil.example/path?x=1 Club":    "Club",
		"192.168.10.1 Club":             "Club",
		"１９２．１６８．１０．１ Club":             "Club",
		"http：／／evil Club":              "Club",
		"evil.example:8080 Club":        "Club",
		"…":                             "",
		"evil.e\u0301xample Club":       "Club",
		"tel:+4915112345678 Club":       "Club",
	} {
		if got := mail.StripAddresses(name); got != want {
			t.Errorf("%q became %q, want %q", name, got, want)
		}
	}
}
