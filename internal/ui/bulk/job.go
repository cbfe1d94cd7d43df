package bulk

import (
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/httpx"
	"github.com/regulars/regulars/internal/ui"
	"github.com/regulars/regulars/internal/ui/errorlist"
)

// escaped is a file name for a header.
func escaped(name string) string { return url.PathEscape(path.Base(name)) }

// downloadStall is the time after which a client that accepts nothing is cut off.
const downloadStall = 60 * time.Second

func (h *handlers) showJob(v *ui.Request) error { return h.renderJob(v, nil) }

// renderJob shows a job, with the error of a rejected action.
func (h *handlers) renderJob(v *ui.Request, cause error) error {
	status, a, err := ui.Rejected(v, cause)
	if err != nil {
		return err
	}
	s, err := h.Bulk.Status(v.Context(), v.Actor, v.Community.ID, v.PathValue("job"))
	if err != nil {
		return err
	}
	j := jobView(v, s)
	p, err := h.Page(v, "", "bulk-jobs", "")
	if err != nil {
		return err
	}
	p.Title = j.Title(p.Reader)
	p.Busy, p.Alert = j.Live(), a
	view := JobPageView{Page: p, Job: j, Apply: j.DryRun && j.Status == bulk.Completed && j.writes() > 0}
	if view.Rows, err = h.rowsOf(v, j, p.In("/bulk-jobs/"+j.ID)); err != nil {
		return err
	}
	if view.UndoJob, err = h.undoOf(v, j); err != nil {
		return err
	}
	return ui.Render(v, status, JobPage(view))
}

// undoOf is the id of the undo of j; "" without one.
func (h *handlers) undoOf(v *ui.Request, j JobView) (string, error) {
	if j.Status != bulk.Undone {
		return "", nil
	}
	undos, _, err := h.Bulk.List(v.Context(), v.Actor, v.Community.ID, bulk.ListFilter{Type: string(bulk.Undo), Page: 1, Limit: 100})
	for _, u := range undos {
		if u.UndoOf == j.ID {
			return u.JobID, nil
		}
	}
	return "", err
}

// failedRows downloads the failed rows as CSV, failedWorkbook as a workbook.
func (h *handlers) failedRows(v *ui.Request) error { return h.downloadFailed(v, bulk.CSV) }

func (h *handlers) failedWorkbook(v *ui.Request) error { return h.downloadFailed(v, bulk.Workbook) }

func (h *handlers) downloadFailed(v *ui.Request, format bulk.Format) error {
	s, err := h.Bulk.Status(v.Context(), v.Actor, v.Community.ID, v.PathValue("job"))
	if err != nil {
		return err
	}
	out := &httpx.Download{Writer: httpx.NewStallWriter(v.W, downloadStall), Start: func() { download(v.W, bulk.FailedName(s, format), format) }}
	err = h.Bulk.WriteFailed(v.Context(), v.Actor, v.Community.ID, s.JobID, format, errorlist.SelectionOf(v.URL.Query()).Errors, out)
	if err != nil && !out.Begun() {
		return err
	}
	if err != nil {
		panic(http.ErrAbortHandler) //nolint:forbidigo // a truncated file must not look complete
	}
	return nil
}

func download(w http.ResponseWriter, name string, format bulk.Format) {
	w.Header().Set("Content-Type", format.ContentType())
	w.Header().Set("Content-Disposition", `attachment; filename*=UTF-8''`+escaped(name))
}

func (h *handlers) cancelJob(v *ui.Request) error {
	jobID := v.PathValue("job")
	_, err := h.Bulk.Cancel(v.Context(), v.Actor, v.Community.ID, jobID)
	if errs.Is(err, "job_finished") {
		return v.Redirect(h.backToJob(v, jobID), "The job had ended already")
	}
	if err != nil {
		return err
	}
	return v.Redirect(h.backToJob(v, jobID), "Job cancelled")
}

// backToJob is the page of the form: a step of the wizard, or the job.
func (h *handlers) backToJob(v *ui.Request, jobID string) string {
	if draft, ok := strings.CutPrefix(v.PostFormValue("back"), "import/"); ok && !strings.ContainsAny(draft, "/?#\\") {
		return v.In("/import/" + draft + "/jobs/" + jobID)
	}
	return v.In("/bulk-jobs/" + jobID)
}

func (h *handlers) applyJob(v *ui.Request) error {
	s, err := h.Bulk.Apply(v.Context(), v.Actor, v.Community.ID, v.PathValue("job"), "")
	if err != nil {
		return h.renderJob(v, err)
	}
	return v.Redirect(v.In("/bulk-jobs/"+s.JobID), "")
}

func (h *handlers) undoJob(v *ui.Request) error {
	s, err := h.Bulk.Undo(v.Context(), v.Actor, v.Community.ID, v.PathValue("job"), "")
	if err != nil {
		return h.renderJob(v, err)
	}
	return v.Redirect(v.In("/bulk-jobs/"+s.JobID), "")
}
