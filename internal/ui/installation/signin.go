package installation

import (
	"cmp"
	"net/http"

	"github.com/regulars/regulars/internal/account/provider"
	"github.com/regulars/regulars/internal/ui"
)

// Names of the settings that the page explains.
const (
	registrationSetting = "REGULARS_REGISTRATION"
	publicURLSetting    = "REGULARS_PUBLIC_URL"
	issuerSetting       = "REGULARS_OIDC_ISSUER"
	creationSetting     = "REGULARS_COMMUNITY_CREATION"
)

func (h *handlers) showSignIn(v *ui.Request) error {
	p, err := h.Page(v, "Sign-in and registration", signInPath, "How people get an account and sign in.")
	if err != nil {
		return err
	}
	view := SignInView{
		Page: p, Redirect: h.Server.URL() + provider.ReturnPath, Provider: h.setting(issuerSetting) != "",
		Ways: []WayRow{
			h.registrationRow(p),
			{Name: p.T("Email or username and password"), On: true, Word: p.T("state|On"), Text: p.T("People can always choose a password.")},
			h.passkeyRow(p),
			{Name: p.T("Two-factor authentication"), On: true, Word: p.T("state|On"), Text: p.T("People turn it on in their account. It then asks for a code after the password.")},
			h.providerRow(p),
			{Name: p.T("Sign-in links of other systems"), On: true, Word: p.T("state|On"), Text: p.T("An API key with the permission signIn creates links that sign a member in.")},
			h.creationRow(p),
		},
		Rows: h.settingRows(p.Reader, inGroups([]string{"Accounts"}, publicURLSetting, creationSetting, "REGULARS_SIGN_INS_PER_MINUTE")),
	}
	return ui.Render(v, http.StatusOK, SignInPage(view))
}

func (h *handlers) registrationRow(p ui.Page) WayRow {
	row := WayRow{Name: p.T("Registration"), Setting: registrationSetting, On: h.Accounts.RegistrationOpen()}
	row.Word, row.Text = p.T("state|Open"), p.T("Anyone can create an account. The email address is confirmed first.")
	if !row.On {
		row.Word, row.Text = p.T("state|Closed"), p.T("People cannot create their own accounts.")
	}
	return row
}

func (h *handlers) passkeyRow(p ui.Page) WayRow {
	row := WayRow{Name: p.T("Passkeys"), Setting: publicURLSetting, On: true, Word: p.T("state|On"), Text: p.T("People add passkeys in their account.")}
	if h.Accounts.PasskeyOrigin() == "" {
		row.On, row.Word = false, p.T("state|Off")
		row.Text = p.T("Passkeys need an https address with a host name, which this server does not have.")
	}
	return row
}

func (h *handlers) providerRow(p ui.Page) WayRow {
	issuer := h.setting(issuerSetting)
	if issuer == "" {
		return WayRow{Name: p.T("OpenID Connect provider"), Setting: issuerSetting, Word: p.T("state|Off"), Text: p.T("No provider is set.")}
	}
	return WayRow{
		Name: cmp.Or(h.setting("REGULARS_OIDC_NAME"), p.T("OpenID Connect provider")), Setting: issuerSetting, On: true, Word: p.T("state|On"),
		Text: p.T("People sign in with their account at %s.", issuer),
	}
}

func (h *handlers) creationRow(p ui.Page) WayRow {
	row := WayRow{Name: p.T("Creating communities"), Setting: creationSetting, On: true, Word: p.T("state|Open"), Text: p.T("Everyone with an account can create communities.")}
	if h.Communities.OwnerOnly() {
		row.On, row.Word, row.Text = false, p.T("state|Closed"), p.T("Only the owner of the installation can create communities.")
	}
	return row
}
