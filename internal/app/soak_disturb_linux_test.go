//go:build soak

package app_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/sqldb/pgtest"
)

const (
	diskBytes   = 8 << 30
	fullBytes   = 1 << 20 // left on the full disk
	fullLeast   = 5 * time.Second
	fullMost    = 2 * time.Minute // until the full disk is noticed
	sampleEvery = time.Second
)

// inNamespace reports whether the test runs in a mount namespace of its own.
// Otherwise it runs the test again in one: nothing is mounted that others see.
func inNamespace(t *testing.T) bool {
	t.Helper()
	const inside = "REGULARS_SOAK_NAMESPACE"
	if os.Getenv(inside) != "" {
		return true
	}
	how := []string{"-m"}
	if os.Geteuid() != 0 {
		how = []string{"-c", "-m", "--keep-caps"}
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "unshare", append(append(how, self), os.Args[1:]...)...) //nolint:gosec // this program
	cmd.Env = append(os.Environ(), inside+"=1")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	if err := cmd.Run(); err != nil {
		t.Fatalf("in a namespace of its own: %v", err)
	}
	return false
}

// disk is a file system of its own, which can be made full and wide again.
type disk struct {
	t      *testing.T
	folder string
}

func newDisk(t *testing.T) *disk {
	t.Helper()
	folder, err := os.MkdirTemp("", "soak-") // short enough for a socket, open to the user of PostgreSQL
	if err == nil {
		err = os.Chmod(folder, 0o755) //nolint:gosec // see above
	}
	if err == nil {
		err = syscall.Mount("tmpfs", folder, "tmpfs", 0, fmt.Sprintf("size=%d,mode=0755", diskBytes))
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(syscall.Unmount(folder, syscall.MNT_DETACH), os.Remove(folder)); err != nil {
			t.Error(err)
		}
	})
	return &disk{t, folder}
}

// cluster starts a PostgreSQL server whose data is on the disk.
func (d *disk) cluster(t *testing.T) *pgtest.Cluster {
	t.Helper()
	folder := filepath.Join(d.folder, "pg")
	if err := os.Mkdir(folder, 0o755); err != nil { //nolint:gosec // the user of PostgreSQL enters it
		t.Fatal(err)
	}
	cluster, err := pgtest.Start(folder)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cluster.Stop(); err != nil {
			t.Error(err)
		}
	})
	return cluster
}

func (d *disk) resize(sizeBytes uint64) error {
	return syscall.Mount("", d.folder, "", syscall.MS_REMOUNT, fmt.Sprintf("size=%d", sizeBytes))
}

// fill leaves fullBytes on the disk. The load writes meanwhile, so a size may
// be too small already.
func (d *disk) fill() {
	d.t.Helper()
	var err error
	for range 1000 {
		var is syscall.Statfs_t
		if err = syscall.Statfs(d.folder, &is); err == nil {
			err = d.resize((is.Blocks-is.Bfree)*uint64(is.Bsize) + fullBytes) //nolint:gosec // a size of blocks
		}
		if err == nil {
			return
		}
	}
	d.t.Fatalf("the disk cannot be made small: %v", err)
}

// disturb kills the server every so often and fills the disk at half time. After
// the time of the soak one life more is long and quiet.
func (s *soak) disturb() {
	defer s.over.Store(true)
	begun := time.Now()
	killed, filled := begun, false
	for time.Since(begun) < *soakFor {
		<-time.After(sampleEvery)
		now := s.sample()
		switch {
		case !filled && time.Since(begun) > *soakFor/2:
			filled = true
			s.fillDisk()
		case time.Since(killed) > *killEvery:
			s.spare("")
			s.crash(time.Second)
			s.lives = append(s.lives, now)
			s.Restart()
			killed = time.Now()
		}
	}
	for begun = time.Now(); time.Since(begun) < max(*soakFor/5, *killEvery); {
		<-time.After(sampleEvery)
		s.life = append(s.life, s.sample())
	}
}

// fillDisk leaves the disk full until the server has felt it, and kills it. On
// SQLite the server is started on the full disk: it feels it again, or says why
// it cannot start. PostgreSQL may accept no connection then, so there the server
// starts when there is room, and a cluster that ended before it.
func (s *soak) fillDisk() {
	begun := time.Now()
	s.awaitWork()
	s.spare("")
	s.disk.fill()
	s.full.Store(true)
	felt := s.feelFull()
	s.Kill()
	s.kills++
	starts := s.cluster == nil && s.startFull()
	switch {
	case starts:
		felt += "; after a kill " + s.feelFull()
	case s.cluster == nil:
		felt += "; after a kill the server says why it does not start"
	}
	s.full.Store(false)
	if err := s.disk.resize(diskBytes); err != nil {
		s.t.Error(err)
	}
	if s.cluster != nil {
		s.reviveCluster()
	}
	if !starts {
		s.Restart()
	}
	s.fullReport = fmt.Sprintf("%s (%s; %d members and %d uploads refused; cluster started again %d times)",
		time.Since(begun).Round(time.Second), felt, s.membersRefused.Load(), s.uploadsRefused.Load(), s.revived)
}

// startFull starts the server on the full disk and reports whether it runs.
func (s *soak) startFull() bool {
	err := s.TryRestart()
	if err != nil && !strings.Contains(s.Log(), "The disk of the database is full.") {
		s.t.Errorf("the server does not say why it does not start: %v", err)
	}
	return err == nil
}

// awaitWork returns when a job runs.
func (s *soak) awaitWork() {
	for begun := time.Now(); time.Since(begun) < fullMost; <-time.After(10 * time.Millisecond) {
		if newest := s.newest(); newest.Status == bulk.Running {
			return
		}
	}
}

// newest is the newest job, empty if the server does not say.
func (s *soak) newest() bulk.Status {
	var list []bulk.Status
	got := s.get("/v1/users/bulk-update?limit=1")
	if got.status != http.StatusOK || json.Unmarshal(got.Data, &list) != nil || len(list) == 0 {
		return bulk.Status{}
	}
	return list[0]
}

// feelFull returns when a member has been refused, a job or an upload waits, and
// a few seconds have passed.
func (s *soak) feelFull() (felt string) {
	members, uploads := s.membersRefused.Load(), s.uploadsRefused.Load()
	for begun := time.Now(); ; <-time.After(100 * time.Millisecond) {
		newest := s.newest()
		switch {
		case newest.Waiting != nil && (newest.Waiting.Reason == jobs.WaitDisk || s.cluster != nil && newest.Waiting.Reason == jobs.WaitDatabase):
			felt = "a job waits: " + newest.Waiting.Reason
		case felt == "" && s.uploadsRefused.Load() > uploads:
			felt = "an upload waits"
		case felt == "" && newest.JobID == "" && s.cluster != nil:
			felt = "the database is away"
		}
		if felt != "" && s.membersRefused.Load() > members && time.Since(begun) > fullLeast {
			return felt
		}
		if time.Since(begun) > fullMost {
			s.t.Errorf("the full disk is not noticed: %q, %d members refused, newest job %+v, waiting %+v", felt, s.membersRefused.Load()-members, newest, newest.Waiting)
			return felt
		}
	}
}

// reviveCluster starts a cluster again that the full disk has ended.
func (s *soak) reviveCluster() {
	ended := false
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Minute)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, s.cluster.URL("postgres"))
		if err == nil {
			_ = conn.Close(ctx) // it decoded
			return
		}
		if !ended && (errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ENOENT)) {
			ended = true
			s.revived++
			if err := errors.Join(s.cluster.Kill(), s.cluster.Restart()); err != nil {
				s.t.Error(err)
			}
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			s.t.Errorf("the cluster does not come back: %v", err)
			return
		}
	}
}

// sample is what the process of the server uses.
type sample struct{ memory, open, threads int }

func (s sample) String() string {
	return fmt.Sprintf("%d MiB/%d files/%d threads", s.memory, s.open, s.threads)
}

// sample reads anonymous resident memory, open files and threads.
func (s *soak) sample() (now sample) {
	folder := fmt.Sprintf("/proc/%d/", s.PID())
	status, err := os.ReadFile(folder + "status")
	for name, into := range map[string]*int{"RssAnon:": &now.memory, "Threads:": &now.threads} {
		_, rest, _ := strings.Cut(string(status), name)
		_, failed := fmt.Sscan(rest, into)
		err = errors.Join(err, failed)
	}
	now.memory >>= 10
	open, failed := os.ReadDir(folder + "fd")
	if err = errors.Join(err, failed); err != nil {
		s.t.Errorf("the server has ended by itself: %v", err)
	}
	now.open = len(open)
	return now
}

// flatLives fails if the lives of the second half used more at their ends than
// those of the first half. All ended at the same age.
func flatLives(t *testing.T, lives []sample) {
	t.Helper()
	if len(lives) < 4 {
		t.Logf("%d lives are too few to compare", len(lives))
		return
	}
	half := len(lives) / 2
	flat(t, "over the lives", lives[:half], lives[len(lives)-half:], median)
}

// flatLife fails if the least use in the last quarter of a life is above the
// least in the second quarter: the first one warms up, and peaks come and go.
func flatLife(t *testing.T, life []sample) {
	t.Helper()
	quarter := len(life) / 4
	flat(t, "within the last life", life[quarter:2*quarter], life[len(life)-quarter:], slices.Min)
}

// flat fails if a figure is higher by half, and by more than is noise.
func flat(t *testing.T, where string, before, after []sample, of func([]int) int) {
	t.Helper()
	for _, f := range []struct {
		what  string
		noise int
		value func(sample) int
	}{
		{"memory in MiB", 48, func(s sample) int { return s.memory }},
		{"open files", 24, func(s sample) int { return s.open }},
		{"threads", 24, func(s sample) int { return s.threads }},
	} {
		values := func(samples []sample) (list []int) {
			for _, s := range samples {
				list = append(list, f.value(s))
			}
			return list
		}
		first, last := of(values(before)), of(values(after))
		t.Logf("%s %s: %d, then %d", f.what, where, first, last)
		if last > first*3/2 && last > first+f.noise {
			t.Errorf("%s grew %s from %d to %d", f.what, where, first, last)
		}
	}
}

func median(values []int) int {
	slices.Sort(values)
	return values[len(values)/2]
}

// thinned is about so many of the samples.
func thinned(samples []sample, most int) (list []sample) {
	step := len(samples)/most + 1
	for i := 0; i < len(samples); i += step {
		list = append(list, samples[i])
	}
	return list
}
