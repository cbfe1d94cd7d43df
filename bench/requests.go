//go:build linux

package main

import (
	"bufio"
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

// Requests of each kind go out for this long, each connection sending its next
// one as soon as the last is answered.
const (
	requestsFor = 4 * time.Second
	connections = 8
)

// rate is how many requests of one kind were answered, by the server and by
// the database alone.
type rate struct {
	engine, what string
	members      int
	ours, alone  answered
}

// answered are answers and how long each took.
type answered struct {
	took []time.Duration
	over time.Duration
}

func (a answered) perSecond() float64 { return float64(len(a.took)) / a.over.Seconds() }

// question is one kind of request.
type question struct {
	what    string
	path    string
	body    func() any
	sql     func(ctx context.Context, d *direct) error // the same by the database alone
	indexed string                                     // the field that gets an index before
}

// rates asks communities of several sizes, on each engine.
func (b *bench) rates(ctx context.Context, sizes []int) ([]*rate, error) {
	var list []*rate
	for _, engine := range b.engines {
		for _, members := range sizes {
			err := b.serve(ctx, engine, func(v *server) error {
				measured, err := b.ratesOf(ctx, v, members)
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

func (b *bench) ratesOf(ctx context.Context, v *server, members int) (list []*rate, err error) {
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
	for _, q := range questions(members) {
		if q.indexed != "" {
			if err := b.index(ctx, v, q.indexed); err != nil {
				return list, err
			}
		}
		r := &rate{engine: v.store.engine, what: q.what, members: members}
		if r.ours, err = b.ask(ctx, v, q); err != nil {
			return list, fmt.Errorf("%s: %w", q.what, err)
		}
		if r.alone, err = b.repeat(ctx, func(ctx context.Context) error { return q.sql(ctx, d) }); err != nil {
			return list, fmt.Errorf("%s by the database alone: %w", q.what, err)
		}
		b.say("%s, %d members: %s: %.0f/s, p99 %s; the database alone %.0f/s", r.engine, members, q.what, r.ours.perSecond(), share(r.ours.took, 0.99), r.alone.perSecond())
		list = append(list, r)
	}
	return list, nil
}

// index makes a custom field filterable and waits until its index is filled.
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

func questions(members int) []question {
	list := func(what, field, value string, indexed bool) question {
		q := question{what: what, path: "/v1/users/filter", body: func() any {
			return map[string]any{"filter": map[string]any{"country": "DE", field: value}, "limit": 50}
		}, sql: func(ctx context.Context, d *direct) error { return d.list(ctx, field, value, indexed) }}
		if indexed {
			q.indexed = field
		}
		return q
	}
	var made atomic.Int64
	return []question{
		{
			what: "read one member by email", path: "/v1/users/info", body: func() any { return map[string]any{"idOrEmail": email(rand.IntN(members))} },
			sql: func(ctx context.Context, d *direct) error { return d.read(ctx, email(rand.IntN(members))) },
		},
		list("list 50 by country and plan", "plan", "free", false),
		list("the same with an index", "plan", "free", true),
		list("list by country and a day", "last-deposit", "2020-02-02", false),
		list("the same with an index", "last-deposit", "2020-02-02", true),
		{what: "make one member", path: "/v1/users", body: func() any {
			n := made.Add(1)
			return map[string]any{"firstname": "Ada", "lastname": "Lovelace", "username": fmt.Sprintf("new%d", n), "email": fmt.Sprintf("new%d@example.com", n)}
		}, sql: func(ctx context.Context, d *direct) error { return d.create(ctx, made.Add(1)) }},
	}
}

// ask sends a question over some connections at a time.
func (b *bench) ask(ctx context.Context, v *server, q question) (answered, error) {
	lines := sync.Pool{}
	var opened []net.Conn
	var mutex sync.Mutex
	defer func() {
		for _, conn := range opened {
			_ = conn.Close() // nothing more is expected of it
		}
	}()
	return b.repeat(ctx, func(ctx context.Context) error {
		line, _ := lines.Get().(*bufio.ReadWriter)
		if line == nil {
			conn, err := new(net.Dialer).DialContext(ctx, "tcp", v.address)
			if err != nil {
				return err
			}
			mutex.Lock()
			opened = append(opened, conn)
			mutex.Unlock()
			line = bufio.NewReadWriter(bufio.NewReader(conn), bufio.NewWriter(conn))
		}
		defer lines.Put(line)
		return v.exchange(line, q)
	})
}

// exchange is one request by hand: a client of the library would cost as much
// as the server.
func (v *server) exchange(line *bufio.ReadWriter, q question) error {
	body, err := json.Marshal(q.body())
	if err != nil {
		return err
	}
	fmt.Fprintf(line, "POST %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", q.path, v.address, v.key, len(body))
	if _, err := line.Write(body); err != nil {
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

// repeat does something again and again, several at a time.
func (b *bench) repeat(ctx context.Context, do func(context.Context) error) (a answered, err error) {
	began := b.clock.Now()
	var mutex sync.Mutex
	var group sync.WaitGroup
	for range connections {
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
			a.took, err = append(a.took, took...), errors.Join(err, failed)
		})
	}
	group.Wait()
	a.over = b.clock.Now().Sub(began)
	slices.Sort(a.took)
	return a, err
}
