package uitest_test

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/regulars/regulars/internal/account"
	accountlink "github.com/regulars/regulars/internal/account/link"
	"github.com/regulars/regulars/internal/account/signin"
	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/moderation"
	"github.com/regulars/regulars/internal/sqldb"
)

// club is a community that adds people by its key.
type club struct {
	*testing.T
	app     *apptest.App
	id, key string
}

func newClub(t *testing.T, a *apptest.App, settings ...community.Settings) club {
	t.Helper()
	id := a.Community(t, settings...)
	return club{t, a, id, a.Key(t, id)}
}

// add asks the API for a member with a mail.
func (c club) add(username string) (status int, code string) {
	c.Helper()
	status, answer := c.app.Do(c.T, http.MethodPost, "/v1/users", c.key, map[string]any{
		"firstname": "New", "lastname": "Comer", "displayname": "", "username": username, "email": username + "@example.com",
		"joinServer": true, "emailPassword": false, "sendEmail": true,
	})
	code, _ = answer["code"].(string)
	return status, code
}

// link adds a member and returns the path in the mail and its token.
func (c club) link(username string) (path, token string) {
	c.Helper()
	if status, code := c.add(username); status != http.StatusOK {
		c.Fatalf("add %s: %d %s", username, status, code)
	}
	path = mailed(c.T, c.app, username+"@example.com")
	token, found := strings.CutPrefix(path, member.AddedPage+"?token=")
	if !found {
		c.Fatalf("the mail leads to %s", path)
	}
	return path, token
}

// invite returns the token of a link in a mail with a single-use invite.
func (c club) invite(email string) (token, code string) {
	c.Helper()
	invite, err := c.app.Moderation.CreateInvite(c.Context(), apptest.Operator, c.id, moderation.InviteInput{MaxUses: 1})
	if err != nil {
		c.Fatal(err)
	}
	token = "invite-" + invite.Code
	hash := sha256.Sum256([]byte(token))
	declined := sha256.Sum256([]byte("declined " + c.id + " " + account.EmailKey(email)))
	err = c.app.DB.Tx(c.Context(), func(tx *sqldb.Tx) error {
		_, err := tx.Exec(c.Context(), "INSERT INTO member_links (token_hash, community_id, user_id, email, email_hash, invite_code, created_at) VALUES ($1, $2, '', $3, $4, $5, 1)",
			hex.EncodeToString(hash[:]), c.id, email, hex.EncodeToString(declined[:]), invite.Code)
		return err
	})
	if err != nil {
		c.Fatal(err)
	}
	return token, invite.Code
}

// state is that of the member with an email address, "" for none.
func (c club) state(email string) (state string, claimed bool) {
	c.Helper()
	type row struct{ state, accountID string }
	found, err := sqldb.One(c.Context(), c.app.DB, "member", func(s sqldb.Scanner) (r row, err error) {
		err = s.Scan(&r.state, &r.accountID)
		return r, err
	}, "SELECT state, account_id FROM members WHERE community_id = $1 AND email_key = $2", c.id, account.EmailKey(email))
	if err != nil && errs.KindOf(err) != errs.NotFound {
		c.Fatal(err)
	}
	return found.state, found.accountID != ""
}

// confirmed is a person with an account whose address was confirmed.
func confirmed(t *testing.T, a *apptest.App, username string) *browserOf {
	t.Helper()
	_, b := signedUp(t, a, username)
	return b
}

// unconfirmed is a person with an account whose address was not confirmed.
func unconfirmed(t *testing.T, a *apptest.App, username string) *browserOf {
	t.Helper()
	made, b := signedUp(t, a, username)
	err := a.DB.Tx(t.Context(), func(tx *sqldb.Tx) error {
		_, err := tx.Exec(t.Context(), "UPDATE accounts SET email_verified_at = 0 WHERE id = $1", made.ID)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func offerForm(token string) url.Values { return url.Values{"token": {token}} }

// expect checks the status of an answer and where it leads.
func (p page) expect(t *testing.T, what string, status int, location string) page {
	t.Helper()
	if p.status != status || location != "" && p.header.Get("Location") != location {
		t.Fatalf("%s: %d %s %.1500s", what, p.status, p.header.Get("Location"), p.text)
	}
	return p
}

func (p page) has(t *testing.T, what string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(p.text, text) {
			t.Errorf("%s lacks %q: %.3000s", what, text, p.text)
		}
	}
}

func TestSignedInPersonAcceptsByTheLink(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		c := newClub(t, a)
		ada := confirmed(t, a, "ada")
		path, token := c.link("ada")
		for range 2 { // as a mail scanner does
			ada.ask("GET", path, nil).expect(t, "the page", 200, "").has(t, "the page", "Testers", "<strong>ada</strong>", "Accept membership", "Decline membership", "If you decline")
		}
		if _, claimed := c.state("ada@example.com"); claimed {
			t.Fatal("to open the page has accepted")
		}
		ada.ask("POST", "/added/accept", offerForm(token)).expect(t, "accept", 303, "/c/"+c.id+"/")
		if state, claimed := c.state("ada@example.com"); state != member.Active || !claimed {
			t.Errorf("accepted: %s %t", state, claimed)
		}
		ada.ask("GET", "/c/"+c.id+"/home", nil).expect(t, "the community", 200, "")
		ada.ask("GET", path, nil).expect(t, "the link afterwards", 410, "").has(t, "a dead link", "has expired")
		ada.ask("POST", "/added/accept", offerForm(token)).expect(t, "accept twice", 410, "")
		ada.ask("POST", "/added/decline", offerForm(token)).expect(t, "decline afterwards", 410, "")
		if state, claimed := c.state("ada@example.com"); state != member.Active || !claimed {
			t.Errorf("afterwards: %s %t", state, claimed)
		}
	})
}

func TestPersonWithAnAccountSignsInAndAccepts(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		c := newClub(t, a)
		confirmed(t, a, "ada")
		path, token := c.link("ada")
		b := newBrowser(t, a)
		b.ask("GET", path, nil).expect(t, "the page", 200, "")
		signIn := b.ask("POST", "/added/accept", offerForm(token)).expect(t, "accept", 303, accountlink.SignInPage+"?next="+url.QueryEscape(path)).header.Get("Location")
		b.ask("GET", signIn, nil).expect(t, "sign-in", 200, "").has(t, "the sign-in", `name="next" value="`+path+`"`)
		b.ask("POST", accountlink.SignInPage, url.Values{"login": {"ada"}, "password": {ownersPassword}, "next": {path}}).expect(t, "signed in", 303, path)
		b.ask("POST", "/added/accept", offerForm(token)).expect(t, "accept", 303, "/c/"+c.id+"/")
		if state, claimed := c.state("ada@example.com"); state != member.Active || !claimed {
			t.Errorf("accepted: %s %t", state, claimed)
		}
	})
}

func TestPersonWithoutAnAccountSetsAPasswordAndAccepts(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		c := newClub(t, a)
		other := newClub(t, a)
		path, token := c.link("grace")
		b := newBrowser(t, a)
		reset := b.ask("POST", "/added/accept", offerForm(token)).expect(t, "accept", 303, "").header.Get("Location")
		at, err := url.Parse(reset)
		if err != nil || at.Path != accountlink.ResetPage || at.Query().Get("next") != path {
			t.Fatalf("accept leads to %s", reset)
		}
		b.ask("GET", reset, nil).expect(t, "the password", 200, "").has(t, "the password", "Choose a password", `name="next" value="`+path+`"`)
		form := url.Values{"token": {at.Query().Get("token")}, "next": {path}, "password": {"short"}}
		b.ask("POST", accountlink.ResetPage, form).expect(t, "a short password", 400, "").has(t, "a short password", `name="next" value="`+path+`"`)
		form.Set("password", ownersPassword)
		b.ask("POST", accountlink.ResetPage, form).expect(t, "the password", 303, accountlink.SignInPage+"?next="+url.QueryEscape(path))
		b.ask("POST", accountlink.SignInPage, url.Values{"login": {"grace"}, "password": {ownersPassword}, "next": {path}}).expect(t, "sign-in", 303, path)
		b.ask("POST", "/added/accept", offerForm(token)).expect(t, "accept", 303, "/c/"+c.id+"/")
		if state, claimed := c.state("grace@example.com"); state != member.Active || !claimed {
			t.Errorf("accepted: %s %t", state, claimed)
		}
		if state, _ := other.state("grace@example.com"); state != "" {
			t.Errorf("the other community has %s", state)
		}
	})
}

func TestTakenUsernameMustBeReplacedOnAcceptance(t *testing.T) {
	a := apptest.New(t, sqldb.SQLite) // the rule is tested on both engines where it is
	c := newClub(t, a)
	path, token := c.link("grace")
	if _, err := a.Accounts.CreateAccount(t.Context(), signin.Input{Email: "first@example.com", Username: "grace", Password: ownersPassword}); err != nil {
		t.Fatal(err)
	}
	b := newBrowser(t, a)
	at, err := url.Parse(b.ask("POST", "/added/accept", offerForm(token)).expect(t, "accept", 303, "").header.Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	form := url.Values{"token": {at.Query().Get("token")}, "next": {path}, "password": {ownersPassword}}
	b.ask("POST", accountlink.ResetPage, form).expect(t, "a taken name", 409, "").has(t, "a taken name", `name="username"`, `name="next" value="`+path+`"`)
	form.Set("username", "grace.h")
	b.ask("POST", accountlink.ResetPage, form).expect(t, "another name", 303, accountlink.SignInPage+"?next="+url.QueryEscape(path))
}

func TestPersonWithoutAnAccountDeclinesByTheLink(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		c := newClub(t, a)
		path, token := c.link("grace")
		b := newBrowser(t, a)
		done := b.ask("POST", "/added/decline", offerForm(token)).expect(t, "decline", 303, "/added/declined").header.Get("Location")
		b.ask("GET", done, nil).expect(t, "the last page", 200, "").has(t, "the last page", "You declined", "was removed", "unless you accept an invite")
		if state, _ := c.state("grace@example.com"); state != "" {
			t.Errorf("a member in state %s is left", state)
		}
		b.ask("POST", "/added/decline", offerForm(token)).expect(t, "decline twice", 410, "").has(t, "decline twice", "has expired")
		b.ask("POST", "/added/accept", offerForm(token)).expect(t, "accept afterwards", 410, "")
		b.ask("GET", path, nil).expect(t, "the link afterwards", 410, "")
		if status, code := c.add("grace"); status != 409 || code != "member_declined" {
			t.Errorf("added again: %d %s", status, code)
		}
		grace := confirmed(t, a, "grace")
		if got := grace.ask("GET", "/", nil); strings.Contains(got.text, "Communities that added you") {
			t.Errorf("home: %s", got.text)
		}
		_, code := c.invite("grace@example.com")
		grace.ask("GET", "/join/"+code, nil).expect(t, "the invite", 200, "")
		grace.ask("POST", "/join/"+code, url.Values{}).expect(t, "join", 303, "/join/"+code)
		if state, claimed := c.state("grace@example.com"); state != member.Active || !claimed {
			t.Errorf("joined by invite: %s %t", state, claimed)
		}
	})
}

func TestMailedInviteIsAcceptedOrDeclinedByItsLink(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		c := newClub(t, a, community.Settings{Joining: community.Joining{Policy: community.JoinByInvite}})
		token, _ := c.invite("ada@example.com")
		ada := confirmed(t, a, "ada")
		page := member.AddedPage + "?token=" + token
		ada.ask("GET", page, nil).expect(t, "the page", 200, "").has(t, "the page", "Testers", "invites you", "Accept invite", "Decline invite")
		ada.ask("POST", "/added/accept", offerForm(token)).expect(t, "accept", 303, "/c/"+c.id+"/")
		if state, claimed := c.state("ada@example.com"); state != member.Active || !claimed {
			t.Errorf("accepted: %s %t", state, claimed)
		}
		ada.ask("GET", page, nil).expect(t, "a used invite", 410, "")

		token, code := c.invite("grace@example.com")
		b := newBrowser(t, a)
		b.ask("POST", "/added/decline", offerForm(token)).expect(t, "decline", 303, "/added/declined?invite")
		b.ask("GET", "/added/declined?invite", nil).expect(t, "the last page", 200, "").has(t, "the last page", "invite ended")
		b.ask("POST", "/added/accept", offerForm(token)).expect(t, "accept afterwards", 410, "")
		b.ask("GET", "/join/"+code, nil).expect(t, "the invite", 410, "")
		if status, code := c.add("grace"); status != 409 || code != "member_declined" {
			t.Errorf("added after the decline: %d %s", status, code)
		}
		token, _ = c.invite("grace@example.com")
		confirmed(t, a, "grace").ask("POST", "/added/accept", offerForm(token)).expect(t, "a second invite", 303, "/c/"+c.id+"/")
	})
}

func TestAnotherAccountCannotAcceptTheLink(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		c := newClub(t, a)
		path, token := c.link("ada")
		eve := confirmed(t, a, "eve")
		got := eve.ask("GET", path, nil).expect(t, "the page", 200, "")
		got.has(t, "the page", "another account", "Sign out and continue")
		if strings.Contains(got.text, "ada@example.com") || strings.Contains(got.text, "eve@example.com") {
			t.Errorf("the page shows an address: %s", got.text)
		}
		eve.ask("POST", "/added/accept", offerForm(token)).expect(t, "accept", 403, "")
		if state, claimed := c.state("ada@example.com"); state != member.Active || claimed {
			t.Errorf("%s %t", state, claimed)
		}
		unproven := unconfirmed(t, a, "ada")
		unproven.ask("GET", path, nil).expect(t, "an address that is not confirmed", 200, "").has(t, "the page", "is not confirmed yet", accountlink.ForgotPage)
		unproven.ask("POST", "/added/accept", offerForm(token)).expect(t, "accept", 403, "")
		if _, claimed := c.state("ada@example.com"); claimed {
			t.Error("an account without a confirmed address has accepted")
		}
		form := offerForm(token)
		form.Set("switch", "true")
		eve.ask("POST", "/added/accept", form).expect(t, "sign out and continue", 303, accountlink.SignInPage+"?next="+url.QueryEscape(path))
		if eve.cookies["regulars"] != "" {
			t.Error("still signed in")
		}
	})
}

func TestUnknownLinkIsExpired(t *testing.T) {
	a := apptest.New(t, sqldb.SQLite)
	b := newBrowser(t, a)
	for _, path := range []string{"/added", "/added?token=", "/added?token=x", "/added?token=%00"} {
		b.ask("GET", path, nil).expect(t, path, 410, "").has(t, path, "has expired")
	}
	for _, path := range []string{"/added/accept", "/added/decline"} {
		b.ask("POST", path, offerForm("x")).expect(t, path, 410, "").has(t, path, "has expired")
		b.ask("GET", path, nil).expect(t, "GET "+path, 404, "")
		got := b.send("POST", path, strings.NewReader("token=x"), map[string]string{"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "cross-site"})
		if got.status != 403 {
			t.Errorf("%s from another site: %d", path, got.status)
		}
	}
}

func TestLinkOfADeletedMemberIsExpired(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		c := newClub(t, a)
		path, _ := c.link("ada")
		who, err := a.Members.Find(t.Context(), apptest.Operator, c.id, "ada")
		if err != nil {
			t.Fatal(err)
		}
		if err := a.Members.Delete(t.Context(), apptest.Operator, c.id, []string{who.ID}); err != nil {
			t.Fatal(err)
		}
		newBrowser(t, a).ask("GET", path, nil).expect(t, "the link", 410, "")
		if got := confirmed(t, a, "ada").ask("GET", "/", nil); strings.Contains(got.text, "Communities that added you") {
			t.Errorf("home: %s", got.text)
		}
	})
}

var randomParts = regexp.MustCompile(`value="[0-9A-Za-z_-]{40,}"`)

// TestLinkPageDoesNotDiscloseAccounts: only its action
// leads to the sign-in or to the first password, for the holder of the link.
func TestLinkPageDoesNotDiscloseAccounts(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		c := newClub(t, a)
		confirmed(t, a, "ada")
		eve := confirmed(t, a, "eve")
		stranger := newBrowser(t, a)
		known, _ := c.link("ada")
		unknown, _ := c.link("uma")
		for name, b := range map[string]*browserOf{"without a session": stranger, "another account": eve} {
			one := randomParts.ReplaceAllString(b.ask("GET", known, nil).expect(t, name, 200, "").text, "")
			two := randomParts.ReplaceAllString(b.ask("GET", unknown, nil).expect(t, name, 200, "").text, "")
			one, two = strings.ReplaceAll(one, "<strong>ada<", "<strong>-<"), strings.ReplaceAll(two, "<strong>uma<", "<strong>-<")
			if one != two {
				t.Errorf("%s sees a difference:\n%s\n%s", name, one, two)
			}
		}
		for _, path := range []string{"/added/accept", "/added/decline"} {
			for _, email := range []string{"ada@example.com", "uma@example.com"} {
				stranger.ask("POST", path, url.Values{"token": {"guess"}, "email": {email}}).expect(t, path+" without the link", 410, "")
			}
		}
	})
}

func TestLinkPagesShareTheLimitOfSignIns(t *testing.T) {
	for _, path := range []string{"/added/accept", "/added/decline"} {
		a := apptest.New(t, sqldb.SQLite, apptest.WithConfig(func(c *apptest.Config) { c.SignInsPerMin = 3 }), apptest.WithStoppedClock())
		c := newClub(t, a)
		b := newBrowser(t, a)
		for n := range 4 {
			token, _ := c.invite("ada@example.com")
			got := b.ask("POST", path, offerForm(token))
			if limited := got.status == http.StatusTooManyRequests; limited != (n == 3) || limited && got.header.Get("Retry-After") == "" {
				t.Errorf("%s, attempt %d: %d %v", path, n, got.status, got.header)
			}
		}
	}
}

func TestHomePageShowsCommunitiesThatAddedThePerson(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		mine, accepted, declined := newClub(t, a), newClub(t, a), newClub(t, a)
		ada := confirmed(t, a, "ada")
		token, _ := mine.invite("ada@example.com")
		ada.ask("POST", "/added/accept", offerForm(token)).expect(t, "the only community", 303, "")
		ada.ask("GET", "/", nil).expect(t, "home with one community", 303, "/c/"+mine.id+"/")

		for _, c := range []club{accepted, declined} {
			a.Import(t, c.id, c.key, "Email,Username,First Name,Last Name\nADA@example.com,lovelace,A,L\n", nil)
		}
		ada.ask("GET", "/c/"+accepted.id+"/home", nil).expect(t, "a community before the decision", 404, "")
		home := ada.ask("GET", "/", nil).expect(t, "home with additions", 200, "")
		home.has(t, "home", "Communities that added you", "<strong>lovelace</strong>", "/additions/"+accepted.id+"/accept", "/additions/"+declined.id+"/decline", "dialog")
		if state, claimed := accepted.state("ada@example.com"); state != member.Active || claimed {
			t.Fatalf("before the decision: %s %t", state, claimed)
		}
		ada.ask("POST", "/additions/"+accepted.id+"/accept", url.Values{}).expect(t, "accept", 303, "/c/"+accepted.id+"/")
		ada.ask("POST", "/additions/"+declined.id+"/decline", url.Values{}).expect(t, "decline", 303, "/?all=1")
		ada.ask("POST", "/additions/"+declined.id+"/decline", url.Values{}).expect(t, "decline twice", 410, "")
		ada.ask("POST", "/additions/"+declined.id+"/accept", url.Values{}).expect(t, "accept what was declined", 410, "")
		ada.ask("POST", "/additions/"+accepted.id+"/decline", url.Values{}).expect(t, "decline what was accepted", 410, "")
		if state, claimed := accepted.state("ada@example.com"); state != member.Active || !claimed {
			t.Errorf("accepted: %s %t", state, claimed)
		}
		if state, _ := declined.state("ada@example.com"); state != "" {
			t.Errorf("declined: %s", state)
		}
		if got := ada.ask("GET", "/", nil).expect(t, "home afterwards", 200, ""); strings.Contains(got.text, "Communities that added you") {
			t.Errorf("home afterwards: %s", got.text)
		}
		if status, code := declined.add("ada"); status != 409 || code != "member_declined" {
			t.Errorf("added again: %d %s", status, code)
		}
	})
}

func TestHomePageDecidesOwnMembershipsOnly(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		c := newClub(t, a)
		c.link("ada")
		unproven := unconfirmed(t, a, "ada")
		for name, b := range map[string]*browserOf{"another account": confirmed(t, a, "eve"), "an address that is not confirmed": unproven} {
			if got := b.ask("GET", "/", nil); strings.Contains(got.text, "Communities that added you") {
				t.Errorf("%s sees %s", name, got.text)
			}
			b.ask("POST", "/additions/"+c.id+"/accept", url.Values{}).expect(t, name, 410, "")
			b.ask("POST", "/additions/"+c.id+"/decline", url.Values{}).expect(t, name, 410, "")
		}
		newBrowser(t, a).ask("POST", "/additions/"+c.id+"/decline", url.Values{}).expect(t, "without a session", 303, "/sign-in")
		if state, claimed := c.state("ada@example.com"); state != member.Active || claimed {
			t.Errorf("%s %t", state, claimed)
		}
	})
}

func TestLimitedSessionDecidesNothingAndSeesNoAccount(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		c, other := newClub(t, a), newClub(t, a)
		path, token := c.link("ada")
		other.link("ada")
		status, answer := a.Do(t, "GET", "/v1/auth/secure-auth?userId=ada", c.key, nil)
		address, _ := answer["redirectUrl"].(string)
		if address == "" {
			for _, value := range answer {
				if text, ok := value.(string); ok && strings.Contains(text, "/link?token=") {
					address = text
				}
			}
		}
		_, link, found := strings.Cut(address, "/link?token=")
		if !found {
			t.Fatalf("secure auth: %d %v", status, answer)
		}
		b := newBrowser(t, a)
		b.ask("POST", "/link", offerForm(link)).expect(t, "the session", 303, "/")
		b.ask("GET", "/c/"+c.id+"/home", nil).expect(t, "the community", 200, "")
		if got := b.ask("GET", "/?all=1", nil).expect(t, "home", 200, ""); strings.Contains(got.text, "Communities that added you") {
			t.Errorf("home: %s", got.text)
		}
		for _, path := range []string{"/account", "/account/security", "/account/sessions", "/account/api-keys"} {
			b.ask("GET", path, nil).expect(t, path, 403, "").has(t, path, "Another system started this session")
		}
		for _, id := range []string{c.id, other.id} {
			b.ask("POST", "/additions/"+id+"/accept", url.Values{}).expect(t, "accept", 403, "")
			b.ask("POST", "/additions/"+id+"/decline", url.Values{}).expect(t, "decline", 403, "")
		}
		b.ask("POST", "/added/accept", offerForm(token)).expect(t, "accept the link", 403, "")
		if state, claimed := c.state("ada@example.com"); state != member.Active || claimed {
			t.Errorf("%s %t", state, claimed)
		}
		b.ask("GET", path, nil).expect(t, "the link", 200, "").has(t, "the link", "Sign out and continue")
	})
}

func TestAddedMemberAcceptsAnInviteWithoutFields(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		c := newClub(t, a, community.Settings{Joining: community.Joining{Policy: community.JoinByInvite, RequiredFields: []string{"country"}}})
		ada := confirmed(t, a, "ada")
		_, code := c.invite("ada@example.com")
		ada.ask("GET", "/join/"+code, nil).expect(t, "before", 200, "").has(t, "before", `name="country"`)
		c.link("ada")
		got := ada.ask("GET", "/join/"+code, nil).expect(t, "the invite", 200, "")
		got.has(t, "the invite", "Accept membership", "<strong>ada</strong>")
		if strings.Contains(got.text, `name="country"`) {
			t.Errorf("asks for a field: %s", got.text)
		}
		ada.ask("POST", "/join/"+code, url.Values{"country": {"GB"}}).expect(t, "accept", 303, "/join/"+code)
		if state, claimed := c.state("ada@example.com"); state != member.Active || !claimed {
			t.Errorf("accepted: %s %t", state, claimed)
		}
		token, code := c.invite("grace@example.com") // no member: the fields are asked for on the page of the invite
		confirmed(t, a, "grace").ask("POST", "/added/accept", offerForm(token)).expect(t, "an invite that asks", 303, "/join/"+code)
	})
}

// TestConcurrentAcceptanceDeclineAndRemovalHaveOneOutcome: each succeeds or finds
// the membership decided.
func TestConcurrentAcceptanceDeclineAndRemovalHaveOneOutcome(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		c := newClub(t, a)
		for _, username := range []string{"ada", "ben", "cleo", "dora"} {
			b := confirmed(t, a, username)
			_, token := c.link(username)
			who, err := a.Members.Find(t.Context(), apptest.Operator, c.id, username)
			if err != nil {
				t.Fatal(err)
			}
			var accepted, declined int
			var removed error
			var all sync.WaitGroup
			session := person{t, a, b.cookies["regulars"]}
			stranger := person{t, a, ""}
			all.Go(func() { accepted = session.post("/added/accept", offerForm(token)).status })
			all.Go(func() { declined = stranger.post("/added/decline", offerForm(token)).status })
			all.Go(func() { removed = a.Members.Delete(t.Context(), apptest.Operator, c.id, []string{who.ID}) })
			all.Wait()
			if accepted >= 500 || declined >= 500 || removed != nil && errs.KindOf(removed) != errs.NotFound {
				t.Fatalf("%s: accept %d, decline %d, remove %v", username, accepted, declined, removed)
			}
			state, claimed := c.state(username + "@example.com")
			switch won := declined == 303; {
			case won && (claimed || removed == nil && state == member.Active):
				t.Errorf("declined, and a member in state %q is left (claimed %t)", state, claimed)
			case !won && accepted == 303 && !claimed:
				t.Errorf("accepted, and not claimed: %q", state)
			case removed == nil && !won && state != member.Deleted:
				t.Errorf("removed, and in state %q", state)
			}
		}
	})
}

func TestBulkJobHidesRowsOfPersonsWhoDeclined(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, olivia := owner(t, a)
		key := a.Key(t, communityID)
		done := a.Import(t, communityID, key, "First Name,Last Name,Username,Email\nGrace,H,grace,grace@example.com\nBen,H,ben,ben@example.com\n", nil)
		page := "/c/" + communityID + "/bulk-jobs/" + done.JobID
		olivia.get(page).expect(t, "the job", 200, "").has(t, "the job", "grace@example.com", "ben@example.com")
		confirmed(t, a, "grace").ask("POST", "/additions/"+communityID+"/decline", url.Values{}).expect(t, "decline", 303, "")
		after := olivia.get(page).expect(t, "the job afterwards", 200, "")
		after.has(t, "the job afterwards", "ben@example.com", "The data of this person was erased.")
		if strings.Contains(strings.ToLower(after.text), "grace") {
			t.Errorf("the job shows the person: %s", after.text)
		}
	})
}
