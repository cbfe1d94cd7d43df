package safehttp_test

import (
	"context"
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/safehttp"
)

func resolver(answers ...string) func(context.Context, string) ([]netip.Addr, error) {
	var calls atomic.Int64
	return func(context.Context, string) ([]netip.Addr, error) {
		at := min(int(calls.Add(1)), len(answers)) - 1
		var list []netip.Addr
		for one := range strings.FieldsSeq(answers[at]) {
			list = append(list, netip.MustParseAddr(one))
		}
		return list, nil
	}
}

func get(t *testing.T, o safehttp.Options, address string) ([]byte, error) {
	t.Helper()
	return safehttp.New(o).Get(t.Context(), address, 1<<20)
}

func TestAddressesOfTheWrongFormAreRejected(t *testing.T) {
	for _, address := range []string{
		"", "/a.png", "a.png", "http://example.com/a.png", "ftp://example.com/a", "file:///etc/passwd", "https:example.com", "https://", "https:///a",
		"https://user@example.com/", "https://user:secret@example.com/", "https://example.com:22/", "https://example.com:80/", "https://example.com:0/", "https://example.com:99999/",
		"https://exa mple.com/", "https://127.0.0.1/", "https://[::1]/", "https://0.0.0.0/", "https://169.254.169.254/latest/meta-data", "http://127.0.0.1/", "https://[::ffff:127.0.0.1]/",
		"https://[fe80::1%25eth0]/", "https://10.0.0.1./", "https://example.com/" + strings.Repeat("a", 2048),
	} {
		if err := safehttp.New(safehttp.Options{}).Check(address); !errs.Is(err, "address_not_allowed") || errs.KindOf(err) != errs.Invalid {
			t.Errorf("%.60s: %v", address, err)
		}
	}
	for _, address := range []string{"https://example.com", "https://example.com:443/a.png?b=c#d", "https://example.com:8443/", "https://8.8.8.8/", "https://[2606:4700::1111]/"} {
		if err := safehttp.New(safehttp.Options{}).Check(address); err != nil {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestNamesThatResolveToTheInsideAreRejected(t *testing.T) {
	for _, answer := range []string{
		"127.0.0.1", "127.8.8.8", "::1", "::", "0.0.0.0", "0.1.2.3", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254", "100.64.0.1", "100.127.255.255",
		"192.0.0.192", "192.0.2.1", "198.18.0.1", "198.19.255.255", "198.51.100.7", "203.0.113.7", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255", "192.88.99.1", "168.63.129.16",
		"::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::a00:1", "fe80::1", "fc00::1", "fd00:ec2::254", "ff02::1", "2001:db8::1",
		"2001::1", "2002:7f00:1::", "3fff::1", "100::1", "fec0::1", "8.8.8.8 127.0.0.1",
	} {
		if _, err := get(t, safehttp.Options{Resolve: resolver(answer)}, "https://images.example/a.png"); !errs.Is(err, "address_not_allowed") {
			t.Errorf("%s: %v", answer, err)
		}
	}
}

// publicAddresses are refused for no reason of the address; the connection is not made.
func TestPublicAddressesPassTheCheck(t *testing.T) {
	for _, answer := range []string{"8.8.8.8", "172.32.0.1", "100.128.0.1", "192.0.1.1", "2606:4700::1111", "64:ff9b::808:808", "::ffff:8.8.8.8"} {
		ctx, cancel := context.WithCancel(t.Context())
		resolve := func(ctx context.Context, host string) ([]netip.Addr, error) {
			cancel() // before the connection
			return resolver(answer)(ctx, host)
		}
		_, err := safehttp.New(safehttp.Options{Resolve: resolve}).Get(ctx, "https://images.example/a.png", 1)
		if !errs.Is(err, "fetch_failed") {
			t.Errorf("%s: %v", answer, err)
		}
		cancel()
	}
}

func serve(t *testing.T, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewTLSServer(handler)
	t.Cleanup(server.Close)
	return server
}

// local are options for a server of a test under the name example.com.
func local(server *httptest.Server, answers ...string) safehttp.Options {
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	if len(answers) == 0 {
		answers = []string{"127.0.0.1"}
	}
	return safehttp.Options{Loopback: true, Roots: roots, Resolve: resolver(answers...)}
}

func address(server *httptest.Server, path string) string {
	return strings.Replace(server.URL, "127.0.0.1", "example.com", 1) + path
}

func TestBodyIsReturned(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("pixels")) })
	body, err := get(t, local(server), address(server, "/a.png"))
	if err != nil || string(body) != "pixels" {
		t.Fatal(string(body), err)
	}
	plain := httptest.NewServer(server.Config.Handler)
	defer plain.Close()
	if body, err := get(t, safehttp.Options{Loopback: true}, plain.URL); err != nil || string(body) != "pixels" {
		t.Fatal(string(body), err)
	}
	if _, err := get(t, safehttp.Options{Loopback: true}, "http://example.com:8080/"); !errs.Is(err, "address_not_allowed") {
		t.Fatal(err)
	}
}

// A name that is public when it is saved and private when it is fetched, or at the second
// request, does not reach the inside.
func TestChangedAnswerOfAResolverIsChecked(t *testing.T) {
	var requests atomic.Int64
	server := serve(t, func(http.ResponseWriter, *http.Request) { requests.Add(1) })
	client := safehttp.New(local(server, "127.0.0.1", "10.0.0.1"))
	if _, err := client.Get(t.Context(), address(server, "/"), 1); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Get(t.Context(), address(server, "/"), 1); !errs.Is(err, "address_not_allowed") {
		t.Fatal(err)
	}
	if requests.Load() != 1 {
		t.Fatalf("%d requests", requests.Load())
	}
}

func TestRedirectsAreCheckedAndLimited(t *testing.T) {
	var reached atomic.Bool
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/":
			reached.Store(true)
			_, _ = w.Write([]byte("end"))
		case "/3", "/2", "/1":
			http.Redirect(w, r, map[string]string{"/3": "/2", "/2": "/1", "/1": "/"}[r.URL.Path], http.StatusFound)
		case "/loop":
			http.Redirect(w, r, "/loop", http.StatusFound)
		default:
			http.Redirect(w, r, r.URL.Query().Get("to"), http.StatusFound)
		}
	})
	if body, err := get(t, local(server), address(server, "/3")); err != nil || string(body) != "end" {
		t.Fatal(string(body), err)
	}
	if _, err := get(t, local(server), address(server, "/loop")); !errs.Is(err, "fetch_failed") {
		t.Fatal(err)
	}
	reached.Store(false)
	for _, to := range []string{"http://example.com/", "https://10.0.0.1/", "https://169.254.169.254/", "https://a:b@example.com/", "file:///etc/passwd", "https://example.com:25/"} {
		if _, err := get(t, local(server), address(server, "/to?to="+to)); !errs.Is(err, "address_not_allowed") {
			t.Errorf("%s: %v", to, err)
		}
	}
	if _, err := get(t, local(server, "127.0.0.1", "192.168.0.1"), address(server, "/1")); !errs.Is(err, "address_not_allowed") {
		t.Error(err)
	}
	if reached.Load() {
		t.Error("a redirect reached the server")
	}
}

func TestTimeSizeAndStatusAreBounded(t *testing.T) {
	release := make(chan struct{})
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/slow":
			<-release
		case "/missing":
			w.WriteHeader(http.StatusNotFound)
		case "/drip": // a body without an end
			_, _ = w.Write([]byte("x"))
			w.(http.Flusher).Flush()
			<-release
		case "/header":
			w.Header().Set("X-Large", strings.Repeat("x", 100<<10))
		default:
			_, _ = w.Write(make([]byte, 1<<20+1))
		}
	})
	defer close(release)
	o := local(server)
	o.Timeout = 200 * time.Millisecond
	for _, path := range []string{"/slow", "/drip"} {
		if _, err := get(t, o, address(server, path)); !errs.Is(err, "fetch_failed") {
			t.Errorf("%s: %v", path, err)
		}
	}
	for _, path := range []string{"/missing", "/large", "/header"} {
		if _, err := get(t, local(server), address(server, path)); !errs.Is(err, "fetch_failed") {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestProxyOfTheEnvironmentIsNotUsed(t *testing.T) {
	var proxied atomic.Bool
	proxy := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { proxied.Store(true) }))
	defer proxy.Close()
	t.Setenv("HTTPS_PROXY", proxy.URL)
	server := serve(t, func(http.ResponseWriter, *http.Request) {})
	if _, err := get(t, local(server), address(server, "/")); err != nil || proxied.Load() {
		t.Fatal(err, proxied.Load())
	}
}
