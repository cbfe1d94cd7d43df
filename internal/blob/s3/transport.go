package s3

import (
	"context"
	"net"
	"net/http"
	"time"

	"github.com/minio/minio-go/v7"

	"github.com/regulars/regulars/internal/clock"
)

const (
	connectTimeout = 5 * time.Second
	// stallTimeout is the time of a request without progress: a cut network does not
	// end its connections.
	stallTimeout = 10 * time.Second
	// joinTimeout is stallTimeout of the request that joins the parts of a file.
	joinTimeout = time.Minute
)

// transport sends requests and ends those that make no progress.
type transport struct{ short, joining *http.Transport }

func newTransport(secure bool) (*transport, error) {
	short, err := newStallTransport(secure, stallTimeout)
	if err != nil {
		return nil, err
	}
	joining, err := newStallTransport(secure, joinTimeout)
	return &transport{short, joining}, err
}

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodPost && r.URL.Query().Has("uploadId") {
		return t.joining.RoundTrip(r)
	}
	return t.short.RoundTrip(r)
}

func newStallTransport(secure bool, stall time.Duration) (*http.Transport, error) {
	t, err := minio.DefaultTransport(secure)
	if err != nil {
		return nil, err
	}
	dialer := net.Dialer{Timeout: connectTimeout}
	t.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dialer.DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &stallConn{conn, stall}, nil
	}
	t.ResponseHeaderTimeout = stall
	t.IdleConnTimeout = stall / 2 // before the deadline of its read
	return t, nil
}

// stallConn is a connection whose reads and writes fail after a time without
// progress. Progress of a write also prolongs the read that waits for the answer.
type stallConn struct {
	net.Conn
	stall time.Duration
}

// Read implements net.Conn.
func (c *stallConn) Read(b []byte) (int, error) {
	if err := c.SetReadDeadline(clock.Clock{}.Now().Add(c.stall)); err != nil {
		return 0, err
	}
	return c.Conn.Read(b)
}

// Write implements net.Conn.
func (c *stallConn) Write(b []byte) (int, error) {
	if err := c.SetDeadline(clock.Clock{}.Now().Add(c.stall)); err != nil {
		return 0, err
	}
	return c.Conn.Write(b)
}
