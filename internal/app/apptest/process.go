package apptest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// Binary returns the path of the real program, built once per test process.
func Binary(t testing.TB) string {
	t.Helper()
	path, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// build leaves the program where the next test process replaces it, by a
// rename, so that one that runs is not disturbed.
var build = sync.OnceValues(func() (path string, err error) {
	folder, err := os.MkdirTemp("", "regulars-build-")
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	fresh := filepath.Join(folder, "regulars")
	out, err := exec.CommandContext(context.Background(), "go", "build", "-buildvcs=false", "-o", fresh, "github.com/regulars/regulars/cmd/regulars").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build the program: %w: %s", err, out)
	}
	module, err := exec.CommandContext(context.Background(), "go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("find the module: %w", err)
	}
	// One file for each working copy, so that none tests the program of another.
	path = filepath.Join(os.TempDir(), fmt.Sprintf("regulars-under-test-%08x", crc32.ChecksumIEEE(module)))
	return path, os.Rename(fresh, path)
})

// Patience is how long a test waits for a state before it fails: the machine may
// be loaded.
const Patience = 3 * time.Minute

// Process is the real program, serving on 127.0.0.1. It is killed when its
// test ends.
type Process struct {
	URL string // stays the same over restarts

	t     testing.TB
	env   []string
	cmd   *exec.Cmd
	ended chan struct{} // closed once cmd has ended
	exit  error         // of cmd, once ended is closed
	logs  *logs
}

// StartBinary starts the server with further environment, REGULARS_DATA at
// least and REGULARS_DATABASE_URL for PostgreSQL, and returns once it is
// ready.
func StartBinary(t testing.TB, env ...string) *Process {
	t.Helper()
	address := freeAddress(t)
	p := &Process{URL: "http://" + address, t: t, env: append([]string{"REGULARS_LOG_LEVEL=debug", "REGULARS_ADDR=" + address}, env...)}
	t.Cleanup(func() {
		p.Kill()
		if t.Failed() {
			t.Logf("the server's log:\n%s", p.logs)
		}
	})
	p.Restart()
	return p
}

// Restart starts the server again after Kill or Stop, on the same address.
func (p *Process) Restart() {
	p.t.Helper()
	if err := p.TryRestart(); err != nil {
		p.t.Fatalf("the server does not start: %v\n%s", err, p.logs)
	}
}

// TryRestart is Restart that returns the error of a server that ended at its
// start.
func (p *Process) TryRestart() error {
	p.t.Helper()
	p.cmd = exec.CommandContext(context.Background(), Binary(p.t), "serve")
	p.cmd.Env = append(os.Environ(), p.env...)
	if p.logs == nil {
		p.logs = &logs{}
	}
	p.cmd.Stdout, p.cmd.Stderr = p.logs, p.logs
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	cmd, ended := p.cmd, make(chan struct{})
	p.ended = ended
	go func() {
		defer close(ended)
		p.exit = cmd.Wait()
	}()
	return p.awaitReady()
}

// awaitReady waits until the server answers at all, or ends: with several nodes on
// one database /readyz has reasons of its own to say no.
func (p *Process) awaitReady() error {
	p.t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	late := time.After(Patience)
	for {
		err := p.ask()
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-p.ended:
			p.cmd = nil
			return fmt.Errorf("ended at its start: %w", p.exit)
		case <-late:
			p.t.Fatalf("the server does not answer: %v\n%s", err, p.logs)
		}
	}
}

// ask returns nil when the server answers.
func (p *Process) ask() (err error) {
	r, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, p.URL+"/healthz", http.NoBody)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, answer.Body.Close()) }()
	_, err = io.Copy(io.Discard, answer.Body)
	if answer.StatusCode != http.StatusOK {
		err = errors.Join(err, errors.New(answer.Status))
	}
	return err
}

// Kill ends the server as a crash or kill -9 does. A server that is not
// running is left alone.
func (p *Process) Kill() {
	p.t.Helper()
	if p.cmd == nil {
		return
	}
	err := p.cmd.Process.Kill()
	<-p.ended // with the signal, which is what was asked for
	p.cmd = nil
	if err != nil && !errors.Is(err, os.ErrProcessDone) {
		p.t.Fatal(err)
	}
}

// Stop ends the server as an operator does and fails the test when its exit
// code is not 0.
func (p *Process) Stop() {
	p.t.Helper()
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		p.t.Fatal(err)
	}
	<-p.ended
	p.cmd = nil
	if p.exit != nil {
		p.t.Fatalf("the server did not stop in order: %v\n%s", p.exit, p.logs)
	}
}

// Log returns what the server has printed so far, over all its starts.
func (p *Process) Log() string {
	if p.logs == nil {
		return "" // started by the test itself
	}
	return p.logs.String()
}

func freeAddress(t testing.TB) string {
	t.Helper()
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }() // it was only asked for a number
	return listener.Addr().String()
}

// logs keeps what processes print.
type logs struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write keeps p.
func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// PeakMiB is the most memory that the server was resident with since its
// start; 0 where the system does not report it.
func (p *Process) PeakMiB() int {
	p.t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	kib := 0
	if _, err := fmt.Sscan(rest, &kib); err != nil {
		p.t.Fatal(err)
	}
	return kib >> 10
}

// PID is the id of the running process.
func (p *Process) PID() int { return p.cmd.Process.Pid }
