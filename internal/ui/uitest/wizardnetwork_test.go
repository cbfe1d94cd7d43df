package uitest_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/bulk"
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

// jobCount is the number of bulk jobs of a community.
func jobCount(t *testing.T, a *apptest.App, communityID string) int64 {
	t.Helper()
	_, total, err := a.Bulk.List(t.Context(), apptest.Operator, communityID, bulk.ListFilter{Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	return total
}

// cutPost sends a form twice through a network that is cut: before the server has
// received it, and before the response. done reports that the server has handled
// the second.
func (p person) cutPost(proxy *apptest.Proxy, path string, form url.Values, done func() bool) {
	p.Helper()
	header := map[string]string{"Content-Type": "application/x-www-form-urlencoded"}
	proxy.CutAfter(apptest.Requests, 40)
	if got, err := p.through(proxy, http.MethodPost, path, strings.NewReader(form.Encode()), header); err == nil && got.status < 400 {
		p.Fatalf("POST %s without a request: %d", path, got.status)
	}
	proxy.Restore()
	if done() {
		p.Fatalf("POST %s was handled although it was cut", path)
	}
	proxy.CutAfter(apptest.Responses, 0)
	if got, err := p.through(proxy, http.MethodPost, path, strings.NewReader(form.Encode()), header); err == nil {
		p.Fatalf("POST %s without a response: %d", path, got.status)
	}
	late := time.After(apptest.Timeout)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-late:
			p.Fatalf("POST %s was not handled", path)
		}
	}
	proxy.Restore()
}

func TestFormsThatAreCutStartOneJob(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, olivia := owner(t, a)
		proxy := apptest.StartProxy(t, a.URL())
		jobs := func(want int64) func() bool {
			return func() bool { return jobCount(t, a, communityID) == want }
		}
		expect := func(what string, got page, status int, texts ...string) {
			t.Helper()
			if got.status != status {
				t.Errorf("%s: %d %.300s", what, got.status, got.text)
			}
			for _, text := range texts {
				if !strings.Contains(got.text+got.header.Get("Location"), text) {
					t.Errorf("%s: %q is missing", what, text)
				}
			}
		}
		draft := olivia.stageFile(communityID, "members.csv", wizardFile)

		reading := url.Values{"version": {olivia.get(draft).formValue("version")}, "delimiter": {","}}
		olivia.cutPost(proxy, draft+"/reading", reading, func() bool { return strings.Contains(olivia.get(draft).text, `<option value="," selected>`) })
		expect("the reading again", olivia.post(draft+"/reading", reading), http.StatusSeeOther, draft)

		columns := wizardColumns(olivia.get(draft).formValue("version"))
		olivia.cutPost(proxy, draft+"/columns", columns, jobs(1))
		check := olivia.follow(draft+"/columns", columns)
		checked := a.Await(t, communityID, lastPart(check))
		expect("the columns after a cut", olivia.get(draft), http.StatusOK, `href="`+check+`"`)

		olivia.cutPost(proxy, check+"/apply", nil, jobs(2))
		expect("the check after a cut", olivia.get(check), http.StatusOK, "/jobs/")
		run := olivia.follow(check+"/apply", nil)
		imported := a.Await(t, communityID, lastPart(run))
		if imported.PlanJobID != checked.JobID || imported.Counts.Created != 1 || !jobs(2)() {
			t.Errorf("%+v, %d jobs", imported, jobCount(t, a, communityID))
		}
		expect("the run", olivia.get(run), http.StatusOK, "1 member was created.")

		job := "/c/" + communityID + "/bulk-jobs/" + imported.JobID
		olivia.cutPost(proxy, job+"/undo", nil, jobs(3))
		expect("the undo again", olivia.post(job+"/undo", nil), http.StatusConflict, `role="alert"`)
		undos, _, err := a.Bulk.List(t.Context(), apptest.Operator, communityID, bulk.ListFilter{Type: "undo", Limit: 10})
		if err != nil || len(undos) != 1 || !jobs(3)() {
			t.Fatalf("%d undos, %d jobs, %v", len(undos), jobCount(t, a, communityID), err)
		}
		a.Await(t, communityID, undos[0].JobID)

		runAgain(t, a, imported.JobID)
		olivia.cutPost(proxy, job+"/cancel", nil, func() bool {
			s, err := a.Bulk.Status(t.Context(), apptest.Operator, communityID, imported.JobID)
			return err == nil && s.Status == bulk.Cancelled
		})
		expect("the cancel again", olivia.post(job+"/cancel", nil), http.StatusSeeOther, job)

		olivia.cutPost(proxy, draft+"/discard", nil, func() bool { return olivia.get(draft).status == http.StatusNotFound })
		expect("the discard again", olivia.post(draft+"/discard", nil), http.StatusSeeOther, "/import")
	})
}

func TestConcurrentSubmissionsOfAFormStartOneJob(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, olivia := owner(t, a)
		// submit sends a form many times at once and returns the places that it leads to.
		submit := func(path string, form url.Values) map[string]bool {
			t.Helper()
			places := make(chan string, 8)
			for range cap(places) {
				go func() {
					r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, a.URL()+path, strings.NewReader(form.Encode()))
					if err != nil {
						places <- err.Error()
						return
					}
					r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
					r.AddCookie(&http.Cookie{Name: "regulars", Value: olivia.token})
					client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
					response, err := client.Do(r)
					if err != nil {
						places <- err.Error()
						return
					}
					_ = response.Body.Close()
					places <- strconv.Itoa(response.StatusCode) + " " + response.Header.Get("Location")
				}()
			}
			found := map[string]bool{}
			for range cap(places) {
				found[<-places] = true
			}
			return found
		}
		one := func(what string, places map[string]bool, also string, jobs int64) (place string) {
			t.Helper()
			delete(places, also)
			for got := range places {
				place, _ = strings.CutPrefix(got, "303 ")
				if place == got {
					t.Errorf("%s: %s", what, got)
				}
			}
			if got := jobCount(t, a, communityID); len(places) != 1 || got != jobs {
				t.Fatalf("%s: %d jobs, %v", what, got, places)
			}
			return place
		}
		draft := olivia.stageFile(communityID, "members.csv", wizardFile)
		check := one("check", submit(draft+"/columns", wizardColumns(olivia.get(draft).formValue("version"))), "", 1)
		a.Await(t, communityID, lastPart(check))
		again := one("check again", submit("/c/"+communityID+"/bulk-jobs/"+lastPart(check)+"/check", nil), "", 2)
		a.Await(t, communityID, lastPart(again))
		run := one("apply", submit(check+"/apply", nil), "", 3)
		imported := a.Await(t, communityID, lastPart(run))
		if imported.Counts.Created != 1 {
			t.Errorf("%+v", imported.Counts)
		}
		undo := one("undo", submit("/c/"+communityID+"/bulk-jobs/"+imported.JobID+"/undo", nil), "409 ", 4)
		a.Await(t, communityID, lastPart(undo))
		one("discard", submit(draft+"/discard", nil), "", 4)
	})
}

func TestPageNamesAnUploadThatIsCutAndRepeatsIt(t *testing.T) {
	b := startBrowser(t)
	if b == nil {
		return
	}
	communityID := b.signIn()
	proxy := apptest.StartProxy(t, b.app.URL())
	path := filepath.Join(t.TempDir(), "members.csv")
	if err := os.WriteFile(path, []byte(wizardFile+strings.Repeat("zoe@example.com,zoe,Zoe,Z\n", 100_000)), 0o600); err != nil {
		t.Fatal(err)
	}
	b.do("open the wizard", chromedp.Navigate(proxy.URL+"/c/"+communityID+"/import"))
	b.sees("Drop a file with your members here")
	proxy.CutAfter(apptest.Requests, 100_000)
	b.do("choose a file", chromedp.SetUploadFiles("#file", []string{path}, chromedp.ByQuery))
	b.sees("The file did not arrive: the connection was cut.")
	b.check("upload-cut")
	proxy.Restore()
	b.do("choose it again", chromedp.SetUploadFiles("#file", []string{path}, chromedp.ByQuery))
	b.sees("Fields of the columns")
}
