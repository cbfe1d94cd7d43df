package console

import (
	"net/http"
	"strings"

	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/i18n"
)

func (c *console) showAppearance(v *visit) error {
	p, err := c.appearancePage(v)
	if err != nil {
		return err
	}
	return render(v, http.StatusOK, AppearancePage(appearanceOf(v, p)))
}

func (c *console) appearancePage(v *visit) (Page, error) {
	return c.page(v, "Appearance", "settings", "How the community looks, and the id that programs know it by.")
}

func (c *console) changeAppearance(v *visit) error {
	view := appearanceOf(v, Page{})
	view.Name, view.Accent, view.Zone = v.PostFormValue("name"), v.PostFormValue("accent"), strings.TrimSpace(v.PostFormValue("timeZone"))
	_, err := c.Communities.Update(v.Context(), v.community.ID, community.Change{Name: &view.Name, Accent: &view.Accent, TimeZone: &view.Zone})
	if err == nil {
		return v.goTo(v.in("/settings/appearance"), "Saved")
	}
	if view.Errors = wrongFields(v.Context(), err); view.Errors == nil {
		return err
	}
	if view.Page, err = c.appearancePage(v); err != nil {
		return err
	}
	return render(v, http.StatusBadRequest, AppearancePage(view))
}

func (c *console) switchOpenImport(v *visit) error {
	open := v.PostFormValue("open") == "true"
	if open && v.PostFormValue("confirm") != "open" {
		return v.goTo(v.in("/settings/appearance"), "Nothing was changed: the word was not typed")
	}
	if _, err := c.Communities.Update(v.Context(), v.community.ID, community.Change{OpenBulkImport: &open}); err != nil {
		return err
	}
	toast := i18n.Key("Open bulk import is off")
	if open {
		toast = i18n.Key("Open bulk import is on")
	}
	return v.goTo(v.in("/settings/appearance"), toast)
}
