//go:build linux

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/regulars/regulars/internal/clock"
)

// waitResult has the delays of one-row imports of one community until they started, and
// of password mails until delivery, while large files of two other communities
// were queued or running.
type waitResult struct {
	engine     string
	files      int
	row, mail  []time.Duration
	unfinished []int // large files left at the end of each round
}

// The requests of one round. More mails to one recipient would be throttled.
const (
	rowsARound  = 8
	mailsARound = 3
)

const waitEmail = "wait@example.com"

// measureWaits measures delays beside each number of large files on each engine.
func (b *bench) measureWaits(ctx context.Context) ([]*waitResult, error) {
	files, err := b.pair(slices.Min(b.rows))
	if err != nil {
		return nil, err
	}
	row := filepath.Join(b.folder, "row.csv")
	if err := os.WriteFile(row, []byte("Email,Username,First Name,Last Name\nrow@example.com,row,A,B\n"), 0o600); err != nil {
		return nil, err
	}
	sink, err := listenSMTP(ctx, b.clock)
	if err != nil {
		return nil, err
	}
	defer sink.close()
	b.serveArgs = []string{"--smtp-url", "smtp://" + sink.address() + "?tls=off", "--mail-from", "bench@example.com"}
	defer func() { b.serveArgs = nil }()
	var list []*waitResult
	for _, engine := range b.engines {
		for _, n := range b.waitFiles {
			w := &waitResult{engine: engine, files: n}
			for range b.rounds {
				err := b.serve(ctx, engine, func(v *server) error { return b.waitRound(ctx, v, w, files[0].path, row, sink) })
				if err != nil {
					return nil, fmt.Errorf("%d files on %s: %w", n, engine, err)
				}
			}
			b.logf("%s, %d files: a one-row import waited %v at most, a mail %v", engine, n, slices.Max(w.row), slices.Max(w.mail))
			list = append(list, w)
		}
	}
	return list, nil
}

func (b *bench) waitRound(ctx context.Context, v *server, w *waitResult, large, row string, sink *smtpSink) error {
	cmd := b.regulars(ctx, v.store, "user", "create", "--email", waitEmail, "--username", "wait", "--password-stdin")
	cmd.Stdin = strings.NewReader("correct horse battery\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("regulars user create: %w: %s", err, out)
	}
	busy := []*server{}
	for range 2 {
		other := *v
		if err := errors.Join(b.prepare(ctx, v.store, &other), other.createFieldsAndTags(ctx)); err != nil {
			return err
		}
		busy = append(busy, &other)
	}
	jobs := []string{}
	for i := range w.files {
		u, err := b.post(ctx, busy[i%len(busy)], large)
		if err != nil {
			return err
		}
		jobs = append(jobs, u.job)
	}
	for i := range rowsARound {
		wait, err := b.rowWait(ctx, v, row)
		if err != nil {
			return err
		}
		w.row = append(w.row, wait)
		if i >= mailsARound {
			continue
		}
		asked := b.clock.Now()
		if err := v.must(ctx, http.MethodPost, "/v1/auth/forgot-password", map[string]any{"email": waitEmail}, nil); err != nil {
			return err
		}
		select {
		case at := <-sink.delivered:
			w.mail = append(w.mail, at.Sub(asked))
		case <-time.After(2 * time.Minute):
			return errors.New("a mail did not arrive within two minutes")
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	left := 0
	for i, job := range jobs {
		var p progress
		if err := busy[i%len(busy)].must(ctx, http.MethodGet, "/v1/users/bulk-update/"+job+"/status", nil, &p); err != nil {
			return err
		}
		if p.Status == "queued" || p.Status == "running" {
			left++
		}
	}
	w.unfinished = append(w.unfinished, left)
	return nil
}

// rowWait returns the time between the creation and the start of a small job.
func (b *bench) rowWait(ctx context.Context, v *server, row string) (time.Duration, error) {
	u, err := b.post(ctx, v, row)
	if err != nil {
		return 0, err
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		var s struct{ CreatedAt, StartedAt string }
		if err := v.must(ctx, http.MethodGet, "/v1/users/bulk-update/"+u.job+"/status", nil, &s); err != nil {
			return 0, err
		}
		if s.StartedAt != "" {
			created, err := time.Parse(time.RFC3339, s.CreatedAt)
			if err != nil {
				return 0, err
			}
			started, err := time.Parse(time.RFC3339, s.StartedAt)
			return started.Sub(created), err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		}
	}
}

func (b *bench) reportWaits(list []*waitResult) error {
	var rows []string
	for _, w := range list {
		text, err := json.Marshal(w.unfinished)
		if err != nil {
			return err
		}
		rows = append(rows, fmt.Sprintf("%s|%d|%s|%s|%s|%s|%s", w.engine, w.files, median(w.row), quantile(w.row, 1), median(w.mail).Round(time.Millisecond),
			quantile(w.mail, 1).Round(time.Millisecond), bytes.Trim(text, "[]")))
	}
	return printTable(b.out, "engine|large files|one-row import waits|longest|mail is delivered after|longest|files unfinished at the end", rows)
}

// smtpSink is a mail server that accepts and discards every message.
type smtpSink struct {
	clock     clock.Clock
	listener  net.Listener
	delivered chan time.Time
}

func listenSMTP(ctx context.Context, c clock.Clock) (*smtpSink, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	s := &smtpSink{clock: c, listener: listener, delivered: make(chan time.Time, 100)}
	if err == nil {
		go s.serve()
	}
	return s, err
}

func (s *smtpSink) address() string { return s.listener.Addr().String() }
func (s *smtpSink) close()          { _ = s.listener.Close() }

func (s *smtpSink) serve() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return
		}
		go s.talk(conn)
	}
}

func (s *smtpSink) talk(conn net.Conn) {
	defer conn.Close()
	fmt.Fprint(conn, "220 bench\r\n")
	inData := false
	for scan := bufio.NewScanner(conn); scan.Scan(); {
		line := strings.ToUpper(strings.TrimSpace(scan.Text()))
		switch {
		case inData && line == ".":
			inData = false
			s.delivered <- s.clock.Now()
			fmt.Fprint(conn, "250 accepted\r\n")
		case inData:
		case line == "DATA":
			inData = true
			fmt.Fprint(conn, "354 continue\r\n")
		case line == "QUIT":
			fmt.Fprint(conn, "221 bye\r\n")
			return
		default:
			fmt.Fprint(conn, "250 ok\r\n")
		}
	}
}
