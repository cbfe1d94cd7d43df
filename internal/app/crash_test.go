package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/app"
	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/app/config"
	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

const (
	crashSeedRows = 3_000
	crashRows     = 15_000
)

// TestImportKilledManyTimesEndsLikeUninterruptedOne kills the program
// during uploads, their responses, claims, batches and the end of jobs.
func TestImportKilledManyTimesEndsLikeUninterruptedOne(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	for _, engine := range sqldbtest.Engines(t) {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			chance := &generator{Rand: rand.New(rand.NewPCG(seed, 0))}
			first, second := chance.seedFile(t, crashSeedRows), chance.mixedFile(t, crashRows)

			calm := newNode(t, engine)
			calm.await(calm.upload(first, "one").jobID)
			jobs := []string{calm.upload(second, "two").jobID}
			calm.await(jobs[0])
			calm.Stop()
			want := stateOf(t, calm.config, calm.community, jobs...)
			checkExchanges(t, want)

			n := newNode(t, engine)
			n.await(n.upload(first, "one").jobID)
			n.chance = chance.Rand
			n.killDuringUpload(second)
			jobID := n.killAfterUpload(second)
			n.killDuringJob(jobID, crashRows, 0, 0, 0.1, 0.25, 0.4, 0.6, 0.8, 0.93, 0.99)
			done := n.await(jobID)
			if again := n.upload(second, "two"); again.jobID != jobID {
				t.Errorf("the same key is job %s, then %s", jobID, again.jobID)
			}
			n.Stop()
			t.Logf("%d kills: %+v", n.kills, done.Counts)
			if n.kills < 8 || done.Counts.Created < crashRows/3 || done.Counts.Updated < 1000 || done.Counts.Failed < 1000 {
				t.Errorf("the test is too tame")
			}
			compareStates(t, stateOf(t, n.config, n.community, jobID), want)
		})
	}
}

// checkExchanges fails unless the members of most circles have exchanged usernames; the
// rows of some circles may be too far apart.
func checkExchanges(t *testing.T, state []string) {
	t.Helper()
	missing := 0
	for i := range circles * circleSize {
		email, username := circleEmail(i), fmt.Sprintf("circle%d", i/circleSize*circleSize+(i+1)%circleSize)
		words := func(line string) []string {
			return strings.FieldsFunc(line, func(r rune) bool { return r == ' ' || r == '"' || r == ',' || r == ':' || r == '|' })
		}
		if !slices.ContainsFunc(state, func(line string) bool {
			w := words(line)
			return slices.Contains(w, email) && slices.Contains(w, username)
		}) {
			t.Logf("%s has not the username %s", email, username)
			missing++
		}
	}
	if missing > circles*circleSize/4 {
		t.Errorf("%d of %d members have not exchanged usernames", missing, circles*circleSize)
	}
}

// node is a server process with a community, a key, and a client that survives
// restarts.
type node struct {
	*apptest.Process
	t              *testing.T
	config         config.Config
	community, key string
	client         *http.Client
	chance         *rand.Rand
	kills          int
	jobProgress    map[string]jobProgress // of jobs, see spare
	server         *exec.Cmd              // where the test starts the program itself
}

// newNode creates a community with roles, tags and fields, and starts the
// program.
func newNode(t *testing.T, engine sqldb.Dialect, env ...string) *node {
	t.Helper()
	config, err := config.Default()
	if err != nil {
		t.Fatal(err)
	}
	config.Data, config.Addr = t.TempDir(), "127.0.0.1:0"
	if engine == sqldb.Postgres {
		config.DatabaseURL = sqldbtest.Address(t, engine)
	}
	return startNode(t, config, env...)
}

func startNode(t *testing.T, config config.Config, env ...string) *node {
	t.Helper()
	n := &node{t: t, config: config, client: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: apptest.Timeout}}
	n.createFixtures()
	n.Process = apptest.StartBinary(t, append([]string{
		"REGULARS_DATA=" + config.Data, "REGULARS_DATABASE_URL=" + config.DatabaseURL,
		"REGULARS_LEASE=1s", "REGULARS_BULK_PIECE_ROWS=500", "REGULARS_MIN_FREE_MIB=0",
	}, env...)...)
	return n
}

func (n *node) createFixtures() {
	n.t.Helper()
	a, err := app.New(n.t.Context(), n.config, clock.Clock{}, slog.New(slog.DiscardHandler))
	if err != nil {
		n.t.Fatal(err)
	}
	server := &apptest.App{App: a}
	n.community = server.Community(n.t)
	n.key = server.Key(n.t, n.community)
	ctx := n.t.Context()
	for i, title := range []string{"Gold", "Silver"} {
		_, failed := a.Access.CreateRole(ctx, apptest.Operator, n.community, access.RoleInput{Title: title, Class: "#112233", Order: i + 1})
		err = errors.Join(err, failed)
	}
	for _, f := range []field.Input{
		{Field: "plan", Name: "Plan", Type: field.SingleLine},
		{Field: "score", Name: "Score", Type: field.Numerical},
		{Field: "notes", Name: "Notes", Type: field.MultiLine},
		{Field: "customer-no", Name: "Customer No", Type: field.SingleLine, Identifier: true},
	} {
		_, failed := a.Fields.Create(ctx, apptest.Operator, n.community, f)
		err = errors.Join(err, failed)
	}
	if err := errors.Join(err, a.Close()); err != nil {
		n.t.Fatal(err)
	}
}

// uploaded is the result of an upload.
type uploaded struct {
	status int
	code   string
	jobID  string
	retry  string // header Retry-After
	err    error  // the connection broke
}

// upload sends a file until it is accepted.
func (n *node) upload(file []byte, key string) uploaded {
	n.t.Helper()
	got := n.send(n.t.Context(), n.form(file), key)
	if got.status != http.StatusOK {
		n.t.Fatalf("upload: %+v", got)
	}
	return got
}

func (n *node) form(file []byte) formBody {
	return n.formWith(file, map[string]string{"createTags": "true", "communityId": n.community})
}

func (n *node) formWith(file []byte, fields map[string]string) formBody {
	n.t.Helper()
	body, kind := apptest.Form(n.t, "members.csv", file, fields)
	return formBody{bytes.NewReader(body), int64(len(body)), kind}
}

// formBody is the body of an upload.
type formBody struct {
	io.Reader
	size int64
	kind string
}

func (n *node) send(ctx context.Context, body formBody, key string) uploaded {
	return n.sendTo(ctx, importPath, body, key)
}

func (n *node) sendTo(ctx context.Context, path string, body formBody, key string) uploaded {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, n.URL+path, body)
	if err != nil {
		return uploaded{err: err}
	}
	r.ContentLength = body.size
	r.Header.Set("Content-Type", body.kind)
	r.Header.Set("Authorization", "Bearer "+n.key)
	r.Header.Set("Idempotency-Key", key)
	answer, err := n.client.Do(r)
	if err != nil {
		return uploaded{err: err}
	}
	var response struct {
		Code string
		Data struct{ JobID string }
	}
	err = json.NewDecoder(answer.Body).Decode(&response)
	return uploaded{answer.StatusCode, response.Code, response.Data.JobID, answer.Header.Get("Retry-After"), errors.Join(err, answer.Body.Close())}
}

// status returns the status of a job; ok is false if the server does not respond.
func (n *node) status(jobID string) (status bulk.Status, ok bool) {
	n.t.Helper()
	response := n.get("/v1/users/bulk-update/" + jobID + "/status")
	if response.status == http.StatusNotFound {
		n.t.Fatalf("job %s was accepted and is lost", jobID)
	}
	ok = response.status == http.StatusOK && json.Unmarshal(response.Data, &status) == nil
	return status, ok
}

// response is a decoded response of the server; status is 0 if there is none.
type response struct {
	status int
	Code   string
	Data   json.RawMessage
	Meta   struct{ Total int }
}

func (n *node) get(path string) (got response) {
	n.t.Helper()
	r, err := http.NewRequestWithContext(n.t.Context(), http.MethodGet, n.URL+path, http.NoBody)
	if err != nil {
		n.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+n.key)
	answer, err := n.client.Do(r)
	if err != nil {
		return response{}
	}
	err = json.NewDecoder(answer.Body).Decode(&got)
	if errors.Join(err, answer.Body.Close()) == nil {
		got.status = answer.StatusCode
	}
	return got
}

// watch polls the status of a job until it is as wanted. It fails the test if
// the job makes no progress for a long time.
func (n *node) watch(jobID string, wanted func(bulk.Status) bool) bulk.Status {
	n.t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	var seen bulk.Counts
	late := time.NewTimer(apptest.Timeout)
	for {
		status, ok := n.status(jobID)
		if ok && wanted(status) {
			return status
		}
		if ok && status.Counts != seen {
			seen = status.Counts
			late.Reset(apptest.Timeout)
		}
		select {
		case <-tick.C:
		case <-late.C:
			n.t.Fatalf("the job makes no progress: %+v\n%s", status, n.Log())
		}
	}
}

func (n *node) await(jobID string) bulk.Status {
	n.t.Helper()
	done := n.watch(jobID, bulk.Status.Finished)
	if done.Status != bulk.Completed && done.Status != bulk.CompletedWithErrors {
		n.t.Fatalf("the job ended as %+v, %+v", done, done.Error)
	}
	return done
}

// jobProgress are the rows read by a job and the number of kills of its process
// since then.
type jobProgress struct{ read, kills int64 }

// spare waits until a job has advanced if its process was killed twice since it
// last advanced: after a third time it is given up. An empty id means any job.
func (n *node) spare(jobID string) {
	n.t.Helper()
	if jobID == "" {
		var list []bulk.Status
		response := n.get("/v1/users/bulk-update?limit=1")
		if response.status != http.StatusOK || json.Unmarshal(response.Data, &list) != nil || len(list) == 0 || list[0].Finished() {
			return
		}
		jobID = list[0].JobID
	}
	if n.jobProgress == nil {
		n.jobProgress = map[string]jobProgress{}
	}
	s, ok := n.status(jobID)
	seen, known := n.jobProgress[jobID]
	if !known { // perhaps it was killed since it was accepted, or since it last advanced
		seen = jobProgress{read: s.Counts.Read, kills: 1}
	}
	moved := func(s bulk.Status) bool { return s.Finished() || s.Counts.Read > seen.read }
	watched := seen.kills == 2
	if watched {
		s, ok = n.watch(jobID, moved), true
	}
	if ok && moved(s) {
		seen = jobProgress{read: s.Counts.Read}
		if !watched { // it may have advanced before the last kill
			seen.kills = 1
		}
	}
	seen.kills++
	n.jobProgress[jobID] = seen
}

// crash kills the server at a random moment within the next while.
func (n *node) crash(within time.Duration) {
	<-time.After(time.Duration(n.chance.Int64N(int64(within))))
	n.Kill()
	n.kills++
}

// killDuringUpload kills the server after half of a file: the upload must leave no
// trace.
func (n *node) killDuringUpload(file []byte) {
	n.t.Helper()
	for range 2 {
		whole := n.form(file)
		half := io.LimitReader(whole, n.chance.Int64N(whole.size))
		sent, gone := make(chan struct{}), make(chan struct{})
		answer := make(chan uploaded, 1)
		go func() {
			body := formBody{io.MultiReader(half, &gate{sent, gone}), whole.size, whole.kind}
			answer <- n.send(context.WithoutCancel(n.t.Context()), body, "two")
		}()
		<-sent
		n.crash(20 * time.Millisecond)
		close(gone)
		if got := <-answer; got.err == nil {
			n.t.Errorf("half of a file was accepted: %+v", got)
		}
		n.Restart()
	}
}

// gate is a reader that signals when it is reached and blocks until it is opened;
// then the body ends early.
type gate struct{ reached, opened chan struct{} }

func (g *gate) Read([]byte) (int, error) {
	close(g.reached)
	<-g.opened
	return 0, io.ErrUnexpectedEOF
}

// killAfterUpload repeats an upload with one idempotency key and kills the
// server right after the last byte, at least three times and until an upload has
// a response. All responses must have the same job. The database server may notice the
// end of a killed process only after the next upload: that one is "in_progress".
func (n *node) killAfterUpload(file []byte) (jobID string) {
	n.t.Helper()
	for try := 0; try < 3 || jobID == ""; try++ {
		n.spare(jobID)
		whole := n.form(file)
		sent, open := make(chan struct{}), make(chan struct{})
		close(open)
		answer := make(chan uploaded, 1)
		go func() {
			body := formBody{io.MultiReader(whole, &lastGate{gate{sent, open}}), whole.size, whole.kind}
			answer <- n.send(context.WithoutCancel(n.t.Context()), body, "two")
		}()
		select {
		case <-sent:
		case early := <-answer: // the server needs no more bytes to know the key
			answer <- early
		}
		n.crash(time.Duration(20+20*try) * time.Millisecond)
		got := <-answer
		n.release()
		n.Restart()
		switch {
		case got.err != nil || got.code == "in_progress" && got.retry != "":
		case got.status != http.StatusOK || jobID != "" && got.jobID != jobID:
			n.t.Fatalf("answer %+v, job %q", got, jobID)
		default:
			jobID = got.jobID
		}
		if jobID != "" {
			n.status(jobID)
		}
	}
	return jobID
}

// lastGate is a gate at the end of a whole body.
type lastGate struct{ gate }

func (g *lastGate) Read([]byte) (int, error) {
	close(g.reached)
	<-g.opened
	return 0, io.EOF
}

// release waits until the idempotency key of a killed server is no longer
// reserved, which takes a minute.
func (n *node) release() {
	n.t.Helper()
	n.withDatabase(func(db *sqldb.DB) error {
		_, err := db.Exec(n.t.Context(), "UPDATE idempotency_keys SET locked_until = 1 WHERE state = 'running'")
		return err
	})
}

// withDatabase opens the database of the server, which does not run, for f.
func (n *node) withDatabase(f func(db *sqldb.DB) error) {
	n.t.Helper()
	address := n.config.DatabaseURL
	if address == "" {
		address = "sqlite:" + filepath.Join(n.config.Data, "regulars.db")
	}
	db, err := sqldb.Open(n.t.Context(), address, sqldb.Options{})
	if err != nil {
		n.t.Fatal(err)
	}
	if err := errors.Join(f(db), db.Close()); err != nil {
		n.t.Fatal(err)
	}
}

// killDuringJob kills the server at every stage of a job of so many rows.
func (n *node) killDuringJob(jobID string, rows int, shares ...float64) {
	n.t.Helper()
	for _, share := range shares {
		before, _ := n.status(jobID)
		status := n.watch(jobID, func(s bulk.Status) bool {
			return share == 0 || s.Finished() || s.Counts.Read > max(before.Counts.Read, int64(share*float64(rows)))
		})
		if status.Finished() {
			break
		}
		n.spare(jobID)
		n.crash(60 * time.Millisecond)
		n.Restart()
	}
}
