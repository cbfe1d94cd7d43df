package tag

import (
	"net/http"
	"slices"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/text"
	"github.com/regulars/regulars/internal/ui"
)

// suggestedTags is the number of other tags that a form suggests.
const suggestedTags = 200

var newTagTitle = i18n.Key("New tag")

func (h *handlers) showNewTag(v *ui.Request) error {
	p, err := h.Page(v, newTagTitle, "tags", "")
	if err != nil {
		return err
	}
	return ui.Render(v, http.StatusOK, NewTagPage(NewTagView{Page: p}))
}

func (h *handlers) createTag(v *ui.Request) error {
	name := v.PostFormValue("name")
	created, err := h.Members.CreateTag(v.Context(), v.Actor, v.Community.ID, name)
	if err == nil {
		return v.Redirect(v.In("/tags"), v.T("Tag %s created", created.Name))
	}
	view := NewTagView{Name: name, Errors: nameErrors(v, err)}
	if view.Page, view.Alert, err = h.FormAgain(v, newTagTitle, "tags", err); err != nil {
		return err
	}
	if view.Errors != nil {
		view.Alert = ui.Alert{}
	}
	return ui.Render(v, http.StatusBadRequest, NewTagPage(view))
}

// nameErrors are the errors of a form with a name.
func nameErrors(v *ui.Request, err error) map[string]string {
	if errs.Is(err, "duplicate_tag") {
		return map[string]string{"name": ui.Explain(ui.PrinterOf(v.Context()), errs.From(err))}
	}
	return ui.FieldErrors(v.Context(), err)
}

// find returns the tag of the address and all tags.
func (h *handlers) find(v *ui.Request) (Row, []Row, error) {
	rows, err := h.rows(v)
	if err != nil {
		return Row{}, nil, err
	}
	at := slices.IndexFunc(rows, func(r Row) bool { return r.ID == v.PathValue("tag") })
	if at < 0 {
		return Row{}, nil, errs.Missing("tag")
	}
	return rows[at], rows, nil
}

func (h *handlers) showTag(v *ui.Request) error { return h.renderTag(v, TagView{}, http.StatusOK) }

// renderTag shows a tag, with the errors of a form.
func (h *handlers) renderTag(v *ui.Request, view TagView, status int) error {
	row, rows, err := h.find(v)
	if err != nil {
		return err
	}
	alert := view.Alert
	if view.Page, err = h.Page(v, "Tag", "tags", ""); err != nil {
		return err
	}
	view.Title, view.Alert, view.Row = row.Name, alert, row
	if view.Errors["name"] == "" {
		view.Name = row.Name
	}
	if view.Into == "" {
		view.Into = row.Similar
	}
	for _, other := range rows {
		if other.ID != row.ID && len(view.Others) < suggestedTags {
			view.Others = append(view.Others, other.Name)
		}
	}
	return ui.Render(v, status, TagPage(view))
}

// renameTag renames a tag. If another one has the name, it offers to merge them.
func (h *handlers) renameTag(v *ui.Request) error {
	name := v.PostFormValue("name")
	updated, err := h.Members.UpdateTag(v.Context(), v.Actor, v.Community.ID, v.PathValue("tag"), name, false)
	switch {
	case err == nil:
		return v.Redirect(v.In("/tags"), v.T("Tag renamed to %s", updated.Name))
	case errs.Is(err, "duplicate_tag"):
		return h.renderMerge(v, text.Name(name), err)
	}
	wrong := ui.FieldErrors(v.Context(), err)
	if wrong == nil {
		return err
	}
	return h.renderTag(v, TagView{Name: name, Errors: wrong}, http.StatusBadRequest)
}

func (h *handlers) showMerge(v *ui.Request) error {
	return h.renderMerge(v, text.Name(v.URL.Query().Get("into")), nil)
}

// renderMerge asks for the confirmation of a merge into the tag with a name. It
// shows the cause if the name was meant for a rename.
func (h *handlers) renderMerge(v *ui.Request, into string, cause error) error {
	row, rows, err := h.find(v)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(rows, func(r Row) bool { return r.Name == into })
	switch {
	case at < 0:
		wrong := map[string]string{"into": v.T("There is no tag %q; names are compared with their case.", into)}
		return h.renderTag(v, TagView{Into: into, Errors: wrong}, http.StatusNotFound)
	case rows[at].ID == row.ID:
		wrong := map[string]string{"into": v.T("Choose another tag.")}
		return h.renderTag(v, TagView{Into: into, Errors: wrong}, http.StatusBadRequest)
	}
	status, alert, err := ui.Rejected(v, cause)
	if err != nil {
		return err
	}
	p, err := h.Page(v, "Merge tags", "tags", "")
	if err != nil {
		return err
	}
	p.Title, p.Alert = v.T("Merge %[1]s into %[2]s?", row.Name, into), alert
	return ui.Render(v, status, MergePage(MergeView{Page: p, Row: row, Into: rows[at]}))
}

func (h *handlers) mergeTag(v *ui.Request) error {
	into := v.PostFormValue("into")
	tags, err := h.Members.Tags(v.Context(), v.Actor, v.Community.ID)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(tags, func(t member.Tag) bool { return t.Name == text.Name(into) }) { // UpdateTag would rename
		return h.renderMerge(v, text.Name(into), nil)
	}
	updated, err := h.Members.UpdateTag(v.Context(), v.Actor, v.Community.ID, v.PathValue("tag"), into, true)
	if err != nil {
		return err
	}
	return v.Redirect(v.In("/tags/"+updated.ID), v.T("Tags merged into %s", updated.Name))
}

func (h *handlers) deleteTag(v *ui.Request) error {
	row, _, err := h.find(v)
	if err != nil {
		return err
	}
	if err := h.Members.DeleteTag(v.Context(), v.Actor, v.Community.ID, row.ID); err != nil {
		return err
	}
	return v.Redirect(v.In("/tags"), v.T("Tag %s deleted", row.Name))
}
