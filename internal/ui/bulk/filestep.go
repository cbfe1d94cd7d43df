package bulk

import (
	"net/http"

	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/bulk/job"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/ui"
	"github.com/regulars/regulars/internal/ui/errorlist"
)

func (h *handlers) showFileStep(v *ui.Request) error {
	return h.renderFileStep(v, http.StatusOK, ui.Alert{})
}

func (h *handlers) renderFileStep(v *ui.Request, status int, a ui.Alert) error {
	p, err := h.importPage(v)
	if err != nil {
		return err
	}
	p.Alert = a
	view := ImportView{Page: p, Step: 1, FormID: h.Bulk.NewID(), Premium: kindOf(v.URL.Query().Get("kind")) == bulk.Premium}
	if view.Unfinished, err = h.unfinished(v); err != nil {
		return err
	}
	return ui.Render(v, status, ImportPage(view))
}

// unfinished returns the staged files of the person.
func (h *handlers) unfinished(v *ui.Request) ([]UnfinishedView, error) {
	drafts, err := h.Bulk.Drafts(v.Context(), v.Actor, v.Community.ID)
	views := make([]UnfinishedView, len(drafts))
	for i, d := range drafts {
		views[i] = UnfinishedView{ID: d.ID, FileName: d.FileName, Size: d.Size, JobID: d.JobID, CreatedAt: d.CreatedAt, ExpiresAt: d.ExpiresAt}
	}
	return views, err
}

// discard deletes a staged file of the person.
func (h *handlers) discard(v *ui.Request) error {
	err := h.Bulk.DiscardDraft(v.Context(), v.Actor, v.Community.ID, v.PathValue("draft"))
	switch errs.KindOf(err) {
	case errs.NotFound, errs.Gone: // by an earlier submission
	default:
		if err != nil {
			return err
		}
	}
	return v.Redirect(v.In("/import"), "File discarded")
}

// reread reads the file with another encoding, delimiter, sheet or header line.
func (h *handlers) reread(v *ui.Request) error {
	d, err := h.Bulk.Draft(v.Context(), v.Actor, v.Community.ID, v.PathValue("draft"))
	if err != nil {
		return err
	}
	o := d.Options
	o.Mapping, o.Values = nil, nil // the names of the columns may be others now
	form := formOf(v, "encoding", "delimiter", "sheet", "otherSheet", "headerLine", "hiddenRows")
	if form["otherSheet"] != "" {
		form["sheet"] = form["otherSheet"]
	}
	if form["sheet"] != d.Detected.Sheet && form["headerLine"] == number(o.HeaderLine) {
		form["headerLine"] = "" // of the sheet before
	}
	chosen, err := job.ParseOptions(form)
	if err == nil {
		o.SetReading(chosen)
		_, err = h.Bulk.RestageVersion(v.Context(), v.Actor, v.Community.ID, d.ID, errorlist.VersionOf(v), o)
	}
	if err != nil {
		return h.columnsAgain(v, d.ID, err)
	}
	return v.Redirect(v.In("/import/"+d.ID), "")
}
