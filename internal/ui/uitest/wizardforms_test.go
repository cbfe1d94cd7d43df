package uitest_test

import (
	"bytes"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/regulars/regulars/internal/app/apptest"
)

// htmlForm is a form of a page with the values that a browser sends.
type htmlForm struct {
	action string
	values url.Values
}

// form is the first form of a page whose action contains a text.
func (p person) form(got page, action string) htmlForm {
	p.Helper()
	root, err := html.Parse(strings.NewReader(got.text))
	if err != nil {
		p.Fatal(err)
	}
	for n := range root.Descendants() {
		if address := attribute(n, "action"); n.Data == "form" && strings.Contains(address, action) {
			f := htmlForm{address, url.Values{}}
			for input := range n.Descendants() {
				f.add(input)
			}
			return f
		}
	}
	p.Fatalf("no form %s on %d %.2000s", action, got.status, got.text)
	return htmlForm{}
}

func (f htmlForm) add(n *html.Node) {
	name := attribute(n, "name")
	if n.Type != html.ElementNode || name == "" {
		return
	}
	switch n.Data {
	case "input":
		kind := attribute(n, "type")
		if (kind == "checkbox" || kind == "radio") && !has(n, "checked") {
			return
		}
		f.values.Add(name, attribute(n, "value"))
	case "select":
		for option := range n.Descendants() {
			if option.Data == "option" && has(option, "selected") && !has(option, "disabled") {
				f.values.Set(name, attribute(option, "value"))
			}
		}
	}
}

func has(n *html.Node, name string) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name })
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// submit sends a form with changed values, given in pairs, and returns the page
// that it leads to and its address.
func (p person) submit(f htmlForm, changed ...string) (page, string) {
	p.Helper()
	for pair := range slices.Chunk(changed, 2) {
		f.values.Set(pair[0], pair[1])
	}
	address := p.follow(f.action, f.values)
	return p.get(address), address
}

// sees fails unless a page has the texts.
func (p person) seesOn(got page, texts ...string) {
	p.Helper()
	for _, text := range texts {
		if !strings.Contains(html.UnescapeString(got.text), text) {
			p.Fatalf("%d without %q: %.3000s", got.status, text, got.text)
		}
	}
}

// uploadForm sends the file of the first step as its form does.
func (p person) uploadForm(communityID, name, content string) string {
	p.Helper()
	form := p.form(p.get("/c/"+communityID+"/import"), "/import/files?form=")
	return p.sendFile(form.action, name, content)
}

func (p person) sendFile(action, name, content string) string {
	p.Helper()
	body, kind := apptest.Form(p.T, name, []byte(content), nil)
	got := p.send(http.MethodPost, action, bytes.NewReader(body), map[string]string{"Content-Type": kind})
	if got.status != http.StatusSeeOther {
		p.Fatalf("upload of %s: %d %.600s", name, got.status, got.text)
	}
	return got.header.Get("Location")
}

func TestWizardWorksWithoutScript(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, olivia := owner(t, a)
		home := "/c/" + communityID
		start := olivia.get(home + "/import")
		upload := olivia.form(start, "/import/files?form=")
		if !strings.Contains(upload.action, home+"/import/files?form=") || !strings.Contains(start.text, `<input id="file" type="file"`) {
			t.Fatalf("the first form is %s", upload.action)
		}
		draft := olivia.sendFile(upload.action, "spring.csv", file)
		if again := olivia.sendFile(upload.action, "spring.csv", file); again != draft {
			t.Errorf("a repeated upload leads to %s, not to %s", again, draft)
		}
		if other := olivia.sendFile(upload.action, "summer.csv", wizardFile); other == draft {
			t.Error("another file replaced the draft of the same form")
		}

		columns := olivia.get(draft)
		olivia.seesOn(columns, "spring.csv", "Semicolon", "1 column needs your choice")
		columns, _ = olivia.submit(olivia.form(columns, "/reading"), "delimiter", ";")
		_, address := olivia.submit(olivia.form(columns, "/columns"), "column-4", "-")
		a.Await(t, communityID, address[strings.LastIndex(address, "/")+1:])
		check := olivia.get(address)
		olivia.seesOn(check, "3 members would be created. 2 rows cannot be imported.", "Atlantis")
		_, address = olivia.submit(olivia.form(check, "/apply"))
		a.Await(t, communityID, address[strings.LastIndex(address, "/")+1:])
		run := olivia.get(address)
		olivia.seesOn(run, "3 members were created. 2 rows were not imported.")
		_, address = olivia.submit(olivia.form(run, "/undo"))
		a.Await(t, communityID, address[strings.LastIndex(address, "/")+1:])
		olivia.seesOn(olivia.get(address), "3 rows were undone.")
	})
}

func TestEndedSessionReturnsToTheStepOfTheForm(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, olivia := owner(t, a)
		home := "/c/" + communityID
		draft := olivia.uploadForm(communityID, "members.csv", wizardFile)
		_, check := olivia.submit(olivia.form(olivia.get(draft), "/columns"))
		job := check[strings.LastIndex(check, "/")+1:]
		a.Await(t, communityID, job)
		jobPage := home + "/bulk-jobs/" + job
		names := strings.NewReplacer("{draft}", lastPart(draft), "{job}", job)
		for _, route := range wizardForms(t) {
			form := home + names.Replace(route)
			page := pageOfForm(form)
			if again := olivia.follows(form); again.address != page || again.status != http.StatusOK {
				t.Errorf("GET %s leads to %d %s", form, again.status, again.address)
			}
			for _, referer := range []string{"", olivia.app.URL() + page, "https://evil.example" + home + "/members"} {
				b := newBrowser(t, a)
				got := b.send(http.MethodPost, form, strings.NewReader("version=1"), map[string]string{"Content-Type": "application/x-www-form-urlencoded", "Referer": referer})
				signIn, err := url.Parse(got.header.Get("Location"))
				if err != nil || got.status != http.StatusSeeOther || signIn.Path != "/sign-in" {
					t.Fatalf("POST %s without a session: %d %s", form, got.status, signIn)
				}
				b.cookies["regulars_unsent"] = "1"
				shown := b.returns(signIn)
				if shown.address != page || shown.status != http.StatusOK || !strings.Contains(shown.text, "your last action was not carried out") {
					t.Errorf("POST %s from %q returns to %d %s", form, referer, shown.status, shown.address)
				}
				if again := b.ask(http.MethodGet, page, nil); strings.Contains(again.text, "was not carried out") {
					t.Errorf("%s: the notice is shown again", page)
				}
			}
		}
		for _, address := range []string{home + "/import", draft, check, jobPage} {
			b := newBrowser(t, a)
			signIn, err := url.Parse(b.ask(http.MethodGet, address, nil).header.Get("Location"))
			if err != nil {
				t.Fatal(err)
			}
			if got := b.returns(signIn); got.address != address || strings.Contains(got.text, "was not carried out") {
				t.Errorf("GET %s returns to %s", address, got.address)
			}
		}
	})
}

// pageOfForm is the address of the page with a form of the wizard or of a job.
func pageOfForm(form string) string {
	if path.Base(form) == "discard" {
		return path.Dir(path.Dir(form))
	}
	return path.Dir(form)
}

// follows asks for a page and follows redirects.
func (p person) follows(address string) landing {
	p.Helper()
	got := p.get(address)
	for range 4 {
		if got.status != http.StatusSeeOther {
			break
		}
		address = got.header.Get("Location")
		got = p.get(address)
	}
	return landing{got, address}
}

// landing is a page after redirects.
type landing struct {
	page
	address string
}

// returns signs olivia in and follows the redirects.
func (b *browserOf) returns(signIn *url.URL) landing {
	b.Helper()
	got := b.ask(http.MethodPost, "/sign-in", url.Values{"login": {"olivia"}, "password": {ownersPassword}, "next": {signIn.Query().Get("next")}})
	address := ""
	for range 4 {
		if got.status != http.StatusSeeOther {
			break
		}
		address = got.header.Get("Location")
		got = b.ask(http.MethodGet, address, nil)
	}
	return landing{got, address}
}
