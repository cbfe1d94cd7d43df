package signin_test

import (
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/account/oidctest"
	"github.com/regulars/regulars/internal/account/provider"
	"github.com/regulars/regulars/internal/account/signin"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/mail"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// withProvider gives the installation a provider that knows ann.
func (w *world) withProvider(t *testing.T) *oidctest.Provider {
	t.Helper()
	p := oidctest.Start(t, func() time.Time { return w.now })
	p.Person = map[string]any{"sub": "ann-7", "email": "Ann@Example.com", "email_verified": true}
	w.base = origin
	w.UseProvider(configOf(p))
	return p
}

func configOf(p *oidctest.Provider) provider.Config {
	return provider.Config{Issuer: p.URL, ClientID: oidctest.ClientID, ClientSecret: oidctest.ClientSecret, Name: "Example ID"}
}

// comesBack is what a browser that was sent to the provider comes back with.
func comesBack(t *testing.T, p *oidctest.Provider, address string) url.Values {
	t.Helper()
	back := p.Visit(address)
	if back.Host != "community.example.com" || back.Path != provider.ReturnPath {
		t.Errorf("sent back to %s", back)
	}
	return back.Query()
}

// byProvider signs in by the provider, with what change makes of the answer.
func (w *world) byProvider(t *testing.T, p *oidctest.Provider, change ...func(url.Values)) (signin.ProviderSignIn, error) {
	t.Helper()
	token, address, err := w.Provider.Start(t.Context(), actor.Actor{}, account.Proof{}, "/c/x", false)
	if err != nil {
		t.Fatal(err)
	}
	answer := comesBack(t, p, address)
	for _, f := range change {
		f(answer)
	}
	return w.FinishProvider(t.Context(), actor.Actor{}, token, answer, here(""))
}

func TestAProviderSignsInWhoseEmailItHasVerified(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		p, ann := w.withProvider(t), w.account(t, "ann")
		for _, email := range []string{"Ann@Example.com", "ann@example.com", "ann@married.example"} { // the identity is known from the first time
			p.Person["email"] = email
			done, err := w.byProvider(t, p)
			if err != nil || done.Account.ID != ann.ID || done.Next != "/c/x" {
				t.Fatalf("%s: %+v %v", email, done, err)
			}
			if actor, err := w.Sessions.Authenticate(t.Context(), done.Token); err != nil || actor.AccountID != ann.ID {
				t.Errorf("the session is of %+v (%v)", actor, err)
			}
		}
		actor := w.session(t, "ann")
		known, err := w.Provider.Identities(t.Context(), actor)
		if err != nil || len(known) != 1 || known[0].Email != "ann@married.example" {
			t.Fatalf("identities %+v (%v)", known, err)
		}
		if err := w.Provider.RemoveIdentity(t.Context(), actor, account.Proof{Password: password}, known[0].Issuer, known[0].Subject); err != nil {
			t.Fatal(err)
		}
		if done, err := w.byProvider(t, p); err != nil || done.Account.ID == ann.ID {
			t.Errorf("a removed identity with another email address: %+v %v", done.Account, err)
		}
	})
}

func TestAnEmailThatTheProviderHasNotVerifiedConnectsNothing(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		p := w.withProvider(t)
		w.account(t, "ann")
		for _, verified := range []any{false, nil, "false", 1, "yes"} {
			p.Person["email_verified"] = verified
			_, err := w.byProvider(t, p)
			mustFail(t, "not verified", err, errs.Forbidden, "email_not_verified")
		}
		p.Person["email"], p.Person["email_verified"] = "ann", true
		_, err := w.byProvider(t, p)
		mustFail(t, "no address", err, errs.Forbidden, "email_not_verified")
		p.Person["email"], p.Person["email_verified"] = "ann@example.com", "true"
		if _, err = w.byProvider(t, p); err != nil {
			t.Errorf("verified in words: %v", err)
		}
		p.Person["email_verified"] = false
		if _, err = w.byProvider(t, p); err != nil {
			t.Errorf("connected already: %v", err)
		}
	})
}

func TestOnlyTheBrowserThatBeganComesBackFromTheProvider(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		p := w.withProvider(t)
		w.account(t, "ann")
		for name, change := range map[string]func(url.Values){
			"another state":              func(v url.Values) { v.Set("state", "x") },
			"no state":                   func(v url.Values) { v.Del("state") },
			"no code":                    func(v url.Values) { v.Del("code") },
			"a code nobody gave":         func(v url.Values) { v.Set("code", "x") },
			"the person said no":         func(v url.Values) { v.Set("error", "access_denied") },
			"the state of somebody else": func(v url.Values) { v.Set("state", w.otherState(t, p)) },
			"the code of somebody else":  func(v url.Values) { v.Set("code", w.otherCode(t, p)) },
		} {
			_, err := w.byProvider(t, p, change)
			mustFail(t, name, err, errs.Unauthenticated, "provider_refused")
		}
		token, address, err := w.Provider.Start(t.Context(), actor.Actor{}, account.Proof{}, "", false)
		if err != nil {
			t.Fatal(err)
		}
		answer := comesBack(t, p, address)
		for _, other := range []string{"", "x"} {
			_, err = w.FinishProvider(t.Context(), actor.Actor{}, other, answer, here(""))
			mustFail(t, "another browser", err, errs.Gone, "sign_in_expired")
		}
		if _, err = w.FinishProvider(t.Context(), actor.Actor{}, token, answer, here("")); err != nil {
			t.Errorf("the browser that began: %v", err)
		}
		_, err = w.FinishProvider(t.Context(), actor.Actor{}, token, answer, here(""))
		mustFail(t, "twice", err, errs.Gone, "sign_in_expired")
	})
}

func (w *world) otherState(t *testing.T, p *oidctest.Provider) string {
	_, address, err := w.Provider.Start(t.Context(), actor.Actor{}, account.Proof{}, "", false)
	if err != nil {
		t.Fatal(err)
	}
	return comesBack(t, p, address).Get("state")
}

// otherCode is a code that an attacker got for a sign-in of their own: its
// verifier and nonce are other ones.
func (w *world) otherCode(t *testing.T, p *oidctest.Provider) string {
	_, address, err := w.Provider.Start(t.Context(), actor.Actor{}, account.Proof{}, "", false)
	if err != nil {
		t.Fatal(err)
	}
	return comesBack(t, p, address).Get("code")
}

func TestTokensOfAProviderThatDoNotFitAreRefused(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		p := w.withProvider(t)
		w.account(t, "ann")
		for name, forge := range map[string]func(map[string]any){
			"another nonce":    func(c map[string]any) { c["nonce"] = "x" },
			"no nonce":         func(c map[string]any) { delete(c, "nonce") },
			"another client":   func(c map[string]any) { c["aud"] = "somebody-else" },
			"another provider": func(c map[string]any) { c["iss"] = "https://evil.example" },
			"expired":          func(c map[string]any) { c["exp"] = w.now.Add(-time.Hour).Unix() },
			"empty sub":        func(c map[string]any) { c["sub"] = "" },
			"no sub":           func(c map[string]any) { delete(c, "sub") },
			"blank sub":        func(c map[string]any) { c["sub"] = " " },
			"space around sub": func(c map[string]any) { c["sub"] = "ann-7\n" },
			"sub not in ASCII": func(c map[string]any) { c["sub"] = "änn" },
			"long sub":         func(c map[string]any) { c["sub"] = strings.Repeat("a", 256) },
			"two audiences":    func(c map[string]any) { c["aud"] = []string{oidctest.ClientID, "other"} },
			"another azp":      func(c map[string]any) { c["aud"], c["azp"] = []string{oidctest.ClientID, "other"}, "other" },
			"azp of one aud":   func(c map[string]any) { c["azp"] = "other" },
			"empty nonce":      func(c map[string]any) { c["nonce"] = "" },
			"unknown aud list": func(c map[string]any) { c["aud"] = []string{"other"} },
		} {
			p.Forge = forge
			_, err := w.byProvider(t, p)
			mustFail(t, name, err, errs.Unauthenticated, "provider_refused")
		}
		for name, forge := range map[string]func(map[string]any){
			"several audiences": func(c map[string]any) { c["aud"], c["azp"] = []string{"other", oidctest.ClientID}, oidctest.ClientID },
			"longest sub":       func(c map[string]any) { c["sub"] = strings.Repeat("a", 255) },
		} {
			p.Forge = forge
			if _, err := w.byProvider(t, p); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		p.Forge = func(map[string]any) {}
		stranger, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			t.Fatal(err)
		}
		p.Signer = stranger
		_, err = w.byProvider(t, p)
		mustFail(t, "signed by somebody else", err, errs.Unauthenticated, "provider_refused")
	})
}

func TestAnEmailThatIsNotInTheTokenIsAskedFor(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		p, ann := w.withProvider(t), w.account(t, "ann")
		p.Person = map[string]any{"sub": "ann-7"}
		p.Info = map[string]any{"sub": "bob-1", "email": "ann@example.com", "email_verified": true}
		_, err := w.byProvider(t, p)
		mustFail(t, "about another person", err, errs.Unauthenticated, "provider_refused")
		p.Info["sub"] = "ann-7"
		if done, err := w.byProvider(t, p); err != nil || done.Account.ID != ann.ID {
			t.Errorf("%+v %v", done, err)
		}
	})
}

func TestASecondFactorIsAskedForAfterTheProviderToo(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		p := w.withProvider(t)
		actor, secret, _ := w.withTOTP(t)
		done, err := w.byProvider(t, p)
		mustFail(t, "no code yet", err, errs.Unauthenticated, "totp_required")
		if done.Token != "" || done.Next != "/c/x" {
			t.Errorf("%+v", done)
		}
		if known, err := w.Provider.Identities(t.Context(), actor); err != nil || len(known) > 0 {
			t.Errorf("connected before the code: %+v (%v)", known, err)
		}
		needs, ok := errors.AsType[*signin.CodeRequiredError](err)
		if !ok {
			t.Fatal("no challenge")
		}
		if _, _, err := w.AnswerChallenge(t.Context(), needs.Challenge, w.code(t, secret), here("")); err != nil {
			t.Fatal(err)
		}
		if known, err := w.Provider.Identities(t.Context(), actor); err != nil || len(known) != 1 {
			t.Errorf("after the code: %+v (%v)", known, err)
		}
	})
}

func TestWhoIsSignedInConnectsAnIdentityOfAnyEmail(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		p := w.withProvider(t)
		p.Person = map[string]any{"sub": "private-1", "email": "private@example.net", "email_verified": false}
		ann, bob := w.account(t, "ann"), w.account(t, "bob")
		connect := func(login string) error {
			actor := w.session(t, login)
			token, address, err := w.Provider.Start(t.Context(), actor, account.Proof{}, "", false)
			if err != nil {
				t.Fatal(err)
			}
			answer := comesBack(t, p, address)
			if _, err = w.FinishProvider(t.Context(), actor, token, answer, here("")); err == nil {
				return nil
			}
			return err
		}
		for range 2 {
			if err := connect("ann"); err != nil {
				t.Fatal(err)
			}
		}
		mustFail(t, bob.Username, connect("bob"), errs.Conflict, "identity_taken")
		if done, err := w.byProvider(t, p); err != nil || done.Account.ID != ann.ID {
			t.Errorf("%+v %v", done, err)
		}
		actor := w.session(t, "ann")
		token, address, err := w.Provider.Start(t.Context(), actor, account.Proof{}, "", false)
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.FinishProvider(t.Context(), w.session(t, "bob"), token, comesBack(t, p, address), here(""))
		mustFail(t, "somebody else came back", err, errs.Unauthenticated, "provider_refused")
		w.pass(time.Hour)
		_, _, err = w.Provider.Start(t.Context(), actor, account.Proof{}, "", false)
		mustFail(t, "without proof", err, errs.Forbidden, "proof_required")
	})
}

func TestAProviderThatIsDownIsAskedAgain(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		_, _, err := w.Provider.Start(t.Context(), actor.Actor{}, account.Proof{}, "", false)
		mustFail(t, "none is set", err, errs.NotFound, "no_provider")
		down := true
		var p *oidctest.Provider
		front := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if down {
				http.Error(rw, "later", http.StatusBadGateway)
				return
			}
			p.Config.Handler.ServeHTTP(rw, r)
		}))
		defer front.Close()
		p = w.withProvider(t)
		p.URL = front.URL
		w.UseProvider(configOf(p))
		_, _, err = w.Provider.Start(t.Context(), actor.Actor{}, account.Proof{}, "", false)
		mustFail(t, "down", err, errs.Unavailable, "provider_unavailable")
		down = false
		_, address, err := w.Provider.Start(t.Context(), actor.Actor{}, account.Proof{}, "", false)
		if err != nil || !strings.Contains(address, "code_challenge_method=S256") {
			t.Errorf("up again: %s %v", address, err)
		}
	})
}

func TestWhoTheProviderBringsGetsAnAccountWhereRegistrationIsOpen(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		p := w.withProvider(t)
		w.account(t, "bob")
		for _, row := range []struct {
			claims   map[string]any
			username string
		}{
			{map[string]any{"email": "zoe@example.net", "preferred_username": "bob", "given_name": " Zoe ", "family_name": "a\x00b"}, "bob2"},
			{map[string]any{"email": "bob@example.net"}, "bob3"},
			{map[string]any{"email": "1234@example.net", "preferred_username": "Jo O'Neil!"}, "JoONeil"},
			{map[string]any{"email": "77@example.net", "preferred_username": "<>"}, "member"},
			{map[string]any{"email": "x@example.net", "preferred_username": "corp@example.net"}, "corp"},
		} {
			p.Person = map[string]any{"sub": row.claims["email"], "email_verified": false}
			maps.Copy(p.Person, row.claims)
			_, err := w.byProvider(t, p)
			mustFail(t, "not verified", err, errs.Forbidden, "email_not_verified")
			p.Person["email_verified"] = true
			var first string
			for range 2 {
				done, err := w.byProvider(t, p)
				if err != nil || done.Account.Username != row.username || done.Account.Email != row.claims["email"] || first != "" && done.Account.ID != first {
					t.Errorf("%v: %+v %v", row.claims, done.Account, err)
				}
				first = done.Account.ID
			}
			_, err = w.signIn(t, row.username, " ", "")
			mustFail(t, "without a password", err, errs.Unauthenticated, "wrong_password")
		}
		closed := w.accountsWith(func(d *signin.Deps) { d.Closed, d.Provider = true, configOf(p) })
		p.Person = map[string]any{"sub": "new", "email": "new@example.net", "email_verified": true}
		token, address, err := closed.Provider.Start(t.Context(), actor.Actor{}, account.Proof{}, "", false)
		if err != nil {
			t.Fatal(err)
		}
		p.Forge = func(c map[string]any) { c["exp"] = 1 << 40 } // that one has the system's clock
		_, err = closed.FinishProvider(t.Context(), actor.Actor{}, token, comesBack(t, p, address), here(""))
		mustFail(t, "closed", err, errs.Forbidden, "no_account")
	})
}

func TestANewWayToSignInIsWrittenToItsPerson(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		p := w.withProvider(t)
		w.withTOTP(t)
		actor := w.actorByChallenge(t)
		token, options, err := w.StartPasskey(t.Context(), actor, account.Proof{Password: password})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.AddPasskey(t.Context(), actor, token, "Key", newDevice(t).create(options)); err != nil {
			t.Fatal(err)
		}
		token, address, err := w.Provider.Start(t.Context(), actor, account.Proof{}, "", false)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.FinishProvider(t.Context(), actor, token, comesBack(t, p, address), here("")); err != nil {
			t.Fatal(err)
		}
		list, _, err := w.mail.Unsent(t.Context(), operator, "", 100)
		var written []string
		for _, one := range slices.Backward(list) {
			if one.To == "ann@example.com" && one.Template == mail.SignInAdded {
				written = append(written, one.Text)
			}
		}
		if err != nil || len(written) != 3 {
			t.Fatalf("%d mails (%v)", len(written), err)
		}
		for i, method := range []string{"authenticator app", "passkey Key", "Example ID"} {
			if !strings.Contains(written[i], method) || !strings.Contains(written[i], origin+"/account/security") {
				t.Errorf("mail %d: %s", i, written[i])
			}
		}
		if _, err := w.Methods(t.Context(), actor); err != nil {
			t.Errorf("the session ended: %v", err)
		}
	})
}
