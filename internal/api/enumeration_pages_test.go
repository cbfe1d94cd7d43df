package api_test

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/regulars/regulars/internal/account"
)

var wallsBrowser = account.SessionInfo{UserAgent: "test", Address: "127.0.0.1"}

// page requests a page as a browser does, or sends a form, and records the response.
func (w *probe) page(as, session, method, path, form string) reply {
	w.Helper()
	r, err := http.NewRequestWithContext(w.Context(), method, w.app.URL()+path, strings.NewReader(form))
	if err != nil {
		w.Fatal(err)
	}
	if form != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if session != "" {
		r.AddCookie(&http.Cookie{Name: "regulars", Value: session})
	}
	status, header, content := w.app.Send(w.T, r)
	return w.see(as, method+" "+path+" "+form, reply{status: status, header: header, text: string(content)})
}

var (
	wallsLink = regexp.MustCompile(`href="(/[^"#]*)"`)
	// maxPages is the number of pages that are visited in a session.
	maxPages = 45
)

// pages visits all linked pages, and sends forms that name persons.
func (w *probe) pages() {
	w.Helper()
	home := "/c/" + w.community
	w.crawl("owner", w.owner, "/", home+"/members", home+"/members?search=ann", home+"/members?search=eve", home+"/members?sort=username",
		home+"/palette?q=ann", home+"/palette?q=eve", home+"/members/pick?q=ben", home+"/members/pick?q=eve", home+"/members/export.csv", home+"/members/"+w.ids["userId"])
	w.crawl("plain", w.plain, "/", home+"/home", home+"/members")
	w.crawl("stranger", w.stranger, "/c/"+w.community+"/members", "/c/"+w.community+"/members/"+w.ids["userId"])
	w.crawl("nobody", "", "/sign-in", "/register", "/forgot-password")
	for _, name := range []string{"ann@example.com", "ann", "eve@example.com", "nobody@example.com"} {
		w.page("nobody", "", http.MethodPost, "/sign-in", url.Values{"login": {name}, "password": {"wrong-horse-battery"}}.Encode())
		w.page("nobody", "", http.MethodPost, "/forgot-password", url.Values{"email": {name}}.Encode())
		w.page("nobody", "", http.MethodPost, "/register", url.Values{
			"email": {name}, "username": {"eve"}, "first_name": {"E"}, "last_name": {"E"}, "firstname": {"E"}, "lastname": {"E"}, "password": {"a-long-secret-phrase"},
		}.Encode())
	}
	for _, value := range []string{"eve", "dan", "ann"} {
		w.page("owner", w.owner, http.MethodPost, home+"/members/"+w.ids["userId"]+"/values", url.Values{"field": {"username"}, "value": {value}}.Encode())
	}
	for _, who := range []string{"ann", "eve", "eve@example.com", "dan"} {
		w.page("owner", w.owner, http.MethodPost, home+"/penalties", url.Values{"user": {who}, "kind": {"warn"}, "reason": {"Late"}}.Encode())
		w.page("owner", w.owner, http.MethodPost, home+"/roles/"+w.ids["role"]+"/members", url.Values{"user": {who}}.Encode())
		w.page("owner", w.owner, http.MethodPost, home+"/invites", url.Values{"email": {who + "@example.com"}}.Encode())
	}
}

// crawl visits pages and all linked pages.
func (w *probe) crawl(as, session string, paths ...string) {
	w.Helper()
	seen := 0
	for i := 0; i < len(paths) && seen < maxPages; i++ {
		seen++
		w.quiet()
		got := w.page(as, session, http.MethodGet, paths[i], "")
		if !strings.HasPrefix(got.header.Get("Content-Type"), "text/html") {
			continue
		}
		for _, link := range wallsLink.FindAllStringSubmatch(got.text, -1) {
			path := strings.ReplaceAll(link[1], "&amp;", "&")
			if !slices.Contains(paths, path) && !strings.HasPrefix(path, "/assets/") && !strings.HasPrefix(path, "/media/") {
				paths = append(paths, path)
			}
		}
	}
	if seen < 2 {
		w.Errorf("%s saw %d pages", as, seen)
	}
}

// lastly are operations that end the session of the caller.
var lastly = []string{"POST /v1/auth/logout", "POST /v1/auth/change-password", "DELETE /v1/servers/{serverId}"}

// everything sends every operation of the document about a member with an account
// elsewhere, with every credential.
func (w *probe) everything() {
	w.Helper()
	operations := w.operations()
	for _, as := range [][2]string{{"nobody", ""}, {"stranger", w.stranger}, {"plain", w.plain}, {"key", w.key}, {"owner", w.owner}} {
		for _, last := range []bool{false, true} {
			for _, op := range operations {
				if slices.Contains(lastly, op.name) == last {
					w.operation(as[0], as[1], op)
				}
			}
		}
	}
}

// operation sends an operation, and waits for the job that it may start.
func (w *probe) operation(as, token string, op operation) {
	w.Helper()
	if strings.HasSuffix(op.name, "/progress") && w.ids["jobId"] == "" {
		return
	}
	got := w.see(as, op.name, send(w.T, w.app, op.method, op.address, token, op.body))
	if jobID, _ := got.at("data.jobId").(string); jobID != "" && op.method == http.MethodPost {
		finish(w.T, w.app, w.key, jobID)
	}
	if got.status < 300 {
		w.quiet()
	}
}

// pendingWork counts jobs, entries without a seal, events without a number, and events that are not in the
// numbers of members yet.
const pendingWork = `SELECT (SELECT count(*) FROM jobs WHERE state IN ('queued', 'running')) + (SELECT count(*) FROM events WHERE sequence IS NULL) + (SELECT count(*) FROM ledger_unsealed) + (
	SELECT count(*) FROM events e LEFT JOIN event_positions p ON p.community_id = e.community_id AND p.consumer = 'stats.members'
	WHERE e.sequence > COALESCE(p.position, 0) AND e.type IN ('user.joined_server', 'user.left_server', 'user.restored', 'members.imported'))`

// quiet waits until no job runs and no event waits: responses must not depend on
// the time of a job, nor pages on the time at which a visit gets its number.
func (w *probe) quiet() {
	w.Helper()
	late := time.After(time.Minute)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		var open int
		if err := w.app.DB.QueryRow(w.Context(), pendingWork).Scan(&open); err != nil {
			w.Fatal(err)
		}
		if open == 0 {
			return
		}
		select {
		case <-tick.C:
		case <-late:
			w.Fatalf("%d jobs or events are open", open)
		}
	}
}
