package mail_test

import (
	"fmt"
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

// stopBacklog stops the messages of account:a in the community c.
func stopBacklog(t *testing.T, db *sqldb.DB, m *mail.Mail) {
	t.Helper()
	err := db.Tx(t.Context(), func(tx *sqldb.Tx) error {
		_, err := m.StopBacklog(t.Context(), tx, mail.Backlog{Sender: "account:a", CommunityID: "c"}, "It is spam.")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// onlyID is the id of the only message.
func onlyID(t *testing.T, db *sqldb.DB) (id string) {
	t.Helper()
	if err := db.QueryRow(t.Context(), "SELECT id FROM mail_outbox").Scan(&id); err != nil {
		t.Fatal(err)
	}
	return id
}

// newMail returns a Mail without an engine.
func newMail(t *testing.T, db *sqldb.DB) *mail.Mail {
	t.Helper()
	m, err := mail.New(mail.Deps{DB: db, Clock: clock.At(func() time.Time { return noon }), Log: quiet, Keys: keys, UnconfirmedPerHour: 20})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func sendJobs(t *testing.T, db *sqldb.DB, condition string) (n int) {
	t.Helper()
	if err := db.QueryRow(t.Context(), "SELECT count(*) FROM jobs WHERE kind = 'mail.send' AND "+condition).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestMessageStoppedDuringAnAttemptStaysStopped(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		p, h := mailtest.Start(t), &testClock{now: noon}
		asked, stopped := make(chan struct{}), make(chan struct{})
		p.Reply = func(attempt int) string {
			if attempt == 1 {
				close(asked)
				<-stopped
			}
			return "451 4.3.0 later"
		}
		m := startNode(t, db, h, "smtp://"+p.Address())
		if err := send(t, db, m, invitation(1, "account:a", "c")); err != nil {
			t.Fatal(err)
		}
		<-asked
		func() {
			defer close(stopped)
			stopBacklog(t, db, m)
		}()
		awaitAttempts(t, db)
		if got, err := m.Get(t.Context(), actor.Actor{Kind: actor.Command}, onlyID(t, db)); err != nil || got.State != mail.Stopped || got.Error != "It is spam." {
			t.Errorf("the message is %s (%q), want stopped: %v", got.State, got.Error, err)
		}
	})
}

func TestMessageStoppedBeforeDeliveryIsNotAdmitted(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		m := newMail(t, db)
		if err := send(t, db, m, invitation(1, "account:a", "c")); err != nil {
			t.Fatal(err)
		}
		read, err := m.Get(t.Context(), actor.Actor{Kind: actor.Command}, onlyID(t, db))
		if err != nil {
			t.Fatal(err)
		}
		stopBacklog(t, db, m)
		err = db.Tx(t.Context(), func(tx *sqldb.Tx) error {
			admitted, err := m.ConsumeQuota(t.Context(), tx, read)
			if admitted {
				t.Error("a stopped message is admitted")
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

// awaitAttempts waits until no message is being sent or about to be sent.
func awaitAttempts(t *testing.T, db *sqldb.DB) {
	t.Helper()
	retryUntil(t, func() error {
		if n := sendJobs(t, db, "state IN ('queued', 'running')"); n != 0 {
			return fmt.Errorf("%d attempts have not ended", n)
		}
		return nil
	})
}

// execAll runs statements on the database directly.
func execAll(t *testing.T, db *sqldb.DB, statements ...string) {
	t.Helper()
	for _, statement := range statements {
		if _, err := db.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
}

func releaseOnce(t *testing.T, db *sqldb.DB, m *mail.Mail) {
	t.Helper()
	if err := db.Tx(t.Context(), func(tx *sqldb.Tx) error { return m.ReleaseTx(t.Context(), tx) }); err != nil {
		t.Fatal(err)
	}
}

func TestReleasedMessageHasOneJob(t *testing.T) {
	for name, test := range map[string]struct {
		job   string // what happens to the job before the release
		state string // of the message after it
		ready int
	}{
		"a job that sleeps":                       {"UPDATE jobs SET state = 'waiting', run_at = 9999999999999", mail.Waiting, 1},
		"a job that is queued":                    {"UPDATE jobs SET crashes = 1", mail.Waiting, 1},
		"an attempt that has not ended":           {"UPDATE jobs SET state = 'running', node_id = 'other', lease_token = 'other', lease_until = 9999999999999", mail.Throttled, 0},
		"no job, as older versions left messages": {"DELETE FROM jobs", mail.Waiting, 1},
	} {
		t.Run(name, func(t *testing.T) {
			sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
				m := newMail(t, db)
				if err := send(t, db, m, invitation(1, "account:a", "c")); err != nil {
					t.Fatal(err)
				}
				execAll(t, db, "UPDATE mail_outbox SET state = 'throttled'", test.job)
				for range 2 {
					releaseOnce(t, db, m)
					if all, ready := sendJobs(t, db, "finished_at = 0"), sendJobs(t, db, "state = 'queued'"); all != 1 || ready != test.ready || count(t, db, test.state) != 1 {
						t.Errorf("%d jobs, %d of them ready, want 1 and %d, and a message that is %s", all, ready, test.ready, test.state)
					}
				}
			})
		})
	}
}

// The process ends after the commit that throttles the message, and messages
// are released before the attempt is repeated.
func TestMessageThrottledByACrashedProcessIsSentOnce(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		p, h := mailtest.Start(t), &testClock{now: noon}
		other := newMail(t, db)
		if err := send(t, db, other, invitation(1, "account:a", "c")); err != nil {
			t.Fatal(err)
		}
		execAll(t, db, "UPDATE mail_outbox SET state = 'throttled'",
			"UPDATE jobs SET state = 'running', attempt = 1, node_id = 'lost', lease_token = 'lost', lease_until = 9999999999999")
		releaseOnce(t, db, other)
		if n := sendJobs(t, db, "finished_at = 0"); n != 1 {
			t.Fatalf("the message has %d jobs", n)
		}
		m := startNodeWith(t, db, h, "smtp://"+p.Address(), jobs.EngineOptions{ReclaimAll: true})
		awaitAttempts(t, db)
		for count(t, db, mail.Sent) == 0 {
			releaseOnce(t, db, m)
			awaitAttempts(t, db)
			if n := sendJobs(t, db, "finished_at = 0"); n > 1 {
				t.Fatalf("the message has %d jobs", n)
			}
		}
		p.Receive(t)
		if p.Attempts() != 1 || sendJobs(t, db, "TRUE") != 0 {
			t.Errorf("delivered %d times, %d jobs are left", p.Attempts(), sendJobs(t, db, "TRUE"))
		}
	})
}

func TestThrottledMessageFailsAfterRepeatedCrashes(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		if err := send(t, db, newMail(t, db), invitation(1, "account:a", "c")); err != nil {
			t.Fatal(err)
		}
		execAll(t, db, "UPDATE mail_outbox SET state = 'throttled'",
			"UPDATE jobs SET state = 'running', attempt = 1, node_id = 'lost', lease_token = 'lost', lease_until = 9999999999999, crashes = 2")
		m := startNodeWith(t, db, &testClock{now: noon}, "", jobs.EngineOptions{ReclaimAll: true})
		releaseOnce(t, db, m)
		if n := sendJobs(t, db, "finished_at = 0"); n != 0 || count(t, db, mail.Failed) != 1 {
			t.Errorf("%d jobs, %d messages failed", n, count(t, db, mail.Failed))
		}
	})
}
