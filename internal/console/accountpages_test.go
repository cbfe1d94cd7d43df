package console

import (
	"encoding/base64"
	"testing"
	"time"

	"github.com/a-h/templ"

	"github.com/regulars/regulars/internal/account"
)

func fixtureAccount(path string) Page {
	return Page{Title: "Your account", Nav: path, Person: Person{"ada", "ada@example.com"}, Reader: Reader{Now: seenAt, Words: fixtureWords}}
}

func fixtureSecurity() SecurityView {
	return SecurityView{
		Page: fixtureAccount(securityPath), Provider: "Example ID", PasskeysHere: true, PasskeyOrigin: "https://community.example.com",
		Methods: account.Methods{
			Password: true, TOTP: true, RecoveryCodes: 7,
			Passkeys: []account.Passkey{
				{ID: "6a21d1c09f3b0c4d5e6f7f01", Name: "My phone", CreatedAt: ago(40 * 24 * time.Hour), UsedAt: ago(3 * time.Hour)},
				{ID: "6a21d1c09f3b0c4d5e6f7f02", Name: "The blue security key that lies in the drawer at home", CreatedAt: ago(time.Hour)},
			},
			Identities: []account.Identity{{Issuer: "https://id.example.com", Subject: "7", Email: "ada.lovelace@a-rather-long-domain.example"}},
		},
	}
}

func fixtureOwnAccount() AccountView {
	return AccountView{
		Page: fixtureAccount(accountPath), Methods: account.Methods{Password: true, Recent: true}, Email: "ada.lovelace@a-rather-long-domain.example", Username: "ada", FirstName: "Ada",
		Languages: []Choice{{"", "As the browser asks for"}, {"de", "Deutsch"}},
	}
}

// accountFixtures are the pages before and about the person.
func accountFixtures(t *testing.T) map[string]templ.Component {
	t.Helper()
	door := Page{Title: "Sign in", Reader: Reader{Now: seenAt, Words: fixtureWords}}
	limited := door
	limited.Alert = Alert{Message: "Too many failed sign-ins. Try again in 8 seconds.", RequestID: "6a21d1c09f3b0c4d5e6f7a8b"}
	fresh := SecurityView{Page: fixtureAccount(securityPath), Provider: "Example ID", Methods: account.Methods{Password: true, Recent: true}}
	codes := fresh
	codes.TOTP, codes.RecoveryCodes = true, 10
	for range 10 {
		codes.Codes = append(codes.Codes, "ab2c-d3ef-gh4i-jk5l")
	}
	wrong := fixtureSecurity()
	wrong.Errors = map[string]string{"newPassword": "This password is too common. Choose another one."}
	picture, err := account.TOTPSetup{URI: "otpauth://totp/Regulars:ada%40example.com?issuer=Regulars&secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"}.QR(qrSide)
	if err != nil {
		t.Fatal(err)
	}
	scan := fixtureAccount(securityPath)
	scan.Title = "Codes of an app"
	keys := fixtureKeys()
	pending := fixtureOwnAccount()
	pending.PendingEmail, pending.Recent = "ada@new.example", false
	pending.Errors = map[string]string{"username": "This username belongs to another account."}
	taken := door
	taken.Alert = Alert{Message: "This email address belongs to another account.", RequestID: "6a21d1c09f3b0c4d5e6f7a8b"}
	return map[string]templ.Component{
		"sign-in-ways":    SignInPage(SignInView{Page: door, Provider: "Example ID", Passkeys: true, Register: true, Next: "/"}),
		"sign-in-code":    CodePage(CodeView{Page: limited, Next: "/"}),
		"register":        RegisterPage(RegisterView{Page: door}),
		"register-wrong":  RegisterPage(RegisterView{Page: door, Email: "ada@example.com", Username: "a", Errors: map[string]string{"username": "A username has 2 to 50 characters.", "password": "A password has at least 10 characters."}}),
		"register-closed": RegisterPage(RegisterView{Page: door, Closed: true}),
		"check-mail":      SentPage(SentView{Page: door}),
		"verify":          VerifyPage(VerifyView{Page: door, Token: "x"}),
		"verify-taken":    VerifyPage(VerifyView{Page: door, Token: "x", Username: "ada", Taken: "This username belongs to another account."}),
		"verify-gone":     VerifyPage(VerifyView{Page: door, Gone: true}),
		"forgot":          ForgotPage(ForgotView{Page: door}),
		"reset":           ResetPage(ResetView{Page: door, Token: "x", Errors: map[string]string{"password": "A password has at least 10 characters."}}),
		"account":         AccountPage(fixtureOwnAccount()),
		"account-pending": AccountPage(pending),
		"confirm-email":   ConfirmEmailPage(ConfirmEmailView{Page: door, Token: "x", EmailChange: account.EmailChange{Username: "ada", Email: "ada.lovelace@a-rather-long-domain.example"}}),
		"confirm-taken":   ConfirmEmailPage(ConfirmEmailView{Page: taken, Token: "x", EmailChange: account.EmailChange{Username: "ada", Email: "ada@new.example"}}),
		"confirm-gone":    ConfirmEmailPage(ConfirmEmailView{Page: door, Gone: true}),
		"security":        SecurityPage(fixtureSecurity()),
		"security-wrong":  SecurityPage(wrong),
		"security-new":    SecurityPage(fresh),
		"security-codes":  SecurityPage(codes),
		"totp":            TOTPPage(TOTPView{Page: scan, Secret: grouped("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"), Picture: "data:image/png;base64," + base64.StdEncoding.EncodeToString(picture)}),
		"connect":         ConnectPage(ConnectView{Page: door, Provider: "Example ID", Address: "https://id.example.com"}),
		"sessions": SessionsPage(SessionsView{Page: fixtureAccount(sessionsPath), Sessions: []SessionRow{
			{ID: "6a21d1c09f3b0c4d5e6f7f11", Device: "Firefox · Linux", Address: "192.0.2.17", Current: true, CreatedAt: ago(50 * time.Hour), SeenAt: ago(time.Minute)},
			{ID: "6a21d1c09f3b0c4d5e6f7f12", Device: "Safari · iPhone", Address: "2001:db8:85a3::8a2e:370:7334", CreatedAt: ago(90 * time.Hour), SeenAt: ago(30 * time.Hour)},
			{ID: "6a21d1c09f3b0c4d5e6f7f13", By: "shop.example.com", CreatedAt: ago(time.Hour), SeenAt: ago(time.Hour)},
		}}),
		"own-keys":       OwnKeysPage(OwnKeysView{Page: fixtureAccount(ownKeysPath), Keys: keys.Keys, NewName: keys.NewName, NewKey: keys.NewKey, Days: 365}),
		"own-keys-wrong": OwnKeysPage(OwnKeysView{Page: fixtureAccount(ownKeysPath), Days: 30, Errors: map[string]string{"name": "A name has 1 to 100 characters.", "permissions": "A key has at least one permission."}}),
	}
}

func TestThePagesBeforeAndAboutThePersonAreAccessible(t *testing.T) {
	checkGallery(t, accountFixtures(t))
}
