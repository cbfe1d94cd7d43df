package console

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/regulars/regulars/internal/auth"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/member"
)

func (c *console) showFields(v *visit) error {
	p, err := c.page(v, "Fields", "fields", "What this community knows of its members.")
	if err != nil {
		return err
	}
	fields, err := c.Members.Fields(v.Context(), v.community.ID)
	if err != nil {
		return err
	}
	view := FieldsView{Page: p}
	for _, f := range fields {
		row := FieldRow{f.ID, f.Field, f.Name, string(f.Type), f.Description, f.Options, f.Required, f.Identifier, f.Filterable}
		if f.Default {
			view.Default = append(view.Default, row)
		} else {
			view.Own = append(view.Own, row)
		}
	}
	return render(v, http.StatusOK, FieldsPage(view))
}

func (c *console) showNewField(v *visit) error {
	p, err := c.page(v, "New field", "fields", "")
	if err != nil {
		return err
	}
	return render(v, http.StatusOK, NewFieldPage(NewFieldView{Page: p}))
}

func (c *console) createField(v *visit) error {
	view := NewFieldView{
		Name: v.PostFormValue("name"), Field: v.PostFormValue("field"), Type: v.PostFormValue("type"), Options: v.PostFormValue("options"),
		Description: v.PostFormValue("description"), Required: v.PostFormValue("required") == "true", Identifier: v.PostFormValue("identifier") == "true",
	}
	in := member.FieldInput{
		Field: view.Field, Name: view.Name, Type: member.Type(view.Type), Options: lines(view.Options), Description: view.Description,
		Required: view.Required, Identifier: view.Identifier,
	}
	if strings.TrimSpace(in.Field) == "" {
		in.Field = strings.ToLower(in.Name)
	}
	if in.Type != member.Select && in.Type != member.MultiSelect {
		in.Options = nil
	}
	made, err := c.Members.CreateField(v.Context(), v.community.ID, in)
	if err == nil {
		return v.goTo(v.in("/fields"), v.T("The field %s is made", made.Name))
	}
	view.Errors = wrongFields(err)
	if view.Page, view.Alert, err = c.again(v, "New field", "fields", err); err != nil {
		return err
	}
	if view.Errors != nil {
		view.Alert = Alert{}
	}
	return render(v, http.StatusBadRequest, NewFieldPage(view))
}

// lines are the lines of a text that say something.
func lines(text string) []string {
	var found []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			found = append(found, line)
		}
	}
	return found
}

func (c *console) showKeys(v *visit) error { return c.renderKeys(v, http.StatusOK, "", "") }

func (c *console) renderKeys(v *visit, status int, newName, newKey string) error {
	p, err := c.page(v, "API keys", "api-keys", "What programs may do in this community.")
	if err != nil {
		return err
	}
	keys, err := c.Auth.Keys(v.Context(), v.community.ID)
	if err != nil {
		return err
	}
	view := KeysView{Page: p, NewName: newName, NewKey: newKey}
	for _, k := range keys {
		row := KeyRow{
			ID: k.ID, Name: k.Name, Hint: k.Hint, CreatedAt: k.CreatedAt, ExpiresAt: k.ExpiresAt, UsedAt: k.UsedAt,
			Expired: k.ExpiresAt > 0 && k.ExpiresAt <= c.Clock.MS(),
		}
		for _, permission := range k.Permissions {
			row.Permissions = append(row.Permissions, string(permission))
		}
		view.Keys = append(view.Keys, row)
	}
	return render(v, status, KeysPage(view))
}

func (c *console) showNewKey(v *visit) error {
	p, err := c.page(v, "New API key", "api-keys", "")
	if err != nil {
		return err
	}
	return render(v, http.StatusOK, NewKeyPage(NewKeyView{Page: p, Days: 365}))
}

func (c *console) createKey(v *visit) error {
	days, err := strconv.Atoi(v.PostFormValue("days"))
	if err != nil {
		days = -1 // refused, with a reason that fits
	}
	view := NewKeyView{Name: v.PostFormValue("name"), Days: days, Chosen: map[string]bool{}}
	in := auth.KeyInput{Name: view.Name, ExpirePeriod: days}
	for _, chosen := range v.PostForm["permissions"] {
		view.Chosen[chosen] = true
		in.Permissions = append(in.Permissions, auth.Permission(chosen))
	}
	key, secret, err := c.Auth.CreateKey(v.Context(), v.actor, v.community.ID, in)
	if err == nil {
		v.w.Header().Set("Cache-Control", "no-store")
		return c.renderKeys(v, http.StatusCreated, key.Name, secret)
	}
	view.Errors = wrongFields(err)
	if view.Page, view.Alert, err = c.again(v, "New API key", "api-keys", err); err != nil {
		return err
	}
	if view.Errors != nil {
		view.Alert = Alert{}
	}
	return render(v, http.StatusBadRequest, NewKeyPage(view))
}

func (c *console) deleteKey(v *visit) error {
	err := c.Auth.DeleteKey(v.Context(), v.community.ID, v.PathValue("key"))
	if err != nil && errs.KindOf(err) != errs.NotFound { // gone is what was asked for
		return err
	}
	return v.goTo(v.in("/api-keys"), "The key is deleted")
}

func (c *console) showAppearance(v *visit) error {
	p, err := c.appearancePage(v)
	if err != nil {
		return err
	}
	s := v.community.Settings
	return render(v, http.StatusOK, AppearancePage(AppearanceView{
		Page: p, Name: v.community.Name, Accent: s.Accent, Zone: s.TimeZone, Zones: zones, OpenImport: s.OpenBulkImport,
	}))
}

func (c *console) appearancePage(v *visit) (Page, error) {
	return c.page(v, "Appearance", "settings", "How the community looks, and the id that programs know it by.")
}

func (c *console) changeAppearance(v *visit) error {
	view := AppearanceView{
		Name: v.PostFormValue("name"), Accent: v.PostFormValue("accent"), Zone: strings.TrimSpace(v.PostFormValue("timeZone")),
		Zones: zones, OpenImport: v.community.Settings.OpenBulkImport,
	}
	_, err := c.Communities.Update(v.Context(), v.community.ID, community.Change{Name: &view.Name, Accent: &view.Accent, TimeZone: &view.Zone})
	if err == nil {
		return v.goTo(v.in("/settings/appearance"), "Saved")
	}
	if view.Errors = wrongFields(err); view.Errors == nil {
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
