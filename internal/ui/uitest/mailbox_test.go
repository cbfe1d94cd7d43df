package uitest_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/account"
	accountlink "github.com/regulars/regulars/internal/account/link"
	"github.com/regulars/regulars/internal/account/signin"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/mail"
	"github.com/regulars/regulars/internal/sqldb"
)

// installationOwner is a person who may do everything.
func installationOwner(t *testing.T, a *apptest.App) person {
	t.Helper()
	acct, err := a.Accounts.CreateAccount(t.Context(), signin.Input{Email: "root@example.com", Username: "root", InstallationOwner: true})
	if err != nil {
		t.Fatal(err)
	}
	link, err := a.Accounts.CreateLink(t.Context(), accountlink.SignIn, acct.ID)
	if err != nil {
		t.Fatal(err)
	}
	token, _, err := a.Accounts.RedeemLink(t.Context(), link, account.SessionInfo{})
	if err != nil {
		t.Fatal(err)
	}
	return person{t, a, token}
}

// writeMail puts a message into the outbox.
func writeMail(t *testing.T, a *apptest.App) (messageID string) {
	t.Helper()
	msg := mail.Message{
		To: "ada@example.com", Language: "de", Template: mail.Invited, Confirmed: true, CommunityID: "c",
		Values: map[string]string{"community": `<script>alert("x")</script>`, "link": "https://club.example.com/i/abc?x=1&y=2"},
	}
	if err := a.DB.Tx(t.Context(), func(tx *sqldb.Tx) error { return a.Mail.Send(t.Context(), tx, msg) }); err != nil {
		t.Fatal(err)
	}
	list, _, err := a.Mail.Unsent(t.Context(), actor.Actor{Kind: actor.Command}, "", 1)
	if err != nil || len(list) != 1 {
		t.Fatalf("%+v, %v", list, err)
	}
	return list[0].ID
}

func TestStoppedMailsAreInTheAuditLog(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, olivia := owner(t, a)
		root := installationOwner(t, a)
		session, err := a.Accounts.Sessions.Authenticate(t.Context(), olivia.token)
		if err != nil {
			t.Fatal(err)
		}
		sender := "account:" + session.AccountID
		stop := func(p person, communityID string) page {
			return p.post("/-/mail/stop", url.Values{"row": {"0"}, "sender": {sender}, "community": {communityID}, "reason-0": {"Spam"}})
		}
		for _, of := range []string{communityID, ""} {
			msg := mail.Message{To: "stranger@example.com", Template: mail.Invited, CommunityID: of, Sender: sender, Values: map[string]string{"community": "Testers", "link": "https://club.example.com/i/abc"}}
			if err := a.DB.Tx(t.Context(), func(tx *sqldb.Tx) error { return a.Mail.Send(t.Context(), tx, msg) }); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := a.DB.Exec(t.Context(), "UPDATE mail_outbox SET state = $1", mail.Throttled); err != nil {
			t.Fatal(err)
		}
		if got := stop(olivia, communityID).status; got != http.StatusNotFound {
			t.Errorf("the owner of a community stops mails: %d", got)
		}
		const said = " to new addresses were stopped"
		for _, c := range []struct {
			communityID, path string
			who               person
		}{{communityID, "/c/" + communityID + "/audit-log", olivia}, {"", "/-/mail", root}} {
			if strings.Contains(c.who.get(c.path).text, said) {
				t.Errorf("%s says it too early", c.path)
			}
			if got := stop(root, c.communityID).status; got != http.StatusSeeOther {
				t.Fatalf("stopping: %d", got)
			}
			if !strings.Contains(c.who.get(c.path).text, said) {
				t.Errorf("%s does not say it", c.path)
			}
			stop(root, c.communityID) // nothing is left
		}
		entries, _, err := a.Installation.AuditLog(t.Context(), apptest.Operator, audit.Filter{Action: "mail.stop", Limit: 10})
		if err != nil || len(entries) != 1 || entries[0].CommunityID != "" || len(entries[0].Changes) != 2 || entries[0].Changes[1].New != "Spam" {
			t.Errorf("%+v, %v", entries, err)
		}
	})
}

func TestMailboxIsForTheOwnerOfTheInstallation(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, olivia := owner(t, a)
		root := installationOwner(t, a)
		id := writeMail(t, a)
		for _, path := range []string{"/-/mail", "/-/mail/" + id, "/-/mail/" + id + "/html"} {
			for _, row := range []struct {
				name, token string
				want        int
			}{{"the installation's owner", root.token, 200}, {"the owner of a community", olivia.token, 404}, {"nobody", "", 303}, {"a key", a.Key(t, communityID), 303}} {
				if got := (person{t, a, row.token}).get(path).status; got != row.want {
					t.Errorf("%s sees %s: %d, want %d", row.name, path, got, row.want)
				}
			}
		}
		if got := root.get("/-/mail"); !strings.Contains(got.text, "ada@example.com") || strings.Contains(got.text, "<script>alert") {
			t.Errorf("%s", got.text)
		}
		if got := root.get("/-/mail/" + id); !strings.Contains(got.text, `href="https://club.example.com/i/abc?x=1&amp;y=2"`) || strings.Contains(got.text, "<script>alert") {
			t.Errorf("%s", got.text)
		}
		got := root.get("/-/mail/" + id + "/html")
		if policy := got.header.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, "sandbox") || strings.Contains(policy, "script-src") {
			t.Errorf("policy %q", policy)
		}
		if !strings.Contains(got.text, "&lt;script&gt;") || strings.Contains(got.text, "<script") {
			t.Errorf("%s", got.text)
		}
		if _, err := a.DB.Exec(t.Context(), "UPDATE mail_outbox SET state = 'sent' WHERE id = $1", id); err != nil {
			t.Fatal(err)
		}
		if got := root.get("/-/mail/" + id); got.status != http.StatusOK || strings.Contains(got.text, "club.example.com/i/abc") || root.get("/-/mail/"+id+"/html").status != http.StatusGone {
			t.Errorf("a message that was sent: %d %s", got.status, got.text)
		}
		if root.get("/-/mail/65a000000000000000000001").status != http.StatusNotFound {
			t.Error("a message that is not there is shown")
		}
		for who, linked := range map[person]bool{root: true, olivia: false} {
			if strings.Contains(who.get("/c/"+communityID+"/members").text, `href="/-/communities"`) != linked {
				t.Errorf("the installation is linked: %v, want %v", !linked, linked)
			}
		}
	})
}
