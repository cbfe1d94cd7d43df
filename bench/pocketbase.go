//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"time"
)

// pocketBaseModule is the server that -only pocketbase measures in turns with ours.
const pocketBaseModule = "github.com/pocketbase/pocketbase/examples/base@v0.39.0"

// pocketBaseBatch is the number of records in one request of its batch interface.
const pocketBaseBatch = 1_000

// pocketBase is a running PocketBase with the collection members, which has the
// columns of the files, unique addresses and usernames, and an index of the listed
// columns.
type pocketBase struct {
	cmd     *exec.Cmd
	address string
	token   string
	client  *http.Client
}

// compared has the results of one kind of work by both servers, in the same rounds.
type compared struct {
	what         string
	ours, theirs float64 // requests or rows a second
}

// comparePocketBase measures a load and the requests of a community of that size.
func (b *bench) comparePocketBase(ctx context.Context, members int) (list []*compared, err error) {
	program, err := b.buildPocketBase(ctx)
	if err != nil {
		return nil, err
	}
	p, err := b.startPocketBase(ctx, program)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, p.stop()) }()
	err = b.serve(ctx, sqlite, func(v *server) error {
		loaded, err := b.compareLoads(ctx, v, p, members)
		if err != nil {
			return err
		}
		list = append(list, loaded)
		for _, kind := range requestKinds(members) {
			theirs := p.request(kind.what, members)
			if kind.indexed != "" {
				if err := b.index(ctx, v, kind.indexed); err != nil {
					return err
				}
			}
			if theirs == nil {
				continue
			}
			c, err := b.compareRequests(ctx, v, p, kind, theirs)
			if err != nil {
				return fmt.Errorf("%s: %w", kind.what, err)
			}
			list = append(list, c)
		}
		return nil
	})
	return list, err
}

func (b *bench) compareRequests(ctx context.Context, v *server, p *pocketBase, kind requestKind, theirs func(io.Writer) error) (*compared, error) {
	over := kind.over
	if over == 0 {
		over = connections
	}
	var first, second []responses
	for range b.rounds {
		answered, err := b.measureServer(ctx, v.address, over, kind.request(v))
		if err != nil {
			return nil, err
		}
		first = append(first, answered)
		if answered, err = b.measureServer(ctx, p.address, over, theirs); err != nil {
			return nil, fmt.Errorf("PocketBase: %w", err)
		}
		second = append(second, answered)
	}
	c := &compared{what: kind.what, ours: medianRate(first).perSecond(), theirs: medianRate(second).perSecond()}
	b.logf("%s: %.0f/s, PocketBase %.0f/s", c.what, c.ours, c.theirs)
	return c, nil
}

// compareLoads loads the same file into both, once.
func (b *bench) compareLoads(ctx context.Context, v *server, p *pocketBase, members int) (*compared, error) {
	files, err := b.pair(members)
	if err != nil {
		return nil, err
	}
	u, err := b.post(ctx, v, files[0].path)
	if err != nil {
		return nil, err
	}
	ended, _, err := b.finish(ctx, v, u.job, func(progress) {})
	if err != nil {
		return nil, err
	}
	began := b.clock.Now()
	if err := p.load(ctx, members); err != nil {
		return nil, err
	}
	theirs := b.clock.Now().Sub(began)
	c := &compared{what: fmt.Sprintf("load %d rows", members), ours: float64(members) / ended.Sub(u.began).Seconds(), theirs: float64(members) / theirs.Seconds()}
	b.logf("%s: %s, PocketBase %s", c.what, seconds(ended.Sub(u.began)), seconds(theirs))
	return c, nil
}

func (b *bench) reportCompared(list []*compared) error {
	var rows []string
	for _, c := range list {
		rows = append(rows, fmt.Sprintf("%s|%.0f|%.0f|%.2f", c.what, c.ours, c.theirs, c.ours/c.theirs))
	}
	return printTable(b.out, "work|regulars, a second|PocketBase, a second|times as fast", rows)
}

func (b *bench) buildPocketBase(ctx context.Context) (string, error) {
	cmd := exec.CommandContext(ctx, "go", "install", "-trimpath", "-ldflags=-s -w", pocketBaseModule)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOBIN="+b.folder, "GOFLAGS=")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go install %s: %w: %s", pocketBaseModule, err, out)
	}
	return filepath.Join(b.folder, "base"), nil
}

func (b *bench) startPocketBase(ctx context.Context, program string) (_ *pocketBase, err error) {
	const name, password = "bench@example.com", "only-for-the-benchmark"
	folder := filepath.Join(b.folder, "pocketbase")
	if out, err := exec.CommandContext(ctx, program, "superuser", "upsert", name, password, "--dir", folder).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("create the superuser of PocketBase: %w: %s", err, out)
	}
	reserved, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &pocketBase{address: reserved.Addr().String(), client: &http.Client{Timeout: 10 * time.Minute}}
	if err := reserved.Close(); err != nil {
		return nil, err
	}
	p.cmd = exec.CommandContext(ctx, program, "serve", "--http", p.address, "--dir", folder)
	p.cmd.Cancel = func() error { return p.cmd.Process.Signal(syscall.SIGTERM) }
	p.cmd.WaitDelay = 30 * time.Second
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.stop())
		}
	}()
	var signedIn struct{ Token string }
	for deadline := b.clock.Now().Add(30 * time.Second); ; {
		err = p.call(ctx, http.MethodPost, "/api/collections/_superusers/auth-with-password", map[string]any{"identity": name, "password": password}, &signedIn)
		if err == nil {
			break
		}
		if b.clock.Now().After(deadline) {
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
	p.token = signedIn.Token
	return p, p.prepare(ctx)
}

// prepare creates the collection and allows large batches.
func (p *pocketBase) prepare(ctx context.Context) error {
	var fields []map[string]any
	for _, name := range []string{"firstname", "lastname", "username", "email", "phone", "country", "language", "plan", "deposits", "lastdeposit", "tag"} {
		kind := "text"
		if name == "deposits" {
			kind = "number"
		}
		fields = append(fields, map[string]any{"name": name, "type": kind})
	}
	err := p.call(ctx, http.MethodPost, "/api/collections", map[string]any{"name": "members", "type": "base", "fields": fields, "indexes": []string{
		"CREATE UNIQUE INDEX members_email ON members (email)", "CREATE UNIQUE INDEX members_username ON members (username)",
		"CREATE INDEX members_country_plan ON members (country, plan)", "CREATE INDEX members_country_day ON members (country, lastdeposit)",
	}}, nil)
	if err != nil {
		return err
	}
	return p.call(ctx, http.MethodPatch, "/api/settings", map[string]any{"batch": map[string]any{"enabled": true, "maxRequests": pocketBaseBatch, "timeout": 600}}, nil)
}

const pocketBaseRecords = "/api/collections/members/records"

// load creates the people of the files.
func (p *pocketBase) load(ctx context.Context, people int) error {
	g := newGenerator(false)
	for done := 0; done < people; {
		var batch []map[string]any
		for ; len(batch) < pocketBaseBatch && done < people; done++ {
			row := g.next()
			batch = append(batch, map[string]any{"method": http.MethodPost, "url": pocketBaseRecords, "body": map[string]any{
				"firstname": row[0], "lastname": row[1], "username": row[2], "email": row[3], "phone": row[4], "country": row[5], "language": row[6],
				"tag": row[8], "plan": row[9], "deposits": row[10], "lastdeposit": row[11],
			}})
		}
		if err := p.call(ctx, http.MethodPost, "/api/batch", map[string]any{"requests": batch}, nil); err != nil {
			return err
		}
	}
	return nil
}

// request returns a function that writes the request like ours, or nil for other kinds.
func (p *pocketBase) request(what string, members int) func(io.Writer) error {
	list := func(filter string, limit int) string {
		return fmt.Sprintf("%s?perPage=%d&skipTotal=1&filter=%s", pocketBaseRecords, limit, url.QueryEscape(filter))
	}
	var created atomic.Int64
	switch what {
	case readOneRequest:
		return func(w io.Writer) error {
			return p.write(w, http.MethodGet, list(fmt.Sprintf("email='%s'", email(rand.IntN(members))), 1), nil)
		}
	case listIndexedRequest:
		return func(w io.Writer) error {
			return p.write(w, http.MethodGet, list("country='DE' && plan='free'", 50), nil)
		}
	case createRequest, createManyRequest:
		return func(w io.Writer) error {
			n := created.Add(1)
			return p.write(w, http.MethodPost, pocketBaseRecords, map[string]any{"firstname": "Ada", "lastname": "Lovelace", "username": fmt.Sprintf("%s %d", what, n), "email": fmt.Sprintf("%s%d@example.com", what, n)})
		}
	}
	return nil
}

func (p *pocketBase) write(w io.Writer, method, path string, body any) error {
	var text []byte
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(w, "%s %s HTTP/1.1\r\nHost: %s\r\nAuthorization: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", method, path, p.address, p.token, len(text), text)
	return err
}

// call sends a request and decodes the response into data, if it is not nil.
func (p *pocketBase) call(ctx context.Context, method, path string, body, data any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://"+p.address+path, bytes.NewReader(text))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", p.token)
	resp, err := p.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	switch {
	case err != nil:
		return err
	case resp.StatusCode >= http.StatusMultipleChoices:
		return fmt.Errorf("PocketBase: %s %s: status %d: %s", method, path, resp.StatusCode, answer)
	case data == nil:
		return nil
	}
	return json.Unmarshal(answer, data)
}

func (p *pocketBase) stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	var exit *exec.ExitError
	if err := p.cmd.Wait(); err != nil && !errors.As(err, &exit) {
		return err
	}
	return nil
}
