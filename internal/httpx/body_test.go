package httpx

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/errs"
)

// rawServer serves h and returns how to connect to it.
func rawServer(t *testing.T, limits BodyLimits, h http.HandlerFunc) (dial func() net.Conn) {
	t.Helper()
	srv := httptest.NewServer(Wrap(h, Options{Log: discard(), Body: limits}))
	t.Cleanup(srv.Close)
	return func() net.Conn {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", srv.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		return conn
	}
}

func rejectPost(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet {
		return
	}
	WriteError(w, r, errs.New(errs.TooLarge, "body_too_large", "m"))
}

func header(length int, more ...string) string {
	return "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " + fmt.Sprint(length) + "\r\n" + strings.Join(more, "") + "\r\n"
}

// response is a response without its body; closes is set if it closes the
// connection.
type response struct {
	status int
	closes bool
}

// readResponse reads a whole response; status 0 means none.
func readResponse(t *testing.T, from *bufio.Reader) response {
	t.Helper()
	res, err := http.ReadResponse(from, nil)
	if err == nil {
		_, err = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close() // fully read
	}
	if err != nil {
		t.Error(err)
		return response{}
	}
	return response{res.StatusCode, res.Close}
}

func isClosed(from io.Reader) bool {
	n, err := from.Read(make([]byte, 1))
	return n == 0 && err != nil
}

func TestRejectionReachesAClientThatSendsTheWholeBodyFirst(t *testing.T) {
	dial := rawServer(t, BodyLimits{Discard: time.Minute, Anonymous: time.Minute}, rejectPost)
	body := strings.Repeat("x", 8<<20)
	var all sync.WaitGroup
	for range 30 {
		conn := dial()
		all.Go(func() {
			if _, err := io.WriteString(conn, header(len(body))+body); err != nil {
				t.Error(err)
				return
			}
			from := bufio.NewReader(conn)
			if res := readResponse(t, from); res.status != 413 || res.closes {
				t.Errorf("%+v", res)
			}
			// The connection is reusable.
			if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
				t.Error(err)
			}
			if res := readResponse(t, from); res.status != 200 {
				t.Errorf("next request: %+v", res)
			}
		})
	}
	all.Wait()
}

func TestRejectedBodyOfUnknownLengthIsDiscarded(t *testing.T) {
	dial := rawServer(t, BodyLimits{Discard: time.Minute, Anonymous: time.Minute}, rejectPost)
	conn := dial()
	chunk := fmt.Sprintf("%x\r\n%s\r\n", 1<<20, strings.Repeat("x", 1<<20))
	if _, err := io.WriteString(conn, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"+strings.Repeat(chunk, 8)+"0\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if res := readResponse(t, bufio.NewReader(conn)); res.status != 413 || res.closes {
		t.Errorf("%+v", res)
	}
}

func TestRejectedBodyOver16MiBClosesTheConnection(t *testing.T) {
	dial := rawServer(t, BodyLimits{Discard: time.Minute, Anonymous: time.Minute}, rejectPost)
	conn := dial()
	sent := make(chan error, 1)
	go func() {
		_, err := io.WriteString(conn, header(1<<30))
		chunk := make([]byte, 1<<20)
		for range 1 << 10 {
			if err == nil {
				_, err = conn.Write(chunk)
			}
		}
		sent <- err
	}()
	if err := <-sent; err == nil {
		t.Error("the server read the whole GiB")
	}
}

func TestClientThatWaitsFor100ContinueGetsAResponse(t *testing.T) {
	dial := rawServer(t, BodyLimits{}, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Api-Key") == "" {
			rejectPost(w, r)
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		_, _ = w.Write(body)
	})
	conn := dial()
	_, _ = io.WriteString(conn, header(8<<20, "Expect: 100-continue\r\n"))
	from := bufio.NewReader(conn)
	if res := readResponse(t, from); res.status != 413 || !res.closes || !isClosed(from) {
		t.Errorf("refused: %+v", res)
	}
	conn = dial()
	from = bufio.NewReader(conn)
	for range 2 {
		_, _ = io.WriteString(conn, header(5, "Expect: 100-continue\r\n", "X-Api-Key: k\r\n"))
		if res := readResponse(t, from); res.status != 100 {
			t.Fatalf("%+v", res)
		}
		_, _ = io.WriteString(conn, "hello")
		if res := readResponse(t, from); res.status != 200 || res.closes {
			t.Errorf("accepted: %+v", res)
		}
	}
}

// drip sends single bytes every few milliseconds until the connection closes.
func drip(conn net.Conn, bytes int) {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for range bytes {
		<-tick.C
		if _, err := conn.Write([]byte("x")); err != nil {
			return
		}
	}
}

func TestSlowBodyWithoutACredentialTimesOut(t *testing.T) {
	ended := make(chan error, 1)
	dial := rawServer(t, BodyLimits{Anonymous: 100 * time.Millisecond, Idle: time.Minute, Discard: time.Minute}, func(w http.ResponseWriter, r *http.Request) {
		_, err := ReadBody(r, 1<<20)
		ended <- err
		if err != nil {
			WriteError(w, r, err)
		}
	})
	conn := dial()
	_, _ = io.WriteString(conn, header(1<<20))
	go drip(conn, 1<<20)
	if err := <-ended; !errs.Is(err, "body_incomplete") || !IsStalled(err) {
		t.Error(err)
	}
	from := bufio.NewReader(conn)
	if res := readResponse(t, from); res.status != 400 || !res.closes || !isClosed(from) {
		t.Errorf("%+v", res)
	}
	// The timeout also applies to a body that is rejected without being read.
	dial = rawServer(t, BodyLimits{Anonymous: 100 * time.Millisecond, Idle: time.Minute, Discard: time.Minute}, rejectPost)
	conn = dial()
	_, _ = io.WriteString(conn, header(1<<20))
	go drip(conn, 1<<20)
	from = bufio.NewReader(conn)
	if res := readResponse(t, from); res.status != 413 || !res.closes || !isClosed(from) {
		t.Errorf("%+v", res)
	}
}

func TestBodyWithACredentialTimesOutOnlyIfIdle(t *testing.T) {
	ended := make(chan error, 1)
	trusting := func(w http.ResponseWriter, r *http.Request) {
		LiftBodyTimeout(r)
		_, err := io.Copy(io.Discard, r.Body)
		ended <- err
	}
	dial := rawServer(t, BodyLimits{Anonymous: 20 * time.Millisecond, Idle: time.Minute}, trusting)
	conn := dial()
	_, _ = io.WriteString(conn, header(30))
	drip(conn, 30)
	if err := <-ended; err != nil {
		t.Error(err)
	}
	dial = rawServer(t, BodyLimits{Idle: 50 * time.Millisecond}, trusting)
	conn = dial()
	_, _ = io.WriteString(conn, header(30)+"some")
	if err := <-ended; !IsStalled(err) {
		t.Errorf("the idle body failed with %v", err)
	}
	if res := readResponse(t, bufio.NewReader(conn)); !res.closes {
		t.Errorf("%+v", res)
	}
}

func TestRequestWithoutABodyHasNoDeadline(t *testing.T) {
	dial := rawServer(t, BodyLimits{Anonymous: time.Millisecond, Idle: time.Millisecond}, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		select {
		case <-r.Context().Done():
			t.Error("the request was cancelled")
		case <-time.After(50 * time.Millisecond):
		}
	})
	for _, request := range []string{"GET / HTTP/1.1\r\nHost: x\r\n\r\n", header(2) + "ab"} {
		conn := dial()
		_, _ = io.WriteString(conn, request)
		if res := readResponse(t, bufio.NewReader(conn)); res.status != 200 {
			t.Errorf("%+v", res)
		}
	}
}

func TestConnectionsPerNetworkAreLimited(t *testing.T) {
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	srv.Config.ConnState = NewConnectionLimit(2, nil).ConnState
	srv.Start()
	defer srv.Close()
	dial := func() (net.Conn, *bufio.Reader) {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", srv.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		return conn, bufio.NewReader(conn)
	}
	first, answers := dial()
	readResponse(t, answers)
	second, answers := dial()
	readResponse(t, answers)
	third, answers := dial()
	if !isClosed(answers) {
		t.Error("the third connection was accepted")
	}
	_, _ = first.Close(), third.Close()
	for deadline := time.Now().Add(10 * time.Second); ; {
		again, answers := dial()
		if !isClosed(answers) {
			_ = again.Close()
			break
		}
		_ = again.Close()
		if time.Now().After(deadline) {
			t.Fatal("no new connection is accepted after one was closed")
		}
	}
	_ = second.Close()
}

func TestUploadsPerAccountAndAddressAreLimited(t *testing.T) {
	u := NewUploads(UploadLimits{PerAccount: 2, PerAddress: 3, BytesPerAccount: 100, BytesPerAddress: 1000})
	begin := func(account, address string, bytes int64) (*Upload, bool) {
		t.Helper()
		one, err := u.Begin(account, address, bytes)
		if err != nil && (!errs.Is(err, "rate_limited") || errs.From(err).RetryAfter == 0) {
			t.Fatal(err)
		}
		return one, err == nil
	}
	first, _ := begin("a", "1", 40)
	second, _ := begin("a", "2", -1)
	if _, ok := begin("a", "3", 0); ok {
		t.Error("accepted a third upload of the account")
	}
	if err := second.Received(60); err != nil {
		t.Error(err)
	}
	if err := second.Received(61); !errs.Is(err, "rate_limited") {
		t.Errorf("accepted more bytes than the limit of the account: %v", err)
	}
	first.End()
	first.End()
	if err := second.Received(61); err != nil {
		t.Error(err)
	}
	if _, ok := begin("a", "1", 40); ok {
		t.Error("accepted more declared bytes than the limit of the account")
	}
	for range 3 {
		begin("", "9", 0)
	}
	if _, ok := begin("b", "9", 0); ok {
		t.Error("accepted a fourth upload from the address")
	}
	second.End()
	one, err := (*Uploads)(nil).Begin("a", "1", 1<<40)
	if err != nil || one.Received(1<<50) != nil {
		t.Error("nil Uploads rejected an upload")
	}
	one.End()
}
