package uitest_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// through sends a request on a connection of its own through a proxy. A cut
// connection is the error.
func (p person) through(proxy *apptest.Proxy, method, path string, body io.Reader, header map[string]string) (got page, err error) {
	p.Helper()
	r, err := http.NewRequestWithContext(p.Context(), method, proxy.URL+path, body)
	if err != nil {
		p.Fatal(err)
	}
	for name, value := range header {
		r.Header.Set(name, value)
	}
	r.AddCookie(&http.Cookie{Name: "regulars", Value: p.token})
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(r)
	if err != nil {
		return page{}, err
	}
	content, err := io.ReadAll(response.Body)
	return page{response.StatusCode, response.Header, string(content)}, errors.Join(err, response.Body.Close())
}

// awaitFiles waits until a data folder has count stored files and no unfinished
// one.
func awaitFiles(t *testing.T, data string, count int) {
	t.Helper()
	late := time.After(apptest.Timeout)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		var found []string
		err := filepath.WalkDir(filepath.Join(data, "files"), func(path string, entry fs.DirEntry, err error) error {
			if err == nil && entry.Type().IsRegular() {
				found = append(found, path)
			}
			return err
		})
		if err == nil && len(found) == count {
			return
		}
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("%v: %q are stored, want %d files", err, found, count)
		}
	}
}

// eachWithData is apptest.Each with the data folder of the server.
func eachWithData(t *testing.T, f func(t *testing.T, a *apptest.App, data string)) {
	t.Helper()
	for _, engine := range sqldbtest.Engines(t) {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			var data string
			a := apptest.New(t, engine, apptest.WithConfig(func(c *apptest.Config) { data = c.Data }))
			f(t, a, data)
		})
	}
}

func TestUploadThatIsCutLeavesNothingAndCanBeRepeated(t *testing.T) {
	eachWithData(t, func(t *testing.T, a *apptest.App, data string) {
		communityID, olivia := owner(t, a)
		proxy := apptest.StartProxy(t, a.URL())
		path := "/c/" + communityID + "/import/files"
		rows := "Email,Username,First Name,Last Name\n" + strings.Repeat("mia@example.com,mia,Mia,M\n", 40_000)
		body, kind := apptest.Form(t, "members.csv", []byte(rows), nil)
		header := map[string]string{"Content-Type": kind, "Accept": "application/json"}
		for _, count := range []int64{0, 300, 100_000, int64(len(body)) - 10} {
			proxy.CutAfter(apptest.Requests, count)
			if got, err := olivia.through(proxy, http.MethodPost, path, bytes.NewReader(body), header); err == nil && got.status < 400 {
				t.Fatalf("cut after %d bytes: %d %s", count, got.status, got.text)
			}
			proxy.Restore()
			awaitFiles(t, data, 0)
		}
		got, err := olivia.through(proxy, http.MethodPost, path, bytes.NewReader(body), header)
		if err != nil || got.status != http.StatusCreated {
			t.Fatalf("again: %v %d %s", err, got.status, got.text)
		}
		awaitFiles(t, data, 1)
	})
}

// runAgain sets an ended job to running, without a worker.
func runAgain(t *testing.T, a *apptest.App, jobID string) {
	t.Helper()
	if _, err := a.DB.Exec(t.Context(), "UPDATE bulk_jobs SET status = 'running', finished_at = 0, read_rows = 0, created_rows = 0 WHERE id = $1", jobID); err != nil {
		t.Fatal(err)
	}
}

// end sets a job of runAgain to ended.
func end(t *testing.T, a *apptest.App, jobID string) {
	t.Helper()
	if _, err := a.DB.Exec(t.Context(), "UPDATE bulk_jobs SET status = 'completed', finished_at = updated_at, read_rows = 1, created_rows = 1 WHERE id = $1", jobID); err != nil {
		t.Fatal(err)
	}
}

func TestPageOfARunningJobReconnects(t *testing.T) {
	b := startBrowser(t, apptest.WithConfig(func(c *apptest.Config) { c.StreamsPerOwner = 1 }))
	if b == nil {
		return
	}
	communityID := b.signIn()
	jobID := b.app.Import(t, communityID, b.app.Key(t, communityID), miaRow, nil).JobID
	path := "/c/" + communityID + "/bulk-jobs/" + jobID
	proxy := apptest.StartProxy(t, b.app.URL())

	runAgain(t, b.app, jobID)
	b.do("open the job", chromedp.Navigate(proxy.URL+path))
	b.sees("Writing the rows.")
	proxy.Disconnect()
	end(t, b.app, jobID)
	proxy.Restore()
	b.sees("1 member was created.")

	// The only stream of the person is in use: the server answers with an error.
	runAgain(t, b.app, jobID)
	var cookies []*network.Cookie
	b.do("read the session", chromedp.ActionFunc(func(ctx context.Context) (err error) {
		cookies, err = network.GetCookies().Do(ctx)
		return err
	}))
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.app.URL()+path+"/progress", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cookies {
		r.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
	}
	other, err := http.DefaultClient.Do(r)
	if err != nil || other.StatusCode != http.StatusOK {
		t.Fatal(other, err)
	}
	rejected := make(chan struct{}, 100)
	chromedp.ListenTarget(b.ctx, func(event any) {
		if e, ok := event.(*network.EventResponseReceived); ok && strings.HasSuffix(e.Response.URL, "/progress") && e.Response.Status == http.StatusTooManyRequests {
			rejected <- struct{}{}
		}
	})
	b.do("watch the network", network.Enable())
	b.open(path)
	select {
	case <-rejected:
	case <-time.After(apptest.Timeout):
		t.Fatal("the stream was not rejected")
	}
	if err := other.Body.Close(); err != nil {
		t.Fatal(err)
	}
	end(t, b.app, jobID)
	b.sees("1 member was created.")
}
