package account

import (
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"

	"github.com/regulars/regulars/internal/account/signin"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/httpx"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/ui"
)

func (h *handlers) showSecurity(v *ui.Request) error { return h.renderSecurity(v, nil, nil) }

// backToSecurity shows the page again, with what went wrong.
func (h *handlers) backToSecurity(v *ui.Request, cause error) error {
	return h.renderSecurity(v, cause, nil)
}

// renderSecurity shows the ways to sign in, and recovery codes this one time.
func (h *handlers) renderSecurity(v *ui.Request, cause error, codes []string) error {
	status, a, err := ui.Rejected(v, cause)
	if err != nil {
		return err
	}
	ui.SetRetryAfter(v, cause)
	p, err := h.AccountPage(v, ui.SecurityPath)
	if err != nil {
		return err
	}
	methods, err := h.Accounts.Methods(v.Context(), v.Actor)
	if err != nil {
		return err
	}
	view := SecurityView{
		Page: p, Methods: methods, Codes: codes, Provider: h.Accounts.Provider.Name(), PasskeysHere: h.PasskeysAt(v), PasskeyOrigin: h.Accounts.PasskeyOrigin(),
	}
	if view.Errors = ui.FieldErrors(v.Context(), cause); view.Errors == nil {
		view.Alert = a
	}
	return ui.Render(v, status, SecurityPage(view))
}

func (h *handlers) changePassword(v *ui.Request) error {
	err := h.Accounts.ChangePassword(v.Context(), v.Actor, signin.PasswordChange{
		Current: v.PostFormValue("current"), New: v.PostFormValue("new"), Address: httpx.Network(v.Request), Device: ui.Device(v.Request),
	})
	if err != nil {
		return h.backToSecurity(v, err)
	}
	return v.Redirect(ui.SecurityPath, i18n.Key("Password saved. You are signed out everywhere else."))
}

func (h *handlers) startTOTP(v *ui.Request) error {
	if _, err := h.Accounts.StartTOTP(v.Context(), v.Actor, ui.ReadProof(v)); err != nil {
		return h.backToSecurity(v, err)
	}
	return v.Redirect("/account/totp", "")
}

func (h *handlers) showTOTP(v *ui.Request) error { return h.renderTOTP(v, nil) }

const qrSide = 216 // pixels

func (h *handlers) renderTOTP(v *ui.Request, cause error) error {
	setup, err := h.Accounts.PendingTOTP(v.Context(), v.Actor)
	if errs.KindOf(err) == errs.NotFound {
		return v.Redirect(ui.SecurityPath, "")
	}
	if err != nil {
		return err
	}
	picture, err := setup.QR(qrSide)
	if err != nil {
		return err
	}
	status, a, err := ui.Rejected(v, cause)
	if err != nil {
		return err
	}
	p, err := h.Page(v, i18n.Key("Codes of an app"), ui.SecurityPath, "")
	if err != nil {
		return err
	}
	p.Alert = a
	return ui.Render(v, status, TOTPPage(TOTPView{Page: p, Secret: grouped(setup.Secret), Picture: "data:image/png;base64," + base64.StdEncoding.EncodeToString(picture)}))
}

func (h *handlers) confirmTOTP(v *ui.Request) error {
	codes, err := h.Accounts.ConfirmTOTP(v.Context(), v.Actor, v.PostFormValue("code"))
	if err != nil {
		return h.renderTOTP(v, err)
	}
	return h.renderSecurity(v, nil, codes)
}

func (h *handlers) disableTOTP(v *ui.Request) error {
	if err := h.Accounts.DisableTOTP(v.Context(), v.Actor, ui.ReadProof(v)); err != nil {
		return h.backToSecurity(v, err)
	}
	return v.Redirect(ui.SecurityPath, i18n.Key("Authenticator codes are off"))
}

func (h *handlers) renewCodes(v *ui.Request) error {
	codes, err := h.Accounts.RenewRecoveryCodes(v.Context(), v.Actor, ui.ReadProof(v))
	if err != nil {
		return h.backToSecurity(v, err)
	}
	return h.renderSecurity(v, nil, codes)
}

// startNewPasskey responds with the options of a new passkey for the script.
func (h *handlers) startNewPasskey(v *ui.Request) error {
	token, options, err := h.Accounts.StartPasskey(v.Context(), v.Actor, ui.ReadProof(v))
	if err != nil {
		return err
	}
	ui.PasskeyStep.Set(v, token)
	return ui.SendJSON(v, options)
}

func (h *handlers) addPasskey(v *ui.Request) error {
	token := ui.PasskeyStep.Value(v.Request)
	ui.PasskeyStep.Set(v, "")
	made, err := h.Accounts.AddPasskey(v.Context(), v.Actor, token, v.PostFormValue("name"), []byte(v.PostFormValue("response")))
	if err != nil {
		return h.backToSecurity(v, err)
	}
	return v.Redirect(ui.SecurityPath, v.T("Passkey %s added", made.Name))
}

func (h *handlers) removePasskey(v *ui.Request) error {
	err := h.Accounts.RemovePasskey(v.Context(), v.Actor, ui.ReadProof(v), v.PathValue("passkey"))
	if err != nil {
		return h.backToSecurity(v, err)
	}
	return v.Redirect(ui.SecurityPath, i18n.Key("Passkey removed"))
}

// connectProvider shows a link to the provider: no form may lead to another
// site.
func (h *handlers) connectProvider(v *ui.Request) error {
	token, address, err := h.Accounts.Provider.Start(v.Context(), v.Actor, ui.ReadProof(v), "", false)
	if err != nil {
		return h.backToSecurity(v, err)
	}
	ui.ProviderStep.Set(v, token)
	p, err := h.Page(v, v.T("Connect %s", h.Accounts.Provider.Name()), ui.SecurityPath, "")
	if err != nil {
		return err
	}
	return ui.Render(v, http.StatusOK, ConnectPage(ConnectView{Page: p, Provider: h.Accounts.Provider.Name(), Address: address}))
}

func (h *handlers) removeIdentity(v *ui.Request) error {
	err := h.Accounts.Provider.RemoveIdentity(v.Context(), v.Actor, ui.ReadProof(v), v.PostFormValue("issuer"), v.PostFormValue("subject"))
	if err != nil {
		return h.backToSecurity(v, err)
	}
	return v.Redirect(ui.SecurityPath, i18n.Key("The account is no longer connected"))
}

// SecurityView is how a person signs in.
type SecurityView struct {
	ui.Page
	signin.Methods
	Codes         []string // recovery codes, this one time
	Provider      string   // "": none
	PasskeysHere  bool     // the browser is where passkeys work
	PasskeyOrigin string   // where they work, "": nowhere
	Errors        map[string]string
}

// TOTPView shows a secret to an authenticator app.
type TOTPView struct {
	ui.Page
	Secret, Picture string // in groups; the address of a picture
}

// ConnectView leads to the provider.
type ConnectView struct {
	ui.Page
	Provider, Address string
}

// grouped is a secret as people type it.
func grouped(secret string) string {
	var groups []string
	for len(secret) > 4 {
		groups, secret = append(groups, secret[:4]), secret[4:]
	}
	return strings.Join(append(groups, secret), " ")
}

// lineByLine is a list to be copied as a whole.
func lineByLine(list []string) string { return strings.Join(list, "\n") }

// numbered is an id of the nth thing of a kind.
func numbered(kind string, n int) string { return kind + "-" + strconv.Itoa(n) }
