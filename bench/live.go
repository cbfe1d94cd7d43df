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
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/id"
)

// The sizes of the live section.
const (
	liveMessages  = 15               // at one a second
	clientsPerKey = 50               // the limit of an account
	idleFor       = 10 * time.Second // in which processor time is counted
)

// arriving has the results of messages to the clients of one channel.
type arriving struct {
	engine    string
	clients   int
	connect   time.Duration // until all clients are connected
	memory    int64         // resident bytes of the server for each idle client
	kernel    int64         // bytes of sockets for each client, both ends
	idle      float64       // share of a processor while nothing is sent
	result    arrivals
	responses []time.Duration // of the sends
	floor     time.Duration   // p99 of the same clients when a bare loop writes to them
}

// arrivals are the times from a send until the frame is at a client.
type arrivals struct {
	Connected           time.Duration
	Median, P99, Latest time.Duration
	Received, Missing   int
	Failed              string
}

func (b *bench) liveClients(ctx context.Context) ([]*arriving, error) {
	var list []*arriving
	b.serveArgs = []string{"--connections-per-address", "0", "--anonymous-per-second", "0"}
	defer func() { b.serveArgs = nil }()
	for _, engine := range b.engines {
		for _, clients := range b.clients {
			err := b.serve(ctx, engine, func(v *server) error {
				a, err := b.measureArrivals(ctx, v, clients)
				list = append(list, a)
				return err
			})
			if err != nil {
				return nil, fmt.Errorf("%d live clients on %s: %w", clients, engine, err)
			}
		}
	}
	return list, nil
}

func (b *bench) measureArrivals(ctx context.Context, v *server, clients int) (_ *arriving, err error) {
	a := &arriving{engine: v.store.engine, clients: clients}
	if a.floor, err = b.floorOfArrivals(ctx, clients); err != nil {
		return a, err
	}
	if err := v.createAuthors(ctx); err != nil {
		return a, err
	}
	channels, err := v.createChannels(ctx, 1)
	if err != nil {
		return a, err
	}
	keys, err := b.createPeople(ctx, v, (clients+clientsPerKey-1)/clientsPerKey)
	if err != nil {
		return a, err
	}
	memory, sockets, err := v.memory()
	if err != nil {
		return a, err
	}
	crowd, err := b.startClients(ctx, v.address, keys, clients)
	if err != nil {
		return a, err
	}
	defer func() { err = errors.Join(err, crowd.end()) }()
	a.connect = crowd.connected
	if err := a.measureIdle(ctx, v, b.idle, memory, sockets); err != nil {
		return a, err
	}
	for range liveMessages {
		began := b.clock.Now()
		body := map[string]any{"channelId": channels[0], "sender": "author1", "message": fmt.Sprintf("sent at %d", clock.Precise().UnixNano())}
		if err := v.must(ctx, http.MethodPost, "/v1/messages/send", body, nil); err != nil {
			return a, err
		}
		a.responses = append(a.responses, b.clock.Now().Sub(began))
		if err := wait(ctx, time.Second-b.clock.Now().Sub(began)); err != nil {
			return a, err
		}
	}
	a.result, err = crowd.results(clients * liveMessages)
	b.logf("%s, %d clients: connected in %s, arrival median %s, p99 %s, %d missing; %d bytes and %.2f of a processor idle", a.engine, clients, a.connect, a.result.Median, a.result.P99, a.result.Missing, a.memory, a.idle)
	return a, err
}

// wait waits for a duration.
func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// measureIdle measures the server while its clients are idle.
func (a *arriving) measureIdle(ctx context.Context, v *server, idle time.Duration, memory, sockets int64) error {
	if err := wait(ctx, idle); err != nil {
		return err
	}
	before, err := processCPU(v.cmd.Process.Pid)
	if err != nil {
		return err
	}
	if err := wait(ctx, idleFor); err != nil {
		return err
	}
	after, err := processCPU(v.cmd.Process.Pid)
	if err != nil {
		return err
	}
	a.idle = (after - before).Seconds() / idleFor.Seconds()
	resident, kernel, err := v.memory()
	a.memory, a.kernel = (resident-memory)/int64(a.clients), (kernel-sockets)/int64(a.clients)
	return err
}

// memory returns the resident memory of the server, and the memory of the kernel in
// slabs, which has the sockets of both ends.
func (v *server) memory() (resident, slabs int64, err error) {
	for path, at := range map[string]struct {
		name string
		to   *int64
	}{fmt.Sprintf("/proc/%d/status", v.cmd.Process.Pid): {"VmRSS:", &resident}, "/proc/meminfo": {"Slab:", &slabs}} {
		text, err := os.ReadFile(path)
		if err != nil {
			return 0, 0, err
		}
		_, rest, _ := strings.Cut(string(text), at.name)
		fields := strings.Fields(rest)
		if len(fields) == 0 {
			return 0, 0, fmt.Errorf("%s has no %s", path, at.name)
		}
		kib, err := strconv.ParseInt(fields[0], 10, 64)
		if err != nil {
			return 0, 0, err
		}
		*at.to = kib << 10
	}
	return resident, slabs, nil
}

// createPeople inserts members with accounts, and returns an API key of each.
func (b *bench) createPeople(ctx context.Context, v *server, n int) (keys []string, err error) {
	d, err := openDirect(ctx, v)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	for i := range n {
		person := int64(1_000_000 + i)
		if err := d.create(ctx, person); err != nil {
			return nil, err
		}
		key := id.Secret(32)
		keys = append(keys, key)
		_, err := d.db.Exec(ctx, `INSERT INTO account_api_keys (account_id, id, name, key_hash, hint, permissions, channels, active, created_at, updated_at, expires_at, used_at)
			SELECT id, $2, 'bench', $3, '', '["getMessages"]', '[]', TRUE, $4, $4, 0, 0 FROM accounts WHERE username_key = $1`,
			fmt.Sprintf("direct%d", person), id.New(d.clock.Now()), account.HashToken(key), d.clock.MS())
		if err != nil {
			return nil, err
		}
	}
	return keys, nil
}

// clientProcess is a process with live clients.
type clientProcess struct {
	cmd       *exec.Cmd
	in        io.WriteCloser
	out       *bufio.Reader
	connected time.Duration
	errors    bytes.Buffer
}

// startClients starts a process with clients that subscribe to all channels.
func (b *bench) startClients(ctx context.Context, address string, keys []string, clients int) (*clientProcess, error) {
	list := filepath.Join(b.folder, "keys")
	if err := os.WriteFile(list, []byte(strings.Join(keys, "\n")), 0o600); err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p := &clientProcess{cmd: exec.CommandContext(ctx, self, clientsCommand, address, list, strconv.Itoa(clients))}
	p.cmd.Stderr = &p.errors
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.out = bufio.NewReader(out)
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	var ready arrivals
	if err := p.read(&ready); err != nil || ready.Failed != "" {
		return nil, errors.Join(fmt.Errorf("clients: %w: %s %s", err, ready.Failed, p.errors.Bytes()), p.end())
	}
	p.connected = ready.Connected
	return p, nil
}

func (p *clientProcess) read(to *arrivals) error {
	line, err := p.out.ReadBytes('\n')
	if err != nil {
		return err
	}
	return json.Unmarshal(line, to)
}

// results waits until the clients have received a number of frames, or have not received
// one for some seconds.
func (p *clientProcess) results(frames int) (a arrivals, err error) {
	if _, err := fmt.Fprintln(p.in, frames); err != nil {
		return a, err
	}
	return a, p.read(&a)
}

func (p *clientProcess) end() error {
	_ = p.in.Close() // ends the process
	return p.cmd.Wait()
}

func (b *bench) reportArrivals(list []*arriving) error {
	var rows []string
	for _, a := range list {
		rate := float64(a.clients) / a.connect.Seconds()
		rows = append(rows, fmt.Sprintf("%s|%d|%.0f|%s|%s|%s|%s|%d|%s|%d B|%d B|%.2f", a.engine, a.clients, rate, round(a.result.Median), round(a.result.P99), round(a.result.Latest), round(a.floor), a.result.Missing,
			round(quantile(slices.Clone(a.responses), 0.5)), a.memory, a.kernel, a.idle))
	}
	return printTable(b.out, "engine|clients of one channel|connects a second|arrival, median|p99|latest|floor, p99|missing|response to the sender, median|resident memory a client|kernel, both ends|processors while idle", rows)
}

// round returns a duration with about three digits.
func round(d time.Duration) time.Duration {
	if d < 10*time.Millisecond {
		return d.Round(10 * time.Microsecond)
	}
	return d.Round(time.Millisecond)
}
