//go:build linux

package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// calls are the results of one kind of request while a file loads.
type calls struct {
	engine, what string
	every        time.Duration
	send         func(ctx context.Context, v *server, loaded int, c *calls)

	mutex     sync.Mutex
	durations []time.Duration
	refused   int
	refusal   string // of the first refused call
}

func (c *calls) add(took time.Duration, status int, err error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.durations = append(c.durations, took)
	if err != nil || status >= 300 {
		c.refused++
		if c.refusal == "" {
			c.refusal = fmt.Sprintf("status %d, error %v", status, err)
		}
	}
}

// Intervals of the requests. Requests start at a steady rate, whether or not
// earlier ones have finished, so that a stalled server gets no fewer requests.
const (
	readEvery    = 10 * time.Millisecond
	writeEvery   = 250 * time.Millisecond
	commandEvery = 2 * time.Second
)

// whileLoading are the times of imports of one file, alone and with requests beside
// them.
type whileLoading struct {
	engine        string
	alone, beside time.Duration
	calls         []*calls
}

// latencies measures other requests on each engine while a file loads. Commands have a
// run of their own, because starting a program takes a noticeable part of a processor.
func (b *bench) latencies(ctx context.Context, rows int) ([]*whileLoading, error) {
	files, err := b.pair(rows)
	if err != nil {
		return nil, err
	}
	var list []*whileLoading
	for _, engine := range b.engines {
		requests := []*calls{
			{engine: engine, what: "POST /v1/users/info", every: readEvery, send: b.read},
			{engine: engine, what: "POST a tag", every: writeEvery, send: b.write},
		}
		commands := []*calls{{engine: engine, what: "regulars community create", every: commandEvery, send: b.command}}
		w := &whileLoading{engine: engine, calls: slices.Concat(requests, commands)}
		for _, run := range []struct {
			beside []*calls
			took   *time.Duration
		}{{nil, &w.alone}, {requests, &w.beside}, {commands, new(time.Duration)}} {
			err := b.serve(ctx, engine, func(v *server) (err error) {
				*run.took, err = b.sendWhileLoading(ctx, v, files[0], run.beside)
				return err
			})
			if err != nil {
				return nil, fmt.Errorf("requests on %s: %w", engine, err)
			}
		}
		list = append(list, w)
	}
	return list, nil
}

// sendWhileLoading imports a file while requests are sent, and returns how long the
// import took.
func (b *bench) sendWhileLoading(ctx context.Context, v *server, f loadFile, kinds []*calls) (time.Duration, error) {
	began := b.clock.Now()
	u, err := b.post(ctx, v, f.path)
	if err != nil {
		return 0, err
	}
	var loaded atomic.Int64
	sending, stop := context.WithCancel(ctx)
	var group sync.WaitGroup
	for _, c := range kinds {
		group.Go(func() {
			pace(sending, c.every, func() { c.send(ctx, v, int(loaded.Load()), c) })
		})
	}
	ended, _, err := b.finish(ctx, v, u.job, func(p progress) { loaded.Store(int64(p.Counts.Read)) })
	stop()
	group.Wait()
	b.logf("%d rows loading, %d kinds of requests beside: %s", f.rows, len(kinds), ended.Sub(began))
	for _, c := range kinds {
		b.logf("%s, %d rows loading: %s: %d calls, p99 %s, refused %d", c.engine, f.rows, c.what, len(c.durations), quantile(c.durations, 0.99), c.refused)
		if c.refusal != "" {
			b.logf("the first refusal: %s", c.refusal)
		}
	}
	return ended.Sub(began), err
}

// pace starts send at a steady rate until ctx is done, and waits for all calls.
func pace(ctx context.Context, every time.Duration, send func()) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	var group sync.WaitGroup
	defer group.Wait()
	for {
		select {
		case <-tick.C:
			group.Go(send)
		case <-ctx.Done():
			return
		}
	}
}

// read requests a random loaded member.
func (b *bench) read(ctx context.Context, v *server, loaded int, c *calls) {
	if loaded == 0 {
		return
	}
	began := b.clock.Now()
	status, err := v.call(ctx, http.MethodPost, "/v1/users/info", map[string]any{"idOrEmail": email(rand.IntN(loaded))}, nil)
	c.add(b.clock.Now().Sub(began), status, err)
}

// write creates a tag.
func (b *bench) write(ctx context.Context, v *server, _ int, c *calls) {
	began := b.clock.Now()
	status, err := v.call(ctx, http.MethodPost, "/v1/communities/"+v.community+"/tags", map[string]any{"name": fmt.Sprintf("t%d", rand.Uint64())}, nil)
	c.add(b.clock.Now().Sub(began), status, err)
}

// command creates a community from the command line, a small write of another
// process.
func (b *bench) command(ctx context.Context, v *server, _ int, c *calls) {
	cmd := b.regulars(ctx, v.store, "community", "create", "--name", "Another")
	began := b.clock.Now()
	out, err := cmd.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%w: %s", err, out)
	}
	c.add(b.clock.Now().Sub(began), 0, err)
}
