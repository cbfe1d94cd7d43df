package uitest_test

import (
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/regulars/regulars/internal/account"
	accountlink "github.com/regulars/regulars/internal/account/link"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/sqldb"
)

const ownersPassword = "correct-horse-battery"

// browserOf is a person whose browser keeps what it is given.
type browserOf struct {
	person
	cookies map[string]string
}

func (b *browserOf) ask(method, path string, form url.Values) page {
	b.Helper()
	kind := ""
	if form != nil {
		kind = "application/x-www-form-urlencoded"
	}
	return b.askWith(method, path, strings.NewReader(form.Encode()), kind)
}

// askWith is ask with a body of any kind; "": there is none.
func (b *browserOf) askWith(method, path string, body io.Reader, kind string) page {
	b.Helper()
	var jar []string
	for name, value := range b.cookies {
		jar = append(jar, name+"="+value)
	}
	header := map[string]string{"Cookie": strings.Join(jar, "; ")}
	if kind != "" {
		header["Content-Type"] = kind
	}
	got := b.send(method, path, body, header)
	for _, line := range got.header.Values("Set-Cookie") {
		cookie, err := http.ParseSetCookie(line)
		if err != nil {
			b.Fatal(err)
		}
		if cookie.MaxAge < 0 {
			delete(b.cookies, cookie.Name)
			continue
		}
		b.cookies[cookie.Name] = cookie.Value
		if !cookie.HttpOnly || cookie.SameSite != http.SameSiteLaxMode {
			b.Errorf("cookie %s", line)
		}
	}
	return got
}

func newBrowser(t *testing.T, a *apptest.App) *browserOf {
	return &browserOf{person{t, a, ""}, map[string]string{}}
}

// mailed is the link in the newest mail to an address.
func mailed(t *testing.T, a *apptest.App, to string) string {
	t.Helper()
	newest, err := sqldb.One(t.Context(), a.DB, "mail", sqldb.Value[string], "SELECT id FROM mail_outbox WHERE address = $1 ORDER BY id DESC LIMIT 1", to)
	if err != nil {
		t.Fatalf("mail to %s: %v", to, err)
	}
	letter, err := a.Mail.Get(t.Context(), actor.Actor{Kind: actor.Command}, newest)
	if err != nil {
		t.Fatal(err)
	}
	link := regexp.MustCompile(`https?://\S+`).FindString(letter.Text)
	return strings.TrimPrefix(link, a.URL())
}

func TestRegistrationPages(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		b := newBrowser(t, a)
		form := url.Values{"email": {"mia@example.com"}, "username": {"mia"}, "firstname": {"Mia"}, "lastname": {"M"}, "password": {"short"}}
		if got := b.ask("POST", "/register", form); got.status != 400 || !strings.Contains(got.text, "at least 10 characters") || !strings.Contains(got.text, `value="Mia"`) {
			t.Fatalf("a short password: %d %s", got.status, got.text)
		}
		form.Set("password", "blue cow over 9 hills")
		if got := b.ask("POST", "/register", form); got.status != 303 || got.header.Get("Location") != "/check-mail" {
			t.Fatalf("register: %d %s", got.status, got.text)
		}
		found := mailed(t, a, "mia@example.com")
		if !strings.HasPrefix(found, accountlink.VerifyPage+"?token=") {
			t.Fatalf("link %s", found)
		}
		for range 2 { // as a mail scanner does
			if got := b.ask("GET", found, nil); got.status != 200 || !strings.Contains(got.text, "<button") {
				t.Fatalf("the link: %d %s", got.status, got.text)
			}
		}
		token := url.Values{"token": {found[strings.Index(found, "=")+1:]}}
		if got := b.ask("POST", accountlink.VerifyPage, token); got.header.Get("Location") != accountlink.SignInPage {
			t.Fatalf("confirm: %d %s", got.status, got.text)
		}
		if got := b.ask("POST", accountlink.VerifyPage, token); got.status != 410 || !strings.Contains(got.text, "has expired") {
			t.Errorf("confirm twice: %d", got.status)
		}
		got := b.ask("POST", "/sign-in", url.Values{"login": {"mia"}, "password": {"blue cow over 9 hills"}, "next": {accountPage}})
		if got.header.Get("Location") != accountPage || b.cookies["regulars"] == "" {
			t.Errorf("sign-in: %d %v", got.status, got.header)
		}
	})
}

func TestConflictingRegistrationsMailAPasswordLink(t *testing.T) {
	a := apptest.New(t, sqldb.SQLite) // the rule is tested on both engines where it is
	b := newBrowser(t, a)
	for _, password := range []string{"blue cow over 9 hills", "red fox under 7 bridges"} {
		form := url.Values{"email": {"mia@example.com"}, "username": {"mia"}, "firstname": {"Mia"}, "lastname": {"M"}, "password": {password}}
		if got := b.ask("POST", "/register", form); got.status != 303 {
			t.Fatalf("register: %d %s", got.status, got.text)
		}
	}
	found := mailed(t, a, "mia@example.com")
	if got := b.ask("POST", accountlink.VerifyPage, url.Values{"token": {found[strings.Index(found, "=")+1:]}}); got.header.Get("Location") != accountlink.SignInPage {
		t.Fatalf("confirm: %d %s", got.status, got.text)
	}
	if got := b.ask("GET", accountlink.SignInPage, nil); !strings.Contains(got.text, "so choose one: we have sent you a link") {
		t.Errorf("told %s", got.text)
	}
	if found := mailed(t, a, "mia@example.com"); !strings.HasPrefix(found, accountlink.ResetPage+"?token=") {
		t.Errorf("mailed %s", found)
	}
}

const accountPage = "/account"

func TestPasswordResetPages(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		_, olivia := owner(t, a)
		b := newBrowser(t, a)
		var answers []string
		for _, email := range []string{"nobody@example.com", "olivia@example.com"} {
			got := b.ask("POST", accountlink.ForgotPage, url.Values{"email": {email}})
			answers = append(answers, got.header.Get("Location"))
		}
		if answers[0] != "/check-mail?forgot" || answers[0] != answers[1] {
			t.Fatalf("answers %v", answers)
		}
		found := awaitMail(t, a, "olivia@example.com")
		token := found[strings.Index(found, "=")+1:]
		if got := b.ask("GET", found, nil); got.status != 200 {
			t.Fatalf("the link: %d", got.status)
		}
		if got := b.ask("POST", accountlink.ResetPage, url.Values{"token": {token}, "password": {"short"}}); got.status != 400 || !strings.Contains(got.text, "at least 10 characters") {
			t.Errorf("a short one: %d %s", got.status, got.text)
		}
		if got := b.ask("POST", accountlink.ResetPage, url.Values{"token": {token}, "password": {"blue cow over 9 hills"}}); got.header.Get("Location") != accountlink.SignInPage {
			t.Fatalf("reset: %d %s", got.status, got.text)
		}
		if got := b.ask("POST", accountlink.ResetPage, url.Values{"token": {token}, "password": {"blue cow over 9 hills"}}); got.status != 410 {
			t.Errorf("reset twice: %d", got.status)
		}
		if got := olivia.get(accountPage); got.status != 303 {
			t.Errorf("the old session: %d", got.status)
		}
	})
}

// awaitMail waits for the job that writes it.
func awaitMail(t *testing.T, a *apptest.App, to string) string {
	t.Helper()
	late := time.After(20 * time.Second)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		var n int
		if err := a.DB.QueryRow(t.Context(), "SELECT count(*) FROM mail_outbox WHERE address = $1", to).Scan(&n); err != nil {
			t.Fatal(err)
		}
		if n > 0 {
			return mailed(t, a, to)
		}
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("no mail to %s", to)
		}
	}
}

func TestSignInRedirectsToThisServerOnly(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		_, olivia := owner(t, a)
		for _, next := range []string{
			"//evil.example", "///evil.example", `/\evil.example`, `\\evil.example`, "https://evil.example", "HTTPS:evil.example", "javascript:alert(1)", "data:text/html,x",
			"/\t/evil.example", "/\n/evil.example", "/%2Fevil.example", "/%2f%2fevil.example", "/%5Cevil.example", "%2F%2Fevil.example", "evil.example", "//evil.example/%2e%2e",
			"/%09/evil.example", "/%0d%0aLocation:%20https://evil.example", "https:///evil.example", "http:evil.example", " //evil.example", "/sign-in?next=//evil.example", "/ok:80@evil.example/../..//evil.example",
		} {
			form := url.Values{"login": {"olivia"}, "password": {ownersPassword}, "next": {next}}
			for how, got := range map[string]page{
				"the form": newBrowser(t, a).ask("POST", "/sign-in", form), "who is signed in": olivia.get("/sign-in?next=" + url.QueryEscape(next)),
			} {
				location := got.header.Get("Location")
				to, err := url.Parse(location)
				if err != nil || got.status != 303 || to.Host != "" || to.Scheme != "" || !strings.HasPrefix(to.Path, "/") || strings.HasPrefix(to.Path, "//") || strings.Contains(to.Path, `\`) {
					t.Errorf("%s: %q leads to %q", how, next, location)
				}
			}
			if got := newBrowser(t, a).get("/sign-in?next=" + url.QueryEscape(next)); strings.Contains(got.text, "evil") && !strings.Contains(next, "/ok") {
				t.Errorf("%q stands on the page", next)
			}
		}
		form := url.Values{"login": {"olivia"}, "password": {ownersPassword}, "next": {"/account/security?x=1"}}
		if got := newBrowser(t, a).ask("POST", "/sign-in", form); got.header.Get("Location") != "/account/security?x=1" {
			t.Errorf("an own page: %v", got.header)
		}
	})
}

func TestSignInPagesDoNotDiscloseAccounts(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		owner(t, a)
		for path, forms := range map[string][2]url.Values{
			"/sign-in":             {{"login": {"olivia"}, "password": {"wrong password!"}}, {"login": {"nobody"}, "password": {"wrong password!"}}},
			accountlink.ForgotPage: {{"email": {"olivia@example.com"}}, {"email": {"nobody@example.com"}}},
			"/register": {
				{"email": {"olivia@example.com"}, "username": {"olivia"}, "firstname": {"O"}, "lastname": {"O"}, "password": {"blue cow over 9 hills"}},
				{"email": {"newbie@example.com"}, "username": {"newbie"}, "firstname": {"O"}, "lastname": {"O"}, "password": {"blue cow over 9 hills"}},
			},
		} {
			known, unknown := newBrowser(t, a).ask("POST", path, forms[0]), newBrowser(t, a).ask("POST", path, forms[1])
			said := func(p page) string {
				text := strings.NewReplacer("olivia", "X", "nobody", "X").Replace(p.text)
				return regexp.MustCompile(`[0-9a-f]{24}`).ReplaceAllString(text, "id") + p.header.Get("Location")
			}
			if known.status != unknown.status || said(known) != said(unknown) {
				t.Errorf("%s: %d and %d\n%s\n%s", path, known.status, unknown.status, said(known), said(unknown))
			}
		}
	})
}

func TestSignInPagesRequireTheSecondFactor(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		_, olivia := owner(t, a)
		if to := olivia.follow("/account/totp", url.Values{}); to != "/account/totp" {
			t.Fatalf("set-up leads to %s", to)
		}
		setup := olivia.get("/account/totp")
		secret := regexp.MustCompile(`<code>([A-Z2-7 ]{32,})</code>`).FindStringSubmatch(setup.text)
		if secret == nil || !strings.Contains(setup.text, "data:image/png;base64,") || setup.header.Get("Cache-Control") != "no-store" {
			t.Fatalf("set-up: %s", setup.text)
		}
		key := strings.ReplaceAll(secret[1], " ", "")
		code := func() string {
			now, err := totp.GenerateCode(key, time.Now())
			if err != nil {
				t.Fatal(err)
			}
			return now
		}
		if got := olivia.post("/account/totp/confirm", url.Values{"code": {"000000"}}); got.status != 401 || !strings.Contains(got.text, "data:image/png") {
			t.Errorf("a wrong code: %d", got.status)
		}
		done := olivia.post("/account/totp/confirm", url.Values{"code": {code()}})
		recovery := regexp.MustCompile(`\b[a-z2-7]{4}(-[a-z2-7]{4}){3}\b`).FindAllString(done.text, -1)
		if done.status != 200 || len(recovery) < 10 || done.header.Get("Cache-Control") != "no-store" {
			t.Fatalf("confirmed: %d %v", done.status, recovery)
		}
		b := newBrowser(t, a)
		first := b.ask("POST", "/sign-in", url.Values{"login": {"olivia"}, "password": {ownersPassword}, "next": {"/account/sessions"}})
		if first.header.Get("Location") != "/sign-in/code?next=%2Faccount%2Fsessions" || b.cookies["regulars"] != "" || b.cookies["regulars_code"] == "" {
			t.Fatalf("the password: %d %v", first.status, first.header)
		}
		if got := b.ask("POST", "/sign-in/code", url.Values{"code": {"000000"}, "next": {"//evil.example"}}); got.status != 401 || strings.Contains(got.text, "evil") {
			t.Errorf("a wrong code: %d", got.status)
		}
		if got := newBrowser(t, a).ask("POST", "/sign-in/code", url.Values{"code": {recovery[0]}}); got.status != 410 {
			t.Errorf("another browser: %d", got.status)
		}
		if got := b.ask("POST", "/sign-in/code", url.Values{"code": {recovery[0]}, "next": {"/account/sessions"}}); got.header.Get("Location") != "/account/sessions" || b.cookies["regulars"] == "" || b.cookies["regulars_code"] != "" {
			t.Errorf("a recovery code: %d %v %s", got.status, got.header, got.text)
		}
	})
}

func TestSessionOfAnotherSystemSeesNoAccountPages(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, olivia := owner(t, a)
		if _, err := a.DB.Exec(t.Context(), "UPDATE sessions SET community_id = $1", communityID); err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{"/account", "/account/security", "/account/sessions", "/account/api-keys", "/account/totp"} {
			if got := olivia.get(path); got.status != 403 {
				t.Errorf("%s: %d", path, got.status)
			}
		}
		for _, path := range []string{"/account/password", "/account/totp", "/account/passkeys/options", "/account/sessions/end", "/account/api-keys"} {
			if got := olivia.post(path, url.Values{"name": {"x"}, "permissions": {"getUserData"}}); got.status != 403 {
				t.Errorf("%s: %d", path, got.status)
			}
		}
	})
}

func TestSessionsEndOnTheirPage(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		_, olivia := owner(t, a)
		other := func() person {
			token, _, err := a.Accounts.SignIn(t.Context(), "olivia", ownersPassword, account.SessionInfo{UserAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"})
			if err != nil {
				t.Fatal(err)
			}
			return person{t, a, token}
		}
		first, second := other(), other()
		listed := olivia.get("/account/sessions")
		ids := regexp.MustCompile(`/account/sessions/([0-9a-f]{24})/end`).FindAllStringSubmatch(listed.text, -1)
		if len(ids) != 2 || !strings.Contains(listed.text, "Firefox · Linux") || !strings.Contains(listed.text, "This session") {
			t.Fatalf("sessions: %s", listed.text)
		}
		stranger := newBrowser(t, a)
		a.Owner(t, a.Community(t), "stranger")
		stranger.ask("POST", "/sign-in", url.Values{"login": {"stranger"}, "password": {ownersPassword}})
		stranger.ask("POST", "/account/sessions/"+ids[0][1]+"/end", url.Values{})
		if first.get("/account").status != 200 || second.get("/account").status != 200 {
			t.Error("a stranger ended a session")
		}
		olivia.follow("/account/sessions/"+ids[0][1]+"/end", url.Values{})
		if first.get("/account").status == second.get("/account").status {
			t.Error("not one of them ended")
		}
		olivia.follow("/account/sessions/end", url.Values{})
		if first.get("/account").status != 303 || second.get("/account").status != 303 || olivia.get("/account").status != 200 {
			t.Error("not all others ended")
		}
	})
}

func TestAccountPagesSetLanguageAndCreateKey(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		_, olivia := owner(t, a)
		olivia.follow("/account", url.Values{"username": {"olivia"}, "firstname": {" Olivia "}})
		olivia.follow("/account/language", url.Values{"language": {"de"}})
		if got := olivia.get("/account"); !strings.Contains(got.text, `<html lang="de"`) || !strings.Contains(got.text, `value="Olivia"`) {
			t.Errorf("profile: %.600s", got.text)
		}
		for path, form := range map[string]url.Values{
			"/account": {"username": {"olivia"}, "firstname": {"a\x00b"}}, "/account/language": {"language": {"??"}}, "/account/email": {"email": {"nowhere"}},
		} {
			if got := olivia.post(path, form); got.status != 400 || !strings.Contains(got.text, `aria-invalid="true"`) {
				t.Errorf("nonsense at %s: %d", path, got.status)
			}
		}
		if got := olivia.post("/account/api-keys", url.Values{"name": {""}, "days": {"x"}}); got.status != 400 || !strings.Contains(got.text, `aria-invalid="true"`) {
			t.Errorf("an empty key: %d", got.status)
		}
		made := olivia.post("/account/api-keys", url.Values{"name": {"Nightly"}, "days": {"30"}, "permissions": {"getUserData"}})
		secret := regexp.MustCompile(`\b[0-9a-f]{64}\b`).FindString(made.text)
		if made.status != 201 || secret == "" || made.header.Get("Cache-Control") != "no-store" {
			t.Fatalf("a key: %d", made.status)
		}
		if caller, err := a.Access.Authenticate(t.Context(), secret); err != nil || caller.Kind != actor.UserKey {
			t.Errorf("the key is of %+v (%v)", caller, err)
		}
		listed := olivia.get("/account/api-keys")
		id := regexp.MustCompile(`/account/api-keys/([0-9a-f]{24})/delete`).FindStringSubmatch(listed.text)
		if id == nil || strings.Contains(listed.text, secret) {
			t.Fatalf("listed: %s", listed.text)
		}
		olivia.follow("/account/api-keys/"+id[1]+"/delete", url.Values{})
		if _, err := a.Access.Authenticate(t.Context(), secret); err == nil {
			t.Error("a deleted key works")
		}
	})
}
