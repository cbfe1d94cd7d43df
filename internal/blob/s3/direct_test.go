package s3_test

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/blob"
	"github.com/regulars/regulars/internal/blob/s3"
	"github.com/regulars/regulars/internal/blob/s3/s3test"
)

// request sends a request of a client.
func request(t *testing.T, method, address, part string) (status int, header http.Header, body []byte) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, address, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if part != "" {
		r.Header.Set("Range", part)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }() // read
	if body, err = io.ReadAll(response.Body); err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, response.Header, body
}

func TestClientsReadAtSignedAddresses(t *testing.T) {
	server, started := s3test.Start(t)
	if !started {
		return
	}
	c := configOf(t, server)
	c.Direct = true
	b, err := s3.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	if b.ReadOrigin() != "http://"+server.Address() {
		t.Errorf("origin %s", b.ReadOrigin())
	}
	want := sequence(100)
	fileID, other := put(t, b, want), put(t, b, []byte("secret"))
	o := blob.ReadOptions{Type: "image/png", Disposition: `attachment; filename="a b.png"`, CacheControl: "max-age=9"}
	address, err := b.ReadAddress(t.Context(), fileID, o)
	if err != nil || !strings.HasPrefix(address, b.ReadOrigin()+"/") || !strings.Contains(address, "X-Amz-Expires=120") {
		t.Fatal(address, err)
	}
	status, h, got := request(t, http.MethodGet, address, "")
	if status != http.StatusOK || !bytes.Equal(got, want) || h.Get("Content-Type") != o.Type || h.Get("Content-Disposition") != o.Disposition || h.Get("Cache-Control") != o.CacheControl {
		t.Errorf("%d, %d bytes, %v", status, len(got), h)
	}
	if status, _, got := request(t, http.MethodGet, address, "bytes=10-19"); status != http.StatusPartialContent || !bytes.Equal(got, want[10:20]) {
		t.Errorf("a part: %d, %d bytes", status, len(got))
	}
	for name, wrong := range map[string]string{
		"another file":  strings.Replace(address, fileID, other, 1),
		"another type":  strings.Replace(address, url.QueryEscape(o.Type), url.QueryEscape("text/html"), 1),
		"a longer time": strings.Replace(address, "X-Amz-Expires=120", "X-Amz-Expires=9000", 1),
		"no signature":  address[:strings.IndexByte(address, '?')],
	} {
		if status, _, _ := request(t, http.MethodGet, wrong, ""); wrong == address || status != http.StatusForbidden {
			t.Errorf("%s: %d", name, status)
		}
	}
	if status, _, _ := request(t, http.MethodDelete, address, ""); status != http.StatusForbidden {
		t.Errorf("a delete: %d", status)
	}
	if err := b.CheckReads(t.Context()); err != nil {
		t.Error(err)
	}
	if left := ids(t, b); len(left) != 2 {
		t.Errorf("the check left %v", left)
	}
}

func TestServerReadsWithoutTheSetting(t *testing.T) {
	b, _ := open(t)
	if b == nil {
		return
	}
	address, err := b.ReadAddress(t.Context(), put(t, b, []byte("x")), blob.ReadOptions{})
	if address != "" || err != nil || b.ReadOrigin() != "" {
		t.Errorf("%q %q %v", address, b.ReadOrigin(), err)
	}
}

// The errors of the check may be logged.
func TestCheckOfReadsNamesNoSignature(t *testing.T) {
	proxied, f := openFaulty(t, func(c *s3.Config) { c.Direct = true })
	if proxied == nil {
		return
	}
	for name, check := range map[string]func() error{
		"a cut connection": func() error {
			f.set(lostAnswer, requests["a range of bytes"], 1_000)
			return proxied.CheckReads(t.Context())
		},
		"another answer": func() error {
			f.set(answer500, requests["a range of bytes"], 1_000)
			return proxied.CheckReads(t.Context())
		},
	} {
		if err := check(); err == nil || strings.Contains(err.Error(), "Signature") || strings.Contains(err.Error(), "X-Amz") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
