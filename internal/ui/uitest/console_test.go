package uitest_test

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/chat"
)

// person sends what a browser without script sends, with a session.
type person struct {
	*testing.T
	app   *apptest.App
	token string
}

type page struct {
	status int
	header http.Header
	text   string
}

func (p person) send(method, path string, body io.Reader, header map[string]string) page {
	p.Helper()
	r, err := http.NewRequestWithContext(p.Context(), method, p.app.URL()+path, body)
	if err != nil {
		p.Fatal(err)
	}
	for name, value := range header {
		r.Header.Set(name, value)
	}
	if p.token != "" {
		r.AddCookie(&http.Cookie{Name: "regulars", Value: p.token})
	}
	status, answered, content := p.app.Send(p.T, r)
	return page{status, answered, string(content)}
}

func (p person) get(path string) page {
	p.Helper()
	return p.send(http.MethodGet, path, http.NoBody, nil)
}

func (p person) post(path string, form url.Values) page {
	p.Helper()
	return p.send(http.MethodPost, path, strings.NewReader(form.Encode()), map[string]string{"Content-Type": "application/x-www-form-urlencoded"})
}

// follow posts and returns where that leads.
func (p person) follow(path string, form url.Values) string {
	p.Helper()
	got := p.post(path, form)
	if got.status != http.StatusSeeOther {
		p.Fatalf("POST %s: %d %.600s", path, got.status, got.text)
	}
	return got.header.Get("Location")
}

func owner(t *testing.T, a *apptest.App) (communityID string, p person) {
	t.Helper()
	communityID = a.Community(t)
	_, token := a.Owner(t, communityID, "olivia")
	return communityID, person{t, a, token}
}

func TestPagesRequirePermissions(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, olivia := owner(t, a)
		other := a.Community(t)
		_, strangerToken := a.Owner(t, other, "stranger")
		key := a.Key(t, communityID)
		a.Import(t, communityID, key, "Email,Username,First Name,Last Name\nmia@example.com,mia,Mia,M\n", nil)
		mia, err := a.Members.Find(t.Context(), apptest.Operator, communityID, "mia")
		if err != nil {
			t.Fatal(err)
		}
		_, miaToken := a.Claim(t, communityID, "mia")
		for _, path := range []string{"/members", "/members/" + mia.ID, "/import", "/import/template.csv", "/bulk-jobs", "/fields", "/fields/new", "/api-keys", "/api-keys/new", "/settings/appearance", "/palette?q=mia"} {
			path = "/c/" + communityID + path
			for _, row := range []struct {
				name, token string
				want        int
			}{{"the owner", olivia.token, 200}, {"a member", miaToken, 403}, {"a stranger", strangerToken, 404}, {"nobody", "", 303}, {"a key", key, 303}} {
				if got := (person{t, a, row.token}).get(path).status; got != row.want {
					t.Errorf("%s sees %s: %d, want %d", row.name, path, got, row.want)
				}
			}
		}
		seesHome(t, person{t, a, miaToken}, communityID)
	})
}

// seesHome checks that a member without a say comes to a page where nothing
// leads to what is closed to them.
func seesHome(t *testing.T, mia person, communityID string) {
	t.Helper()
	home := "/c/" + communityID + "/home"
	if _, err := mia.app.Chat.CreateChannel(t.Context(), apptest.Operator, communityID, chat.Input{Topic: "harbour-talk", Description: "For everybody"}); err != nil {
		t.Fatal(err)
	}
	if _, err := mia.app.Chat.CreateChannel(t.Context(), apptest.Operator, communityID, chat.Input{Topic: "board-room", Private: true}); err != nil {
		t.Fatal(err)
	}
	for from, to := range map[string]string{"/": "/c/" + communityID + "/", "/c/" + communityID + "/": home} {
		if got := mia.get(from); got.status != http.StatusSeeOther || got.header.Get("Location") != to {
			t.Errorf("%s leads to %d %s", from, got.status, got.header.Get("Location"))
		}
	}
	got := mia.get(home)
	if got.status != 200 || !strings.Contains(got.text, "harbour-talk") || !strings.Contains(got.text, "For everybody") || strings.Contains(got.text, "board-room") {
		t.Errorf("%d %s", got.status, got.text)
	}
	for _, link := range regexp.MustCompile(`href="(/[^"]*)"`).FindAllStringSubmatch(got.text, -1) {
		if status := mia.get(link[1]).status; status != http.StatusOK && status != http.StatusSeeOther {
			t.Errorf("%s leads nowhere: %d", link[1], status)
		}
	}
}

func TestEveryResponseHasTheStrictPolicy(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, olivia := owner(t, a)
		for _, path := range []string{"/", "/sign-in", "/nowhere", "/c/" + communityID + "/members", "/c/x/members", "/setup", "/link", "/assets/nothing.js"} {
			got := olivia.get(path)
			policy := got.header.Get("Content-Security-Policy")
			if !strings.HasPrefix(policy, "default-src 'none'; script-src 'self'; style-src 'self';") || strings.Contains(policy, "unsafe") {
				t.Errorf("%s: policy %q", path, policy)
			}
			if strings.Contains(got.text, " style=") || strings.Contains(got.text, "<style") || strings.Contains(got.text, "onclick") {
				t.Errorf("%s has style or script inside", path)
			}
		}
	})
}

func TestAnotherSiteCannotSendForms(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, olivia := owner(t, a)
		form := strings.NewReader(url.Values{"name": {"Taken over"}}.Encode())
		got := olivia.send(http.MethodPost, "/c/"+communityID+"/settings/appearance", form, map[string]string{
			"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example",
		})
		if got.status != http.StatusForbidden {
			t.Errorf("a form of another site: %d", got.status)
		}
		if c, err := a.Communities.Get(t.Context(), communityID); err != nil || c.Name != "Testers" {
			t.Errorf("the community is called %q (%v)", c.Name, err)
		}
	})
}

func TestImportWorksWithoutScript(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, olivia := owner(t, a)
		base := "/c/" + communityID
		body, kind := apptest.Form(t, `C:\files\spring.csv`, []byte("Email,Username,First Name,Last Name,Points\nmia@example.com,mia,Mia,M,12\nbad,bad,B,B,x\n"), nil)
		got := olivia.send(http.MethodPost, base+"/import/files", bytes.NewReader(body), map[string]string{"Content-Type": kind})
		if got.status != http.StatusSeeOther {
			t.Fatalf("upload: %d %.600s", got.status, got.text)
		}
		draft := got.header.Get("Location")
		if columns := olivia.get(draft); columns.status != 200 || !strings.Contains(columns.text, "Create a field: Points<") || !strings.Contains(columns.text, `<option value="single-line-text" selected`) || strings.Contains(columns.text, `C:\`) {
			t.Errorf("columns: %d %s", columns.status, columns.text)
		}
		if again := olivia.post(draft+"/columns", url.Values{"mode": {"upsert"}}); again.status != 400 || !strings.Contains(again.text, "Choose a field for every column") {
			t.Errorf("columns without a choice: %d", again.status)
		}
		check := olivia.follow(draft+"/columns", url.Values{"mode": {"upsert"}, "column-4": {"-"}})
		jobID := check[strings.LastIndex(check, "/")+1:]
		a.Await(t, communityID, jobID)
		if checked := olivia.get(check); !strings.Contains(checked.text, "1 member would be created. 1 row cannot be imported.") {
			t.Errorf("check: %s", checked.text)
		}
		run := olivia.follow(check+"/apply", nil)
		done := a.Await(t, communityID, run[strings.LastIndex(run, "/")+1:])
		if done.Counts.Created != 1 || done.Counts.Failed != 1 {
			t.Errorf("counts: %+v", done.Counts)
		}
		failed := olivia.get(base + "/bulk-jobs/" + done.JobID + "/failed.csv")
		if failed.status != 200 || !strings.Contains(failed.text, "_error_message") || !strings.Contains(failed.header.Get("Content-Disposition"), "spring-failed.csv") {
			t.Errorf("failed rows: %d %v %s", failed.status, failed.header, failed.text)
		}
		body, kind = apptest.Form(t, "spring-failed (1).csv", []byte(failed.text), nil)
		again := olivia.send(http.MethodPost, base+"/import/files", bytes.NewReader(body), map[string]string{"Content-Type": kind})
		staged := olivia.get(again.header.Get("Location"))
		if !strings.Contains(staged.text, "The options of that job are selected.") || !strings.Contains(staged.text, base+"/bulk-jobs/"+done.JobID+`"`) {
			t.Errorf("failed rows again: %d %s", staged.status, staged.text)
		}
		if forward := olivia.get(draft + "/jobs/" + done.JobID); !strings.Contains(forward.text, "1 member was created. 1 row was not imported.") {
			t.Errorf("run: %s", forward.text)
		}
	})
}

func TestUnreadableFileIsRejectedOnTheFileStep(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, olivia := owner(t, a)
		body, kind := apptest.Form(t, "photo.csv", []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"), nil)
		path := "/c/" + communityID + "/import/files"
		if got := olivia.send(http.MethodPost, path, bytes.NewReader(body), map[string]string{"Content-Type": kind}); got.status != 415 || !strings.Contains(got.text, `role="alert"`) {
			t.Errorf("as a page: %d", got.status)
		}
		if got := olivia.send(http.MethodPost, path, bytes.NewReader(body), map[string]string{"Content-Type": kind, "Accept": "application/json"}); got.status != 415 || !strings.Contains(got.text, `"code":"not_text"`) {
			t.Errorf("as JSON: %d %s", got.status, got.text)
		}
	})
}

func TestOpenImportRequiresAConfirmation(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, olivia := owner(t, a)
		path := "/c/" + communityID + "/settings/open-import"
		for _, row := range []struct {
			form url.Values
			want bool
		}{
			{url.Values{"open": {"true"}}, false},
			{url.Values{"open": {"true"}, "confirm": {"open"}}, true},
			{url.Values{"open": {"false"}}, false},
		} {
			olivia.follow(path, row.form)
			c, err := a.Communities.Get(t.Context(), communityID)
			if err != nil || c.Settings.OpenBulkImport != row.want {
				t.Errorf("after %v it is %v (%v)", row.form, c.Settings.OpenBulkImport, err)
			}
		}
	})
}

func TestTextOfMembersIsEscaped(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, olivia := owner(t, a)
		a.Import(t, communityID, a.Key(t, communityID), "Email,Username,First Name,Last Name\nmia@example.com,mia,<script>alert(1)</script>,\"\"\"><img src=x>\"\n", nil)
		for _, path := range []string{"/members", "/members/mia", "/palette?q=mia", "/bulk-jobs"} {
			got := olivia.get("/c/" + communityID + path)
			if got.status != 200 || strings.Contains(got.text, "<script>alert") || strings.Contains(got.text, "<img src=x") {
				t.Errorf("%s: %d, or markup of a member", path, got.status)
			}
		}
	})
}

func TestSecretIsShownOnceAndNotCached(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, olivia := owner(t, a)
		got := olivia.post("/c/"+communityID+"/api-keys", url.Values{"name": {"Nightly"}, "days": {"0"}, "permissions": {"getUserData"}})
		if got.status != 201 || got.header.Get("Cache-Control") != "no-store" {
			t.Fatalf("%d %v", got.status, got.header)
		}
		keys, err := a.Access.Keys(t.Context(), apptest.Operator, communityID)
		if err != nil || len(keys) != 1 {
			t.Fatalf("%v %v", keys, err)
		}
		_, secret, _ := strings.Cut(got.text, `<code>`)
		secret, _, _ = strings.Cut(secret, "<")
		if len(secret) != 64 {
			t.Fatalf("the secret is %q", secret)
		}
		if list := olivia.get("/c/" + communityID + "/api-keys"); strings.Contains(list.text, secret) {
			t.Error("the secret is shown again")
		}
	})
}

func TestFormerAddressesOfBulkJobsRedirect(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, olivia := owner(t, a)
		base := "/c/" + communityID
		for old, want := range map[string]string{"/api-log": "/bulk-jobs", "/api-log?status=failed&page=2": "/bulk-jobs?status=failed&page=2", "/api-log/5f/failed.csv": "/bulk-jobs/5f/failed.csv"} {
			if got := olivia.get(base + old); got.status != http.StatusSeeOther || got.header.Get("Location") != base+want {
				t.Errorf("%s: %d %s", old, got.status, got.header.Get("Location"))
			}
		}
	})
}
