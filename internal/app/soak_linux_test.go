//go:build soak

package app_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/app/config"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/pgtest"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

var (
	soakFor   = flag.Duration("soak", 10*time.Minute, "time of disturbed load on each engine")
	killEvery = flag.Duration("kill-every", 30*time.Second, "time between the kills of the server")
)

const (
	soakRows     = 4_000
	soakReaders  = 3
	soakPause    = 20 * time.Millisecond  // of a reader
	soakWrites   = 200 * time.Millisecond // between members that are created one by one
	soakPatience = 5 * time.Minute        // of a request that is refused again and again
)

// TestSoak runs imports, dry runs, updates and undos beside readers and small
// writes, kills the server again and again, and fills its disk once. At the end
// the tables equal those of a server that did the same work undisturbed, and
// neither memory nor descriptors nor goroutines of the server have grown, over
// its lives and within the last one, which is long.
func TestSoak(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	for _, engine := range sqldbtest.Engines(t) {
		t.Run(string(engine), func(t *testing.T) { newSoak(t, engine, seed).run() })
	}
}

// soak is the load on a server that is disturbed, and on a calm one that is its
// reference.
type soak struct {
	*node
	engine  sqldb.Dialect
	disk    *disk
	cluster *pgtest.Cluster // nil on SQLite
	g       *generator

	calm     *node
	steps    chan step
	calmJobs []string
	jobs     []string
	rows     int64
	direct   int // members created one by one
	lives    []sample
	life     []sample    // of the last life
	over     atomic.Bool // the load ends

	full           atomic.Bool  // the disk is full
	membersRefused atomic.Int64 // meanwhile
	uploadsRefused atomic.Int64
	fullReport     string
	revived        int // starts of a cluster that the full disk ended

	decoded, refused, broken atomic.Int64
}

func newSoak(t *testing.T, engine sqldb.Dialect, seed uint64) *soak {
	t.Helper()
	s := &soak{engine: engine, g: &generator{Rand: rand.New(rand.NewPCG(seed, 2))}, steps: make(chan step, 10_000), disk: newDisk(t)}
	config, err := config.Default()
	if err != nil {
		t.Fatal(err)
	}
	config.Data, config.Addr = filepath.Join(s.disk.folder, "data"), "127.0.0.1:0"
	if engine == sqldb.Postgres {
		s.cluster = s.disk.cluster(t)
		config.DatabaseURL = s.cluster.URL("postgres")
	}
	s.node = startNode(t, config, "REGULARS_LOG_LEVEL=warn")
	s.node.chance = rand.New(rand.NewPCG(seed, 3))
	s.calm = newNode(t, engine, "REGULARS_LOG_LEVEL=warn")
	return s
}

// run soaks the server and compares it with the calm one.
func (s *soak) run() {
	var load, calm sync.WaitGroup
	load.Go(s.disturb)
	for i := range soakReaders {
		load.Go(func() { s.read(i) })
	}
	load.Go(s.write)
	calm.Go(s.replay)
	s.work()
	close(s.steps)
	load.Wait()
	s.Stop()
	calm.Wait()
	if s.t.Failed() {
		return
	}
	for i := range s.direct {
		s.calm.createMember(i)
	}
	s.calm.Stop()
	s.report()
	got, want := stateOf(s.t, s.config, s.community, s.jobs...), stateOf(s.t, s.calm.config, s.calm.community, s.calmJobs...)
	s.t.Logf("%d lines compared", len(got))
	compareStates(s.t, got, want)
}

// step is one job: an upload, or what follows from the job before it.
type step struct {
	path   string // of an upload
	follow string // apply or undo
	file   []byte
	fields map[string]string
}

// next draws the next steps.
func (s *soak) next() []step {
	imported := step{path: importPath, file: s.g.mixedFile(s.t, soakRows), fields: map[string]string{"createTags": "true"}}
	switch k := s.g.IntN(10); {
	case k < 2:
		imported.fields["dryRun"] = "true"
		return []step{imported, {follow: "apply"}}
	case k < 3:
		return []step{imported, {follow: "undo"}}
	case k < 5:
		return []step{{path: "/v1/users/bulk-update", file: s.g.sums(soakRows)}, {follow: "undo"}}
	case k < 6:
		return []step{{path: "/v1/users/bulk-update", file: s.g.sums(soakRows)}}
	}
	return []step{imported}
}

// work runs jobs one after the other until the load ends.
func (s *soak) work() {
	todo := []step{{path: importPath, file: s.g.seedFile(s.t, 1000)}}
	for ; len(todo) > 0 || !s.over.Load(); todo = todo[1:] {
		if len(todo) == 0 {
			todo = s.next()
		}
		s.steps <- todo[0]
		s.jobs = append(s.jobs, s.node.do(todo[0], s.jobs, s.noteUpload))
		s.rows += s.await(s.jobs[len(s.jobs)-1]).Counts.Read
	}
}

// replay does the same on the calm server.
func (s *soak) replay() {
	for one := range s.steps {
		s.calmJobs = append(s.calmJobs, s.calm.do(one, s.calmJobs, func(uploaded) {}))
		s.calm.await(s.calmJobs[len(s.calmJobs)-1])
	}
}

// do sends a step until its job is accepted.
func (n *node) do(one step, before []string, note func(uploaded)) (jobID string) {
	n.t.Helper()
	path, form := one.path, func() formBody { return formBody{strings.NewReader("{}"), 2, "application/json"} }
	if one.follow != "" {
		path = "/v1/users/bulk-update/" + before[len(before)-1] + "/" + one.follow
	} else {
		form = func() formBody { return n.formWith(one.file, one.fields) }
	}
	for begun := time.Now(); ; <-time.After(100 * time.Millisecond) {
		got := n.sendTo(n.t.Context(), path, form(), fmt.Sprint("step ", len(before)))
		note(got)
		switch {
		case got.err == nil && got.status == http.StatusOK:
			return got.jobID
		case got.err == nil && got.status != http.StatusServiceUnavailable && got.code != "in_progress", time.Since(begun) > soakPatience:
			n.t.Fatalf("%s: %+v", path, got)
		}
	}
}

// note counts an answer, or its absence, and fails the test for one that no
// kill and no full disk explains.
func (s *soak) note(what string, got uploaded, change bool) (ok bool) {
	switch {
	case got.err != nil || got.status == 0:
		s.broken.Add(1)
	case got.status == http.StatusServiceUnavailable, got.code == "in_progress":
		s.refused.Add(1)
	case got.status == http.StatusOK, change && got.status == http.StatusConflict: // an answer that a kill lost
		s.decoded.Add(1)
		return true
	default:
		s.t.Errorf("%s: %d %s", what, got.status, got.code)
	}
	return false
}

func (s *soak) noteUpload(got uploaded) {
	s.note("an upload", got, true)
	if s.full.Load() && got.code == "disk_full" {
		s.uploadsRefused.Add(1)
	}
}

// read asks for lists, filters and pages.
func (s *soak) read(which int) {
	path := []string{"/v1/communities/" + s.community + "/users?limit=50&search=a", "/v1/users/bulk-update", "/v1/servers/" + s.community + "/audit-log"}[which]
	for !s.over.Load() {
		got := s.get(path)
		s.note(path, uploaded{status: got.status, code: got.Code}, false)
		<-time.After(soakPause)
	}
}

// write creates members one by one, each until it is there.
func (s *soak) write() {
	for ; !s.over.Load(); s.direct++ {
		for !s.createOnce(s.direct) {
			<-time.After(soakWrites)
		}
		<-time.After(soakWrites)
	}
}

func (s *soak) createOnce(i int) bool {
	got := s.createMember(i)
	if s.full.Load() && got.status == http.StatusServiceUnavailable {
		s.membersRefused.Add(1)
	}
	return s.note("create a member", got, true)
}

// report prints the figures and fails the test where one of them has grown.
func (s *soak) report() {
	s.t.Logf("%s: %d jobs of %d rows, %d members one by one, %d kills; %d requests decoded, %d refused, %d broken by a kill; disk full for %s",
		s.engine, len(s.jobs), s.rows, s.direct, s.kills, s.decoded.Load(), s.refused.Load(), s.broken.Load(), s.fullReport)
	s.t.Logf("at the end of each life: %v", s.lives)
	s.t.Logf("over the last life, of %s: %v", time.Duration(len(s.life))*sampleEvery, thinned(s.life, 24))
	flatLives(s.t, s.lives)
	flatLife(s.t, s.life)
}
