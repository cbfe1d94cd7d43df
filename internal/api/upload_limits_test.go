package api_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/app/apptest"
)

// dialApp connects to the server of a test.
func dialApp(t *testing.T, a *apptest.App) (net.Conn, *bufio.Reader) {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(a.URL(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn, bufio.NewReader(conn)
}

// rawAnswer reads a response with its body.
func rawAnswer(t *testing.T, from *bufio.Reader) (*http.Response, string) {
	t.Helper()
	res, err := http.ReadResponse(from, nil)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close() // read to its end
	return res, string(text)
}

// rawHead returns the head of a request with a body of a length.
func rawHead(path, token, contentType string, length int, more ...string) string {
	head := fmt.Sprintf("POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\nContent-Length: %d\r\n", path, contentType, length)
	if token != "" {
		head += "Authorization: Bearer " + token + "\r\n"
	}
	return head + strings.Join(more, "") + "\r\n"
}

// storedFiles counts the files of the server, complete and unfinished ones.
func storedFiles(t *testing.T, a *apptest.App) (n int) {
	t.Helper()
	for _, folder := range []string{".", "unfinished", "scratch"} {
		entries, err := os.ReadDir(filepath.Join(a.Config().Data, "files", folder))
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range entries {
			if !entry.IsDir() {
				n++
			}
		}
	}
	return n
}

func TestBodyOverTheLimitIsRejectedForAClientThatSendsAllFirst(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID := a.Community(t)
		key := a.Key(t, communityID, "*")
		body := `{"name":"` + strings.Repeat("x", 8<<20) + `"}`
		form, formType := apptest.Form(t, "members.csv", bytes.Repeat([]byte("x"), 8<<20), nil)
		for _, c := range []struct {
			path, token, kind, body string
			status                  int
		}{
			{"/v1/communities/" + communityID + "/tags", key, "application/json", body, 413},
			{"/v1/communities/" + communityID + "/tags", "", "application/json", body, 401},
			{"/v1/users/bulk-import", strings.Repeat("a", 64), formType, string(form), 401},
			{"/v1/servers/" + communityID + "/logo", key, "text/plain", body, 415},
			{"/sign-in", "", "application/x-www-form-urlencoded", body, 413},
			{"/v1/no/such/operation", "", "text/plain", body, 404},
		} {
			conn, from := dialApp(t, a)
			for range 2 { // the connection stays usable
				if _, err := io.WriteString(conn, rawHead(c.path, c.token, c.kind, len(c.body))+c.body); err != nil {
					t.Fatalf("%s: %v", c.path, err)
				}
				if res, text := rawAnswer(t, from); res.StatusCode != c.status || res.Close { //nolint:bodyclose // rawAnswer has closed it
					t.Errorf("%s: %d, closes %t: %.300s", c.path, res.StatusCode, res.Close, text)
				}
			}
		}
	}, apptest.WithConfig(func(c *apptest.Config) { c.AnonymousBody = 10 * time.Minute }))
}

func TestCallerWithoutImportPermissionIsRejectedBeforeTheFile(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		_, owner := a.Owner(t, a.Community(t), "owner")
		loner, _ := registrant(t, a, "loner")
		form, kind := apptest.Form(t, "members.csv", []byte(members), nil)
		for name, c := range map[string]struct {
			token  string
			status int
			code   string
		}{
			"without a community": {loner, 403, "missing_permission"},
			"an owner":            {owner, 100, ""},
		} {
			conn, from := dialApp(t, a)
			_, _ = io.WriteString(conn, rawHead("/v1/users/bulk-import", c.token, kind, len(form), "Expect: 100-continue\r\n"))
			res, err := http.ReadResponse(from, nil) //nolint:bodyclose // the connection is closed at the end of the test
			if err != nil || res.StatusCode != c.status {
				t.Fatalf("%s: %+v %v", name, res, err)
			}
			if text, _ := io.ReadAll(res.Body); c.code != "" && !strings.Contains(string(text), c.code) {
				t.Errorf("%s: %s", name, text)
			}
		}
	})
}

func TestUploadsOfOneAccountAreLimited(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID := a.Community(t)
		key, other := a.Key(t, communityID, "bulkUpdateUser"), a.Key(t, communityID, "bulkUpdateUser")
		form, kind := apptest.Form(t, "members.csv", []byte(members), nil)
		conn, from := dialApp(t, a)
		_, _ = io.WriteString(conn, rawHead("/v1/users/bulk-import", key, kind, len(form), "Expect: 100-continue\r\n"))
		if res, err := http.ReadResponse(from, nil); err != nil || res.StatusCode != 100 { //nolint:bodyclose // an interim answer; the upload is counted now
			t.Fatalf("%+v %v", res, err)
		}
		if res := sendForm(t, a, "/v1/users/bulk-import", key, members, nil); res.status != 429 || res.code() != "rate_limited" || res.header.Get("Retry-After") == "" {
			t.Errorf("a second upload: %d %s", res.status, res.text)
		}
		if res := sendForm(t, a, "/v1/users/bulk-import", other, members, nil); res.status != 200 {
			t.Errorf("of another account: %d %s", res.status, res.text)
		}
		_, _ = conn.Write(form)
		if res, text := rawAnswer(t, from); res.StatusCode != 200 { //nolint:bodyclose // rawAnswer has closed it
			t.Errorf("the first upload: %d %s", res.StatusCode, text)
		}
		if res := sendForm(t, a, "/v1/users/bulk-import", key, members, nil); res.status != 200 {
			t.Errorf("after it: %d %s", res.status, res.text)
		}
		large := strings.Repeat("x", 2<<20)
		if res := sendForm(t, a, "/v1/users/bulk-import", key, large, nil); res.status != 429 || res.code() != "rate_limited" {
			t.Errorf("more bytes than an account may send: %d %s", res.status, res.text)
		}
		if res := sendForm(t, a, "/v1/users/bulk-import", key, strings.Repeat("x", 5<<20), nil); res.status != 413 || res.code() != "file_too_large" {
			t.Errorf("a file that is never accepted: %d %s", res.status, res.text)
		}
	}, apptest.WithConfig(func(c *apptest.Config) { c.UploadsPerAccount, c.AccountUploadMiB, c.BulkFileMiB = 1, 1, 2 }))
}

func TestNoFileIsAcceptedWithoutTheMinimumOfFreeSpace(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		key := a.Key(t, a.Community(t), "bulkUpdateUser")
		if res := sendForm(t, a, "/v1/users/bulk-import", key, members, nil); res.status != 503 || res.code() != "disk_full" || res.header.Get("Retry-After") == "" {
			t.Errorf("%d %s", res.status, res.text)
		}
		if n := storedFiles(t, a); n != 0 {
			t.Errorf("%d files are left", n)
		}
	}, apptest.WithConfig(func(c *apptest.Config) { c.MinFreeMiB = 1 << 40 }))
}

func TestStoredFilesHaveAQuota(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		key := a.Key(t, a.Community(t), "bulkUpdateUser")
		rows := members + strings.Repeat(",,,\n", 100_000)
		once := []string{"Idempotency-Key", "the first"}
		first := sendForm(t, a, "/v1/users/bulk-import", key, rows, once, "dryRun", "true")
		statuses := map[int]int{first.status: 1}
		var all sync.WaitGroup
		var mu sync.Mutex
		for range 19 {
			all.Go(func() {
				res := sendForm(t, a, "/v1/users/bulk-import", key, rows, nil, "dryRun", "true")
				if res.status == 409 && res.code() != "storage_quota_reached" {
					t.Errorf("%s", res.text)
				}
				mu.Lock()
				statuses[res.status]++
				mu.Unlock()
			})
		}
		all.Wait()
		if statuses[200] != 5 || statuses[409] != 15 {
			t.Errorf("answers by status: %v, want 5 accepted", statuses)
		}
		if n := storedFiles(t, a); n != 5 {
			t.Errorf("%d files are kept", n)
		}
		if res := sendForm(t, a, "/v1/users/bulk-import", key, rows, once, "dryRun", "true"); res.status != 200 || res.text != first.text {
			t.Errorf("the first upload again: %d %s", res.status, res.text)
		}
		if res := sendForm(t, a, "/v1/users/bulk-import", a.Key(t, a.Community(t), "bulkUpdateUser"), members, nil); res.status != 200 {
			t.Errorf("another community: %d %s", res.status, res.text)
		}
	}, apptest.WithConfig(func(c *apptest.Config) { c.CommunityFilesMiB, c.UploadsPerAccount = 2, 0 }))
}

func TestSlowHeaderTimesOut(t *testing.T) {
	a := apptest.New(t, "sqlite", apptest.WithConfig(func(c *apptest.Config) { c.HeaderTimeout = 100 * time.Millisecond }))
	conn, from := dialApp(t, a)
	_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nX: ")
	closed := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, from)
		close(closed)
	}()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for range 2_000 {
		select {
		case <-closed:
			return
		case <-tick.C:
			_, _ = io.WriteString(conn, "x")
		}
	}
	t.Error("the connection is still open")
}

func TestSlowBodyNeedsACredential(t *testing.T) {
	a := apptest.New(t, "sqlite", apptest.WithConfig(func(c *apptest.Config) { c.AnonymousBody = 100 * time.Millisecond }))
	communityID := a.Community(t)
	for _, c := range []struct {
		path, token string
		bytes       int
		code        string
	}{
		{"/v1/auth/login", "", 1 << 20, "body_incomplete"},
		{"/v1/communities/" + communityID + "/tags", a.Key(t, communityID, "*"), 40, "bad_json"}, // read to its end
	} {
		conn, from := dialApp(t, a)
		_, _ = io.WriteString(conn, rawHead(c.path, c.token, "application/json", c.bytes))
		go func() {
			tick := time.NewTicker(5 * time.Millisecond)
			defer tick.Stop()
			for range c.bytes {
				<-tick.C
				if _, err := conn.Write([]byte("x")); err != nil {
					return
				}
			}
		}()
		if res, text := rawAnswer(t, from); res.StatusCode != 400 || !strings.Contains(text, c.code) || res.Close != (c.token == "") { //nolint:bodyclose // rawAnswer has closed it
			t.Errorf("%s: %d, closes %t: %s", c.path, res.StatusCode, res.Close, text)
		}
	}
}
