package uitest_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	accountlink "github.com/regulars/regulars/internal/account/link"
	"github.com/regulars/regulars/internal/account/signin"
	"github.com/regulars/regulars/internal/app/apptest"
)

func TestAccountPageChangesUsernameAndEmail(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		_, olivia := owner(t, a)
		olivia.follow("/account", url.Values{"username": {"liv"}, "firstname": {"Olivia"}})
		olivia.follow("/account/email", url.Values{"email": {"liv@new.example"}})
		got := olivia.get("/account")
		for _, want := range []string{`value="liv"`, `value="Olivia"`, "olivia@example.com", "liv@new.example is not confirmed yet."} {
			if !strings.Contains(got.text, want) {
				t.Errorf("the page lacks %s", want)
			}
		}
		first := mailed(t, a, "liv@new.example")
		if !strings.HasPrefix(first, accountlink.EmailPage+"?token=") || !strings.HasPrefix(mailed(t, a, "olivia@example.com"), accountlink.ForgotPage) {
			t.Fatalf("link %s", first)
		}
		olivia.follow("/account/email", url.Values{"email": {"liv@newer.example"}})
		b := newBrowser(t, a) // of the phone that has the mail
		if got := b.ask("GET", first, nil); !strings.Contains(got.text, "has expired") {
			t.Errorf("the link of an older request: %d", got.status)
		}
		found := mailed(t, a, "liv@newer.example")
		for range 2 { // as a mail scanner does
			if got := b.ask("GET", found, nil); got.status != 200 || !strings.Contains(got.text, "The account liv will use liv@newer.example") {
				t.Fatalf("the link: %d %s", got.status, got.text)
			}
		}
		token := url.Values{"token": {found[strings.Index(found, "=")+1:]}}
		if got := b.ask("POST", accountlink.EmailPage, token); got.header.Get("Location") != accountlink.SignInPage {
			t.Fatalf("confirm: %d %s", got.status, got.text)
		}
		if got := b.ask("POST", accountlink.EmailPage, token); got.status != 410 {
			t.Errorf("confirm twice: %d", got.status)
		}
		form := url.Values{"login": {"liv@newer.example"}, "password": {ownersPassword}, "next": {accountPage}}
		if got := b.ask("POST", "/sign-in", form); got.header.Get("Location") != accountPage {
			t.Errorf("sign-in: %d", got.status)
		}
	})
}

func TestAccountPageRequiresReauthenticationAndCancels(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		_, olivia := owner(t, a)
		if _, err := a.Accounts.CreateAccount(t.Context(), signin.Input{Email: "max@example.com", Username: "max"}); err != nil {
			t.Fatal(err)
		}
		if _, err := a.DB.Exec(t.Context(), "UPDATE sessions SET created_at = created_at - $1", (11 * time.Minute).Milliseconds()); err != nil {
			t.Fatal(err)
		}
		if got := olivia.get("/account"); strings.Count(got.text, `name="password"`) != 2 {
			t.Error("the page does not ask for the password")
		}
		profile := url.Values{"username": {"liv"}}
		if got := olivia.post("/account", profile); got.status != 403 || !strings.Contains(got.text, `value="liv"`) {
			t.Errorf("without a password: %d", got.status)
		}
		profile.Set("password", ownersPassword)
		olivia.follow("/account", profile)
		profile.Set("username", "Max")
		if got := olivia.post("/account", profile); got.status != 409 || !strings.Contains(got.text, "This username belongs to another account.") {
			t.Errorf("a taken username: %d", got.status)
		}
		email := url.Values{"email": {"max@example.com"}, "password": {ownersPassword}}
		olivia.follow("/account/email", email)
		found := mailed(t, a, "max@example.com")
		if got := olivia.post(accountlink.EmailPage, url.Values{"token": {found[strings.Index(found, "=")+1:]}}); got.status != 409 || !strings.Contains(got.text, "This email address belongs to another account.") {
			t.Errorf("a taken address: %d", got.status)
		}
		olivia.follow("/account/email/cancel", url.Values{})
		if got := olivia.get("/account"); strings.Contains(got.text, "not confirmed yet") {
			t.Error("the change is still there")
		}
		email.Set("email", "olivia@example.com")
		olivia.follow("/account/email", email)
		if got := olivia.get("/account"); strings.Contains(got.text, "not confirmed yet") {
			t.Error("the current address waits for its confirmation")
		}
	})
}
