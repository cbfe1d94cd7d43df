//go:build linux

package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Each kind of request is sent for requestsFor in each round; each connection sends
// its next request when the previous one has finished.
const (
	requestsFor = 3 * time.Second
	connections = 8
)

// throughput has the results of one kind of request: of the round with the median
// rate, by the server, by its /healthz in the same rounds, and by the database alone.
type throughput struct {
	engine, what        string
	members             int
	ours, health, alone responses
}

// responses has the sorted durations of finished requests.
type responses struct {
	durations []time.Duration
	over      time.Duration
}

func (a responses) perSecond() float64 { return float64(len(a.durations)) / a.over.Seconds() }

// requestKind is one kind of request.
type requestKind struct {
	what    string
	path    string
	over    int // connections; 0: connections
	body    func() any
	sql     func(ctx context.Context, d *direct) error // the same, by the database alone
	indexed string                                     // field to index first; "" for none
}

// throughputs measures requests to communities of several sizes on each engine.
func (b *bench) throughputs(ctx context.Context, sizes []int) ([]*throughput, error) {
	var list []*throughput
	for _, engine := range b.engines {
		for _, members := range sizes {
			err := b.serve(ctx, engine, func(v *server) error {
				measured, err := b.measureCommunity(ctx, v, members)
				list = append(list, measured...)
				return err
			})
			if err != nil {
				return nil, fmt.Errorf("requests on %s with %d members: %w", engine, members, err)
			}
		}
	}
	return list, nil
}

func (b *bench) measureCommunity(ctx context.Context, v *server, members int) (list []*throughput, err error) {
	files, err := b.pair(members)
	if err != nil {
		return nil, err
	}
	u, err := b.post(ctx, v, files[0].path)
	if err != nil {
		return nil, err
	}
	if _, _, err := b.finish(ctx, v, u.job, func(progress) {}); err != nil {
		return nil, err
	}
	d, err := openDirect(ctx, v)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	for _, q := range requestKinds(members) {
		if q.indexed != "" {
			if err := b.index(ctx, v, q.indexed); err != nil {
				return list, err
			}
		}
		r, err := b.measureKind(ctx, v, d, q)
		if err != nil {
			return list, fmt.Errorf("%s: %w", q.what, err)
		}
		r.engine, r.members = v.store.engine, members
		b.logf("%s, %d members: %s: %.0f/s, p99 %s; /healthz %.0f/s, the database alone %.0f/s", r.engine, members, q.what, r.ours.perSecond(), quantile(r.ours.durations, 0.99), r.health.perSecond(), r.alone.perSecond())
		list = append(list, r)
	}
	return list, nil
}

// measureKind measures one kind of request in rounds.
func (b *bench) measureKind(ctx context.Context, v *server, d *direct, q requestKind) (*throughput, error) {
	over := cmp.Or(q.over, connections)
	var ours, health, alone []responses
	for range b.rounds {
		answered, err := b.measureServer(ctx, v.address, over, healthRequest)
		if err != nil {
			return nil, err
		}
		health = append(health, answered)
		if answered, err = b.measureServer(ctx, v.address, over, q.request(v)); err != nil {
			return nil, err
		}
		ours = append(ours, answered)
		if answered, err = b.repeat(ctx, over, func(ctx context.Context) error { return q.sql(ctx, d) }); err != nil {
			return nil, fmt.Errorf("by the database alone: %w", err)
		}
		alone = append(alone, answered)
	}
	return &throughput{what: q.what, ours: medianRate(ours), health: medianRate(health), alone: medianRate(alone)}, nil
}

func medianRate(all []responses) responses {
	slices.SortFunc(all, func(x, y responses) int { return cmp.Compare(x.perSecond(), y.perSecond()) })
	return all[len(all)/2]
}

// index makes a custom field filterable and waits for its index.
func (b *bench) index(ctx context.Context, v *server, field string) error {
	var fields []struct {
		ID    string `json:"_id"`
		Field string
	}
	path := "/v1/communities/" + v.community + "/user-fields"
	if err := v.must(ctx, http.MethodGet, path, nil, &fields); err != nil {
		return err
	}
	for _, f := range fields {
		if f.Field == field {
			path += "/" + f.ID
		}
	}
	if err := v.must(ctx, http.MethodPut, path, map[string]any{"filterable": true}, nil); err != nil {
		return err
	}
	for {
		var state struct{ Work *struct{ Kind string } }
		if err := v.must(ctx, http.MethodGet, path, nil, &state); err != nil || state.Work == nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// The requests that are also sent to other servers.
const (
	readOneRequest     = "read one member by email"
	listIndexedRequest = "list 50 by country and plan, with an index"
	createRequest      = "create one member"
	createManyRequest  = "the same over 64 connections"
)

func requestKinds(members int) []requestKind {
	list := func(what, field, value string, indexed bool) requestKind {
		q := requestKind{what: what, path: "/v1/users/filter", body: func() any {
			return map[string]any{"filter": map[string]any{"country": "DE", field: value}, "limit": 50}
		}, sql: func(ctx context.Context, d *direct) error { return d.list(ctx, field, value, indexed) }}
		if indexed {
			q.indexed = field
		}
		return q
	}
	var created atomic.Int64
	create := func(what string, over int) requestKind {
		return requestKind{what: what, path: "/v1/users", over: over, body: func() any {
			n := created.Add(1)
			return map[string]any{"firstname": "Ada", "lastname": "Lovelace", "username": fmt.Sprintf("new%d", n), "email": fmt.Sprintf("new%d@example.com", n)}
		}, sql: func(ctx context.Context, d *direct) error { return d.create(ctx, created.Add(1)) }}
	}
	return []requestKind{
		{
			what: readOneRequest, path: "/v1/users/info", body: func() any { return map[string]any{"idOrEmail": email(rand.IntN(members))} },
			sql: func(ctx context.Context, d *direct) error { return d.read(ctx, email(rand.IntN(members))) },
		},
		list("list 50 by country and plan", "plan", "free", false),
		list(listIndexedRequest, "plan", "free", true),
		list("list by country and a day", "last-deposit", "2020-02-02", false),
		list("list by country and a day, with an index", "last-deposit", "2020-02-02", true),
		create(createRequest, 0),
		create(createManyRequest, 64),
	}
}

// measureServer sends a request over several connections.
func (b *bench) measureServer(ctx context.Context, address string, over int, request func(w io.Writer) error) (responses, error) {
	lines := sync.Pool{}
	var opened []net.Conn
	var mutex sync.Mutex
	defer func() {
		for _, conn := range opened {
			_ = conn.Close() // no longer used
		}
	}()
	return b.repeat(ctx, over, func(ctx context.Context) error {
		line, _ := lines.Get().(*bufio.ReadWriter)
		if line == nil {
			conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
			if err != nil {
				return err
			}
			mutex.Lock()
			opened = append(opened, conn)
			mutex.Unlock()
			line = bufio.NewReadWriter(bufio.NewReader(conn), bufio.NewWriter(conn))
		}
		defer lines.Put(line)
		return roundTrip(line, request)
	})
}

// request returns a function that writes one request.
func (q requestKind) request(v *server) func(w io.Writer) error {
	return func(w io.Writer) error {
		body, err := json.Marshal(q.body())
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(w, "POST %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", q.path, v.address, v.key, len(body), body)
		return err
	}
}

func healthRequest(w io.Writer) error {
	_, err := io.WriteString(w, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
	return err
}

// roundTrip sends one request without http.Client, which would use as much
// processor time as the server.
func roundTrip(line *bufio.ReadWriter, request func(w io.Writer) error) error {
	if err := request(line); err != nil {
		return err
	}
	if err := line.Flush(); err != nil {
		return err
	}
	resp, err := http.ReadResponse(line.Reader, nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode >= 300 {
		err = fmt.Errorf("status %d: %s", resp.StatusCode, text)
	}
	return err
}

// repeat calls do in a loop on some goroutines for requestsFor.
func (b *bench) repeat(ctx context.Context, goroutines int, do func(context.Context) error) (a responses, err error) {
	began := b.clock.Now()
	var mutex sync.Mutex
	var group sync.WaitGroup
	for range goroutines {
		group.Go(func() {
			var took []time.Duration
			var failed error
			for last := began; failed == nil && last.Sub(began) < requestsFor; {
				failed = do(ctx)
				now := b.clock.Now()
				took, last = append(took, now.Sub(last)), now
			}
			mutex.Lock()
			defer mutex.Unlock()
			a.durations, err = append(a.durations, took...), errors.Join(err, failed)
		})
	}
	group.Wait()
	a.over = b.clock.Now().Sub(began)
	slices.Sort(a.durations)
	return a, err
}
