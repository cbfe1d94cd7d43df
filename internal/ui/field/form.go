package field

import (
	"net/http"
	"slices"
	"strings"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/ui"
)

var newFieldTitle = i18n.Key("New field")

func (h *handlers) showNewField(v *ui.Request) error {
	p, err := h.Page(v, newFieldTitle, "fields", "")
	if err != nil {
		return err
	}
	return ui.Render(v, http.StatusOK, FieldFormPage(FieldFormView{Page: p}))
}

func (h *handlers) createField(v *ui.Request) error {
	view := typedField(v)
	in := field.Input{
		Field: view.Field, Name: view.Name, Type: field.Type(view.Type), Options: view.options(), Description: view.Description,
		Required: view.Required, Identifier: view.Identifier, Filterable: view.Filterable,
	}
	if view.Default != "" {
		in.DefaultValue = view.Default
	}
	if strings.TrimSpace(in.Field) == "" {
		in.Field = strings.ToLower(in.Name)
	}
	made, err := h.Fields.Create(v.Context(), v.Actor, v.Community.ID, in)
	if err == nil {
		return v.Redirect(v.In("/fields"), v.T("Field %s created", made.Name))
	}
	return h.fieldAgain(v, newFieldTitle, view, err)
}

// typedField is what the form of a field holds.
func typedField(v *ui.Request) FieldFormView {
	return FieldFormView{
		Name: v.PostFormValue("name"), Field: v.PostFormValue("field"), Type: v.PostFormValue("type"), Options: v.PostFormValue("options"),
		Default: strings.TrimSpace(v.PostFormValue("default")), Description: v.PostFormValue("description"), Required: v.PostFormValue("required") == "true",
		Identifier: v.PostFormValue("identifier") == "true", Filterable: v.PostFormValue("filterable") == "true",
	}
}

// options are the choices that were typed, of a type that has some.
func (f FieldFormView) options() []string {
	if t := field.Type(f.Type); t != field.Select && t != field.MultiSelect {
		return nil
	}
	return append([]string{}, ui.Lines(f.Options)...)
}

// fieldAgain shows a form again that was refused.
func (h *handlers) fieldAgain(v *ui.Request, title string, view FieldFormView, cause error) error {
	view.Errors = ui.FieldErrors(v.Context(), cause)
	p, refused, err := h.FormAgain(v, title, "fields", cause)
	if err != nil {
		return err
	}
	view.Page = p
	if errs.KindOf(cause) != errs.Invalid {
		view.Alert, view.Errors = refused, nil
	}
	return ui.Render(v, errs.KindOf(cause).Status(), FieldFormPage(view))
}

// ownField is the custom field an address names.
func (h *handlers) ownField(v *ui.Request) (field.Field, error) {
	f, err := h.Fields.Get(v.Context(), v.Actor, v.Community.ID, v.PathValue("field"))
	if err == nil && f.Default {
		err = ui.ErrPageNotFound()
	}
	return f, err
}

func (h *handlers) showField(v *ui.Request) error {
	f, err := h.ownField(v)
	if err != nil {
		return err
	}
	p, err := h.Page(v, f.Name, "fields", "")
	if err != nil {
		return err
	}
	view := FieldFormView{
		Page: p, Name: f.Name, Type: string(f.Type), Options: strings.Join(f.Options, "\n"), Default: ui.FormText(f.DefaultValue),
		Description: f.Description, Required: f.Required, Identifier: f.Identifier, Filterable: f.Filterable,
	}
	if err := h.about(v, &view, f); err != nil {
		return err
	}
	return ui.Render(v, http.StatusOK, FieldFormPage(view))
}

// about completes the form with the present definition of the field.
func (h *handlers) about(v *ui.Request, view *FieldFormView, f field.Field) (err error) {
	view.ID, view.Field, view.Was, view.Work = f.ID, f.Field, f.Name, workOf(v.Context(), h.Reader(v), f)
	view.Have, err = h.FieldChanges.HaveValue(v.Context(), v.Actor, v.Community.ID, f)
	return err
}

func (h *handlers) changeField(v *ui.Request) error {
	f, err := h.ownField(v)
	if err != nil {
		return err
	}
	view := typedField(v)
	kind := field.Type(view.Type)
	u := field.Update{
		Name: &view.Name, Type: &kind, Options: view.options(), Required: &view.Required, NoDefault: view.Default == "", Description: &view.Description,
		Filterable: &view.Filterable, Identifier: &view.Identifier, Replace: map[string]*string{},
	}
	if view.Default != "" {
		u.DefaultValue = view.Default
	}
	for _, option := range f.Options {
		if choice := v.PostForm["replace."+option]; len(choice) > 0 && choice[0] != "" {
			u.Replace[option] = &choice[0]
		} else if len(choice) > 0 {
			u.Replace[option] = nil
		}
	}
	_, cause := h.FieldChanges.UpdateField(v.Context(), v.Actor, v.Community.ID, f.ID, u)
	if cause == nil {
		return v.Redirect(v.In("/fields"), v.T("Field %s updated", view.Name))
	}
	if err := h.about(v, &view, f); err != nil {
		return err
	}
	if errs.Is(cause, "option_in_use") {
		view.Going = removedOptions(f.Options, u)
	}
	return h.fieldAgain(v, f.Name, view, cause)
}

// removedOptions are the options that the update removes.
func removedOptions(before []string, u field.Update) (going []RemovedOption) {
	for _, option := range before {
		if slices.ContainsFunc(u.Options, func(kept string) bool { return strings.EqualFold(kept, option) }) {
			continue
		}
		one := RemovedOption{Option: option, Choices: []ui.Choice{{Value: "", Label: i18n.Key("Nothing")}}}
		for _, kept := range u.Options {
			one.Choices = append(one.Choices, ui.Choice{Value: kept, Label: kept})
		}
		if chosen := u.Replace[option]; chosen != nil {
			one.Value = *chosen
		}
		going = append(going, one)
	}
	return going
}
