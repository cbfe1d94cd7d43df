package console

import (
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/jobs"
)

const deadJobsShown = 100

func (c *console) showDeadJobs(v *visit) error { return c.renderDeadJobs(v, nil) }

func (c *console) renderDeadJobs(v *visit, cause error) error {
	status, a, err := refusal(v, cause)
	if err != nil {
		return err
	}
	list, err := c.Jobs.Dead(v.Context(), deadJobsShown)
	if err != nil {
		return err
	}
	p, err := c.page(v, "Failed jobs", "", "Work of this server that was given up. Remove the cause, then retry or dismiss it.")
	if err != nil {
		return err
	}
	p.Alert = a
	view := DeadJobsView{Page: p}
	for i := range list {
		view.Jobs = append(view.Jobs, deadJob(p.Reader, &list[i]))
	}
	return render(v, status, DeadJobsPage(view))
}

func deadJob(r Reader, e *jobs.Entry) DeadJob {
	d := DeadJob{ID: e.ID, Kind: e.Kind, Name: r.T(workNames[e.Kind]), Args: e.Args, At: e.FinishedAt, Final: e.Final}
	if d.Name == "" {
		d.Name = e.Kind
	}
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

// workNames are what people call the kinds of jobs, keys of sentences.
var workNames = map[string]string{
	"bulk.run": i18n.Key("Import, update or undo"), "member.field_work": i18n.Key("Change of a field"), "member.take_role": i18n.Key("Removal of a deleted role"),
	"member.transfer_outcome": i18n.Key("Mail about a transfer"),
	"mail.send":               i18n.Key("Mail"), "auth.reset": i18n.Key("Mail with a new password link"), "app.sweep": i18n.Key("Cleanup"),
}

func (c *console) retryJob(v *visit) error {
	return c.afterDeadJob(v, c.Jobs.Requeue(v.Context(), v.PathValue("job")), i18n.Key("The job is queued again"))
}

func (c *console) dismissJob(v *visit) error {
	return c.afterDeadJob(v, c.Jobs.Dismiss(v.Context(), v.PathValue("job")), i18n.Key("The job is dismissed"))
}

func (c *console) afterDeadJob(v *visit, err error, toast string) error {
	if errs.Is(err, "job_not_dead") {
		return c.renderDeadJobs(v, err)
	}
	if err != nil {
		return err
	}
	return v.goTo("/-/jobs", toast)
}
