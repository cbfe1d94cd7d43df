package uitest_test

import (
	"context"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
)

// device puts an authenticator into the browser: it has the finger of whoever
// asks.
func (b *browser) device() (id webauthn.AuthenticatorID) {
	b.Helper()
	b.do("plug a device in", chromedp.ActionFunc(func(ctx context.Context) (err error) {
		if err := webauthn.Enable().Do(ctx); err != nil {
			return err
		}
		id, err = webauthn.AddVirtualAuthenticator(&webauthn.VirtualAuthenticatorOptions{
			Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal,
			HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
		}).Do(ctx)
		return err
	}))
	return id
}

// copied is the device put back to what it was at an earlier sign-in.
func (b *browser) copied(id webauthn.AuthenticatorID) {
	b.Helper()
	b.do("put the passkey back", chromedp.ActionFunc(func(ctx context.Context) error {
		keys, err := webauthn.GetCredentials(id).Do(ctx)
		if err != nil {
			return err
		}
		if len(keys) != 1 {
			b.Fatalf("%d passkeys on the device", len(keys))
		}
		if err := webauthn.RemoveCredential(id, keys[0].CredentialID).Do(ctx); err != nil {
			return err
		}
		keys[0].SignCount = 0
		return webauthn.AddCredential(id, keys[0]).Do(ctx)
	}))
}

func (b *browser) verified(id webauthn.AuthenticatorID, is bool) {
	b.Helper()
	b.do("show the finger", chromedp.ActionFunc(func(ctx context.Context) error { return webauthn.SetUserVerified(id, is).Do(ctx) }))
}

// local opens a page at the name of this machine: browsers take no passkeys at
// a number.
func (b *browser) local(path string) {
	b.Helper()
	address := strings.Replace(b.app.URL(), "127.0.0.1", "localhost", 1)
	b.do("open "+path, chromedp.Navigate(address+path), chromedp.WaitReady("#main"))
}

func TestPasskeyIsCreatedAndSignsInInTheBrowser(t *testing.T) {
	b := startBrowser(t)
	if b == nil {
		return
	}
	b.app.Owner(t, b.app.Community(t), "olivia")
	b.open("/sign-in")
	b.until("no passkeys at a number", `document.querySelector("[data-passkey]") === null`)
	id := b.device()
	b.local("/account/security")
	b.fill("login", "olivia")
	b.fill("password", ownersPassword)
	b.press("Sign in")
	b.sees("Passkeys")
	b.fill("name", "My phone")
	b.press("Add a passkey")
	b.sees("Passkey My phone added")
	b.check("passkey-added")
	b.fill("name", "Again")
	b.press("Add a passkey")
	b.sees("No passkey was created.")

	b.press("Sign out")
	b.sees("Sign in with a passkey")
	b.local("/sign-in?next=/account/sessions")
	b.press("Sign in with a passkey")
	b.sees("Where you are signed in")
	b.press("Sign out")
	b.sees("Sign in with a passkey")

	b.verified(id, false)
	b.press("Sign in with a passkey")
	b.sees("No passkey was used.")
	b.check("passkey-refused")
	b.verified(id, true)
	b.copied(id)
	b.press("Sign in with a passkey")
	b.sees("This passkey was not accepted.")
}

func TestAuthenticatorAppIsSetUpInTheBrowser(t *testing.T) {
	b := startBrowser(t)
	if b == nil {
		return
	}
	b.signIn()
	b.open("/account/security")
	b.press("Set up an app")
	b.sees("Scan the QR code")
	b.until("the picture", `document.querySelector(".qr img").naturalWidth > 100`)
	b.check("totp")
	b.fill("code", "000000")
	b.press("Switch on")
	b.sees("The code is wrong")
	b.open("/account/sessions")
	b.sees("This session")
	b.check("sessions")
	b.open("/account/api-keys")
	b.check("own-keys")
	b.open("/account")
	b.check("account")
}
