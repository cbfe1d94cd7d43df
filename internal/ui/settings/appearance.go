package settings

import (
	"net/http"
	"strings"

	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/media"
	"github.com/regulars/regulars/internal/ui"
)

func (h *handlers) showAppearance(v *ui.Request) error {
	p, err := h.appearancePage(v)
	if err != nil {
		return err
	}
	return ui.Render(v, http.StatusOK, AppearancePage(appearanceOf(v, p)))
}

func (h *handlers) appearancePage(v *ui.Request) (ui.Page, error) {
	return h.Page(v, "Appearance", "appearance", "How the community looks, and the id that programs know it by.")
}

func (h *handlers) changeAppearance(v *ui.Request) error {
	view := appearanceOf(v, ui.Page{})
	view.Name, view.Accent, view.Zone = v.PostFormValue("name"), v.PostFormValue("accent"), strings.TrimSpace(v.PostFormValue("timeZone"))
	change := community.Change{Name: &view.Name, Accent: &view.Accent, TimeZone: &view.Zone}
	if v.PostForm.Has("defaultCountry") {
		view.Country = v.PostFormValue("defaultCountry")
		change.DefaultCountry = &view.Country
	}
	_, err := h.Access.UpdateCommunity(v.Context(), v.Actor, v.Community.ID, change)
	if err == nil {
		return v.Redirect(v.In("/settings/appearance"), "Saved")
	}
	if view.Errors = ui.FieldErrors(v.Context(), err); view.Errors == nil {
		return err
	}
	if view.Page, err = h.appearancePage(v); err != nil {
		return err
	}
	return ui.Render(v, http.StatusBadRequest, AppearancePage(view))
}

func (h *handlers) switchOpenImport(v *ui.Request) error {
	open := v.PostFormValue("open") == "true"
	if open && v.PostFormValue("confirm") != "open" {
		return v.Redirect(v.In("/settings/appearance"), "Nothing was changed: the confirmation word is missing")
	}
	if _, err := h.Access.UpdateCommunity(v.Context(), v.Actor, v.Community.ID, community.Change{OpenBulkImport: &open}); err != nil {
		return err
	}
	toast := i18n.Key("Open bulk import is off")
	if open {
		toast = i18n.Key("Open bulk import is on")
	}
	return v.Redirect(v.In("/settings/appearance"), toast)
}

// Zones are the ones offered; any other of the IANA database can be typed.
var Zones = strings.Fields(`UTC Africa/Cairo Africa/Johannesburg Africa/Lagos Africa/Nairobi America/Argentina/Buenos_Aires America/Bogota
	America/Chicago America/Denver America/Halifax America/Los_Angeles America/Mexico_City America/New_York America/Sao_Paulo America/Toronto
	Asia/Bangkok Asia/Dubai Asia/Ho_Chi_Minh Asia/Hong_Kong Asia/Jakarta Asia/Jerusalem Asia/Karachi Asia/Kolkata Asia/Kuala_Lumpur Asia/Manila
	Asia/Riyadh Asia/Seoul Asia/Shanghai Asia/Singapore Asia/Taipei Asia/Tokyo Australia/Melbourne Australia/Perth Australia/Sydney
	Europe/Amsterdam Europe/Athens Europe/Berlin Europe/Brussels Europe/Bucharest Europe/Copenhagen Europe/Dublin Europe/Helsinki Europe/Istanbul
	Europe/Kyiv Europe/Lisbon Europe/London Europe/Madrid Europe/Paris Europe/Prague Europe/Rome Europe/Stockholm Europe/Vienna Europe/Warsaw
	Europe/Zurich Pacific/Auckland Pacific/Honolulu`)

// countryChoices are all countries by name, after none.
func countryChoices(r ui.Reader) []ui.Choice {
	return append([]ui.Choice{{Label: r.T("None")}}, r.Countries()...)
}

func (h *handlers) changeLogo(v *ui.Request) error {
	file, err := h.Picture(v, "logo")
	if errs.KindOf(err) == errs.Limited {
		return err
	}
	if err != nil {
		return h.appearanceAgain(v, err)
	}
	if _, err := h.Ownership.SetLogo(v.Context(), v.Actor, h.Communities, v.Community.ID, file); err != nil {
		return h.appearanceAgain(v, err)
	}
	return v.Redirect(v.In("/settings/appearance"), i18n.Key("Saved"))
}

func (h *handlers) removeLogo(v *ui.Request) error {
	if _, err := h.Ownership.SetLogo(v.Context(), v.Actor, h.Communities, v.Community.ID, nil); err != nil {
		return err
	}
	return v.Redirect(v.In("/settings/appearance"), i18n.Key("Saved"))
}

func (h *handlers) appearanceAgain(v *ui.Request, cause error) error {
	status, said, err := ui.Rejected(v, cause)
	if err != nil {
		return err
	}
	p, err := h.appearancePage(v)
	if err != nil {
		return err
	}
	p.Alert = said
	return ui.Render(v, status, AppearancePage(appearanceOf(v, p)))
}

func appearanceOf(v *ui.Request, p ui.Page) AppearanceView {
	s := v.Community.Settings
	return AppearanceView{
		Page: p, Name: v.Community.Name, Accent: s.Accent, Zone: s.TimeZone, Zones: Zones, Country: s.DefaultCountry, OpenImport: s.OpenBulkImport, Logo: media.Path(v.Community.ID, s.Logo),
	}
}
