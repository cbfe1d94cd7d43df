package mail_test

import (
	"testing"
	"time"

	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/mail"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// stop stops the messages of account:a in the community c.
func stop(t *testing.T, db *sqldb.DB, m *mail.Mail) {
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

// clerk is mail whose jobs no engine runs.
func clerk(t *testing.T, db *sqldb.DB) *mail.Mail {
	t.Helper()
	m, err := mail.New(mail.Deps{DB: db, Clock: clock.At(func() time.Time { return noon }), Log: quiet, Keys: keys, StrangersPerHour: 20})
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

func TestAMessageStoppedDuringAnAttemptStaysStopped(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		p, h := openPostbox(t), &hour{now: noon}
		asked, stopped := make(chan struct{}), make(chan struct{})
		p.refuse = func(attempt int) string {
			if attempt == 1 {
				close(asked)
				<-stopped
			}
			return "451 4.3.0 later"
		}
		m := node(t, db, h, "smtp://"+p.address())
		if err := send(t, db, m, invitation(1, "account:a", "c")); err != nil {
			t.Fatal(err)
		}
		<-asked
		func() {
			defer close(stopped)
			stop(t, db, m)
		}()
		deadline := time.Now().Add(60 * time.Second)
		for sendJobs(t, db, "state = 'running'") != 0 {
			if time.Now().After(deadline) {
				t.Fatal("the attempt does not end")
			}
			time.Sleep(10 * time.Millisecond)
		}
		if got, err := m.Get(t.Context(), onlyID(t, db)); err != nil || got.State != mail.Stopped || got.Error != "It is spam." {
			t.Errorf("the message is %s (%q), want stopped: %v", got.State, got.Error, err)
		}
	})
}

func TestAMessageStoppedBeforeItsDeliveryIsNotAdmitted(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		m := clerk(t, db)
		if err := send(t, db, m, invitation(1, "account:a", "c")); err != nil {
			t.Fatal(err)
		}
		read, err := m.Get(t.Context(), onlyID(t, db))
		if err != nil {
			t.Fatal(err)
		}
		stop(t, db, m)
		err = db.Tx(t.Context(), func(tx *sqldb.Tx) error {
			admitted, err := m.TakeQuota(t.Context(), tx, read)
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

func TestAReleasedMessageHasAJobThoughTheThrottlingOneHasNotEnded(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		m := clerk(t, db)
		if err := send(t, db, m, invitation(1, "account:a", "c")); err != nil {
			t.Fatal(err)
		}
		err := db.Tx(t.Context(), func(tx *sqldb.Tx) error {
			if _, err := tx.Exec(t.Context(), "UPDATE mail_outbox SET state = 'throttled'"); err != nil {
				return err
			}
			return m.ReleaseIn(t.Context(), tx)
		})
		if err != nil {
			t.Fatal(err)
		}
		if waiting, queued := count(t, db, mail.Waiting), sendJobs(t, db, "finished_at = 0"); waiting != 1 || queued != 2 {
			t.Errorf("%d messages wait with %d jobs, want 1 with the job that throttled it and a new one", waiting, queued)
		}
	})
}
