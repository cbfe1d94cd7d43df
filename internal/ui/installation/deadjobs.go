package installation

import (
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/ui"
)

const deadJobsShown = 100

func (h *handlers) showDeadJobs(v *ui.Request) error { return h.renderDeadJobs(v, nil) }

func (h *handlers) renderDeadJobs(v *ui.Request, cause error) error {
	status, a, err := ui.Rejected(v, cause)
	if err != nil {
		return err
	}
	list, err := h.Jobs.Dead(v.Context(), v.Actor, deadJobsShown)
	if err != nil {
		return err
	}
	p, err := h.Page(v, "Failed jobs", healthPath, "Background jobs of this server that failed for good. Fix the cause, then retry or dismiss them.")
	if err != nil {
		return err
	}
	p.Alert = a
	view := DeadJobsView{Page: p}
	for i := range list {
		view.Jobs = append(view.Jobs, deadJob(p.Reader, &list[i]))
	}
	return ui.Render(v, status, DeadJobsPage(view))
}

func deadJob(r ui.Reader, e *jobs.Entry) DeadJob {
	d := DeadJob{ID: e.ID, Kind: e.Kind, Name: workName(r, e.Kind), Args: e.Args, At: e.FinishedAt, Final: e.Final}
	if len(e.Errors) > 0 {
		d.Error = e.Errors[len(e.Errors)-1].Error
	}
	d.Cause = r.Count(int64(max(e.Attempt, 1)), "%d attempt failed.", "%d attempts failed.")
	if e.Cause() == jobs.Crashed {
		d.Cause = r.T("The server's process ended %d times during this job, without progress. Often it has too little memory.", e.Crashes)
		d.Error = ""
	}
	return d
}

// workName is what people call a kind of jobs.
func workName(r ui.Reader, kind string) string {
	if name, known := workNames[kind]; known {
		return r.T(name)
	}
	return kind
}

// workNames are what people call the kinds of jobs, keys of sentences.
var workNames = map[string]string{
	"bulk.run": i18n.Key("Import, update or undo"), "member.field_work": i18n.Key("Change of a field"), "member.take_role": i18n.Key("Removal of a deleted role"),
	"member.remove_tag": i18n.Key("Replacement of a merged or deleted tag"), "member.transfer_outcome": i18n.Key("Mail about a transfer"), "member.transfer_expiry": i18n.Key("End of a transfer"),
	"event.consume": i18n.Key("Handling of events"), "mail.release": i18n.Key("Release of waiting mails"),
	"mail.send": i18n.Key("Mail"), "auth.reset": i18n.Key("Mail with a new password link"), "app.sweep": i18n.Key("Cleanup"),
}

func (h *handlers) retryJob(v *ui.Request) error {
	return h.afterDeadJob(v, h.Jobs.Requeue(v.Context(), v.Actor, v.PathValue("job")), i18n.Key("Job queued again"))
}

func (h *handlers) dismissJob(v *ui.Request) error {
	return h.afterDeadJob(v, h.Jobs.Dismiss(v.Context(), v.Actor, v.PathValue("job")), i18n.Key("Job dismissed"))
}

func (h *handlers) afterDeadJob(v *ui.Request, err error, toast string) error {
	if errs.Is(err, "job_not_dead") {
		return h.renderDeadJobs(v, err)
	}
	if err != nil {
		return err
	}
	return v.Redirect("/-/jobs", toast)
}
