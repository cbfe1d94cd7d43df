package bulk

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/bulk/job"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/ui"
	"github.com/regulars/regulars/internal/ui/errorlist"
)

func (h *handlers) showColumnsStep(v *ui.Request) error {
	d, err := h.Bulk.Draft(v.Context(), v.Actor, v.Community.ID, v.PathValue("draft"))
	if err != nil {
		return err
	}
	return h.renderColumns(v, d, nil)
}

// renderColumns shows the columns of a draft, with the error of a rejected form and
// what its inputs had.
func (h *handlers) renderColumns(v *ui.Request, d bulk.Draft, cause error) error {
	status, a, err := ui.Rejected(v, cause)
	if err != nil {
		return err
	}
	p, err := h.importPage(v)
	if err != nil {
		return err
	}
	p.Alert = a
	view := ImportView{Page: p, Step: 2, Draft: draftView(v, d)}
	view.Draft.reject(v, cause)
	view.Draft.addContents(p, d)
	view.ColumnsPage = columnsPageOf(v)
	if view.Draft.FailedOf, err = h.failedOf(v, d); err != nil {
		return err
	}
	return ui.Render(v, status, ImportPage(view))
}

// columnsAgain shows the columns as saved, with the error of a rejected form.
func (h *handlers) columnsAgain(v *ui.Request, draftID string, cause error) error {
	d, err := h.Bulk.Draft(v.Context(), v.Actor, v.Community.ID, draftID)
	if err != nil {
		return err
	}
	return h.renderColumns(v, d, cause)
}

// columnsWith shows the columns with the choices of a rejected form, or as saved if
// they were saved in another window.
func (h *handlers) columnsWith(v *ui.Request, draftID string, o bulk.Options, cause error) error {
	if errs.Is(cause, "draft_changed") {
		return h.columnsAgain(v, draftID, cause)
	}
	d, err := h.Bulk.Try(v.Context(), v.Actor, v.Community.ID, draftID, o)
	if err != nil {
		return h.columnsAgain(v, draftID, cause)
	}
	return h.renderColumns(v, d, cause)
}

// failedOf returns the job of a file of failed rows; zero for another file.
func (h *handlers) failedOf(v *ui.Request, d bulk.Draft) (ui.Choice, error) {
	if d.Options.FailedOf == "" {
		return ui.Choice{}, nil
	}
	s, err := h.Bulk.Status(v.Context(), v.Actor, v.Community.ID, d.Options.FailedOf)
	if errs.KindOf(err) == errs.NotFound {
		return ui.Choice{}, nil
	}
	return ui.Choice{Value: s.JobID, Label: s.FileName}, err
}

// formOf returns the trimmed values of fields of the form.
func formOf(v *ui.Request, names ...string) map[string]string {
	form := map[string]string{}
	for _, name := range names {
		form[name] = v.PostFormValue(name)
		if name != "delimiter" { // a tab is one
			form[name] = strings.TrimSpace(form[name])
		}
	}
	return form
}

// check saves the mapping and starts the dry run.
func (h *handlers) check(v *ui.Request) error {
	draftID := v.PathValue("draft")
	d, err := h.Bulk.Draft(v.Context(), v.Actor, v.Community.ID, draftID)
	if err != nil {
		return err
	}
	o, err := chosenOptions(v, d)
	var staged bulk.Draft
	if err == nil {
		staged, err = h.Bulk.RestageVersion(v.Context(), v.Actor, v.Community.ID, draftID, errorlist.VersionOf(v), o)
	}
	if err == nil && !staged.Problem.IsZero() {
		return h.renderColumns(v, staged, staged.Problem.Error(errs.Invalid, "unmapped_columns"))
	}
	var s bulk.Status
	if err == nil {
		s, err = h.Bulk.StartDraftVersion(v.Context(), v.Actor, v.Community.ID, draftID, errorlist.VersionOf(v), true)
	}
	if err != nil {
		return h.columnsWith(v, draftID, o, err)
	}
	return v.Redirect(v.In("/import/"+draftID+"/jobs/"+s.JobID), "")
}

// chosenOptions are the options of a draft with the columns and import options of
// the form.
func chosenOptions(v *ui.Request, d bulk.Draft) (bulk.Options, error) {
	o := d.Options
	o.Mapping = mappingOf(v, d)
	o.NewFields = newFields(v, d, o.Mapping)
	chosen, err := job.ParseOptions(formOf(v, "mode", "createTags", "dateFormat", "decimal", "listSeparator", "defaultCountry", "notify"))
	o.SetMeaning(chosen)
	o.Notify = chosen.Notify
	return o, err
}

// saveChoices saves the choices of the form, such as whether the file imports or
// updates members, and shows the columns.
func (h *handlers) saveChoices(v *ui.Request) error {
	d, err := h.Bulk.Draft(v.Context(), v.Actor, v.Community.ID, v.PathValue("draft"))
	if err != nil {
		return err
	}
	o, err := chosenOptions(v, d)
	if err == nil {
		_, err = h.Bulk.SetType(v.Context(), v.Actor, v.Community.ID, d.ID, errorlist.VersionOf(v), kindOf(v.PostFormValue("kind")), o)
	}
	if err != nil {
		return h.columnsWith(v, d.ID, o, err)
	}
	address := v.In("/import/" + d.ID)
	if page := columnsPageOf(v); page > 1 {
		address += "?columns=" + strconv.Itoa(page)
	}
	return v.Redirect(address, "")
}

// tryChoices shows the problems of the choices of the form, without saving
// them.
func (h *handlers) tryChoices(v *ui.Request) error {
	d, err := h.Bulk.Draft(v.Context(), v.Actor, v.Community.ID, v.PathValue("draft"))
	if err != nil {
		return err
	}
	o, err := chosenOptions(v, d)
	if err != nil {
		o = d.Options // another input is wrong; the check names it
		o.Mapping = mappingOf(v, d)
		o.NewFields = newFields(v, d, o.Mapping)
	}
	if d, err = h.Bulk.Try(v.Context(), v.Actor, v.Community.ID, d.ID, o); err != nil {
		return err
	}
	view := ImportView{Page: ui.Page{Community: ui.Community{ID: v.Community.ID}, Reader: h.Reader(v)}, Draft: draftView(v, d)}
	return ui.Render(v, http.StatusOK, columnsChanged(view, changedStates(v, view.Draft)))
}

// startFromScratch forgets the mapping and the import options of a draft.
func (h *handlers) startFromScratch(v *ui.Request) error {
	d, err := h.Bulk.Draft(v.Context(), v.Actor, v.Community.ID, v.PathValue("draft"))
	if err != nil {
		return err
	}
	o := bulk.Options{Mode: bulk.Upsert}
	o.SetReading(d.Options)
	if _, err := h.Bulk.RestageVersion(v.Context(), v.Actor, v.Community.ID, d.ID, errorlist.VersionOf(v), o); err != nil {
		return h.columnsAgain(v, d.ID, err)
	}
	return v.Redirect(v.In("/import/"+d.ID), "")
}
