package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptrace"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/app"
	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/app/config"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/pgtest"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// problems returns the failed checks of /readyz.
func problems(t *testing.T, a *apptest.App) (status int, failing []string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, a.URL()+"/readyz", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	status, _, body := a.Send(t, r)
	var answer struct {
		Checks []struct {
			Name string
			OK   bool
		}
	}
	if err := json.Unmarshal(body, &answer); err != nil || len(answer.Checks) == 0 {
		t.Fatalf("%v: %s", err, body)
	}
	for _, c := range answer.Checks {
		if !c.OK {
			failing = append(failing, c.Name)
		}
	}
	return status, failing
}

func TestServerWithFullDiskIsNotReady(t *testing.T) {
	a := apptest.New(t, sqldb.SQLite, apptest.WithConfig(func(c *config.Config) { c.MinFreeMiB = 1 << 40 }))
	if status, failing := problems(t, a); status != http.StatusServiceUnavailable || strings.Join(failing, " ") != "disk" {
		t.Errorf("status %d, failing %v", status, failing)
	}
}

func TestSecondNodeWithOwnFolderIsNotReady(t *testing.T) {
	t.Parallel()
	for _, engine := range sqldbtest.Engines(t) {
		if engine != sqldb.Postgres {
			continue
		}
		key := strings.Repeat("ab", 32) // the same on all nodes, else the second one does not start
		first := apptest.New(t, engine, apptest.WithConfig(func(c *config.Config) { c.SecretKey = key }))
		_ = apptest.New(t, engine, apptest.WithConfig(func(c *config.Config) { c.DatabaseURL, c.SecretKey = first.Config().DatabaseURL, key }))
		if status, failing := problems(t, first); status != http.StatusServiceUnavailable || strings.Join(failing, " ") != "nodes" {
			t.Errorf("status %d, failing %v", status, failing)
		}
	}
}

func TestServerIsNotReadyDuringDatabaseOutage(t *testing.T) {
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
		a := apptest.New(t, engine, apptest.WithConfig(func(c *config.Config) { c.DatabaseURL = cluster.URL("postgres") }))
		if err := cluster.Kill(); err != nil {
			t.Fatal(err)
		}
		status, answer := a.Do(t, http.MethodGet, "/readyz", "", nil)
		if text := fmt.Sprint(answer); status != http.StatusServiceUnavailable || strings.Contains(text, "pgtest") || strings.Contains(text, "sql") {
			t.Errorf("status %d: %s", status, text)
		}
		if status, _ := a.Do(t, http.MethodGet, "/healthz", "", nil); status != http.StatusOK {
			t.Errorf("alive: status %d", status)
		}
		if err := cluster.Restart(); err != nil {
			t.Fatal(err)
		}
		if status, failing := problems(t, a); status != http.StatusOK {
			t.Errorf("after the database came back: status %d, failing %v", status, failing)
		}
	}
}

func TestRequestsAndRowsAreCounted(t *testing.T) { apptest.Each(t, requestsAndRowsAreCounted) }

func requestsAndRowsAreCounted(t *testing.T, a *apptest.App) {
	communityID := a.Community(t)
	key := a.Key(t, communityID)
	a.Import(t, communityID, key, "First Name,Last Name,Username,Email\nAnn,Lee,ann,ann@example.com\nBo,Lee,bo,none\n", nil)
	for _, path := range []string{"/v1/users/bulk-update/65a000000000000000000001/status", "/v1/users/bulk-update/65a000000000000000000002/status", "/nowhere/at/all"} {
		a.Do(t, http.MethodGet, path, key, nil)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, a.URL()+"/metrics", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	_, _, body := a.Send(t, r)
	for _, want := range []string{
		`regulars_http_request_duration_seconds_count{method="GET",route="/v1/users/bulk-update/{jobId}/status",status="404"} 2`,
		`regulars_bulk_jobs_total{status="completed_with_errors",type="import"} 1`,
		`regulars_bulk_rows_total{outcome="created",type="import"} 1`, `regulars_bulk_rows_total{outcome="failed",type="import"} 1`,
		`regulars_jobs{state="dead"} 0`, `regulars_nodes 1`,
		"\nregulars_node_running_jobs{", "\nregulars_node_last_seen_seconds{", "\nregulars_node_start_time_seconds{",
	} {
		if !strings.Contains(string(body), want) {
			t.Errorf("no %s", want)
		}
	}
	if strings.Contains(string(body), "nowhere") || strings.Contains(string(body), "65a00000") {
		t.Error("a label takes its value from the path")
	}
}

func TestShutdownFinishesRunningRequests(t *testing.T) {
	config, err := config.Default()
	if err != nil {
		t.Fatal(err)
	}
	config.Data, config.Addr, config.Synchronous = filepath.Join(t.TempDir(), "data"), "127.0.0.1:0", "OFF"
	a, err := app.New(t.Context(), config, clock.Clock{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()

	// The server waits for the rest of this upload while it is told to stop.
	created, err := a.Communities.Create(t.Context(), community.Input{Name: "Testers"}, actor.Actor{})
	if err != nil {
		t.Fatal(err)
	}
	_, key, err := a.Access.CreateKey(t.Context(), apptest.Operator, created.ID, access.KeyInput{Name: "x", Permissions: permission.All()})
	if err != nil {
		t.Fatal(err)
	}
	form, kind := apptest.Form(t, "members.csv", []byte("First Name,Last Name,Username,Email\nAnn,Lee,ann,ann@example.com\n"), nil)
	body, rest := io.Pipe()
	decoded := make(chan int, 1)
	reading := make(chan struct{})
	traced := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{Got100Continue: func() { close(reading) }})
	go func() { decoded <- upload(traced, t, a.URL()+"/v1/users/bulk-import", key, kind, body) }()
	<-reading
	stop()
	if _, err := rest.Write(form); err != nil {
		t.Fatal(err)
	}
	if err := rest.Close(); err != nil {
		t.Fatal(err)
	}
	if status := <-decoded; status != http.StatusOK {
		t.Errorf("status %d", status)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if err := a.Close(); err != nil {
		t.Error(err)
	}
}

func upload(ctx context.Context, t *testing.T, url, key, kind string, body io.Reader) (status int) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, body)
	if err != nil {
		t.Error(err)
		return 0
	}
	r.Header.Set("Expect", "100-continue")
	r.Header.Set("Content-Type", kind)
	r.Header.Set("X-Api-Key", key)
	patient := &http.Transport{ExpectContinueTimeout: time.Minute}
	defer patient.CloseIdleConnections()
	answer, err := patient.RoundTrip(r)
	if err != nil {
		t.Error(err)
		return 0
	}
	if err := answer.Body.Close(); err != nil {
		t.Error(err)
	}
	return answer.StatusCode
}
