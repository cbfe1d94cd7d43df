package uitest_test

import (
	"bytes"
	"mime/multipart"
	"net/url"
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/account/signin"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/httpx"
	"github.com/regulars/regulars/internal/media"
	"github.com/regulars/regulars/internal/moderation"
)

// signedUp is a person without a community whose browser has a session.
func signedUp(t *testing.T, a *apptest.App, username string) (account.Account, *browserOf) {
	t.Helper()
	made, err := a.Accounts.CreateAccount(t.Context(), signin.Input{Email: username + "@example.com", Username: username, Password: ownersPassword})
	if err != nil {
		t.Fatal(err)
	}
	b := newBrowser(t, a)
	if got := b.ask("POST", "/sign-in", url.Values{"login": {username}, "password": {ownersPassword}}); got.status != 303 {
		t.Fatalf("%d %s", got.status, got.text)
	}
	return made, b
}

// foundedBy makes a community by the page and returns the path of its pages.
func foundedBy(t *testing.T, b *browserOf, name string) string {
	t.Helper()
	got := b.ask("POST", "/communities", url.Values{"name": {name}})
	home := strings.TrimSuffix(got.header.Get("Location"), "/overview")
	if got.status != 303 || !strings.HasPrefix(home, "/c/") {
		t.Fatalf("%d %s", got.status, got.text)
	}
	return home
}

func TestInvitePagesInviteAndJoin(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		_, ada := signedUp(t, a, "ada")
		home := foundedBy(t, ada, "Rovers")
		if got := ada.ask("POST", home+"/settings/joining", url.Values{"policy": {"invite"}, "fields": {"country"}}); got.status != 303 {
			t.Fatalf("%d %s", got.status, got.text)
		}
		made := ada.ask("POST", home+"/invites", url.Values{"maxUses": {"1"}, "days": {"7"}})
		_, rest, found := strings.Cut(made.text, "/join/")
		if made.status != 201 || !found {
			t.Fatalf("%d %s", made.status, made.text)
		}
		page := "/join/" + rest[:12]
		guest := newBrowser(t, a)
		if got := guest.ask("GET", page, nil); got.status != 200 || !strings.Contains(got.text, "Rovers") || !strings.Contains(got.text, "/sign-in?next="+page) {
			t.Fatalf("without a session: %d %s", got.status, got.text)
		}
		_, guest = signedUp(t, a, "grace")
		if got := guest.ask("POST", page, url.Values{"country": {""}}); got.status != 400 || !strings.Contains(got.text, "required to join") {
			t.Fatalf("without what is asked for: %d %s", got.status, got.text)
		}
		if got := guest.ask("POST", page, url.Values{"country": {"GB"}}); got.status != 303 || got.header.Get("Location") != page {
			t.Fatalf("%d %s", got.status, got.text)
		}
		if got := guest.ask("GET", page, nil); got.status != 200 || !strings.Contains(got.text, "You are a member") {
			t.Errorf("after joining: %d %s", got.status, got.text)
		}
		_, late := signedUp(t, a, "late")
		if got := late.ask("GET", page, nil); got.status != 410 || !strings.Contains(got.text, "reached its number of uses") {
			t.Errorf("used up: %d %s", got.status, got.text)
		}
		if got := ada.ask("GET", home+"/invites", nil); !strings.Contains(got.text, ">grace<") || !strings.Contains(got.text, "used up") {
			t.Errorf("who came by it: %s", got.text)
		}
		if got := guest.ask("GET", "/", nil); got.status != 303 || got.header.Get("Location") != home+"/" {
			t.Errorf("the start page of a plain member: %d %s", got.status, got.header)
		}
		if got := guest.ask("GET", home+"/home", nil); got.status != 200 {
			t.Errorf("the home of a plain member: %d %s", got.status, got.text)
		}
	})
}

func TestPenaltyPagesImposeAndLift(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		_, ada := signedUp(t, a, "ada")
		home := foundedBy(t, ada, "Rovers")
		communityID := strings.TrimPrefix(home, "/c/")
		guest, _ := signedUp(t, a, "mallory")
		invite, err := a.Moderation.CreateInvite(t.Context(), apptest.Operator, communityID, moderation.InviteInput{})
		if err != nil {
			t.Fatal(err)
		}
		actor := actor.Actor{Kind: actor.Session, AccountID: guest.ID, Name: guest.Username}
		if err := a.Moderation.Join(t.Context(), actor, communityID, moderation.JoinInput{InviteCode: invite.Code}); err != nil {
			t.Fatal(err)
		}
		if got := ada.ask("POST", home+"/penalties", url.Values{"user": {"nobody"}, "kind": {"warn"}, "days": {"7"}, "reason": {"Spam"}}); got.status != 404 || !strings.Contains(got.text, "User not found.") {
			t.Errorf("%d %s", got.status, got.text)
		}
		if got := ada.ask("POST", home+"/penalties", url.Values{"user": {"ada"}, "kind": {"warn"}, "days": {"7"}, "reason": {"Spam"}}); got.status != 403 || !strings.Contains(got.text, "penalty on yourself") {
			t.Errorf("of oneself: %d %s", got.status, got.text)
		}
		if got := ada.ask("POST", home+"/penalties", url.Values{"user": {"mallory"}, "kind": {"suspend"}, "days": {"3"}, "reason": {"<b>Spam</b>"}}); got.status != 303 {
			t.Fatalf("%d %s", got.status, got.text)
		}
		log := ada.ask("GET", home+"/penalties", nil)
		_, rest, found := strings.Cut(log.text, home+"/penalties/")
		if !found || !strings.Contains(log.text, "&lt;b&gt;Spam") {
			t.Fatalf("%s", log.text)
		}
		if got := ada.ask("POST", home+"/penalties/"+rest[:24]+"/lift", url.Values{}); got.status != 303 {
			t.Errorf("%d %s", got.status, got.text)
		}
		audit := ada.ask("GET", home+"/audit-log?noun=penalty", nil)
		if !strings.Contains(audit.text, "penalty was imposed on the member") || !strings.Contains(audit.text, "was lifted") || strings.Contains(audit.text, "The community ") {
			t.Errorf("audit log: %s", audit.text)
		}
	})
}

func TestSettingsDeleteACommunityAndHomeRestoresIt(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		_, ada := signedUp(t, a, "ada")
		home := foundedBy(t, ada, "Rovers")
		if got := ada.ask("POST", home+"/settings/delete", url.Values{"confirm": {"rovers"}}); got.status != 400 || !strings.Contains(got.text, "exact name") {
			t.Errorf("%d %s", got.status, got.text)
		}
		if got := ada.ask("POST", home+"/settings/delete", url.Values{"confirm": {"Rovers"}}); got.status != 303 {
			t.Fatalf("%d %s", got.status, got.text)
		}
		if got := ada.ask("GET", home+"/members", nil); got.status != 404 {
			t.Errorf("it is still there: %d", got.status)
		}
		if got := ada.ask("GET", "/?all=1", nil); !strings.Contains(got.text, "Restore Rovers") {
			t.Errorf("%s", got.text)
		}
		restore := "/communities/" + strings.TrimPrefix(home, "/c/") + "/restore"
		if _, stranger := signedUp(t, a, "mallory"); stranger.ask("POST", restore, url.Values{}).status != 404 {
			t.Error("a stranger restores it")
		}
		if got := ada.ask("POST", restore, url.Values{}); got.status != 303 {
			t.Errorf("%d %s", got.status, got.text)
		}
		if got := ada.ask("GET", home+"/members", nil); got.status != 200 {
			t.Errorf("%d", got.status)
		}
	})
}

func TestLogoIsEncodedAgain(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		_, ada := signedUp(t, a, "ada")
		home := foundedBy(t, ada, "Rovers")
		communityID := strings.TrimPrefix(home, "/c/")
		logo := func() string {
			found, err := a.Communities.Get(t.Context(), communityID)
			if err != nil {
				t.Fatal(err)
			}
			return found.Settings.Logo
		}
		if got := uploadLogo(t, ada, home, []byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`)); got.status != 415 || logo() != "" {
			t.Errorf("a drawing with script: %d %s", got.status, got.text)
		}
		if got := uploadLogo(t, ada, home, make([]byte, media.MaxBytes+httpx.FormOverhead)); got.status != 413 || !strings.Contains(got.text, "An image has at most 10 MiB.") {
			t.Errorf("one that is too large: %d", got.status)
		}
		header := map[string]string{"Cookie": "regulars=" + ada.cookies["regulars"], "Content-Type": "multipart/form-data; boundary=b"}
		for body, want := range map[string]string{"--b--\r\n": "Choose a picture of at most 10 MiB.", "--b\r\nContent-Disposition: form-data; name=\"logo\"; filename=\"x\"\r\n\r\nx": "The upload ended before the form was complete"} {
			if got := ada.send("POST", home+"/settings/logo", strings.NewReader(body), header); got.status != 400 || !strings.Contains(got.text, want) {
				t.Errorf("%q: %d", body, got.status)
			}
		}
		picture := smallPicture(t)
		if got := uploadLogo(t, ada, home, picture); got.status != 303 {
			t.Fatalf("%d %s", got.status, got.text)
		}
		first := logo()
		if got := ada.ask("GET", "/media/"+communityID+"/"+first, nil); got.status != 200 || got.header.Get("Content-Type") != "image/png" {
			t.Errorf("%d %v", got.status, got.header)
		}
		if got := uploadLogo(t, ada, home, picture); got.status != 303 || logo() == first {
			t.Errorf("another one: %d", got.status)
		}
		if got := ada.ask("GET", "/media/"+communityID+"/"+first, nil); got.status != 404 {
			t.Errorf("the one before is left: %d", got.status)
		}
		if got := ada.ask("POST", home+"/settings/logo/remove", url.Values{}); got.status != 303 || logo() != "" {
			t.Errorf("%d", got.status)
		}
	})
}

func uploadLogo(t *testing.T, b *browserOf, home string, content []byte) page {
	t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("logo", "logo.png")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = part.Write(content) // a buffer takes it
	if err := form.Close(); err != nil {
		t.Fatal(err)
	}
	header := map[string]string{"Cookie": "regulars=" + b.cookies["regulars"], "Content-Type": form.FormDataContentType()}
	return b.send("POST", home+"/settings/logo", &body, header)
}
