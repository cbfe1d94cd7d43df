package apptest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// Proxy is a network between a client and a server that can be cut. It is a
// process of Toxiproxy, ended with its test.
type Proxy struct {
	URL string // of the server through the proxy

	t       testing.TB
	control string // address of the process
	process *os.Process
}

// Directions of a connection.
const (
	Requests  = "upstream"
	Responses = "downstream"
)

// buildProxy installs Toxiproxy once per test process, in the version of
// tools/go.mod.
var buildProxy = sync.OnceValues(func() (path string, err error) {
	module, err := exec.CommandContext(context.Background(), "go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("find the module: %w", err)
	}
	root := filepath.Dir(strings.TrimSpace(string(module)))
	path = filepath.Join(os.TempDir(), fmt.Sprintf("toxiproxy-of-tests-%08x", crc32.ChecksumIEEE(module)))
	fresh := fmt.Sprintf("%s-%d", path, os.Getpid())
	build := exec.CommandContext(context.Background(), "go", "build", "-modfile=tools/go.mod", "-buildvcs=false", "-o", fresh, "github.com/Shopify/toxiproxy/v2/cmd/server")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build Toxiproxy: %w: %s", err, out)
	}
	return path, os.Rename(fresh, path)
})

// StartProxy starts a proxy for the server at an address, such as
// http://127.0.0.1:3333.
func StartProxy(t testing.TB, server string) *Proxy {
	t.Helper()
	path, err := buildProxy()
	if err != nil {
		t.Fatal(err)
	}
	control, listen := FreeAddress(t), FreeAddress(t)
	host, port, _ := strings.Cut(control, ":")
	process := exec.CommandContext(context.WithoutCancel(t.Context()), path, "-host", host, "-port", port)
	process.Env = append(os.Environ(), "LOG_LEVEL=fatal") // else it logs each connection
	process.Stdout, process.Stderr = t.Output(), t.Output()
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = process.Process.Kill()
		_ = process.Wait() // the signal
	})
	p := &Proxy{URL: "http://" + listen, t: t, control: "http://" + control, process: process.Process}
	tick, late := time.NewTicker(10*time.Millisecond), time.After(Timeout)
	defer tick.Stop()
	for p.call(http.MethodGet, "/version", nil) != nil {
		select {
		case <-tick.C:
		case <-late:
			t.Fatal("the proxy does not respond")
		}
	}
	p.post("/proxies", map[string]any{"name": "network", "listen": listen, "upstream": strings.TrimPrefix(server, "http://"), "enabled": true})
	return p
}

// Delay delays the data of both directions by a time that varies.
func (p *Proxy) Delay(by, jitter time.Duration) {
	p.t.Helper()
	for _, direction := range []string{Requests, Responses} {
		p.post("/proxies/network/toxics", map[string]any{"type": "latency", "stream": direction, "attributes": map[string]int64{"latency": by.Milliseconds(), "jitter": jitter.Milliseconds()}})
	}
}

// Slice delivers the data of both directions in small pieces with pauses between them.
func (p *Proxy) Slice() {
	p.t.Helper()
	for _, direction := range []string{Requests, Responses} {
		p.post("/proxies/network/toxics", map[string]any{"type": "slicer", "stream": direction, "attributes": map[string]int64{"average_size": 100, "size_variation": 60, "delay": 200}})
	}
}

// CutAfter closes each connection after some bytes in a direction.
func (p *Proxy) CutAfter(direction string, count int64) {
	p.t.Helper()
	p.post("/proxies/network/toxics", map[string]any{"type": "limit_data", "stream": direction, "attributes": map[string]int64{"bytes": count}})
}

// Slow delays the bytes of both directions by some milliseconds, and passes them on in
// slices of about size bytes.
func (p *Proxy) Slow(milliseconds, size int) {
	p.t.Helper()
	for _, direction := range []string{Requests, Responses} {
		p.post("/proxies/network/toxics", map[string]any{"name": "latency-" + direction, "type": "latency", "stream": direction, "attributes": map[string]int{"latency": milliseconds}})
		p.post("/proxies/network/toxics", map[string]any{"name": "slices-" + direction, "type": "slicer", "stream": direction, "attributes": map[string]int{"average_size": size, "size_variation": size / 2}})
	}
}

// Disconnect closes all connections and refuses new ones.
func (p *Proxy) Disconnect() {
	p.t.Helper()
	p.post("/proxies/network", map[string]any{"enabled": false})
}

// Restore ends all faults.
func (p *Proxy) Restore() {
	p.t.Helper()
	p.post("/reset", nil)
}

func (p *Proxy) post(path string, body any) {
	p.t.Helper()
	if err := p.call(http.MethodPost, path, body); err != nil {
		p.t.Fatal(err)
	}
}

func (p *Proxy) call(method, path string, body any) error {
	content, err := json.Marshal(body)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(p.t.Context(), method, p.control+path, bytes.NewReader(content))
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }() // read only
	answer, err := io.ReadAll(response.Body)
	if response.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("toxiproxy: %s %s: %s", path, response.Status, answer)
	}
	return err
}
