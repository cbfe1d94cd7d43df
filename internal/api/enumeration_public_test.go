package api_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/account/signin"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/app/apptest"
)

// links returns the tokens of the mailed links to /added, by address.
func (w *probe) links() map[string][]string {
	w.Helper()
	list, _, err := w.app.Mail.Unsent(w.Context(), actor.Actor{Kind: actor.Command}, "", 200)
	if err != nil {
		w.Fatal(err)
	}
	links := map[string][]string{}
	for _, m := range list {
		if found := addedLink.FindStringSubmatch(m.Text); m.CommunityID == w.community && found != nil {
			links[m.To] = append(links[m.To], found[1])
		}
	}
	return links
}

// added visits the links in mails to persons who were added or invited, until they
// accept. After that, the page continues with the account, so the reader of the mail
// sees whether it has one.
func (w *probe) added() {
	w.Helper()
	w.owned(http.MethodPost, "/v1/servers/"+w.community+"/invites", `{"emails":["ben@example.com","eve@example.com","gil@example.com","nobody@example.com"]}`)
	links := w.links()
	for _, email := range []string{"ann@example.com", "ben@example.com", "catherine@example.com", "eve@example.com", "nobody@example.com"} {
		if len(links[email]) == 0 {
			w.Fatalf("no link was mailed to %s: %v", email, links)
		}
		for _, token := range links[email] {
			path, form := "/added?token="+token, url.Values{"token": {token}}.Encode()
			for _, as := range [][2]string{{"nobody", ""}, {"stranger", w.stranger}, {"owner", w.owner}} {
				w.page(as[0], as[1], http.MethodGet, path, "")
			}
			w.page("stranger", w.stranger, http.MethodPost, "/added/accept", form)
			if email == "ann@example.com" || email == "ben@example.com" { // they are not removed
				continue
			}
			for range 2 {
				w.page("nobody", "", http.MethodPost, "/added/decline", form)
				w.page("nobody", "", http.MethodGet, path, "")
			}
			w.page("nobody", "", http.MethodPost, "/added/accept", form)
		}
	}
	w.page("nobody", "", http.MethodGet, "/added/declined", "")
	w.page("nobody", "", http.MethodGet, "/added/declined?invite", "")
	for _, email := range []string{"catherine@example.com", "eve@example.com", "nobody@example.com"} {
		w.owned(http.MethodPost, "/v1/users", `{"communityId":"`+w.community+`","firstname":"A","lastname":"B","username":"again","email":"`+email+`","displayname":"","joinServer":true,"emailPassword":false,"sendEmail":false}`)
	}
	w.file("/v1/users/bulk-import", "First Name,Last Name,Username,Email\nC,B,again,catherine@example.com\nE,B,again,eve@example.com\nN,B,again,nobody@example.com\n", "dryRun", "true")
}

// TestPublicOperationsDoNotRevealAccounts: sign-in with a wrong password,
// registration and password resets, over the API and on the pages, have the
// same response for an account with and without a password, an unclaimed member
// and an unknown address.
func TestPublicOperationsDoNotRevealAccounts(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		for _, in := range []signin.Input{{Email: "quentin@example.com", Username: "quentin", Password: secretPhrase}, {Email: "rosalind@example.com", Username: "rosalind"}} {
			if _, err := a.Accounts.CreateAccount(t.Context(), in); err != nil {
				t.Fatal(err)
			}
		}
		w := &probe{populated: newPopulated(t, a), names: map[string]string{}}
		w.quiet()
		w.owned(http.MethodPost, "/v1/users", `{"communityId":"`+w.community+`","firstname":"A","lastname":"B","username":"sigurd","email":"sigurd@example.com","displayname":"","joinServer":true,"emailPassword":false,"sendEmail":false}`)
		var want []string
		for _, name := range []string{"thorsten", "quentin", "rosalind", "sigurd"} {
			w.lines, w.names = nil, map[string]string{}
			if _, err := a.DB.Exec(t.Context(), "DELETE FROM rate_limit_counters"); err != nil { // all come from one network address
				t.Fatal(err)
			}
			w.tryAll(name)
			for i, line := range w.lines {
				w.lines[i] = strings.ReplaceAll(line, name, "NAME")
			}
			if want == nil {
				want = slices.Clone(w.lines)
			}
			for i, line := range w.lines {
				if line != want[i] {
					t.Errorf("%s differs from an unknown address:\n%.1500s\n%.1500s", name, line, want[i])
				}
			}
		}
		var statuses []string
		for _, line := range want {
			_, answer, _ := strings.Cut(line, "\n")
			statuses = append(statuses, answer[:3])
		}
		if got := strings.Join(statuses, " "); got != "401 401 200 201 401 401 303 200 303 200" {
			t.Errorf("an unknown address is answered %s", got)
		}
	}, apptest.WithConfig(func(c *apptest.Config) { c.AnonymousPerSec = 0 }))
}

// tryAll sends every public operation with a name.
func (w *probe) tryAll(name string) {
	w.Helper()
	for _, who := range []string{name, name + "@example.com"} {
		w.ask("nobody", "", http.MethodPost, "/v1/auth/login", fmt.Sprintf(`{"emailOrUsername":%q,"password":"wrong-horse-battery"}`, who))
	}
	email := name + "@example.com"
	w.ask("nobody", "", http.MethodPost, "/v1/auth/forgot-password", fmt.Sprintf(`{"email":%q}`, email))
	w.ask("nobody", "", http.MethodPost, "/v1/auth/register", fmt.Sprintf(`{"email":%q,"username":"fresh","password":"a-long-secret-phrase","firstname":"E","lastname":"E"}`, email))
	for _, who := range []string{name, email} {
		w.page("nobody", "", http.MethodPost, "/sign-in", url.Values{"login": {who}, "password": {"wrong-horse-battery"}}.Encode())
	}
	for _, page := range []string{"/forgot-password", "/register"} {
		form := url.Values{"email": {email}, "username": {"fresh"}, "firstname": {"E"}, "lastname": {"E"}, "password": {"a-long-secret-phrase"}}
		got := w.page("nobody", "", http.MethodPost, page, form.Encode())
		next := got.header.Get("Location")
		if next == "" {
			next = page
		}
		w.page("nobody", "", http.MethodGet, next, "")
	}
}
