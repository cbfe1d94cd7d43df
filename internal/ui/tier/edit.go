package tier

import (
	"net/http"
	"slices"
	"strings"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/ledger"
	"github.com/regulars/regulars/internal/progress/level"
	"github.com/regulars/regulars/internal/progress/tier"
	"github.com/regulars/regulars/internal/ui"
)

// View is the editor of tiers.
type View struct {
	ui.Page
	Form        Form
	Recomputing bool
	Roles       []ui.Choice // nil: the reader does not assign roles
	Preview     Preview
	Errors      map[string]string
	Conflict    *ui.Conflict // nil: none
}

// Preview is the distribution of members over the tiers of a form.
type Preview struct {
	Names        []string
	Distribution tier.Distribution
	Problem      string // why there is none; "": there is one
}

func (h *handlers) showEditor(v *ui.Request) error {
	stored, err := h.Tiers.Get(v.Context(), v.Actor, v.Community.ID)
	if err != nil {
		return err
	}
	return h.render(v, stored, formOf(stored), nil)
}

func (h *handlers) update(v *ui.Request) (err error) {
	form := readForm(v)
	if op := v.PostFormValue("op"); op != "" {
		form.edit(op)
	} else if !ui.Loads(v) {
		form.sort()
		if _, err = h.Tiers.Replace(v.Context(), v.Actor, v.Community.ID, form.input()); err == nil {
			return v.Redirect(v.In("/tiers"), i18n.Key("Tiers saved"))
		}
	}
	stored, loadErr := h.Tiers.Get(v.Context(), v.Actor, v.Community.ID)
	if loadErr != nil {
		return loadErr
	}
	return h.render(v, stored, form, err)
}

// render shows the editor with a form.
func (h *handlers) render(v *ui.Request, stored level.Settings, form Form, cause error) error {
	status, refused, err := ui.Rejected(v, cause)
	if err != nil {
		return err
	}
	view := View{Form: form, Recomputing: stored.Recomputing}
	if view.Page, err = h.Page(v, i18n.Key("Tiers"), "tiers", i18n.Key("Ranks that members reach with XP. Each tier has three levels.")); err != nil {
		return err
	}
	if view.Roles, err = h.roles(v, form); err != nil {
		return err
	}
	role := -1 // of the tier with a role that may be refused
	if view.Roles != nil {
		role = form.otherRole(stored)
	}
	if view.Errors = errorsOf(v, role, cause); view.Errors == nil {
		view.Alert = refused
	}
	view.Conflict, err = ui.Compare(v, cause, &view.Page, &view.Form, func() (Form, error) { return formOf(stored), nil }, func(f Form) []ui.Line { return lines(view, f) })
	if err != nil {
		return err
	}
	view.Preview = h.preview(v, view.Form)
	return ui.Render(v, status, EditPage(view))
}

// errorsOf are the errors of a form by the names of its inputs; nil: the error is about no
// input. An error of a role belongs to the tier with a number, -1: to none.
func errorsOf(v *ui.Request, role int, cause error) map[string]string {
	words := ui.Reader{Words: ui.PrinterOf(v.Context())}
	wrong := ui.FieldErrors(v.Context(), cause)
	for name := range wrong {
		if strings.HasSuffix(name, ".xp") {
			wrong[name] = words.T("Enter a whole number from 0 to %s.", words.Number(ledger.MaxBalance))
		}
	}
	e := errs.From(cause)
	if wrong != nil || e == nil {
		return wrong
	}
	if name, ok := e.Details["field"].(string); ok {
		return map[string]string{name: words.T("This threshold is not above the one before it.")}
	}
	if role >= 0 && slices.Contains([]string{"role_not_allowed", "role_not_found", "rank_too_low", "missing_permission"}, e.Code) {
		return map[string]string{tier.FieldOf(role, "roleId"): ui.Explain(ui.PrinterOf(v.Context()), e)}
	}
	return nil
}

// roles returns the roles that tiers may grant, with those of the form; nil if the reader
// does not manage roles.
func (h *handlers) roles(v *ui.Request, form Form) ([]ui.Choice, error) {
	may, err := h.Access.Allowed(v.Context(), v.Actor, v.Community.ID, permission.ManageRoles)
	if err != nil || !may[permission.ManageRoles] {
		return nil, err
	}
	all, err := h.Access.Roles(v.Context(), v.Actor, v.Community.ID)
	list := []ui.Choice{{Value: "", Label: v.T("roles|None")}}
	for i := range all {
		stored := slices.ContainsFunc(form.Tiers, func(one One) bool { return one.RoleID == all[i].ID })
		if stored || !all[i].Everyone && !all[i].GrantsServerPermission() {
			list = append(list, ui.Choice{Value: all[i].ID, Label: all[i].Title})
		}
	}
	return list, err
}

// showPreview answers a script with the distribution of members over the form.
func (h *handlers) showPreview(v *ui.Request) error {
	p, err := h.Page(v, i18n.Key("Tiers"), "tiers", "")
	if err != nil {
		return err
	}
	form := readForm(v)
	form.sort()
	return ui.Render(v, http.StatusOK, Members(p, h.preview(v, form)))
}

// preview returns the distribution of members over a form.
func (h *handlers) preview(v *ui.Request, form Form) Preview {
	p := Preview{}
	for _, one := range form.Tiers {
		p.Names = append(p.Names, one.Name)
	}
	var err error
	if p.Distribution, err = h.Tiers.Preview(v.Context(), v.Actor, v.Community.ID, form.input()); err != nil {
		p.Problem = v.T("No preview: a value is not valid.")
		if e := errs.From(err); e.Code == "levels_not_rising" {
			p.Problem = ui.Explain(ui.PrinterOf(v.Context()), e)
		}
	}
	return p
}
