package uitest_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/mail/mailtest"
	"github.com/regulars/regulars/internal/sqldb"
)

// operatorPages are the pages of the installation.
var operatorPages = []string{"/-/communities", "/-/accounts", "/-/mail", "/-/sign-in", "/-/storage", "/-/health", "/-/health?full=1", "/-/limits", "/-/jobs"}

// hiddenSettings are settings with secrets.
func hiddenSettings(c *apptest.Config) {
	c.SMTPURL, c.MailFrom = "smtp://club:hidden-smtp@127.0.0.1:1?tls=off", "Our Club <club@example.com>"
	c.OIDCIssuer, c.OIDCClientID, c.OIDCClientSecret = "https://id.example.com", "regulars", "hidden-oidc"
	c.SecretKey, c.PreviousKey = strings.Repeat("5e", 32), strings.Repeat("5f", 32)
}

func TestPagesOfTheInstallationAreForItsOwner(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, olivia := owner(t, a)
		root := installationOwner(t, a)
		key := a.Key(t, communityID)
		for _, path := range operatorPages {
			for _, row := range []struct {
				name, token string
				want        int
			}{{"the installation's owner", root.token, 200}, {"the owner of a community", olivia.token, 404}, {"nobody", "", 303}, {"a key", key, 303}} {
				if got := (person{t, a, row.token}).get(path).status; got != row.want {
					t.Errorf("%s sees %s: %d, want %d", row.name, path, got, row.want)
				}
			}
			for _, language := range []string{"en", "de"} {
				text := root.send(http.MethodGet, path, http.NoBody, map[string]string{"Accept-Language": language}).text
				for _, secret := range []string{"hidden-smtp", "hidden-oidc", strings.Repeat("5e", 32), strings.Repeat("5f", 32), "${enum}", "%!"} {
					if strings.Contains(text, secret) {
						t.Errorf("%s shows %s", path, secret)
					}
				}
			}
		}
		for _, path := range []string{"/-/accounts/65a000000000000000000001/sign-out", "/-/communities/" + communityID + "/restore", "/-/mail/test"} {
			if got := olivia.post(path, url.Values{}).status; got != http.StatusNotFound {
				t.Errorf("the owner of a community posts to %s: %d", path, got)
			}
		}
		if got := root.get("/-/installation"); got.status != http.StatusSeeOther || got.header.Get("Location") != "/-/storage" {
			t.Errorf("the former address: %d %s", got.status, got.header.Get("Location"))
		}
		for path, wanted := range map[string][]string{
			"/-/sign-in": {"https://id.example.com", "/sign-in/provider/return", "REGULARS_REGISTRATION", "Open"},
			"/-/storage": {"regulars backup --data ", "Free on the disk"},
			"/-/health":  {"No problem was found.", "Run check", "Job workers", "dev"},
			"/-/limits":  {"REGULARS_BULK_FILE_MIB", "2,048 MiB", "REGULARS_MAILS_PER_HOUR", "30 seconds"},
			"/-/mail":    {"127.0.0.1:1", "club", "smtp://127.0.0.1:1"},
		} {
			text := root.get(path).text
			for _, want := range wanted {
				if !strings.Contains(text, want) {
					t.Errorf("%s does not say %q", path, want)
				}
			}
		}
	}, apptest.WithConfig(hiddenSettings))
}

func TestOwnerOfTheInstallationRestoresACommunity(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, olivia := owner(t, a)
		root := installationOwner(t, a)
		if text := root.get("/-/communities?q=TEST").text; !strings.Contains(text, `href="/c/`+communityID+`/"`) || !strings.Contains(text, "olivia") {
			t.Errorf("%s", text)
		}
		if text := root.get("/-/communities?q=nothing").text; !strings.Contains(text, "No community found") {
			t.Errorf("%s", text)
		}
		if _, err := a.Ownership.DeleteCommunity(t.Context(), apptest.Operator, communityID, "Testers"); err != nil {
			t.Fatal(err)
		}
		if text := root.get("/-/communities").text; !strings.Contains(text, "can be restored until") || strings.Contains(text, `href="/c/`+communityID+`/"`) {
			t.Errorf("%s", text)
		}
		if to := root.follow("/-/communities/"+communityID+"/restore", url.Values{}); to != "/-/communities" {
			t.Errorf("restoring leads to %s", to)
		}
		if got := olivia.get("/c/" + communityID + "/members").status; got != http.StatusOK {
			t.Errorf("the restored community: %d", got)
		}
	})
}

func TestOwnerOfTheInstallationSignsAPersonOut(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, olivia := owner(t, a)
		root := installationOwner(t, a)
		session, err := a.Accounts.Sessions.Authenticate(t.Context(), olivia.token)
		if err != nil {
			t.Fatal(err)
		}
		path := "/-/accounts/" + session.AccountID + "/sign-out"
		text := root.get("/-/accounts?q=OLIV").text
		for _, want := range []string{"olivia@example.com", "Testers", path, "Password"} {
			if !strings.Contains(text, want) {
				t.Errorf("the page does not say %q", want)
			}
		}
		if strings.Contains(text, "Owner of the installation") {
			t.Error("another account matches")
		}
		if to := root.follow(path, url.Values{}); to != "/-/accounts" {
			t.Errorf("signing out leads to %s", to)
		}
		if got := olivia.get("/c/" + communityID + "/members").status; got != http.StatusSeeOther {
			t.Errorf("after the sign-out: %d", got)
		}
		if text := root.get("/-/accounts").text; !strings.Contains(text, "olivia was signed out everywhere") {
			t.Error("the action is not shown")
		}
	})
}

func TestTestMailArrives(t *testing.T) {
	postbox := mailtest.Start(t)
	a := apptest.New(t, sqldb.SQLite, apptest.WithConfig(func(c *apptest.Config) {
		c.SMTPURL, c.MailFrom = "smtp://"+postbox.Address(), "Our Club <club@example.com>"
	}))
	root := installationOwner(t, a)
	to := root.follow("/-/mail/test", url.Values{})
	if !strings.HasPrefix(to, "/-/mail?test=") {
		t.Errorf("the result is at %s", to)
	}
	if message := postbox.Receive(t).Data; !strings.Contains(message, "root@example.com") || !strings.Contains(message, "This server can send mail") {
		t.Errorf("%s", message)
	}
	for range 2 { // reloading sends nothing
		if text := root.get(to).text; !strings.Contains(text, "The mail server accepted the test mail to root@example.com.") {
			t.Errorf("%s", text)
		}
	}
	if postbox.Attempts() != 1 {
		t.Error("a second mail arrived")
	}
}

func TestFailedTestMailSaysWhatToDo(t *testing.T) {
	a := apptest.New(t, sqldb.SQLite, apptest.WithConfig(hiddenSettings))
	root := installationOwner(t, a)
	text := root.get(root.follow("/-/mail/test", url.Values{})).text
	for _, want := range []string{"The test mail to root@example.com was not sent.", "127.0.0.1 does not respond.", "Check host and port in REGULARS_SMTP_URL", "refused"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	for range 10 {
		if got := root.post("/-/mail/test", url.Values{}); got.status == http.StatusTooManyRequests {
			if !strings.Contains(got.text, "at most 10 test mails an hour") || got.header.Get("Retry-After") == "" {
				t.Errorf("%s", got.text)
			}
			return
		}
	}
	t.Error("eleven test mails were sent")
}

func TestHealthNamesProblemAndRemedy(t *testing.T) {
	a := apptest.New(t, sqldb.SQLite, apptest.WithConfig(func(c *apptest.Config) { c.MinFreeMiB = 1 << 40 }))
	root := installationOwner(t, a)
	for language, wanted := range map[string][]string{
		"en": {"1 check failed.", "MiB free, less than", "Free some space, or enlarge the disk."},
		"de": {"1 Prüfung ist fehlgeschlagen.", "MiB frei, weniger als", "Geben Sie Speicherplatz frei"},
	} {
		text := root.send(http.MethodGet, "/-/health", http.NoBody, map[string]string{"Accept-Language": language}).text
		for _, want := range wanted {
			if !strings.Contains(text, want) {
				t.Errorf("in %s the page does not say %q", language, want)
			}
		}
	}
}
