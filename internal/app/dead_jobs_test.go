package app_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/app"
	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/sheet"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

const oneMember = "Email,Username,First Name,Last Name\nada@example.com,ada,A,B\n"

// queue starts a dry run on a server that is not running. With crashes its
// process ended so often, the last time just now.
func (n *node) queue(crashes int) (jobID string) {
	n.t.Helper()
	a, err := app.New(n.t.Context(), n.config, clock.Clock{}, slog.New(slog.DiscardHandler))
	if err != nil {
		n.t.Fatal(err)
	}
	w, err := a.Files.Create(n.t.Context())
	if err != nil {
		n.t.Fatal(err)
	}
	var scan sheet.Scanner
	_, err = io.Copy(io.MultiWriter(w, &scan), strings.NewReader(oneMember))
	if err := errors.Join(err, w.Commit()); err != nil {
		n.t.Fatal(err)
	}
	s, err := a.Bulk.Start(n.t.Context(), apptest.Operator, n.community, bulk.Start{
		Type: bulk.Import, FileID: w.ID(), FileName: "members.csv", FileScan: scan.Result(),
		Options: bulk.Options{Mode: bulk.Upsert, DryRun: true},
	})
	if err == nil && crashes > 0 {
		_, err = a.DB.Exec(n.t.Context(), `UPDATE jobs SET state = 'running', attempt = 1, node_id = 'lost', lease_token = 'lost', lease_until = 1, crashes = $1
			WHERE unique_key = $2`, crashes-1, "bulk:"+s.JobID)
	}
	if err := errors.Join(err, a.Close()); err != nil {
		n.t.Fatal(err)
	}
	return s.JobID
}

// A dry run that crashes the server three times fails. doctor and the metrics
// report it, and other jobs continue.
func TestDryRunThatCrashesItsProcessIsGivenUp(t *testing.T) {
	for _, engine := range sqldbtest.Engines(t) {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			n := newNode(t, engine)
			n.Stop()
			twice, thrice := n.queue(2), n.queue(3)
			n.Restart()
			done := n.watch(thrice, bulk.Status.Finished)
			if done.Status != bulk.Failed || done.Error == nil || done.Error.Code != "gave_up" {
				t.Errorf("%+v, %+v", done, done.Error)
			}
			n.await(twice)
			n.await(n.upload([]byte(oneMember), "two").jobID)
			metrics := n.text("/metrics")
			for _, want := range []string{`regulars_dead_jobs{kind="bulk.run"} 1`, `regulars_waiting_jobs{kind="bulk.run"} 0`, `regulars_jobs_oldest_wait_seconds{kind="bulk.run"} 0`} {
				if !strings.Contains(metrics, want) {
					t.Errorf("no %s in the metrics", want)
				}
			}
			problem := n.doctor()
			for _, want := range []string{"1 of bulk.run", "3 times", "too little memory", "/-/jobs"} {
				if !strings.Contains(problem, want) {
					t.Errorf("doctor says %q, without %q", problem, want)
				}
			}
		})
	}
}

// doctor returns the finding of doctor about dead jobs.
func (n *node) doctor() string {
	n.t.Helper()
	cmd := exec.CommandContext(n.t.Context(), apptest.Binary(n.t), "doctor", "--json", "--data", n.config.Data, "--database-url", n.config.DatabaseURL)
	out, err := cmd.Output()
	if exit, failed := errors.AsType[*exec.ExitError](err); !failed || exit.ExitCode() != 1 {
		n.t.Errorf("doctor ended with %v", err)
	}
	var found struct {
		Checks []struct{ Name, Problem string }
	}
	if err := json.NewDecoder(bytes.NewReader(out)).Decode(&found); err != nil {
		n.t.Fatalf("%v: %s", err, out)
	}
	for _, c := range found.Checks {
		if c.Name == "dead jobs" {
			return c.Problem
		}
	}
	return ""
}

func (n *node) text(path string) string {
	n.t.Helper()
	r, err := http.NewRequestWithContext(n.t.Context(), http.MethodGet, n.URL+path, http.NoBody)
	if err != nil {
		n.t.Fatal(err)
	}
	answer, err := n.client.Do(r)
	if err != nil {
		n.t.Fatal(err)
	}
	var text bytes.Buffer
	_, err = text.ReadFrom(answer.Body)
	if err := errors.Join(err, answer.Body.Close()); err != nil {
		n.t.Fatal(err)
	}
	return text.String()
}

// A job accepted by one machine continues on another one without its file.
func TestJobFailsIfItsFileIsOnALostNode(t *testing.T) {
	t.Parallel()
	for _, engine := range sqldbtest.Engines(t) {
		if engine != sqldb.Postgres {
			continue // SQLite is one machine
		}
		lost := newNode(t, engine)
		lost.Kill()
		jobID := lost.queue(1)
		key, err := os.ReadFile(filepath.Join(lost.config.Data, "secret.key"))
		if err != nil {
			t.Fatal(err)
		}
		other := *lost
		other.config.Data = t.TempDir()
		other.Process = apptest.StartBinary(t, "REGULARS_DATA="+other.config.Data, "REGULARS_DATABASE_URL="+other.config.DatabaseURL,
			"REGULARS_LEASE=1s", "REGULARS_MIN_FREE_MIB=0", "REGULARS_SECRET_KEY="+strings.TrimSpace(string(key)))
		done := other.watch(jobID, bulk.Status.Finished)
		if done.Status != bulk.Failed || done.Error == nil || done.Error.Code != "damaged_file" || !strings.Contains(done.Error.Message.English, "share one file storage") {
			t.Errorf("%+v, %+v", done, done.Error)
		}
	}
}
