//go:build linux

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// server is a running server with one community, which has the fields and tags of
// the files, and an API key.
type server struct {
	store     store
	cmd       *exec.Cmd
	logged    chan struct{} // closed at the end of the log
	log       string        // path
	address   string
	community string
	key       string
	client    *http.Client
	form      map[string]string // additional form fields of uploads
	endpoint  string            // of uploads; "": importEndpoint
}

// build builds the program to measure.
func (b *bench) build(ctx context.Context) error {
	if b.binary != "" {
		return nil
	}
	b.binary = filepath.Join(b.folder, "regulars")
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", b.binary, "github.com/regulars/regulars/cmd/regulars")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w: %s", err, out)
	}
	return nil
}

// regulars returns a command on a store, with no other settings.
func (b *bench) regulars(ctx context.Context, s store, args ...string) *exec.Cmd {
	args = append(args, "--data", filepath.Join(s.folder, "data"))
	if s.engine == postgres {
		args = append(args, "--database-url", s.url)
	}
	cmd := exec.CommandContext(ctx, b.binary, args...)
	for _, entry := range os.Environ() {
		if !strings.HasPrefix(entry, "REGULARS_") {
			cmd.Env = append(cmd.Env, entry)
		}
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 30 * time.Second
	return cmd
}

func (b *bench) start(ctx context.Context, s store) (_ *server, err error) {
	v := &server{store: s, client: &http.Client{Timeout: time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}, log: filepath.Join(s.folder, "log"), logged: make(chan struct{})}
	if err := b.prepare(ctx, s, v); err != nil {
		return nil, err
	}
	v.cmd = b.regulars(ctx, s, append([]string{"serve", "--addr", "127.0.0.1:0"}, b.serveArgs...)...)
	lines, err := v.cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := v.cmd.Start(); err != nil {
		return nil, err
	}
	address := make(chan string, 1)
	go v.readLog(lines, address)
	select {
	case v.address = <-address:
	case <-v.logged:
		text, _ := os.ReadFile(v.log) // best effort
		return nil, fmt.Errorf("server exited: %w: %s", v.cmd.Wait(), text)
	}
	if err := v.createFieldsAndTags(ctx); err != nil {
		return nil, errors.Join(err, v.stop())
	}
	return v, nil
}

// prepare creates the community and the key from the command line.
func (b *bench) prepare(ctx context.Context, s store, v *server) error {
	var created struct{ CommunityID, Key string }
	for _, args := range [][]string{
		{"community", "create", "--json", "--name", "Bench"},
		{"key", "create", "--json", "--name", "bench", "--permission", "*", "--community"},
	} {
		if args[0] == "key" {
			args = append(args, created.CommunityID)
		}
		cmd := b.regulars(ctx, s, args...)
		var complaints bytes.Buffer
		cmd.Stderr = &complaints
		out, err := cmd.Output()
		if err == nil {
			err = json.Unmarshal(out, &created)
		}
		if err != nil {
			return fmt.Errorf("regulars %s create: %w: %s", args[0], err, complaints.Bytes())
		}
	}
	v.community, v.key = created.CommunityID, created.Key
	return nil
}

var servingLine = regexp.MustCompile(`msg=serving address=(\S+)`)

// readLog writes the server's log to a file and sends the address in it.
func (v *server) readLog(lines io.Reader, address chan<- string) {
	defer close(v.logged)
	kept, err := os.Create(v.log)
	if err != nil {
		return
	}
	defer kept.Close()
	for scan := bufio.NewScanner(lines); scan.Scan(); {
		fmt.Fprintln(kept, scan.Text())
		if found := servingLine.FindStringSubmatch(scan.Text()); found != nil {
			address <- found[1]
		}
	}
}

// createFieldsAndTags creates the custom fields and tags of the files.
func (v *server) createFieldsAndTags(ctx context.Context) error {
	for _, f := range customFields {
		body := map[string]any{"field": strings.ToLower(f.name), "name": f.name, "type": f.kind}
		if err := v.must(ctx, "POST", "/v1/communities/"+v.community+"/user-fields", body, nil); err != nil {
			return err
		}
	}
	for _, name := range tags {
		if err := v.must(ctx, "POST", "/v1/communities/"+v.community+"/tags", map[string]any{"name": name}, nil); err != nil {
			return err
		}
	}
	return nil
}

// call sends a request and decodes the data of the response into data, if it is
// not nil.
func (v *server) call(ctx context.Context, method, path string, body, data any) (status int, err error) {
	resp, err := v.send(ctx, method, path, body)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	return decodeResponse(resp, data)
}

// send sends a request. The caller closes the body of the response.
func (v *server) send(ctx context.Context, method, path string, body any) (*http.Response, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://"+v.address+path, bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+v.key)
	req.Header.Set("Content-Type", "application/json")
	return v.client.Do(req)
}

// must is call for requests that must succeed.
func (v *server) must(ctx context.Context, method, path string, body, data any) error {
	status, err := v.call(ctx, method, path, body, data)
	if err == nil && status >= 300 {
		err = errors.New("refused")
	}
	if err != nil {
		return fmt.Errorf("%s %s: %d: %w", method, path, status, err)
	}
	return nil
}

func decodeResponse(resp *http.Response, data any) (int, error) {
	text, err := io.ReadAll(resp.Body)
	if err != nil || data == nil || resp.StatusCode >= 300 {
		return resp.StatusCode, err
	}
	return resp.StatusCode, json.Unmarshal(text, &struct{ Data any }{data})
}

// resetPeak lets peak begin with the present memory.
func (v *server) resetPeak() error {
	return os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", v.cmd.Process.Pid), []byte("5"), 0)
}

// peak returns the peak resident memory of the server in MB.
func (v *server) peak() (int, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", v.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if rest, found := strings.CutPrefix(line, "VmHWM:"); found {
			kib, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(rest), " kB"))
			return (kib*1024 + 999_999) / 1_000_000, err
		}
	}
	return 0, errors.New("no VmHWM in the status of the process")
}

// stop shuts the server down.
func (v *server) stop() error {
	v.client.CloseIdleConnections()
	if err := v.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	<-v.logged
	return v.cmd.Wait()
}
