package uitest_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/moderation"
	"github.com/regulars/regulars/internal/ownership"
)

// offeredTo makes a community whose owner offers it to a person, and returns
// its id.
func offeredTo(t *testing.T, a *apptest.App, to actor.Actor) string {
	t.Helper()
	_, ada := signedUp(t, a, "offering")
	home := foundedBy(t, ada, "Harbour Runners of the old town")
	joins(t, a, home, to)
	if got := ada.ask("POST", home+"/transfer", url.Values{"user": {to.AccountID}, "confirm": {"Harbour Runners of the old town"}}); got.status != 303 {
		t.Fatalf("%d %s", got.status, got.text)
	}
	return strings.TrimPrefix(home, "/c/")
}

// joins makes a person a member by an invite.
func joins(t *testing.T, a *apptest.App, home string, who actor.Actor) {
	t.Helper()
	communityID := strings.TrimPrefix(home, "/c/")
	invite, err := a.Moderation.CreateInvite(t.Context(), apptest.Operator, communityID, moderation.InviteInput{})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Moderation.Join(t.Context(), who, communityID, moderation.JoinInput{InviteCode: invite.Code}); err != nil {
		t.Fatal(err)
	}
}

func actorOf(account account.Account) actor.Actor {
	return actor.Actor{Kind: actor.Session, AccountID: account.ID, Name: account.Username}
}

// handedOver is a community of ada with the members ben and carl.
type handedOver struct {
	*testing.T
	app            *apptest.App
	home           string
	ada, ben, carl *browserOf
}

func newHandedOver(t *testing.T, a *apptest.App) handedOver {
	t.Helper()
	x := handedOver{T: t, app: a}
	_, x.ada = signedUp(t, a, "ada")
	x.home = foundedBy(t, x.ada, "Rovers")
	var ben, carl account.Account
	ben, x.ben = signedUp(t, a, "ben")
	carl, x.carl = signedUp(t, a, "carl")
	joins(t, a, x.home, actorOf(ben))
	joins(t, a, x.home, actorOf(carl))
	return x
}

func (x handedOver) request(form url.Values) page { return x.ada.ask("POST", x.home+"/transfer", form) }

// offer offers the community to ben and returns the path of the transfer.
func (x handedOver) offer() string {
	x.Helper()
	if got := x.request(url.Values{"user": {"ben"}, "confirm": {"Rovers"}}); got.status != 303 {
		x.Fatalf("%d %s", got.status, got.text)
	}
	open, err := x.app.Ownership.OpenTransfer(x.Context(), apptest.Operator, strings.TrimPrefix(x.home, "/c/"))
	if err != nil {
		x.Fatal(err)
	}
	return x.home + "/transfer/" + open.ID
}

func TestOwnerOffersTheCommunityAndWithdraws(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		x := newHandedOver(t, a)
		for _, c := range []struct {
			user, confirm string
			status        int
			says          string
		}{
			{"ben", "rovers", 400, "This is not the name of the community."},
			{"nobody", "Rovers", 404, "User not found."},
			{"ada", "Rovers", 400, "already own the community"},
		} {
			got := x.request(url.Values{"user": {c.user}, "confirm": {c.confirm}})
			if got.status != c.status || !strings.Contains(got.text, c.says) || !strings.Contains(got.text, `value="`+c.user+`"`) {
				t.Errorf("%s, %s: %d %s", c.user, c.confirm, got.status, got.text)
			}
		}
		if got := x.ben.ask("POST", x.home+"/transfer", url.Values{"user": {"carl"}, "confirm": {"Rovers"}}); got.status != 403 {
			t.Errorf("by a member: %d", got.status)
		}
		path := x.offer()
		if got := x.request(url.Values{"user": {"carl"}, "confirm": {"Rovers"}}); got.status != 409 || !strings.Contains(got.text, "already offered to ben") {
			t.Errorf("a second one: %d %s", got.status, got.text)
		}
		shown := x.ada.ask("GET", x.home+"/settings/danger", nil)
		if !strings.Contains(shown.text, path+"/withdraw") || !strings.Contains(shown.text, "is offered to ben") || strings.Contains(shown.text, `name="user"`) {
			t.Errorf("%s", shown.text)
		}
		if got := x.ben.ask("POST", path+"/withdraw", url.Values{}); got.status != 403 {
			t.Errorf("withdrawn by a member: %d", got.status)
		}
		if got := x.ada.ask("POST", path+"/withdraw", url.Values{}); got.status != 303 {
			t.Errorf("%d %s", got.status, got.text)
		}
		if got := x.ada.ask("GET", x.home+"/settings/danger", nil); !strings.Contains(got.text, `name="user"`) {
			t.Errorf("%s", got.text)
		}
		log := x.ada.ask("GET", x.home+"/audit-log?noun=transfer", nil)
		if !strings.Contains(log.text, "The community was offered to") || !strings.Contains(log.text, "was withdrawn") {
			t.Errorf("%s", log.text)
		}
	})
}

func TestMemberAnswersAnOffer(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		x := newHandedOver(t, a)
		for _, answer := range []string{"/decline", "/accept"} {
			path := x.offer()
			for _, page := range []string{"/?all=1", x.home + "/home"} {
				if got := x.ben.ask("GET", page, nil); got.status != 200 || !strings.Contains(got.text, `action="`+path+`/accept"`) || !strings.Contains(got.text, `action="`+path+`/decline"`) {
					t.Errorf("%s: %d %s", page, got.status, got.text)
				}
				if got := x.carl.ask("GET", page, nil); got.status != 200 || strings.Contains(got.text, path) {
					t.Errorf("%s of another member: %d %s", page, got.status, got.text)
				}
			}
			if got := x.carl.ask("POST", path+answer, url.Values{}); got.status != 404 {
				t.Errorf("%s by another member: %d %s", answer, got.status, got.text)
			}
			if got := x.ben.ask("POST", path+answer, url.Values{}); got.status != 303 {
				t.Fatalf("%s: %d %s", answer, got.status, got.text)
			}
			if got := x.ben.ask("POST", path+answer, url.Values{}); got.status != 410 {
				t.Errorf("%s again: %d %s", answer, got.status, got.text)
			}
		}
		if mine, theirs := x.ben.ask("GET", x.home+"/settings/danger", nil), x.ada.ask("GET", x.home+"/settings/danger", nil); mine.status != 200 || theirs.status != 403 {
			t.Errorf("the settings: new owner %d, former owner %d", mine.status, theirs.status)
		}
	})
}

func TestTransferLinkRequiresASignInAndChangesNothing(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		x := newHandedOver(t, a)
		path, link := x.offer(), mailed(t, a, "ben@example.com")
		if !strings.HasPrefix(link, ownership.TransferPage+"?token=") {
			t.Fatalf("the link is %s", link)
		}
		stranger := newBrowser(t, a)
		if got := stranger.ask("GET", link, nil); got.status != 303 || got.header.Get("Location") != "/sign-in?next="+url.QueryEscape(link) {
			t.Errorf("without a session: %d %s", got.status, got.header)
		}
		if got := stranger.ask("POST", "/sign-in", url.Values{"login": {"ben"}, "password": {ownersPassword}, "next": {link}}); got.header.Get("Location") != link {
			t.Errorf("after the sign-in: %d %s", got.status, got.header)
		}
		if got := x.carl.ask("GET", link, nil); got.status != 403 || !strings.Contains(got.text, "another account") || strings.Contains(got.text, path) {
			t.Errorf("another account: %d %s", got.status, got.text)
		}
		for range 2 {
			if got := x.ben.ask("GET", link, nil); got.status != 200 || !strings.Contains(got.text, `action="`+path+`/accept"`) || !strings.Contains(got.text, "its 3 members") || got.header.Get("Cache-Control") != "no-store" {
				t.Fatalf("the link: %d %s", got.status, got.text)
			}
		}
		if got := x.ben.ask("POST", path+"/accept", url.Values{}); got.status != 303 {
			t.Fatalf("%d %s", got.status, got.text)
		}
		if got := x.ben.ask("GET", link, nil); got.status != 410 || !strings.Contains(got.text, "already been accepted") {
			t.Errorf("the link again: %d %s", got.status, got.text)
		}
		if got := x.ben.ask("GET", ownership.TransferPage+"?token=0", nil); got.status != 410 {
			t.Errorf("another token: %d %s", got.status, got.text)
		}
	})
}

func TestOldSignInNeedsThePasswordToOfferTheCommunity(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		x := newHandedOver(t, a)
		if _, err := a.DB.Exec(t.Context(), "UPDATE sessions SET created_at = created_at - 600000"); err != nil {
			t.Fatal(err)
		}
		if got := x.ada.ask("GET", x.home+"/settings/danger", nil); !strings.Contains(got.text, `id="proof-transfer"`) {
			t.Errorf("the form does not ask for the password: %s", got.text)
		}
		form := url.Values{"user": {"ben"}, "confirm": {"Rovers"}}
		if got := x.request(form); got.status != 403 || !strings.Contains(got.text, "more than ten minutes ago") {
			t.Errorf("without it: %d %s", got.status, got.text)
		}
		form.Set("password", "wrong")
		if got := x.request(form); got.status != 401 || !strings.Contains(got.text, "The password is wrong.") {
			t.Errorf("with a wrong one: %d %s", got.status, got.text)
		}
		form.Set("password", ownersPassword)
		if got := x.request(form); got.status != 303 {
			t.Errorf("with it: %d %s", got.status, got.text)
		}
	})
}

// TestTransferIsOfferedAndAcceptedInTheBrowser clicks through the form, the page of
// the link and the page of the new owner.
func TestTransferIsOfferedAndAcceptedInTheBrowser(t *testing.T) {
	b := startBrowser(t)
	if b == nil {
		return
	}
	x := newHandedOver(t, b.app)
	signIn := func(name string) {
		b.fill("login", name)
		b.fill("password", ownersPassword)
		b.press("Sign in")
	}
	b.open("/sign-in?next=" + url.QueryEscape(x.home+"/settings/danger"))
	signIn("ada")
	b.sees("Transfer the community")
	b.fill("user", "ben")
	b.do("type the name", chromedp.SendKeys("#f-confirm", "Rovers", chromedp.ByQuery))
	b.press("Offer the community")
	b.sees("The community is offered to ben", "Withdraw the offer")
	b.do("sign out", network.ClearBrowserCookies())
	b.open(mailed(t, b.app, "ben@example.com"))
	signIn("ben")
	b.sees("Own Rovers?", "ada is no longer an owner then.")
	b.press("Accept")
	b.sees("You own Rovers now", "Settings")
	b.open(x.home + "/settings/danger")
	b.sees("Offer the community")
}
