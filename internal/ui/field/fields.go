package field

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/ui"
)

// optionList is the beginning of a list of choices.
func optionList(words i18n.Printer, options []string) string {
	comma := words.T(", ")
	if len(options) > 6 {
		return words.T("%[1]s and %[2]d more", strings.Join(options[:5], comma), len(options)-5)
	}
	return strings.Join(options, comma)
}

func (h *handlers) showFields(v *ui.Request) error { return h.renderFields(v, nil) }

// renderFields shows the fields, with the reason why something was refused.
func (h *handlers) renderFields(v *ui.Request, cause error) error {
	status, refused, err := ui.Rejected(v, cause)
	if err != nil {
		return err
	}
	p, err := h.Page(v, "Fields", "fields", "The data of members in this community.")
	if err != nil {
		return err
	}
	p.Alert = refused
	fields, err := h.Fields.List(v.Context(), v.Actor, v.Community.ID)
	if err != nil {
		return err
	}
	view := FieldsView{Page: p, Focus: v.URL.Query().Get("at")}
	for _, f := range fields {
		row := FieldRow{f.ID, f.Field, ui.FieldName(v.Context(), f.Default, f.Name), string(f.Type), f.Description, f.Options, f.Required, f.Identifier, f.Filterable, workOf(v.Context(), p.Reader, f)}
		if f.Default {
			view.Default = append(view.Default, row)
		} else {
			view.Own = append(view.Own, row)
		}
	}
	return ui.Render(v, status, FieldsPage(view))
}

// search finds fields by their name for the palette.
func (h *handlers) search(v *ui.Request, text string) (ui.PaletteGroup, error) {
	group := ui.PaletteGroup{Name: v.T("Fields")}
	fields, err := h.Fields.List(v.Context(), v.Actor, v.Community.ID)
	for _, f := range fields {
		name := ui.FieldName(v.Context(), f.Default, f.Name)
		if !ui.Matches(name, text) || len(group.Items) == ui.FoundLimit {
			continue
		}
		item := ui.PaletteItem{Icon: "rows-3", Label: name, Link: v.In("/fields")}
		if !f.Default {
			item.Link += "/" + f.ID
		}
		group.Items = append(group.Items, item)
	}
	return group, err
}

// workOf describes the running job on the values of a field.
func workOf(ctx context.Context, r ui.Reader, f field.Field) FieldWork {
	w := FieldWork{Busy: f.InProgress(), Done: f.Work.Done, Total: max(f.Work.Total, f.Work.Done)}
	switch {
	case !f.Work.Error.IsZero():
		w.Text = r.T("Failed: %s", ui.Translate(ctx, f.Work.Error))
	case f.Work.Kind == field.FillIndex:
		w.Text = r.T("Creating the index")
	case f.Work.Kind == field.Identify:
		w.Text = r.T("Reading all values")
	case f.Work.Kind == field.ConvertAll:
		w.Text = r.T("Converting the values")
	case f.Work.Kind == field.DropKeys:
		w.Text = r.T("Deleting the index")
	}
	return w
}

func (h *handlers) deleteField(v *ui.Request) error {
	gone, err := h.FieldChanges.DeleteField(v.Context(), v.Actor, v.Community.ID, v.PathValue("field"), v.PostFormValue("confirm"))
	if err != nil {
		return h.renderFields(v, err)
	}
	return v.Redirect(v.In("/fields"), v.T("Field %s deleted", gone.Name))
}

// moveField puts a field one place up or down in the order of use.
func (h *handlers) moveField(v *ui.Request) error {
	f, err := h.ownField(v)
	if err != nil {
		return err
	}
	fields, err := h.Fields.List(v.Context(), v.Actor, v.Community.ID)
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
		if err := h.FieldChanges.OrderFields(v.Context(), v.Actor, v.Community.ID, ids); err != nil {
			return err
		}
	}
	return v.Redirect(v.In("/fields?at="+url.QueryEscape(f.ID+"-"+v.PostFormValue("way"))), "")
}
