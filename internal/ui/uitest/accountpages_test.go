package uitest_test

import (
	"encoding/base64"
	"slices"
	"testing"
	"time"

	"github.com/a-h/templ"

	"github.com/regulars/regulars/internal/account/passkey"
	"github.com/regulars/regulars/internal/account/provider"
	"github.com/regulars/regulars/internal/account/signin"
	"github.com/regulars/regulars/internal/account/twofactor"
	"github.com/regulars/regulars/internal/ui"

	uiaccount "github.com/regulars/regulars/internal/ui/account"

	uikey "github.com/regulars/regulars/internal/ui/key"

	uisignin "github.com/regulars/regulars/internal/ui/signin"
)

func fixtureAccount(path string) ui.Page {
	area, _ := uiaccount.New(nil, uiaccount.Services{})
	tabs := slices.Concat(area.AccountNav, uikey.New(nil, uikey.Services{}).AccountNav)
	return ui.Page{Permissions: fixturePermissions(), AccountTabs: tabs, Title: "Your account", Nav: path, Person: ui.Person{Name: "ada", Email: "ada@example.com"}, Reader: ui.Reader{Now: seenAt, Words: fixtureWords}}
}

func fixtureSecurity() uiaccount.SecurityView {
	return uiaccount.SecurityView{
		Page: fixtureAccount(ui.SecurityPath), Provider: "Example ID", PasskeysHere: true, PasskeyOrigin: "https://community.example.com",
		Methods: signin.Methods{
			Password: true, TOTP: true, RecoveryCodes: 7,
			Passkeys: []passkey.Passkey{
				{ID: "6a21d1c09f3b0c4d5e6f7f01", Name: "My phone", CreatedAt: ago(40 * 24 * time.Hour), UsedAt: ago(3 * time.Hour)},
				{ID: "6a21d1c09f3b0c4d5e6f7f02", Name: "The blue security key that lies in the drawer at home", CreatedAt: ago(time.Hour)},
			},
			Identities: []provider.Identity{{Issuer: "https://id.example.com", Subject: "7", Email: "ada.lovelace@a-rather-long-domain.example"}},
		},
	}
}

func fixtureOwnAccount() uiaccount.AccountView {
	return uiaccount.AccountView{
		Page: fixtureAccount(ui.AccountPath), Methods: signin.Methods{Password: true, Recent: true}, Email: "ada.lovelace@a-rather-long-domain.example", Username: "ada", FirstName: "Ada",
		Languages: []ui.Choice{{Value: "", Label: "Language of the browser"}, {Value: "de", Label: "Deutsch"}},
	}
}

// accountFixtures are the pages before and about the person.
func accountFixtures(t *testing.T) map[string]templ.Component {
	t.Helper()
	door := ui.Page{Title: "Sign in", Reader: ui.Reader{Now: seenAt, Words: fixtureWords}}
	limited := door
	limited.Alert = ui.Alert{Message: "Too many failed sign-ins. Try again in 8 seconds.", RequestID: "6a21d1c09f3b0c4d5e6f7a8b"}
	fresh := uiaccount.SecurityView{Page: fixtureAccount(ui.SecurityPath), Provider: "Example ID", Methods: signin.Methods{Password: true, Recent: true}}
	codes := fresh
	codes.TOTP, codes.RecoveryCodes = true, 10
	for range 10 {
		codes.Codes = append(codes.Codes, "ab2c-d3ef-gh4i-jk5l")
	}
	wrong := fixtureSecurity()
	wrong.Errors = map[string]string{"newPassword": "This password is too common. Choose another one."}
	picture, err := twofactor.TOTPSetup{URI: "otpauth://totp/Regulars:ada%40example.com?issuer=Regulars&secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"}.QR(216)
	if err != nil {
		t.Fatal(err)
	}
	scan := fixtureAccount(ui.SecurityPath)
	scan.Title = "Codes of an app"
	keys := fixtureKeys()
	pending := fixtureOwnAccount()
	pending.PendingEmail, pending.Recent = "ada@new.example", false
	pending.Errors = map[string]string{"username": "This username belongs to another account."}
	taken := door
	taken.Alert = ui.Alert{Message: "This email address belongs to another account.", RequestID: "6a21d1c09f3b0c4d5e6f7a8b"}
	return map[string]templ.Component{
		"sign-in-ways":    uisignin.SignInPage(uisignin.SignInView{Page: door, Provider: "Example ID", Passkeys: true, Register: true, Next: "/"}),
		"sign-in-code":    uisignin.CodePage(uisignin.CodeView{Page: limited, Next: "/"}),
		"register":        uisignin.RegisterPage(uisignin.RegisterView{Page: door}),
		"register-wrong":  uisignin.RegisterPage(uisignin.RegisterView{Page: door, Email: "ada@example.com", Username: "a", Errors: map[string]string{"username": "A username has 2 to 50 characters.", "password": "A password has at least 10 characters."}}),
		"register-closed": uisignin.RegisterPage(uisignin.RegisterView{Page: door, Closed: true}),
		"check-mail":      uisignin.SentPage(uisignin.SentView{Page: door}),
		"verify":          uisignin.VerifyPage(uisignin.VerifyView{Page: door, Token: "x"}),
		"verify-taken":    uisignin.VerifyPage(uisignin.VerifyView{Page: door, Token: "x", Username: "ada", Taken: "This username belongs to another account."}),
		"verify-gone":     uisignin.VerifyPage(uisignin.VerifyView{Page: door, Gone: true}),
		"forgot":          uisignin.ForgotPage(uisignin.ForgotView{Page: door}),
		"reset":           uisignin.ResetPage(uisignin.ResetView{Page: door, Token: "x", Errors: map[string]string{"password": "A password has at least 10 characters."}}),
		"account":         uiaccount.AccountPage(fixtureOwnAccount()),
		"account-pending": uiaccount.AccountPage(pending),
		"confirm-email":   uiaccount.ConfirmEmailPage(uiaccount.ConfirmEmailView{Page: door, Token: "x", EmailChange: signin.EmailChange{Username: "ada", Email: "ada.lovelace@a-rather-long-domain.example"}}),
		"confirm-taken":   uiaccount.ConfirmEmailPage(uiaccount.ConfirmEmailView{Page: taken, Token: "x", EmailChange: signin.EmailChange{Username: "ada", Email: "ada@new.example"}}),
		"confirm-gone":    uiaccount.ConfirmEmailPage(uiaccount.ConfirmEmailView{Page: door, Gone: true}),
		"security":        uiaccount.SecurityPage(fixtureSecurity()),
		"security-wrong":  uiaccount.SecurityPage(wrong),
		"security-new":    uiaccount.SecurityPage(fresh),
		"security-codes":  uiaccount.SecurityPage(codes),
		"totp":            uiaccount.TOTPPage(uiaccount.TOTPView{Page: scan, Secret: "JBSW Y3DP EHPK 3PXP JBSW Y3DP EHPK 3PXP", Picture: "data:image/png;base64," + base64.StdEncoding.EncodeToString(picture)}),
		"connect":         uiaccount.ConnectPage(uiaccount.ConnectView{Page: door, Provider: "Example ID", Address: "https://id.example.com"}),
		"sessions": uiaccount.SessionsPage(uiaccount.SessionsView{Page: fixtureAccount(ui.SessionsPath), Sessions: []uiaccount.SessionRow{
			{ID: "6a21d1c09f3b0c4d5e6f7f11", Device: "Firefox · Linux", Address: "192.0.2.17", Current: true, CreatedAt: ago(50 * time.Hour), SeenAt: ago(time.Minute)},
			{ID: "6a21d1c09f3b0c4d5e6f7f12", Device: "Safari · iPhone", Address: "2001:db8:85a3::8a2e:370:7334", CreatedAt: ago(90 * time.Hour), SeenAt: ago(30 * time.Hour)},
			{ID: "6a21d1c09f3b0c4d5e6f7f13", By: "shop.example.com", CreatedAt: ago(time.Hour), SeenAt: ago(time.Hour)},
		}}),
		"own-keys":       uikey.OwnKeysPage(uikey.OwnKeysView{Page: fixtureAccount(ui.OwnKeysPath), Keys: keys.Keys, NewName: keys.NewName, NewKey: keys.NewKey, Days: 365}),
		"own-keys-wrong": uikey.OwnKeysPage(uikey.OwnKeysView{Page: fixtureAccount(ui.OwnKeysPath), Days: 30, Errors: map[string]string{"name": "A name has 1 to 100 characters.", "permissions": "A key has at least one permission."}}),
	}
}

func TestSignInAndAccountPagesAreAccessible(t *testing.T) {
	checkGallery(t, accountFixtures(t))
}
