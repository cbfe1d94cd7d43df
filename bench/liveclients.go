//go:build linux

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/regulars/regulars/internal/clock"
)

// clientsCommand is the first argument of a process with live clients.
const clientsCommand = "live-clients"

// bareKey is the key of clients of a bare loop, see floorOfArrivals.
const bareKey = "bare"

// The pace of connecting, and how long results wait for a frame.
const (
	dialers   = 64
	quietFor  = 5 * time.Second
	frameHead = 4096
)

// liveCrowd are the clients of a process.
type liveCrowd struct {
	address  string
	received atomic.Int64
	last     atomic.Int64 // when a frame was received, Unix nanoseconds
	mu       sync.Mutex
	times    []time.Duration
	failed   error
}

// runClients connects clients and prints their arrival times. It ends with its input.
func runClients(ctx context.Context, args []string) error {
	if len(args) != 3 {
		return errors.New("live-clients: ADDRESS KEYS NUMBER")
	}
	list, err := os.ReadFile(args[1])
	if err != nil {
		return err
	}
	keys := strings.Split(string(list), "\n")
	n, err := strconv.Atoi(args[2])
	if err != nil {
		return err
	}
	c := &liveCrowd{address: args[0]}
	began := clock.Precise()
	var group sync.WaitGroup
	next := make(chan int)
	for range dialers {
		group.Go(func() {
			for i := range next {
				if err := c.connect(ctx, keys[i%len(keys)]); err != nil {
					c.fail(err)
				}
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	group.Wait()
	out := json.NewEncoder(os.Stdout)
	if err := out.Encode(arrivals{Connected: clock.Precise().Sub(began), Failed: c.failure()}); err != nil {
		return err
	}
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		want, err := strconv.Atoi(lines.Text())
		if err != nil {
			return err
		}
		if err := out.Encode(c.results(ctx, want)); err != nil {
			return err
		}
	}
	return nil
}

func (c *liveCrowd) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failed = errors.Join(c.failed, err)
}

func (c *liveCrowd) failure() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.failed == nil {
		return ""
	}
	return strings.SplitN(c.failed.Error(), "\n", 2)[0]
}

// results waits for frames and returns their times.
func (c *liveCrowd) results(ctx context.Context, want int) arrivals {
	begun := clock.Precise().UnixNano()
	for int(c.received.Load()) < want && time.Duration(clock.Precise().UnixNano()-max(begun, c.last.Load())) < quietFor {
		if wait(ctx, 20*time.Millisecond) != nil {
			break
		}
	}
	c.mu.Lock()
	times := slices.Sorted(slices.Values(c.times))
	c.mu.Unlock()
	return arrivals{Median: quantile(times, 0.5), P99: quantile(times, 0.99), Latest: quantile(times, 1), Received: len(times), Missing: want - len(times), Failed: c.failure()}
}

// connect opens a connection, subscribes and receives frames in the background.
func (c *liveCrowd) connect(ctx context.Context, key string) error {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", c.address)
	if err != nil {
		return err
	}
	r := bufio.NewReaderSize(conn, frameHead)
	if key != bareKey {
		_, err := fmt.Fprintf(conn, "GET /v1/realtime HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: regulars.v1\r\nAuthorization: Bearer %s\r\n\r\n", c.address, key)
		if err != nil {
			return err
		}
		response, err := http.ReadResponse(r, nil)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusSwitchingProtocols {
			text, _ := io.ReadAll(response.Body) // of an error
			return fmt.Errorf("%s: %s", response.Status, text)
		}
		if err := subscribeAll(conn); err != nil {
			return err
		}
	}
	if err := c.until(r, `"op":"subscribed"`); err != nil {
		return err
	}
	go func() { // ends with the process
		for {
			if err := c.receive(r); err != nil {
				c.fail(err)
				return
			}
		}
	}()
	return nil
}

// subscribeAll writes the frame that subscribes to all channels.
func subscribeAll(w io.Writer) error {
	const text = `{"op":"subscribe","channels":["*"]}`
	_, err := w.Write(append([]byte{0x81, 0x80 | byte(len(text)), 0, 0, 0, 0}, text...)) // a mask of zeros
	return err
}

// frame reads a frame of the server. The result is valid until the next read.
func readFrame(r *bufio.Reader) ([]byte, error) {
	head, err := r.Peek(4)
	if err != nil {
		return nil, err
	}
	size, skip := int(head[1]), 2
	if head[1] == 126 {
		size, skip = int(binary.BigEndian.Uint16(head[2:])), 4
	}
	if head[0]&0x0f == 8 {
		return nil, fmt.Errorf("closed: %x", head)
	}
	if _, err := r.Discard(skip); err != nil {
		return nil, err
	}
	text, err := r.Peek(min(size, frameHead/2))
	if err != nil {
		return nil, err
	}
	text = bytes.Clone(text)
	_, err = r.Discard(size)
	return text, err
}

func (c *liveCrowd) until(r *bufio.Reader, part string) error {
	for {
		text, err := readFrame(r)
		if err != nil {
			return err
		}
		if bytes.Contains(text, []byte(part)) {
			return nil
		}
	}
}

// receive reads a frame and records the arrival of a message.
func (c *liveCrowd) receive(r *bufio.Reader) error {
	text, err := readFrame(r)
	if err != nil {
		return err
	}
	at := clock.Precise()
	_, rest, found := bytes.Cut(text, []byte("sent at "))
	if !found {
		return nil
	}
	end := bytes.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
	sent, err := strconv.ParseInt(string(rest[:max(end, 0)]), 10, 64)
	if err != nil {
		return err
	}
	c.received.Add(1)
	c.last.Store(at.UnixNano())
	c.mu.Lock()
	defer c.mu.Unlock()
	c.times = append(c.times, at.Sub(time.Unix(0, sent)))
	return nil
}

// floorOfArrivals returns the p99 of the arrival at as many clients when a loop writes
// a frame of the same size to their connections: what the machine and the clients need.
func (b *bench) floorOfArrivals(ctx context.Context, clients int) (p99 time.Duration, err error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	conns := make([]net.Conn, 0, clients)
	accepted := make(chan error, 1)
	go func() {
		for len(conns) < clients {
			conn, err := listener.Accept()
			if err != nil {
				accepted <- err
				return
			}
			conns = append(conns, conn)
			if _, err := conn.Write(bareFrame(`{"op":"subscribed"}`)); err != nil {
				accepted <- err
				return
			}
		}
		accepted <- nil
	}()
	p, err := b.startClients(ctx, listener.Addr().String(), []string{bareKey}, clients)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, p.end()) }()
	if err := <-accepted; err != nil {
		return 0, err
	}
	const rounds = 5
	for range rounds {
		text := bareFrame(fmt.Sprintf(`{"op":"event","text":"sent at %d","rest":%q}`, clock.Precise().UnixNano(), strings.Repeat("x", 1_000)))
		for _, conn := range conns {
			if _, err := conn.Write(text); err != nil {
				return 0, err
			}
		}
		if err := wait(ctx, time.Second); err != nil {
			return 0, err
		}
	}
	result, err := p.results(clients * rounds)
	for _, conn := range conns {
		_ = conn.Close() // no longer used
	}
	return result.P99, err
}

// bareFrame returns a text frame as a server writes it.
func bareFrame(text string) []byte {
	if len(text) < 126 {
		return append([]byte{0x81, byte(len(text))}, text...)
	}
	return append(binary.BigEndian.AppendUint16([]byte{0x81, 126}, uint16(len(text))), text...)
}
