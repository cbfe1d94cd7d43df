//go:build linux

package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"os"
	"time"
)

// upload has the times of one upload.
type upload struct {
	job      string
	began    time.Time // before the first byte
	sent     time.Time // after the last byte
	answered time.Time
}

// post uploads a file for an import over a new connection.
func (b *bench) post(ctx context.Context, v *server, path string) (u upload, err error) {
	file, err := os.Open(path)
	if err != nil {
		return u, err
	}
	defer file.Close()
	before, after, err := request(v, file)
	if err != nil {
		return u, err
	}
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", v.address)
	if err != nil {
		return u, err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })() // makes reads and writes fail
	u.began = b.clock.Now()
	_, err = conn.Write(before)
	if err == nil {
		_, err = io.Copy(conn, file)
	}
	if err == nil {
		_, err = conn.Write(after)
	}
	if err != nil {
		return u, fmt.Errorf("upload: %w", err)
	}
	u.sent = b.clock.Now()
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return u, fmt.Errorf("response to the upload: %w", err)
	}
	defer resp.Body.Close()
	var data struct{ JobID string }
	status, err := decodeResponse(resp, &data)
	u.answered, u.job = b.clock.Now(), data.JobID
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("upload: status %d", status)
	}
	return u, err
}

// The addresses of uploads.
const (
	importEndpoint = "/v1/users/bulk-import"
	updateEndpoint = "/v1/users/bulk-update"
)

// request returns the bytes of the request before and after the file.
func request(v *server, file *os.File) (before, after []byte, err error) {
	info, err := file.Stat()
	if err != nil {
		return nil, nil, err
	}
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	for name, value := range v.form {
		if err := w.WriteField(name, value); err != nil {
			return nil, nil, err
		}
	}
	if _, err := w.CreateFormFile("data", "members.csv"); err != nil {
		return nil, nil, err
	}
	opening := form.Len()
	if err := w.Close(); err != nil {
		return nil, nil, err
	}
	head := fmt.Sprintf("POST %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nContent-Type: %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n",
		cmp.Or(v.endpoint, importEndpoint), v.address, v.key, w.FormDataContentType(), int64(form.Len())+info.Size())
	return append([]byte(head), form.Bytes()[:opening]...), form.Bytes()[opening:], nil
}

// progress is a part of the status of a job.
type progress struct {
	Status string
	Counts struct{ Read, Created, Updated, Unchanged, Failed int }
}

// finish polls a job until it has completed, with or without failed rows, and returns the time of the last poll.
// seen is called with each earlier status; it may be nil.
func (b *bench) finish(ctx context.Context, v *server, job string, seen func(progress)) (time.Time, progress, error) {
	tick := time.NewTicker(cmp.Or(b.poll, 50*time.Millisecond))
	defer tick.Stop()
	for {
		var p progress
		if err := v.must(ctx, "GET", "/v1/users/bulk-update/"+job+"/status", nil, &p); err != nil {
			return time.Time{}, p, err
		}
		switch p.Status {
		case "queued", "running":
		case "completed", "completed_with_errors":
			return b.clock.Now(), p, nil
		default:
			return time.Time{}, p, fmt.Errorf("import %s: %+v", p.Status, p.Counts)
		}
		if seen != nil {
			seen(p)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return time.Time{}, p, context.Cause(ctx)
		}
	}
}

// load imports a file and checks the counts. The time is from the first byte of
// the upload until the job has completed.
func (b *bench) load(ctx context.Context, engine string, v *server, f loadFile) (t timing, err error) {
	before, err := b.cpuTime(engine, v)
	if err != nil {
		return t, err
	}
	u, err := b.post(ctx, v, f.path)
	if err != nil {
		return t, err
	}
	ended, p, err := b.finish(ctx, v, u.job, nil)
	if err != nil {
		return t, err
	}
	after, err := b.cpuTime(engine, v)
	if err != nil {
		return t, err
	}
	c := p.Counts
	if c.Read != f.rows || c.Failed != 0 || !f.changed && c.Created != f.distinct() || f.changed && c.Updated != (f.rows+2)/3 {
		return t, fmt.Errorf("unexpected counts of the import: %+v", c)
	}
	return timing{ended.Sub(u.began), after - before}, nil
}
