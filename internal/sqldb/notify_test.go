package sqldb_test

import (
	"errors"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/pgtest"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// expectPayload waits for a payload and ignores "", which reports missed ones.
func expectPayload(t *testing.T, payloads <-chan string, want string) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		select {
		case got := <-payloads:
			if got == want {
				return
			}
			if got != "" {
				t.Fatalf("received %q, want %q", got, want)
			}
		case <-deadline:
			t.Fatalf("%q was not received", want)
		}
	}
}

func listen(t *testing.T, db *sqldb.DB, topic string) <-chan string {
	t.Helper()
	payloads := make(chan string, 100)
	t.Cleanup(db.Subscribe(topic, func(payload string) { payloads <- payload }))
	return payloads
}

func signal(t *testing.T, db *sqldb.DB, topic, payload string, end error) {
	t.Helper()
	err := db.Tx(t.Context(), func(tx *sqldb.Tx) error { return errors.Join(tx.Notify(t.Context(), topic, payload), end) })
	if !errors.Is(err, end) {
		t.Fatal(err)
	}
}

func TestNotificationIsDeliveredOnlyAfterTheCommit(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		ours, others := listen(t, db, "jobs"), listen(t, db, "other")
		signal(t, db, "jobs", "lost", errStop)
		signal(t, db, "jobs", "committed", nil)
		signal(t, db, "other", "last", nil)
		expectPayload(t, ours, "committed")
		expectPayload(t, others, "last")
	})
}

func TestOtherNodesReceiveNotificationsAgainAfterAnOutage(t *testing.T) {
	if len(sqldbtest.Engines(t)) == 1 {
		return // Engines has logged it
	}
	before := goleak.IgnoreCurrent()
	cluster, err := pgtest.Start("")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cluster.Stop() }()
	here, there := sqldbtest.Open(t, cluster.URL("postgres")), sqldbtest.Open(t, cluster.URL("postgres"))
	payloads := make(chan string, 100)
	stop := there.Subscribe("jobs", func(payload string) { payloads <- payload })
	expectPayload(t, payloads, "") // listening
	signal(t, here, "jobs", "one", nil)
	expectPayload(t, payloads, "one")
	if err := errors.Join(cluster.Kill(), cluster.Restart()); err != nil {
		t.Fatal(err)
	}
	expectPayload(t, payloads, "") // listening again
	signal(t, here, "jobs", "two", nil)
	expectPayload(t, payloads, "two")
	stop()
	if err := errors.Join(here.Close(), there.Close()); err != nil {
		t.Fatal(err)
	}
	goleak.VerifyNone(t, before)
}
