package bulk

import (
	"encoding/csv"
	"net/http"
	"strings"

	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/bulk/job"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/httpx"
	"github.com/regulars/regulars/internal/ui"
)

// draftCookie remembers the file that a browser was importing.
const draftCookie = "regulars_draft"

func (h *handlers) importPage(v *ui.Request) (ui.Page, error) {
	return h.Page(v, "Import members", "import", "From a CSV or Excel file, in four steps.")
}

func (h *handlers) showFileStep(v *ui.Request) error {
	p, err := h.importPage(v)
	if err != nil {
		return err
	}
	view := ImportView{Page: p, Step: 1}
	if cookie, err := v.Cookie(draftCookie); err == nil {
		d, err := h.Bulk.Draft(v.Context(), v.Actor, v.Community.ID, cookie.Value)
		switch {
		case err == nil:
			view.Unfinished = draftView(v, d)
		case errs.From(err) == nil: // an expired or damaged draft is ignored
			return err
		}
	}
	return ui.Render(v, http.StatusOK, ImportPage(view))
}

func (h *handlers) template(v *ui.Request) error {
	headers, err := h.Bulk.Template(v.Context(), v.Actor, v.Community.ID)
	if err != nil {
		return err
	}
	download(v.W, "members-template.csv", bulk.CSV)
	out := csv.NewWriter(v.W)
	out.UseCRLF = true
	_ = out.Write(headers) // buffered until Flush
	out.Flush()
	return ui.IgnoreDisconnect(out.Error())
}

func (h *handlers) setDraftCookie(v *ui.Request, draftID string) {
	cookie := &http.Cookie{Name: draftCookie, Value: draftID, Path: v.In("/import"), MaxAge: 24 * 60 * 60, HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: httpx.Secure(v.Request)}
	if draftID == "" {
		cookie.MaxAge = -1
	}
	http.SetCookie(v.W, cookie)
}

func (h *handlers) clearDraft(v *ui.Request) error {
	h.setDraftCookie(v, "")
	return v.Redirect(v.In("/import"), "")
}

func (h *handlers) showColumnsStep(v *ui.Request) error {
	d, err := h.Bulk.Draft(v.Context(), v.Actor, v.Community.ID, v.PathValue("draft"))
	if err != nil {
		return err
	}
	return h.renderColumns(v, http.StatusOK, d, ui.Alert{})
}

func (h *handlers) renderColumns(v *ui.Request, status int, d bulk.Draft, a ui.Alert) error {
	p, err := h.importPage(v)
	if err != nil {
		return err
	}
	p.Alert = a
	view := ImportView{Page: p, Step: 2, Draft: draftView(v, d)}
	if view.Draft.FailedOf, err = h.failedOf(v, d); err != nil {
		return err
	}
	return ui.Render(v, status, ImportPage(view))
}

// failedOf returns the job whose failed rows a staged file has; zero without one.
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

// reread reads the file with another encoding, delimiter or sheet.
func (h *handlers) reread(v *ui.Request) error {
	d, err := h.Bulk.Draft(v.Context(), v.Actor, v.Community.ID, v.PathValue("draft"))
	if err != nil {
		return err
	}
	o := d.Options
	o.Mapping = nil // the names of the columns may be others now
	chosen, err := job.ParseOptions(formOf(v, "encoding", "delimiter", "sheet", "headerLine", "hiddenRows"))
	if err == nil {
		o.Encoding, o.Delimiter, o.Sheet, o.HeaderLine, o.HiddenRows = chosen.Encoding, chosen.Delimiter, chosen.Sheet, chosen.HeaderLine, chosen.HiddenRows
		_, err = h.Bulk.Restage(v.Context(), v.Actor, v.Community.ID, d.ID, o)
	}
	if err != nil {
		a, err := ui.NewAlert(v, err)
		if err != nil {
			return err
		}
		return h.renderColumns(v, http.StatusBadRequest, d, a)
	}
	return v.Redirect(v.In("/import/"+d.ID), "")
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
	if err := h.createFields(v, d); err != nil {
		a, err := ui.NewAlert(v, err)
		if err != nil {
			return err
		}
		return h.renderColumns(v, http.StatusBadRequest, d, a)
	}
	o := d.Options
	o.Mapping = mappingOf(v, d)
	chosen, err := job.ParseOptions(formOf(v, "mode", "dateFormat", "decimal", "listSeparator", "defaultCountry"))
	o.Mode, o.DateFormat, o.Decimal, o.ListSeparator, o.DefaultCountry = chosen.Mode, chosen.DateFormat, chosen.Decimal, chosen.ListSeparator, chosen.DefaultCountry
	o.CreateTags, o.Notify = v.PostFormValue("createTags") == "true", v.PostFormValue("notify") == "true"
	var staged bulk.Draft
	if err == nil {
		staged, err = h.Bulk.Restage(v.Context(), v.Actor, v.Community.ID, draftID, o)
	}
	if err == nil && !staged.Problem.IsZero() {
		return h.renderColumns(v, http.StatusBadRequest, staged, ui.Alert{Message: ui.Translate(v.Context(), staged.Problem)})
	}
	var s bulk.Status
	if err == nil {
		d = staged
		s, err = h.Bulk.StartDraft(v.Context(), v.Actor, v.Community.ID, draftID, true)
	}
	if err != nil {
		a, err := ui.NewAlert(v, err)
		if err != nil {
			return err
		}
		return h.renderColumns(v, http.StatusBadRequest, d, a)
	}
	return v.Redirect(v.In("/import/"+draftID+"/jobs/"+s.JobID), "")
}

func (h *handlers) showJobStep(v *ui.Request) error { return h.renderJobStep(v, nil) }

// renderJobStep is the check or the run, whichever the job is, and why it
// could not go on.
func (h *handlers) renderJobStep(v *ui.Request, cause error) error {
	status, a, err := ui.Rejected(v, cause)
	if err != nil {
		return err
	}
	s, err := h.Bulk.Status(v.Context(), v.Actor, v.Community.ID, v.PathValue("job"))
	if err != nil {
		return err
	}
	d, err := h.Bulk.Draft(v.Context(), v.Actor, v.Community.ID, v.PathValue("draft"))
	if errs.From(err) != nil {
		return v.Redirect(v.In("/bulk-jobs/"+s.JobID), "") // the staged file has expired, the job remains
	}
	if err != nil {
		return err
	}
	p, err := h.importPage(v)
	if err != nil {
		return err
	}
	view := ImportView{Page: p, Step: 4, Draft: draftView(v, d), Job: jobView(v, s)}
	if s.DryRun {
		view.Step = 3
	}
	view.Busy, view.Tab, view.Alert = view.Job.Live(), view.Job.Title(p.Reader), a
	if view.Rows, err = h.rowsOf(v, view.Job, view.here()); err != nil {
		return err
	}
	if view.UndoJob, err = h.undoOf(v, view.Job); err != nil {
		return err
	}
	if !s.DryRun {
		h.setDraftCookie(v, "") // the import is finished
	}
	return ui.Render(v, status, ImportPage(view))
}

func (h *handlers) applyDraft(v *ui.Request) error {
	draftID := v.PathValue("draft")
	s, err := h.Bulk.Apply(v.Context(), v.Actor, v.Community.ID, v.PathValue("job"), "")
	if err != nil {
		return h.renderJobStep(v, err)
	}
	if err := h.Bulk.FollowDraft(v.Context(), v.Actor, v.Community.ID, draftID, s.JobID); err != nil {
		return err
	}
	return v.Redirect(v.In("/import/"+draftID+"/jobs/"+s.JobID), "")
}
