package app_test

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/app"
	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/blob/s3/s3test"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// fleet are three nodes on one PostgreSQL database and one bucket.
type fleet struct {
	t       *testing.T
	nodes   []*node
	env     []string
	db      *sqldb.DB
	files   *s3test.Server
	kills   int
	slowest time.Duration // longest time until another node ran the job of a killed one
}

// startFleet returns nil without an S3 server or PostgreSQL.
func startFleet(t *testing.T, env ...string) *fleet {
	t.Helper()
	if !slices.Contains(sqldbtest.Engines(t), sqldb.Postgres) {
		return nil
	}
	server, started := s3test.Start(t)
	if !started {
		return nil
	}
	c, storage := inBucket(t, sqldb.Postgres, server)
	f := &fleet{t: t, files: server, env: append(storage, env...)}
	f.nodes = []*node{startNode(t, c, f.env...)}
	f.nodes[0].client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	for range 2 {
		f.nodes = append(f.nodes, f.nodes[0].beside(f.env...))
	}
	f.db = sqldbtest.Open(t, c.DatabaseURL)
	return f
}

// beside starts another node on the database of n.
func (n *node) beside(env ...string) *node {
	n.t.Helper()
	other := *n
	other.config.Data = n.t.TempDir()
	other.Process = apptest.StartBinary(n.t, append([]string{"REGULARS_DATA=" + other.config.Data, "REGULARS_DATABASE_URL=" + n.config.DatabaseURL, "REGULARS_LEASE=1s", "REGULARS_BULK_PIECE_ROWS=500", "REGULARS_MIN_FREE_MIB=0"}, env...)...)
	return &other
}

// withApp opens the installation in the test process, without workers.
func (f *fleet) withApp(use func(a *apptest.App) error) {
	f.t.Helper()
	c := f.nodes[0].config
	c.Data = f.t.TempDir()
	a, err := app.New(f.t.Context(), c, clock.Clock{}, slog.New(slog.DiscardHandler))
	if err != nil {
		f.t.Fatal(err)
	}
	if err := errors.Join(use(&apptest.App{App: a}), a.Close()); err != nil {
		f.t.Fatal(err)
	}
}

// owner creates an owner of the community and returns a session.
func (f *fleet) owner(username string) (session string) {
	f.t.Helper()
	f.withApp(func(a *apptest.App) error {
		_, session = a.Owner(f.t, f.nodes[0].community, username)
		return nil
	})
	return session
}

func (f *fleet) stop() {
	f.t.Helper()
	for _, n := range f.nodes {
		n.Stop()
	}
	f.t.Logf("%d kills, the slowest takeover took %s", f.kills, f.slowest)
}

// id is the id of the node.
func (n *node) id() string {
	n.t.Helper()
	content, err := os.ReadFile(filepath.Join(n.config.Data, "node"))
	if err != nil {
		n.t.Fatal(err)
	}
	nodeID, _, _ := strings.Cut(string(content), " ")
	return nodeID
}

// queued is a job in the queue.
type queued struct{ id, state, nodeID string }

// unfinished returns the unfinished jobs of a kind with a text in their arguments.
func (f *fleet) unfinished(kind, argument string) []queued {
	f.t.Helper()
	list, err := sqldb.All(f.t.Context(), f.db, func(s sqldb.Scanner) (q queued, err error) { return q, s.Scan(&q.id, &q.state, &q.nodeID) },
		"SELECT id, state, node_id FROM jobs WHERE kind = $1 AND finished_at = 0 AND CAST(args AS TEXT) LIKE '%' || CAST($2 AS TEXT) || '%'", kind, argument)
	if err != nil {
		f.t.Fatal(err)
	}
	return list
}

// poll calls f until it returns true.
func poll(t *testing.T, what string, f func() bool) {
	t.Helper()
	tick, late := time.NewTicker(10*time.Millisecond), time.After(apptest.Timeout)
	defer tick.Stop()
	for !f() {
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("%s takes too long", what)
		}
	}
}

// takeoverWithin is the longest time until another node has the job of a killed one:
// the lease of a second, the time between two cycles, and a slow machine.
const takeoverWithin = time.Minute

// killHolder kills the node that runs a job of a kind with a text in its arguments,
// waits until another node has the job, and starts the first one again. It does nothing
// if the job has ended.
func (f *fleet) killHolder(kind, argument string) {
	f.t.Helper()
	var job queued
	poll(f.t, "the start of "+kind, func() bool {
		list := f.unfinished(kind, argument)
		if len(list) > 0 {
			job = list[0]
		}
		return len(list) == 0 || job.state == "running"
	})
	at := slices.IndexFunc(f.nodes, func(n *node) bool { return n.id() == job.nodeID })
	if at < 0 {
		return
	}
	f.nodes[at].Kill()
	f.kills++
	begun := time.Now()
	poll(f.t, "the takeover of "+kind, func() bool {
		list := f.unfinished(kind, argument)
		return !slices.ContainsFunc(list, func(q queued) bool { return q.id == job.id && (q.state == "queued" || q.nodeID == job.nodeID) })
	})
	took := time.Since(begun)
	if f.slowest = max(f.slowest, took); took > takeoverWithin {
		f.t.Errorf("another node had the job after %s", took)
	}
	f.nodes[at].Restart()
}

// restart kills a node and starts it again.
func (f *fleet) restart(n *node) {
	f.t.Helper()
	n.Kill()
	n.Restart()
	f.kills++
}

// download reads a file of the console and calls begun after its first bytes.
func (v visitor) download(path string, begun func()) ([]byte, error) {
	v.t.Helper()
	r, err := http.NewRequestWithContext(v.t.Context(), http.MethodGet, v.URL+path, http.NoBody)
	if err != nil {
		v.t.Fatal(err)
	}
	r.AddCookie(&http.Cookie{Name: "regulars", Value: v.session})
	response, err := v.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }() // read or cut
	if response.StatusCode != http.StatusOK {
		return nil, errors.New(response.Status)
	}
	first := make([]byte, 1000)
	if _, err := io.ReadFull(response.Body, first); err != nil {
		return nil, err
	}
	begun()
	rest, err := io.ReadAll(response.Body)
	return append(first, rest...), err
}
