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
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/bulk/job"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/sqldb"
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

// awaitUnread waits until the unread rows of a stopped job are counted.
func awaitUnread(t *testing.T, a *apptest.App, jobID string) {
	t.Helper()
	late := time.After(apptest.Timeout)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		n, err := sqldb.One(t.Context(), a.DB, "job", sqldb.Value[int64], "SELECT unread_rows FROM bulk_jobs WHERE id = $1", jobID)
		if err != nil {
			t.Fatal(err)
		}
		if n != job.UnreadUnknown {
			return
		}
		select {
		case <-tick.C:
		case <-late:
			t.Fatal("the unread rows are not counted")
		}
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

// unsteady is a person behind a network that can be cut, with the forms that were cut.
type unsteady struct {
	person
	proxy       *apptest.Proxy
	communityID string
	cut         map[string]bool // paths of routes
}

// idsInPaths are the ids in addresses of the wizard and of jobs.
var idsInPaths = regexp.MustCompile(`/(import|jobs|bulk-jobs)/[0-9a-f]{24}`)

// sendCut cuts a form, sends it again and returns the response.
func (n unsteady) sendCut(path string, form url.Values, done func() bool) page {
	n.Helper()
	n.cut[idsInPaths.ReplaceAllStringFunc(strings.TrimPrefix(path, "/c/"+n.communityID), func(found string) string {
		if strings.HasPrefix(found, "/import") {
			return "/import/{draft}"
		}
		return found[:strings.LastIndex(found, "/")] + "/{job}"
	})] = true
	n.cutPost(n.proxy, path, form, done)
	return n.post(path, form)
}

// leads is sendCut of a form that leads to a page. It returns the address of that page.
func (n unsteady) leads(path string, form url.Values, done func() bool) string {
	n.Helper()
	got := n.sendCut(path, form, done)
	if got.status != http.StatusSeeOther {
		n.Fatalf("POST %s after a cut: %d %.600s", path, got.status, got.text)
	}
	return got.header.Get("Location")
}

// starts is leads of a form that starts one job. It returns the address of its page
// after the job.
func (n unsteady) starts(path string, form url.Values) string {
	n.Helper()
	before := jobCount(n.T, n.app, n.communityID)
	place := n.leads(path, form, func() bool { return jobCount(n.T, n.app, n.communityID) == before+1 })
	if after := jobCount(n.T, n.app, n.communityID); after != before+1 {
		n.Fatalf("POST %s started %d jobs", path, after-before)
	}
	n.app.Await(n.T, n.communityID, lastPart(place))
	return place
}

// has reports whether the page at an address has a text.
func (n unsteady) has(address, text string) func() bool {
	return func() bool { return strings.Contains(n.get(address).text, text) }
}

// uncut are the forms that change nothing when the network is cut, or have a test of
// their own.
var uncut = []string{"/import/files", "/import/{draft}/try"}

// wizardForms are the paths of all forms of the wizard and of jobs.
func wizardForms(t *testing.T) (paths []string) {
	t.Helper()
	files, err := filepath.Glob("../*/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range regexp.MustCompile(`\.(?:Post|PostFile)\("(/(?:import|bulk-jobs)\b[^"]*)"`).FindAllStringSubmatch(string(source), -1) {
			paths = append(paths, found[1])
		}
	}
	if len(paths) < 15 {
		t.Fatalf("only %q", paths)
	}
	return paths
}

func TestFormsThatAreCutAreCarriedOutOnce(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, olivia := owner(t, a)
		n := unsteady{olivia, apptest.StartProxy(t, a.URL()), communityID, map[string]bool{}}
		draft := n.stageFile(communityID, "members.csv", "Email,Username,First Name,Last Name,Tag,Country\nzoe@example.com,zoe,Zoe,Z,new,Germny\n")
		imported := n.importCut(draft, n.cutColumns(draft))
		n.cutJob(imported)
		n.leads(draft+"/discard", nil, func() bool { return n.get(draft).status == http.StatusNotFound })
		for _, path := range wizardForms(t) {
			if !n.cut[path] && !slices.Contains(uncut, path) {
				t.Errorf("the network is never cut during the form %s", path)
			}
			delete(n.cut, path)
		}
		for path := range n.cut {
			t.Errorf("%s is the path of no form", path)
		}
	})
}

// cutColumns cuts the forms of the columns and returns the address of a check.
func (n unsteady) cutColumns(draft string) string {
	n.Helper()
	version := func() url.Values { return url.Values{"version": {n.get(draft).formValue("version")}} }
	reading := version()
	reading.Set("delimiter", ",")
	n.leads(draft+"/reading", reading, n.has(draft, `<option value="," selected>`))

	columns := func() url.Values {
		form := wizardColumns(n.get(draft).formValue("version"))
		form.Set("column-4", "tag")
		form.Set("column-5", "country")
		return form
	}
	for _, kind := range []string{"update", "import"} {
		form := columns()
		form.Set("kind", kind)
		n.leads(draft+"/choices", form, n.has(draft, `name="kind" value="`+kind+`" checked`))
	}
	values := version()
	values.Set("column", "Country")
	values.Set("from-0", "Germny")
	values.Set("to-0", "DE")
	n.leads(draft+"/values", values, n.has(draft, "1 value mapped"))
	n.leads(draft+"/scratch", version(), func() bool { return !n.has(draft, "1 value mapped")() })
	return n.starts(draft+"/columns", columns())
}

// importCut cuts the forms of a check until the file is imported, and returns the
// job.
func (n unsteady) importCut(draft, check string) (jobID string) {
	n.Helper()
	about := func() url.Values {
		return url.Values{"version": {n.get(draft).formValue("version")}, "job": {lastPart(check)}}
	}
	remedy := about()
	remedy.Set("createTags", "true")
	check = n.starts(draft+"/remedy", remedy)

	saved := about()
	saved.Set("cell-2-2", "Zoë")
	saved.Set("was-2-2", "Zoe")
	n.leads(draft+"/corrections", saved, n.has(check, "1 correction is saved for the next check."))
	checked := about()
	checked.Set("cell-2-5", "Germany")
	checked.Set("was-2-5", "Germny")
	checked.Set("check", "true")
	check = n.starts(draft+"/corrections", checked)
	if _, err := n.app.Fields.Create(n.Context(), apptest.Operator, n.communityID, field.Input{Field: "late", Name: "Late", Type: field.Boolean}); err != nil {
		n.Fatal(err)
	}
	job := "/c/" + n.communityID + "/bulk-jobs/"
	check = n.starts(job+lastPart(check)+"/check", url.Values{"back": {strings.TrimPrefix(draft, "/c/"+n.communityID+"/")}})
	run := n.starts(check+"/apply", nil)
	done := n.app.Await(n.T, n.communityID, lastPart(run))
	if done.PlanJobID != lastPart(check) || done.Counts.Created != 1 {
		n.Errorf("%+v", done)
	}
	n.seesOn(n.get(run), "1 member was created.")
	return done.JobID
}

// cutJob cuts the forms of the pages of jobs.
func (n unsteady) cutJob(jobID string) {
	n.Helper()
	jobs := "/c/" + n.communityID + "/bulk-jobs/"
	before := jobCount(n.T, n.app, n.communityID)
	again := n.sendCut(jobs+jobID+"/undo", nil, func() bool { return jobCount(n.T, n.app, n.communityID) == before+1 })
	if again.status != http.StatusConflict || !strings.Contains(again.text, `role="alert"`) {
		n.Errorf("the undo again: %d", again.status)
	}
	undos, _, err := n.app.Bulk.List(n.Context(), apptest.Operator, n.communityID, bulk.ListFilter{Type: "undo", Limit: 10})
	if err != nil || len(undos) != 1 {
		n.Fatalf("%d undos, %v", len(undos), err)
	}
	n.app.Await(n.T, n.communityID, undos[0].JobID)

	runAgain(n.T, n.app, jobID)
	n.leads(jobs+jobID+"/cancel", nil, func() bool {
		s, err := n.app.Bulk.Status(n.Context(), apptest.Operator, n.communityID, jobID)
		return err == nil && s.Status == bulk.Cancelled
	})
	awaitUnread(n.T, n.app, jobID) // its worker would overwrite the number
	if _, err := n.app.DB.Exec(n.Context(), "UPDATE bulk_jobs SET unread_rows = 7 WHERE id = $1", jobID); err != nil {
		n.Fatal(err)
	}
	n.starts(jobs+jobID+"/continue", nil)

	plan := n.app.Import(n.T, n.communityID, n.app.Key(n.T, n.communityID), wizardFile, map[string]string{"dryRun": "true"})
	n.starts(jobs+plan.JobID+"/apply", nil)
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
