package bulk

import (
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/ui"
	"github.com/regulars/regulars/internal/ui/errorlist"
)

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
	if errs.From(err) != nil { // the staged file has expired, the job remains
		if cause != nil {
			return h.renderJob(v, cause)
		}
		return v.Redirect(v.In("/bulk-jobs/"+s.JobID), "")
	}
	if err != nil {
		return err
	}
	if d.FileID != s.FileID { // the address joins a draft and a job of another file
		return v.Redirect(v.In("/bulk-jobs/"+s.JobID), "")
	}
	p, err := h.importPage(v)
	if err != nil {
		return err
	}
	view := ImportView{Page: p, Step: 4, Draft: draftView(v, d), Job: jobView(v, s)}
	if s.DryRun {
		view.Step = 3
		view.Job.Draft = &errorlist.Draft{ID: d.ID, Path: v.In("/import/" + d.ID), Version: d.Version, JobID: s.JobID}
	}
	if view.Follow, err = h.followOf(v, &view.Job); err != nil {
		return err
	}
	view.Busy, view.Tab, view.Alert = view.Job.Live(), view.Job.Title(p.Reader), a
	if view.Rows, err = h.rowsOf(v, view.Job, view.here()); err != nil {
		return err
	}
	view.Job.Expired = view.Rows.Gone != ""
	return ui.Render(v, status, ImportPage(view))
}

// applyDraft applies the check of a draft. That of another file is not applied.
func (h *handlers) applyDraft(v *ui.Request) error {
	draftID := v.PathValue("draft")
	s, err := h.Bulk.Status(v.Context(), v.Actor, v.Community.ID, v.PathValue("job"))
	if err != nil {
		return err
	}
	d, err := h.Bulk.Draft(v.Context(), v.Actor, v.Community.ID, draftID)
	switch {
	case err != nil && errs.From(err) == nil:
		return err
	case err == nil && d.FileID != s.FileID:
		return v.Redirect(v.In("/bulk-jobs/"+s.JobID), "")
	}
	s, err = h.apply(v)
	if err != nil {
		return h.renderJobStep(v, err)
	}
	return h.stepOf(v, draftID, s.JobID)
}
