package console

import (
	"encoding/base64"
	"net/http"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/httpx"
	"github.com/regulars/regulars/internal/i18n"
)

// The pages about the person who is signed in.
const (
	accountPath  = "/account"
	securityPath = "/account/security"
	sessionsPath = "/account/sessions"
	ownKeysPath  = "/account/api-keys"
)

// own lets people in who have signed in themselves.
func (c *console) own(h handler) http.HandlerFunc {
	return c.signed(func(v *visit) error {
		if err := c.Access.CanAsPerson(v.actor, []actor.Permission{actor.PermSessionOnly}); err != nil {
			return err
		}
		v.w.Header().Set("Cache-Control", "no-store")
		return h(v)
	})
}

// accountPage is the frame of the pages about the person; path is the tab that
// is open.
func (c *console) accountPage(v *visit, path string) (Page, error) {
	p, err := c.page(v, i18n.Key("Your account"), path, "")
	for _, t := range accountTabs {
		if t.Path == path {
			p.Tab = p.T(t.Label) + " · " + p.Title
		}
	}
	return p, err
}

// proofOf is what a form shows before a way to sign in changes.
func proofOf(v *visit) account.Proof {
	return account.Proof{Password: v.PostFormValue("password"), Code: v.PostFormValue("proof-code"), Address: httpx.Network(v.Request)}
}

func (c *console) showSecurity(v *visit) error { return c.renderSecurity(v, nil, nil) }

// backToSecurity shows the page again, with what went wrong.
func (c *console) backToSecurity(v *visit, cause error) error { return c.renderSecurity(v, cause, nil) }

// renderSecurity shows the ways to sign in, and recovery codes this one time.
func (c *console) renderSecurity(v *visit, cause error, codes []string) error {
	status, a, err := refusal(v, cause)
	if err != nil {
		return err
	}
	keepRetryAfter(v, cause)
	p, err := c.accountPage(v, securityPath)
	if err != nil {
		return err
	}
	methods, err := c.Accounts.Methods(v.Context(), v.actor)
	if err != nil {
		return err
	}
	view := SecurityView{
		Page: p, Methods: methods, Codes: codes, Provider: c.Accounts.ProviderName(), PasskeysHere: c.passkeysAt(v), PasskeyOrigin: c.Accounts.PasskeyOrigin(),
	}
	if view.Errors = wrongFields(v.Context(), cause); view.Errors == nil {
		view.Alert = a
	}
	return render(v, status, SecurityPage(view))
}

func (c *console) changePassword(v *visit) error {
	err := c.Accounts.ChangePassword(v.Context(), v.actor, account.PasswordChange{
		Current: v.PostFormValue("current"), New: v.PostFormValue("new"), Address: httpx.Network(v.Request), Device: deviceOf(v.Request),
	})
	if err != nil {
		return c.backToSecurity(v, err)
	}
	return v.goTo(securityPath, i18n.Key("The password is saved. You are signed out everywhere else."))
}

func (c *console) startTOTP(v *visit) error {
	if _, err := c.Accounts.StartTOTP(v.Context(), v.actor, proofOf(v)); err != nil {
		return c.backToSecurity(v, err)
	}
	return v.goTo("/account/totp", "")
}

func (c *console) showTOTP(v *visit) error { return c.renderTOTP(v, nil) }

const qrSide = 216 // pixels

func (c *console) renderTOTP(v *visit, cause error) error {
	setup, err := c.Accounts.PendingTOTP(v.Context(), v.actor)
	if errs.KindOf(err) == errs.NotFound {
		return v.goTo(securityPath, "")
	}
	if err != nil {
		return err
	}
	picture, err := setup.QR(qrSide)
	if err != nil {
		return err
	}
	status, a, err := refusal(v, cause)
	if err != nil {
		return err
	}
	p, err := c.page(v, i18n.Key("Codes of an app"), securityPath, "")
	if err != nil {
		return err
	}
	p.Alert = a
	return render(v, status, TOTPPage(TOTPView{Page: p, Secret: grouped(setup.Secret), Picture: "data:image/png;base64," + base64.StdEncoding.EncodeToString(picture)}))
}

func (c *console) confirmTOTP(v *visit) error {
	codes, err := c.Accounts.ConfirmTOTP(v.Context(), v.actor, v.PostFormValue("code"))
	if err != nil {
		return c.renderTOTP(v, err)
	}
	return c.renderSecurity(v, nil, codes)
}

func (c *console) stopTOTP(v *visit) error {
	if err := c.Accounts.DisableTOTP(v.Context(), v.actor, proofOf(v)); err != nil {
		return c.backToSecurity(v, err)
	}
	return v.goTo(securityPath, i18n.Key("Codes are not asked for any more"))
}

func (c *console) renewCodes(v *visit) error {
	codes, err := c.Accounts.RenewRecoveryCodes(v.Context(), v.actor, proofOf(v))
	if err != nil {
		return c.backToSecurity(v, err)
	}
	return c.renderSecurity(v, nil, codes)
}

// newPasskey answers what the script gives to the browser.
func (c *console) newPasskey(v *visit) error {
	token, options, err := c.Accounts.StartPasskey(v.Context(), v.actor, proofOf(v))
	if err != nil {
		return err
	}
	passkeyStep.keep(v, token)
	return sendJSON(v, options)
}

func (c *console) addPasskey(v *visit) error {
	token := passkeyStep.of(v.Request)
	passkeyStep.keep(v, "")
	made, err := c.Accounts.AddPasskey(v.Context(), v.actor, token, v.PostFormValue("name"), []byte(v.PostFormValue("response")))
	if err != nil {
		return c.backToSecurity(v, err)
	}
	return v.goTo(securityPath, v.T("The passkey %s is added", made.Name))
}

func (c *console) removePasskey(v *visit) error {
	err := c.Accounts.RemovePasskey(v.Context(), v.actor, proofOf(v), v.PathValue("passkey"))
	if err != nil {
		return c.backToSecurity(v, err)
	}
	return v.goTo(securityPath, i18n.Key("The passkey is removed"))
}

// connectProvider shows a link to the provider: no form may lead to another
// site.
func (c *console) connectProvider(v *visit) error {
	token, address, err := c.Accounts.StartProvider(v.Context(), v.actor, proofOf(v), "")
	if err != nil {
		return c.backToSecurity(v, err)
	}
	providerStep.keep(v, token)
	p, err := c.page(v, v.T("Connect %s", c.Accounts.ProviderName()), securityPath, "")
	if err != nil {
		return err
	}
	return render(v, http.StatusOK, ConnectPage(ConnectView{Page: p, Provider: c.Accounts.ProviderName(), Address: address}))
}

func (c *console) removeIdentity(v *visit) error {
	err := c.Accounts.RemoveIdentity(v.Context(), v.actor, proofOf(v), v.PostFormValue("issuer"), v.PostFormValue("subject"))
	if err != nil {
		return c.backToSecurity(v, err)
	}
	return v.goTo(securityPath, i18n.Key("The account is no longer connected"))
}
