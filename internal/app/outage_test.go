package app_test

import (
	"errors"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/app/config"
	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/pgtest"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

const outageRows = 10_000

// importDuringOutage runs the same import on two nodes and calls fail during the
// second.
func importDuringOutage(t *testing.T, calm, n *node, fail func(jobID string)) {
	t.Helper()
	g := &generator{Rand: rand.New(rand.NewPCG(1, 2))}
	first, second := g.seedFile(t, 1000), g.mixedFile(t, outageRows)
	calm.await(calm.upload(first, "one").jobID)
	calmJob := calm.upload(second, "two").jobID
	calm.await(calmJob)
	calm.Stop()

	n.await(n.upload(first, "one").jobID)
	jobID := n.upload(second, "two").jobID
	n.watch(jobID, func(s bulk.Status) bool { return s.Counts.Read > outageRows/10 })
	fail(jobID)
	n.await(jobID)
	if again := n.upload(second, "two"); again.jobID != jobID {
		t.Errorf("the same key is job %s, then %s", jobID, again.jobID)
	}
	n.Stop()
	compareStates(t, stateOf(t, n.config, n.community, jobID), stateOf(t, calm.config, calm.community, calmJob))
}

func TestImportContinuesAfterPostgreSQLOutage(t *testing.T) {
	t.Parallel()
	for _, engine := range sqldbtest.Engines(t) {
		if engine != sqldb.Postgres {
			continue
		}
		cluster, err := pgtest.Start("")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := cluster.Stop(); err != nil {
				t.Error(err)
			}
		})
		config, err := config.Default()
		if err != nil {
			t.Fatal(err)
		}
		config.Data, config.Addr, config.DatabaseURL = t.TempDir(), "127.0.0.1:0", cluster.URL("postgres")
		n := startNode(t, config)
		importDuringOutage(t, newNode(t, engine), n, func(jobID string) {
			// Longer than the lease of a second, then too short to notice.
			for _, away := range []time.Duration{3 * time.Second, 0} {
				if err := cluster.Kill(); err != nil {
					t.Fatal(err)
				}
				n.wantUnavailable("/v1/users/bulk-update/" + jobID + "/status")
				<-time.After(away)
				if err := cluster.Restart(); err != nil {
					t.Fatal(err)
				}
				before, _ := n.status(jobID)
				n.watch(jobID, func(s bulk.Status) bool { return s.Finished() || s.Counts.Read > before.Counts.Read })
			}
			n.wantFewLines("database")
		})
	}
}

// wantFewLines checks that the log has one line for an outage, and only requests beside
// it. The outages of a test are one if they follow each other soon.
func (n *node) wantFewLines(service string) {
	n.t.Helper()
	begun, others := 0, []string{}
	for line := range strings.Lines(n.Log()) {
		switch {
		case strings.Contains(line, "outage begins") && strings.Contains(line, service):
			begun++
		case strings.Contains(line, "WARN") && !strings.Contains(line, "outage"), strings.Contains(line, "ERROR") && !strings.Contains(line, "msg=request") && !strings.Contains(line, `"msg":"request"`):
			others = append(others, line)
		}
	}
	if begun < 1 || begun > 2 || len(others) > 5 {
		n.t.Errorf("%d outages of the %s are logged, and %d lines about it: %v", begun, service, len(others), others)
	}
}

// wantUnavailable checks the response of the server during a database outage.
func (n *node) wantUnavailable(path string) {
	n.t.Helper()
	for want, path := range map[int]string{http.StatusServiceUnavailable: path, http.StatusOK: "/healthz"} {
		r, err := http.NewRequestWithContext(n.t.Context(), http.MethodGet, n.URL+path, http.NoBody)
		if err != nil {
			n.t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+n.key)
		answer, err := n.client.Do(r)
		if err != nil {
			n.t.Fatal(err)
		}
		_ = answer.Body.Close() // the status and header are enough
		if answer.StatusCode != want || want != http.StatusOK && answer.Header.Get("Retry-After") == "" {
			n.t.Errorf("%s while the database is away: %s, header %v", path, answer.Status, answer.Header)
		}
	}
}

func TestImportWaitsForSQLiteLockOfAnotherProcess(t *testing.T) {
	t.Parallel()
	n := newNode(t, sqldb.SQLite)
	importDuringOutage(t, newNode(t, sqldb.SQLite), n, func(jobID string) {
		db, err := sqldb.Open(t.Context(), "sqlite:"+n.config.Data+"/regulars.db", sqldb.Options{})
		if err != nil {
			t.Fatal(err)
		}
		err = db.Tx(t.Context(), func(*sqldb.Tx) error {
			held, ok := n.status(jobID)
			<-time.After(3 * time.Second)
			later, still := n.status(jobID)
			if !ok || !still || held.Counts != later.Counts {
				t.Errorf("the job went on under somebody else's lock, or cannot be read: %+v, then %+v", held, later)
			}
			return nil
		})
		if err := errors.Join(err, db.Close()); err != nil {
			t.Fatal(err)
		}
	})
}
