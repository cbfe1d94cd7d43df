//go:build linux

package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// calls are the answers to one kind of request while a file loads.
type calls struct {
	engine, what string
	every        time.Duration
	ask          func(ctx context.Context, v *server, loaded int, c *calls)

	mutex   sync.Mutex
	took    []time.Duration
	refused int
	refusal string // the first
}

func (c *calls) add(took time.Duration, status int, err error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.took = append(c.took, took)
	if err != nil || status >= 300 {
		c.refused++
		if c.refusal == "" {
			c.refusal = fmt.Sprintf("status %d, error %v", status, err)
		}
	}
}

// Requests go out this often, whether earlier ones were answered or not: a
// server that stalls cannot hide it by being asked less.
const (
	readEvery    = 10 * time.Millisecond
	writeEvery   = 250 * time.Millisecond
	commandEvery = 2 * time.Second
)

// latencies loads the file of most rows on each engine and asks other things
// meanwhile.
func (b *bench) latencies(ctx context.Context, rows int) ([]*calls, error) {
	files, err := b.pair(rows)
	if err != nil {
		return nil, err
	}
	var list []*calls
	for _, engine := range b.engines {
		asked := []*calls{
			{engine: engine, what: "POST /v1/users/info", every: readEvery, ask: b.read},
			{engine: engine, what: "POST a tag", every: writeEvery, ask: b.write},
			{engine: engine, what: "regulars community create", every: commandEvery, ask: b.command},
		}
		err := b.serve(ctx, engine, func(v *server) error { return b.askWhileLoading(ctx, v, files[0], asked) })
		if err != nil {
			return nil, fmt.Errorf("requests on %s: %w", engine, err)
		}
		list = append(list, asked...)
	}
	return list, nil
}

func (b *bench) askWhileLoading(ctx context.Context, v *server, f loadFile, asked []*calls) error {
	u, err := b.post(ctx, v, f.path)
	if err != nil {
		return err
	}
	var loaded atomic.Int64
	asking, stop := context.WithCancel(ctx)
	var group sync.WaitGroup
	for _, c := range asked {
		group.Go(func() {
			pace(asking, c.every, func() { c.ask(ctx, v, int(loaded.Load()), c) })
		})
	}
	_, _, err = b.finish(ctx, v, u.job, func(p progress) { loaded.Store(int64(p.Counts.Read)) })
	stop()
	group.Wait()
	for _, c := range asked {
		b.say("%s, %d rows loading: %s: %d calls, p99 %s, refused %d", c.engine, f.rows, c.what, len(c.took), share(c.took, 0.99), c.refused)
		if c.refusal != "" {
			b.say("the first refusal: %s", c.refusal)
		}
	}
	return err
}

// pace starts ask at a steady rate until ctx is done, and waits for the last.
func pace(ctx context.Context, every time.Duration, ask func()) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	var group sync.WaitGroup
	defer group.Wait()
	for {
		select {
		case <-tick.C:
			group.Go(ask)
		case <-ctx.Done():
			return
		}
	}
}

// read asks for somebody who is already there.
func (b *bench) read(ctx context.Context, v *server, loaded int, c *calls) {
	if loaded == 0 {
		return
	}
	began := b.clock.Now()
	status, err := v.call(ctx, http.MethodPost, "/v1/users/info", map[string]any{"idOrEmail": email(rand.IntN(loaded))}, nil)
	c.add(b.clock.Now().Sub(began), status, err)
}

// write makes a tag: a small write.
func (b *bench) write(ctx context.Context, v *server, _ int, c *calls) {
	began := b.clock.Now()
	status, err := v.call(ctx, http.MethodPost, "/v1/communities/"+v.community+"/tags", map[string]any{"name": fmt.Sprintf("t%d", rand.Uint64())}, nil)
	c.add(b.clock.Now().Sub(began), status, err)
}

// command makes a community from the command line: a small write of another
// process on the same data.
func (b *bench) command(ctx context.Context, v *server, _ int, c *calls) {
	cmd := b.regulars(ctx, v.store, "community", "create", "--name", "Another")
	began := b.clock.Now()
	out, err := cmd.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%w: %s", err, out)
	}
	c.add(b.clock.Now().Sub(began), 0, err)
}
