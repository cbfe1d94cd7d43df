package console

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/i18n"
)

func (c *console) showFields(v *visit) error { return c.renderFields(v, nil) }

// renderFields shows the fields, with the reason why something was refused.
func (c *console) renderFields(v *visit, cause error) error {
	status, refused, err := refusal(v, cause)
	if err != nil {
		return err
	}
	p, err := c.page(v, "Fields", "fields", "What this community knows of its members.")
	if err != nil {
		return err
	}
	p.Alert = refused
	fields, err := c.Fields.List(v.Context(), v.community.ID)
	if err != nil {
		return err
	}
	view := FieldsView{Page: p, Focus: v.URL.Query().Get("at")}
	for _, f := range fields {
		row := FieldRow{f.ID, f.Field, fieldName(v.Context(), f.Default, f.Name), string(f.Type), f.Description, f.Options, f.Required, f.Identifier, f.Filterable, workOf(p.Reader, f)}
		if f.Default {
			view.Default = append(view.Default, row)
		} else {
			view.Own = append(view.Own, row)
		}
	}
	return render(v, status, FieldsPage(view))
}

// workOf says what is being done to the values of a field.
func workOf(r Reader, f field.Field) FieldWork {
	w := FieldWork{Busy: f.Works(), Done: f.Work.Done, Total: max(f.Work.Total, f.Work.Done)}
	switch {
	case f.Work.Error != "":
		w.Text = r.T("Given up: %s", r.Words.Retell(f.Work.Error, defaultNames...))
	case f.Work.Kind == field.FillIndex:
		w.Text = r.T("Getting ready for filters")
	case f.Work.Kind == field.Identify:
		w.Text = r.T("Looking at every value")
	case f.Work.Kind == field.ConvertAll:
		w.Text = r.T("Converting the values")
	case f.Work.Kind == field.DropKeys:
		w.Text = r.T("Deleting the index")
	}
	return w
}

var newFieldTitle = i18n.Key("New field")

func (c *console) showNewField(v *visit) error {
	p, err := c.page(v, newFieldTitle, "fields", "")
	if err != nil {
		return err
	}
	return render(v, http.StatusOK, FieldFormPage(FieldFormView{Page: p}))
}

func (c *console) createField(v *visit) error {
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
	made, err := c.Fields.Create(v.Context(), v.community.ID, in)
	if err == nil {
		return v.goTo(v.in("/fields"), v.T("The field %s is made", made.Name))
	}
	return c.fieldAgain(v, newFieldTitle, view, err)
}

// typedField is what the form of a field holds.
func typedField(v *visit) FieldFormView {
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
	return append([]string{}, lines(f.Options)...)
}

// fieldAgain shows a form again that was refused.
func (c *console) fieldAgain(v *visit, title string, view FieldFormView, cause error) error {
	view.Errors = wrongFields(v.Context(), cause)
	p, refused, err := c.again(v, title, "fields", cause)
	if err != nil {
		return err
	}
	view.Page = p
	if errs.KindOf(cause) != errs.Invalid {
		view.Alert, view.Errors = refused, nil
	}
	return render(v, errs.KindOf(cause).Status(), FieldFormPage(view))
}

// ownField is the custom field an address names.
func (c *console) ownField(v *visit) (field.Field, error) {
	f, err := c.Fields.Get(v.Context(), v.community.ID, v.PathValue("field"))
	if err == nil && f.Default {
		err = errNoPage()
	}
	return f, err
}

func (c *console) showField(v *visit) error {
	f, err := c.ownField(v)
	if err != nil {
		return err
	}
	p, err := c.page(v, f.Name, "fields", "")
	if err != nil {
		return err
	}
	view := FieldFormView{
		Page: p, Name: f.Name, Type: string(f.Type), Options: strings.Join(f.Options, "\n"), Default: typedText(f.DefaultValue),
		Description: f.Description, Required: f.Required, Identifier: f.Identifier, Filterable: f.Filterable,
	}
	if err := c.about(v, &view, f); err != nil {
		return err
	}
	return render(v, http.StatusOK, FieldFormPage(view))
}

// about tells the form what the field is now.
func (c *console) about(v *visit, view *FieldFormView, f field.Field) (err error) {
	view.ID, view.Field, view.Was, view.Work = f.ID, f.Field, f.Name, workOf(c.reader(v), f)
	view.Have, err = c.Members.HaveValue(v.Context(), v.community.ID, f)
	return err
}

func (c *console) changeField(v *visit) error {
	f, err := c.ownField(v)
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
	_, cause := c.Members.UpdateField(v.Context(), v.community.ID, f.ID, u)
	if cause == nil {
		return v.goTo(v.in("/fields"), v.T("The field %s is changed", view.Name))
	}
	if err := c.about(v, &view, f); err != nil {
		return err
	}
	if errs.Is(cause, "option_in_use") {
		view.Going = goingOptions(f.Options, u)
	}
	return c.fieldAgain(v, f.Name, view, cause)
}

// goingOptions are those that are no longer there.
func goingOptions(before []string, u field.Update) (going []GoingOption) {
	for _, option := range before {
		if slices.ContainsFunc(u.Options, func(kept string) bool { return strings.EqualFold(kept, option) }) {
			continue
		}
		one := GoingOption{Option: option, Choices: []Choice{{"", i18n.Key("Nothing")}}}
		for _, kept := range u.Options {
			one.Choices = append(one.Choices, Choice{kept, kept})
		}
		if chosen := u.Replace[option]; chosen != nil {
			one.Value = *chosen
		}
		going = append(going, one)
	}
	return going
}

func (c *console) deleteField(v *visit) error {
	gone, err := c.Members.DeleteField(v.Context(), v.community.ID, v.PathValue("field"), v.PostFormValue("confirm"))
	if err != nil {
		return c.renderFields(v, err)
	}
	return v.goTo(v.in("/fields"), v.T("The field %s is deleted", gone.Name))
}

// moveField puts a field one place up or down in the order of use.
func (c *console) moveField(v *visit) error {
	f, err := c.ownField(v)
	if err != nil {
		return err
	}
	fields, err := c.Fields.List(v.Context(), v.community.ID)
	if err != nil {
		return err
	}
	var ids []string
	for _, other := range fields {
		if !other.Default {
			ids = append(ids, other.ID)
		}
	}
	at := slices.Index(ids, f.ID)
	to := at + 1
	if v.PostFormValue("way") == "up" {
		to = at - 1
	}
	if at >= 0 && to >= 0 && to < len(ids) {
		ids[at], ids[to] = ids[to], ids[at]
		if err := c.Members.OrderFields(v.Context(), v.community.ID, ids); err != nil {
			return err
		}
	}
	return v.goTo(v.in("/fields?at="+url.QueryEscape(f.ID+"-"+v.PostFormValue("way"))), "")
}

// typedText is a value of a field as a person would type it; "" is none.
func typedText(value any) string {
	switch t := value.(type) {
	case nil:
		return ""
	case string:
		return t
	case bool:
		return strconv.FormatBool(t)
	case []string:
		return strings.Join(t, ", ")
	}
	return fmt.Sprint(value)
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
