//go:build soak

package app_test

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

var soakFor = flag.Duration("soak", 10*time.Minute, "time of mixed load on each engine")

const (
	soakRows    = 4_000
	killEvery   = 30 * time.Second
	soakReaders = 4
)

// TestSoak imports one file after another beside readers and kills the server
// every 30 seconds. At the end the tables equal those of a server that imported
// the same files undisturbed, and the memory and the open files of the server
// have not grown over its lives.
func TestSoak(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	for _, engine := range sqldbtest.Engines(t) {
		t.Run(string(engine), func(t *testing.T) {
			g := &generator{Rand: rand.New(rand.NewPCG(seed, 2))}
			n := newNode(t, engine)
			s := &soak{node: n, g: g, files: [][]byte{g.seedFile(t, 1000)}}
			s.run(time.Now().Add(*soakFor))
			n.Stop()
			got := stateOf(t, n.config, n.community, s.jobs...)
			calm := newNode(t, engine)
			var jobs []string
			for i, file := range s.files {
				jobs = append(jobs, calm.upload(file, strconv.Itoa(i)).jobID)
				calm.await(jobs[i])
			}
			calm.Stop()
			compareStates(t, got, stateOf(t, calm.config, calm.community, jobs...))
			t.Logf("%d imports, %d kills, %d requests; memory %v MB, open files %v", len(s.files), n.kills, s.requests, s.memory, s.open)
			flat(t, "memory in MB", s.memory, 64)
			flat(t, "open files", s.open, 32)
		})
	}
	t.Run("full disk", TestAnImportWaitsForRoomOnTheDisk)
}

// soak is the load on one server, and samples of each of its lives.
type soak struct {
	*node
	g            *generator
	files        [][]byte
	jobs         []string
	requests     int
	memory, open []int
}

// run imports until a moment. A kill comes in the middle of an import.
func (s *soak) run(until time.Time) {
	s.jobs = append(s.jobs, s.upload(s.files[0], "0").jobID)
	s.await(s.jobs[0])
	killed := time.Now()
	for time.Now().Before(until) {
		file := s.g.mixedFile(s.t, soakRows)
		s.files = append(s.files, file)
		jobID := s.upload(file, strconv.Itoa(len(s.files)-1)).jobID
		s.jobs = append(s.jobs, jobID)
		if time.Since(killed) > killEvery {
			s.sample()
			<-time.After(time.Duration(s.g.IntN(1000)) * time.Millisecond)
			s.Kill()
			s.kills++
			s.Restart()
			killed = time.Now()
		}
		s.read()
		s.await(jobID)
	}
}

// read asks for lists, filters and pages beside the import.
func (s *soak) read() {
	var readers sync.WaitGroup
	for i := range soakReaders {
		readers.Go(func() {
			for range 20 {
				path := []string{"/v1/communities/" + s.community + "/users?limit=50&search=a", "/v1/users/bulk-update", "/v1/communities/" + s.community + "/user-fields", "/v1/servers/" + s.community + "/audit-log"}[i]
				if got := s.get(path); got.status != 200 {
					s.t.Errorf("%s: %d", path, got.status)
				}
			}
		})
	}
	readers.Wait()
	s.requests += soakReaders * 20
}

// sample notes the resident memory and the open files of the server.
func (s *soak) sample() {
	s.t.Helper()
	folder := fmt.Sprintf("/proc/%d/", s.PID())
	status, err := os.ReadFile(folder + "status")
	if err != nil {
		s.t.Fatal(err)
	}
	_, rest, _ := bytes.Cut(status, []byte("VmRSS:"))
	kib, err := strconv.Atoi(strings.Fields(string(rest))[0])
	if err != nil {
		s.t.Fatal(err)
	}
	open, err := os.ReadDir(folder + "fd")
	if err != nil {
		s.t.Fatal(err)
	}
	s.memory, s.open = append(s.memory, kib/1024), append(s.open, len(open))
}

// flat fails if the last third of the samples is higher than the first by half
// and by more than slack.
func flat(t *testing.T, what string, samples []int, slack int) {
	t.Helper()
	third := len(samples) / 3
	if third == 0 {
		return // the run was too short for a kill in each third
	}
	mean := func(list []int) (sum int) {
		for _, n := range list {
			sum += n
		}
		return sum / len(list)
	}
	first, last := mean(samples[:third]), mean(samples[len(samples)-third:])
	if last > first*3/2 && last > first+slack {
		t.Errorf("%s grew from %d to %d: %v", what, first, last, samples)
	}
}
