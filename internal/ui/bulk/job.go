package bulk

import (
	"cmp"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/bulk/job"
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
	view := JobPageView{Page: p}
	if view.Follow, err = h.followOf(v, &j); err != nil {
		return err
	}
	view.Job, view.Apply = j, j.DryRun && j.Status == bulk.Completed && j.writes() > 0 && j.AppliedBy == "" && view.Follow.Problem == ""
	if view.Rows, err = h.rowsOf(v, j, p.In("/bulk-jobs/"+j.ID)); err != nil {
		return err
	}
	view.Job.Expired = view.Rows.Gone != ""
	return ui.Render(v, status, JobPage(view))
}

// FollowView is the result of the jobs that followed a job.
type FollowView struct {
	Kept    []KeptView // causes for which its undo kept something in rows
	Created []string   // the created fields and tags that its undo kept, as sentences
	Problem string     // why the plan of a dry run cannot be applied; "": it can
	Stale   bool       // a new dry run removes the problem
}

// KeptView is a cause for which an undo kept something.
type KeptView struct {
	Column, Message string
	Count           int64
	FirstLine       int
	Show            string // address of the first row
}

// followOf loads the undo of a job and the state of a plan.
func (h *handlers) followOf(v *ui.Request, j *JobView) (f FollowView, err error) {
	undo := j
	if j.UndoneBy != "" {
		s, err := h.Bulk.Status(v.Context(), v.Actor, v.Community.ID, j.UndoneBy)
		if err != nil {
			return f, err
		}
		undo = new(jobView(v, s))
		j.Undo = undo
	}
	if undo.Type == string(bulk.Undo) && !undo.Live() {
		f.Created = undo.KeptTexts
	}
	if undo.Type == string(bulk.Undo) && !undo.Live() && undo.Kept > 0 {
		if f.Kept, err = h.keptBy(v, j, undo); err != nil {
			return f, err
		}
	}
	if !j.DryRun || j.Status != bulk.Completed || j.AppliedBy != "" {
		return f, nil
	}
	err = h.Bulk.PlanProblem(v.Context(), v.Actor, v.Community.ID, j.ID)
	if e := errs.From(err); e != nil {
		f.Problem, f.Stale = ui.Translate(v.Context(), e.Sentence), e.Code == "plan_stale"
		return f, nil
	}
	return f, err
}

// keptBy lists the causes for which an undo kept something; nothing after its rows
// have expired.
func (h *handlers) keptBy(v *ui.Request, j, undo *JobView) ([]KeptView, error) {
	causes, err := h.Bulk.Kept(v.Context(), v.Actor, v.Community.ID, undo.ID)
	if errs.KindOf(err) == errs.Gone {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if len(undo.KeptTexts) > 0 {
		causes = slices.DeleteFunc(causes, func(k bulk.KeptCause) bool { return k.Created })
	}
	names, err := h.fieldNames(v, *j)
	var list []KeptView
	for _, k := range ui.FirstN(causes, 10) {
		show := v.In("/bulk-jobs/" + undo.ID + "?line=" + strconv.Itoa(k.FirstLine) + "#rows")
		list = append(list, KeptView{Column: cmp.Or(names[k.Column], k.Column), Message: ui.Translate(v.Context(), k.Message), Count: k.Count, FirstLine: k.FirstLine, Show: show})
	}
	return list, err
}

// failedRows downloads the failed rows as CSV, failedWorkbook as a workbook.
func (h *handlers) failedRows(v *ui.Request) error { return h.downloadFailed(v, bulk.CSV) }

func (h *handlers) failedWorkbook(v *ui.Request) error { return h.downloadFailed(v, bulk.Workbook) }

func (h *handlers) downloadFailed(v *ui.Request, format bulk.Format) error {
	s, err := h.Bulk.Status(v.Context(), v.Actor, v.Community.ID, v.PathValue("job"))
	if err != nil {
		return err
	}
	out := &httpx.Download{Writer: httpx.NewStallWriter(v.W, downloadStall), Start: func() { download(v.W, job.FailedName(s.FileName, format), format) }}
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
	if draft, ok := draftOf(v); ok {
		return v.In("/import/" + draft + "/jobs/" + jobID)
	}
	return v.In("/bulk-jobs/" + jobID)
}

// draftOf returns the draft of the form, if it is a step of the wizard.
func draftOf(v *ui.Request) (string, bool) {
	draft, ok := strings.CutPrefix(v.PostFormValue("back"), "import/")
	return draft, ok && !strings.ContainsAny(draft, "/?#\\")
}

func (h *handlers) applyJob(v *ui.Request) error {
	s, err := h.apply(v)
	if err != nil {
		return h.renderJob(v, err)
	}
	return v.Redirect(v.In("/bulk-jobs/"+s.JobID), "")
}

// apply applies a dry run. One that was applied already, such as by a repeated
// request, has the job that did.
func (h *handlers) apply(v *ui.Request) (bulk.Status, error) {
	s, err := h.Bulk.Apply(v.Context(), v.Actor, v.Community.ID, v.PathValue("job"), "")
	if !errs.Is(err, "already_applied") {
		return s, err
	}
	plan, statusErr := h.Bulk.Status(v.Context(), v.Actor, v.Community.ID, v.PathValue("job"))
	if statusErr != nil || plan.AppliedBy == "" {
		return s, err
	}
	return h.Bulk.Status(v.Context(), v.Actor, v.Community.ID, plan.AppliedBy)
}

// continueJob imports the unread rows of a stopped job.
func (h *handlers) continueJob(v *ui.Request) error {
	s, err := h.Bulk.Continue(v.Context(), v.Actor, v.Community.ID, v.PathValue("job"), "")
	return h.followJob(v, s, err)
}

// checkAgain repeats a dry run.
func (h *handlers) checkAgain(v *ui.Request) error {
	s, err := h.Bulk.CheckAgain(v.Context(), v.Actor, v.Community.ID, v.PathValue("job"))
	return h.followJob(v, s, err)
}

// followJob leads to a job that follows the one of the form: a step of the wizard, or
// the page of the job. The draft of the wizard then has the new job.
func (h *handlers) followJob(v *ui.Request, s bulk.Status, err error) error {
	if err != nil {
		return h.renderJob(v, err)
	}
	if draft, ok := draftOf(v); ok {
		return h.stepOf(v, draft, s.JobID)
	}
	return v.Redirect(h.backToJob(v, s.JobID), "")
}

// stepOf leads to the step of the wizard with a job, or to the job if the draft is
// another person's, has expired or has another file.
func (h *handlers) stepOf(v *ui.Request, draftID, jobID string) error {
	err := h.Bulk.FollowDraft(v.Context(), v.Actor, v.Community.ID, draftID, jobID)
	switch {
	case errs.From(err) != nil:
		return v.Redirect(v.In("/bulk-jobs/"+jobID), "")
	case err != nil:
		return err
	}
	return v.Redirect(v.In("/import/"+draftID+"/jobs/"+jobID), "")
}

func (h *handlers) undoJob(v *ui.Request) error {
	s, err := h.Bulk.Undo(v.Context(), v.Actor, v.Community.ID, v.PathValue("job"), "")
	if err != nil {
		return h.renderJob(v, err)
	}
	return v.Redirect(v.In("/bulk-jobs/"+s.JobID), "")
}
