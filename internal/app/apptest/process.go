package apptest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
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

// Binary returns the path of the program, built once per test process.
func Binary(t testing.TB) string {
	t.Helper()
	path, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// build installs the program by a rename, so that a test process can replace the
// program of another one while it runs.
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
	// Each working copy has its own file.
	path = filepath.Join(os.TempDir(), fmt.Sprintf("regulars-under-test-%08x", crc32.ChecksumIEEE(module)))
	return path, os.Rename(fresh, path)
})

// Timeout is the time a test waits for a state. It is long because the machine
// may be loaded.
const Timeout = 3 * time.Minute

// Process is a process of the program, serving on 127.0.0.1. It is killed at the
// end of its test.
type Process struct {
	URL string // unchanged by restarts

	t       testing.TB
	program string // path
	env     []string
	cmd     *exec.Cmd
	ended   chan struct{} // closed when cmd has ended
	exit    error         // exit error of cmd, set before ended is closed
	logs    *logs
}

// StartBinary starts the server and returns when it responds. env must contain
// REGULARS_DATA and, for PostgreSQL, REGULARS_DATABASE_URL.
func StartBinary(t testing.TB, env ...string) *Process {
	t.Helper()
	return StartProgram(t, Binary(t), env...)
}

// StartProgram is StartBinary for a program at a path, such as one of an earlier
// version.
func StartProgram(t testing.TB, path string, env ...string) *Process {
	t.Helper()
	address := FreeAddress(t)
	p := &Process{URL: "http://" + address, t: t, program: path, env: append([]string{"REGULARS_LOG_LEVEL=debug", "REGULARS_ADDR=" + address}, env...)}
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

// TryRestart is Restart, but returns an error if the server ends at startup.
func (p *Process) TryRestart() error {
	p.t.Helper()
	p.cmd = exec.CommandContext(context.Background(), p.program, "serve")
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
	return p.awaitHealthy()
}

// awaitHealthy waits until the server responds or ends. It does not use /readyz,
// which fails with several nodes on one database.
func (p *Process) awaitHealthy() error {
	p.t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	late := time.After(Timeout)
	for {
		err := p.checkHealth()
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-p.ended:
			p.cmd = nil
			return fmt.Errorf("ended at startup: %w", p.exit)
		case <-late:
			p.t.Fatalf("the server does not respond: %v\n%s", err, p.logs)
		}
	}
}

// checkHealth returns nil if the server responds.
func (p *Process) checkHealth() (err error) {
	r, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, p.URL+"/healthz", http.NoBody)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, response.Body.Close()) }()
	_, err = io.Copy(io.Discard, response.Body)
	if response.StatusCode != http.StatusOK {
		err = errors.Join(err, errors.New(response.Status))
	}
	return err
}

// Kill ends the server like a crash or kill -9. It does nothing if the server is
// not running.
func (p *Process) Kill() {
	p.t.Helper()
	if p.cmd == nil {
		return
	}
	err := p.cmd.Process.Kill()
	<-p.ended // the exit error is the signal
	p.cmd = nil
	if err != nil && !errors.Is(err, os.ErrProcessDone) {
		p.t.Fatal(err)
	}
}

// Stop interrupts the server and fails the test if its exit code is not 0.
func (p *Process) Stop() {
	p.t.Helper()
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		p.t.Fatal(err)
	}
	<-p.ended
	p.cmd = nil
	if p.exit != nil {
		p.t.Fatalf("the server did not shut down cleanly: %v\n%s", p.exit, p.logs)
	}
}

// Log returns the output of the server, of all its starts.
func (p *Process) Log() string {
	if p.logs == nil {
		return "" // not started by StartBinary
	}
	return p.logs.String()
}

// FreeAddress returns a free address of 127.0.0.1, which a server may leave and use
// again: its port is below those that systems assign to connections.
func FreeAddress(t testing.TB) string {
	t.Helper()
	const first, last = 15_000, 32_000
	var config net.ListenConfig
	for range 100 {
		address := fmt.Sprintf("127.0.0.1:%d", first+rand.IntN(last-first))
		if listener, err := config.Listen(t.Context(), "tcp", address); err == nil {
			_ = listener.Close() // only its port was needed
			return address
		}
	}
	t.Fatal("no port is free")
	return ""
}

// logs is a concurrent buffer for the output of processes.
type logs struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
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

// PeakMiB returns the peak resident memory of the server since its start, 0 if
// the system does not report it.
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

// PID returns the id of the running process.
func (p *Process) PID() int { return p.cmd.Process.Pid }
