//go:build unix

package app_test

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/blob/s3/s3test"
	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/pgtest"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// answerWithin is the longest time of a request during a cut of the network to the
// database.
const answerWithin = 20 * time.Second

// cutRows is the length of files that are imported during a cut.
const cutRows = 8_000

// unavailableChecks returns the failed checks of /readyz, optional ones too.
func (n *node) unavailableChecks() (status int, failed []string) {
	n.t.Helper()
	r, err := http.NewRequestWithContext(n.t.Context(), http.MethodGet, n.URL+"/readyz", http.NoBody)
	if err != nil {
		n.t.Fatal(err)
	}
	answer, err := n.client.Do(r)
	if err != nil {
		n.t.Fatal(err)
	}
	var body struct {
		Checks []struct {
			Name, Problem string
			OK            bool
		}
	}
	err = json.NewDecoder(answer.Body).Decode(&body)
	_ = answer.Body.Close() // read
	if err != nil {
		n.t.Fatal(err)
	}
	for _, c := range body.Checks {
		if !c.OK {
			failed = append(failed, c.Name+": "+c.Problem)
		}
	}
	return answer.StatusCode, failed
}

// awaitReady waits until /readyz passes.
func (n *node) awaitReady() {
	n.t.Helper()
	tick, late := time.NewTicker(50*time.Millisecond), time.After(apptest.Timeout)
	defer tick.Stop()
	for {
		status, failed := n.unavailableChecks()
		if status == http.StatusOK && len(failed) == 0 {
			return
		}
		select {
		case <-tick.C:
		case <-late:
			n.t.Fatalf("not ready after the cut: %d, %v", status, failed)
		}
	}
}

// wantUnavailableSoon checks the answers of a node without its database.
func (n *node) wantUnavailableSoon(jobID string) {
	n.t.Helper()
	begun := time.Now()
	n.wantUnavailable("/v1/users/bulk-update/" + jobID + "/status")
	status, failed := n.unavailableChecks()
	if status != http.StatusServiceUnavailable || !slices.ContainsFunc(failed, func(f string) bool { return strings.HasPrefix(f, "database: The database does not answer.") }) {
		n.t.Errorf("readyz during the cut: %d, %v", status, failed)
	}
	if took := time.Since(begun); took > answerWithin {
		n.t.Errorf("the answers took %s", took)
	}
}

// cutDuring freezes a network while a job runs on the node behind it. It repeats if
// the server is waiting for rows of COPY: only the end of the connection ends that,
// which a proxy on the same machine hides.
func (n *node) cutDuring(jobID string, network *apptest.Proxy, server *sqldb.DB) {
	n.t.Helper()
	for {
		before, _ := n.status(jobID)
		n.watch(jobID, func(s bulk.Status) bool { return s.Finished() || s.Counts.Read > before.Counts.Read })
		network.Freeze()
		<-time.After(200 * time.Millisecond) // what is in flight arrives
		copies, err := sqldb.One(n.t.Context(), server, "count", sqldb.Value[int],
			"SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND wait_event = 'ClientRead' AND query ILIKE 'copy%'")
		if err != nil {
			n.t.Fatal(err)
		}
		if copies == 0 {
			return
		}
		network.Thaw()
	}
}

// TestNetworkCutToTheDatabase cuts the network of a node during an import: first of
// the only node, which waits, then of one of two, whose job the other one completes.
func TestNetworkCutToTheDatabase(t *testing.T) {
	server, started := s3test.Start(t)
	if !started || !slices.Contains(sqldbtest.Engines(t), sqldb.Postgres) {
		return
	}
	t.Parallel()
	chance := newGenerator(4)
	files := [][]byte{chance.seedFile(t, 1_000), chance.mixedFile(t, cutRows), chance.mixedFile(t, cutRows)}
	calm := newNode(t, sqldb.Postgres)
	var calmJobs []string
	for i, file := range files {
		calmJobs = append(calmJobs, calm.upload(file, string(rune('a'+i))).jobID)
		calm.await(calmJobs[i])
	}
	calm.Stop()

	cluster, err := pgtest.StartTCP()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cluster.Stop(); err != nil {
			t.Error(err)
		}
	})
	network := apptest.StartProxy(t, "http://"+cluster.TCPAddress())
	t.Cleanup(network.Thaw)
	c, env := inBucket(t, sqldb.SQLite, server) // its address is set below
	c.DatabaseURL = "postgres://postgres@" + strings.TrimPrefix(network.URL, "http://") + "/postgres?sslmode=disable"
	n := startNode(t, c, env...)
	direct := sqldbtest.Open(t, cluster.URL("postgres"))
	n.await(n.upload(files[0], "a").jobID)

	jobID := n.upload(files[1], "b").jobID
	n.cutDuring(jobID, network, direct)
	n.wantUnavailableSoon(jobID)
	network.Thaw()
	n.await(jobID)
	n.awaitReady()

	other := n.beside(append(env, "REGULARS_DATABASE_URL="+cluster.URL("postgres"))...)
	last := n.upload(files[2], "c").jobID
	n.cutDuring(last, network, direct)
	other.await(last)
	network.Thaw()
	n.awaitReady()
	if again := n.upload(files[2], "c"); again.jobID != last {
		t.Errorf("the same key is job %s, then %s", last, again.jobID)
	}
	n.Stop()
	other.Stop()
	c.DatabaseURL = cluster.URL("postgres")
	compareStates(t, stateOf(t, c, n.community, jobID, last), stateOf(t, calm.config, calm.community, calmJobs[1:]...))
}

// TestNetworkCutToTheFileStorage starts a node during a cut, which resumes an import.
func TestNetworkCutToTheFileStorage(t *testing.T) {
	server, started := s3test.Start(t)
	if !started {
		return
	}
	t.Parallel()
	chance := newGenerator(5)
	first, second := chance.seedFile(t, 1_000), chance.mixedFile(t, cutRows)
	calm := newNode(t, sqldb.SQLite)
	calm.await(calm.upload(first, "one").jobID)
	calmJob := calm.upload(second, "two").jobID
	calm.await(calmJob)
	calm.Stop()

	network := apptest.StartProxy(t, "http://"+server.Address())
	t.Cleanup(network.Thaw)
	c, env := inBucket(t, sqldb.SQLite, server)
	c.FilesURL = strings.ReplaceAll(c.FilesURL, "http://"+server.Address(), network.URL)
	n := startNode(t, c, append(env, "REGULARS_FILES_URL="+c.FilesURL)...)
	n.await(n.upload(first, "one").jobID)
	jobID := n.upload(second, "two").jobID
	n.watch(jobID, func(s bulk.Status) bool { return s.Finished() || s.Counts.Read > 0 })
	n.Kill()
	network.Freeze()
	n.Restart()
	status, failed := n.unavailableChecks()
	if status != http.StatusOK || len(failed) != 1 || !strings.HasPrefix(failed[0], "files: The file storage does not answer.") {
		t.Errorf("readyz during the cut: %d, %v", status, failed)
	}
	<-time.After(8 * time.Second) // longer than a request waits for an answer
	network.Thaw()
	n.await(jobID)
	n.awaitReady()
	n.Stop()
	compareStates(t, stateOf(t, c, n.community, jobID), stateOf(t, calm.config, calm.community, calmJob))
}

// TestUploadDuringACutToTheFileStorage ends the connections to the bucket in the middle
// of an upload, and again right before one.
func TestUploadDuringACutToTheFileStorage(t *testing.T) {
	server, started := s3test.Start(t)
	if !started {
		return
	}
	t.Parallel()
	network := apptest.StartProxy(t, "http://"+server.Address())
	c, env := inBucket(t, sqldb.SQLite, server)
	c.FilesURL = strings.ReplaceAll(c.FilesURL, "http://"+server.Address(), network.URL)
	n := startNode(t, c, append(env, "REGULARS_FILES_URL="+c.FilesURL)...)
	file := bucketFile()
	for _, part := range []int64{9 << 20, 0} {
		whole := n.form(file)
		sent, open := make(chan struct{}), make(chan struct{})
		answer := make(chan uploaded, 1)
		go func() {
			body := formBody{io.MultiReader(io.LimitReader(whole, part), &lastGate{gate{sent, open}}, whole), whole.size, whole.kind}
			answer <- n.send(t.Context(), body, "one")
		}()
		<-sent
		network.Disconnect()
		begun := time.Now()
		close(open)
		if got := <-answer; got.status != http.StatusServiceUnavailable || got.code != "files_unavailable" || got.retry == "" {
			t.Errorf("after %d bytes: %+v", part, got)
		}
		if took := time.Since(begun); took > answerWithin {
			t.Errorf("the answer took %s", took)
		}
		network.Restore()
	}
	direct := openFiles(t, n.config)
	if list := fileIDs(t, direct); len(list) > 0 {
		t.Errorf("left %v", list)
	}
	if _, err := direct.Sweep(t.Context(), time.Now().Add(time.Hour)); err != nil { // what could not be aborted
		t.Error(err)
	}
	if done := n.await(n.upload(file, "one").jobID); done.Counts.Created != bucketRows {
		t.Errorf("%+v", done)
	}
	if list := fileIDs(t, direct); len(list) != 1 {
		t.Errorf("%d files, want one", len(list))
	}
	if removed, err := direct.Sweep(t.Context(), time.Now().Add(time.Hour)); removed != 0 || err != nil {
		t.Errorf("%d unfinished uploads are left, %v", removed, err)
	}
}
