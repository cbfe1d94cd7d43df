// Package remedy has the forms of the import wizard that correct errors of a check:
// options of the staged file, and texts to read instead of those in the file.
package remedy

import (
	"net/http"
	"path"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/bulk/choice"
	"github.com/regulars/regulars/internal/ui"
	"github.com/regulars/regulars/internal/ui/errorlist"
)

// Services are the features behind the pages.
type Services struct {
	Bulk    *bulk.Bulk
	Choices *choice.Choices
}

// handlers answer the requests of the area.
type handlers struct {
	*ui.Console
	Services
}

// New returns the area.
func New(c *ui.Console, s Services) ui.Area {
	h := &handlers{Console: c, Services: s}
	return ui.Area{Routes: []ui.Route{
		ui.InCommunity(permission.BulkUpdateUser).Get("/import/{draft}/remedy", toDraft),
		ui.InCommunity(permission.BulkUpdateUser).Post("/import/{draft}/remedy", h.applyRemedy),
		ui.InCommunity(permission.BulkUpdateUser).Get("/import/{draft}/values", h.showValues),
		ui.InCommunity(permission.BulkUpdateUser).Post("/import/{draft}/values", h.saveValues),
		ui.InCommunity(permission.BulkUpdateUser).Get("/import/{draft}/corrections", toDraft),
		ui.InCommunity(permission.BulkUpdateUser).Post("/import/{draft}/corrections", h.saveCorrections),
	}}
}

// toDraft redirects the address of a form, which a browser opens again as a page.
func toDraft(v *ui.Request) error { return v.Redirect(path.Dir(v.URL.Path), "") }

// options are the form fields of remedies.
var options = []string{"createTags", "decimal", "dateFormat", "defaultCountry"}

// applyRemedy changes an option of the draft and checks the file again.
func (h *handlers) applyRemedy(v *ui.Request) error {
	d, err := h.Bulk.Draft(v.Context(), v.Actor, v.Community.ID, v.PathValue("draft"))
	if err != nil {
		return err
	}
	form := map[string]string{}
	for _, name := range options {
		form[name] = v.PostFormValue(name)
	}
	o, err := d.Options.With(form)
	if err != nil {
		return h.showFailure(v, err)
	}
	return h.checkAgain(v, o)
}

// checkAgain saves the options of the draft and starts a check.
func (h *handlers) checkAgain(v *ui.Request, o bulk.Options) error {
	draftID, version := v.PathValue("draft"), errorlist.VersionOf(v)
	if _, err := h.Bulk.RestageVersion(v.Context(), v.Actor, v.Community.ID, draftID, version, o); err != nil {
		return h.showFailure(v, err)
	}
	s, err := h.Bulk.StartDraftVersion(v.Context(), v.Actor, v.Community.ID, draftID, version, true)
	if err != nil {
		return h.showFailure(v, err)
	}
	return v.Redirect(v.In("/import/"+draftID+"/jobs/"+s.JobID), "")
}

// showFailure is the page of a rejected form, with the way back.
func (h *handlers) showFailure(v *ui.Request, cause error) error {
	status, alert, err := ui.Rejected(v, cause)
	if err != nil {
		return err
	}
	p, err := h.page(v)
	if err != nil {
		return err
	}
	p.Alert = alert
	return ui.Render(v, status, failurePage(p, back(v)))
}

func (h *handlers) page(v *ui.Request) (ui.Page, error) {
	return h.Page(v, "Import members", "import", "")
}

// back is the address of the check, or of the columns without one.
func back(v *ui.Request) string {
	address := v.In("/import/" + v.PathValue("draft"))
	if jobID := v.FormValue("job"); jobID != "" && path.Base(jobID) == jobID {
		return address + "/jobs/" + jobID
	}
	return address
}

// rejected renders a form again.
func rejected(v *ui.Request, cause error) (status int, alert ui.Alert, err error) {
	if cause == nil {
		return http.StatusOK, alert, nil
	}
	return ui.Rejected(v, cause)
}
