package report

import (
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/message"
	"github.com/regulars/regulars/internal/moderation"
	"github.com/regulars/regulars/internal/report"
	"github.com/regulars/regulars/internal/ui"
)

// ListView is a part of the reports.
type ListView struct {
	ui.Page
	Status  string
	Reports []report.Report
	Next    string // address of the next part; "": none
}

// View is a report.
type View struct {
	ui.Page
	Report   report.Report
	Messages []message.View // with those before and after, the oldest first
	May      []ui.Choice    // actions
	Author   string         // address of the author; "": none, or the reader must not see it
	Form     Form
}

// Form is the form that resolves a report.
type Form struct {
	Action, Reason string
	Days           int // of a suspension
	DeleteRecent   bool
	Errors         map[string]string
}

// Labels of actions, in a form and in the past.
var (
	actions = []ui.Choice{
		{Value: string(report.Dismiss), Label: i18n.Key("Dismiss the report")},
		{Value: string(report.Delete), Label: i18n.Key("Delete the message")},
		{Value: string(report.Warn), Label: i18n.Key("Warn the author")},
		{Value: string(report.Suspend), Label: i18n.Key("Suspend the author")},
		{Value: string(report.Ban), Label: i18n.Key("Ban the author")},
	}
	resolutions = []ui.Choice{
		{Value: string(report.Dismiss), Label: i18n.Key("Dismissed")},
		{Value: string(report.Delete), Label: i18n.Key("Message deleted")},
		{Value: string(report.Warn), Label: i18n.Key("Author warned")},
		{Value: string(report.Suspend), Label: i18n.Key("Author suspended")},
		{Value: string(report.Ban), Label: i18n.Key("Author banned")},
	}
	statuses = []ui.Choice{{Value: report.Open, Label: i18n.Key("reports|Open")}, {Value: report.Resolved, Label: i18n.Key("reports|Resolved")}}
)

func (h *handlers) showReports(v *ui.Request) error {
	view := ListView{Status: report.Open}
	if v.URL.Query().Get("status") == report.Resolved {
		view.Status = report.Resolved
	}
	var err error
	if view.Page, err = h.Page(v, i18n.Key("Reports"), "reports", i18n.Key("Messages that members or alert words have reported.")); err != nil {
		return err
	}
	var next string
	view.Reports, next, err = h.Reports.List(v.Context(), v.Actor, v.Community.ID, report.Filter{Status: view.Status, Cursor: v.URL.Query().Get("after"), Limit: ui.ListLimit})
	if err != nil {
		return err
	}
	if next != "" {
		view.Next = v.In("/reports?" + url.Values{"status": {view.Status}, "after": {next}}.Encode())
	}
	return ui.Render(v, http.StatusOK, ReportsPage(view))
}

func (h *handlers) showReport(v *ui.Request) error {
	return h.render(v, Form{Action: string(report.Dismiss), Days: 7}, nil)
}

func (h *handlers) resolveReport(v *ui.Request) error {
	days, err := strconv.Atoi(v.PostFormValue("days"))
	if err != nil || days < 1 || days > 3650 {
		days = 0 // rejected, with a reason that fits
	}
	form := Form{Action: v.PostFormValue("action"), Reason: v.PostFormValue("reason"), Days: days, DeleteRecent: v.DeletesRecent()}
	by := report.Decision{Action: report.Action(form.Action), Reason: form.Reason}
	if by.Action == report.Suspend && days > 0 {
		by.Until = h.Clock.Now().Add(time.Duration(days) * 24 * time.Hour).UnixMilli()
	}
	resolved, err := h.Reports.Resolve(v.Context(), v.Actor, v.Community.ID, v.PathValue("report"), by)
	if err == nil && by.Action == report.Ban && form.DeleteRecent {
		_, err = h.Changes.DeleteRecent(v.Context(), v.Actor, v.Community.ID, resolved.AuthorID)
	}
	if err != nil {
		return h.render(v, form, err)
	}
	return v.Redirect(v.In("/reports"), i18n.Key("Report resolved"))
}

// render shows the report with a form.
func (h *handlers) render(v *ui.Request, form Form, cause error) error {
	status, refused, err := ui.Rejected(v, cause)
	if err != nil {
		return err
	}
	view := View{Form: form}
	if view.Report, err = h.Reports.Get(v.Context(), v.Actor, v.Community.ID, v.PathValue("report")); err != nil {
		return err
	}
	if view.Messages, err = h.Reports.Around(v.Context(), v.Actor, v.Community.ID, view.Report); err != nil {
		return err
	}
	if view.Page, err = h.Page(v, i18n.Key("reports|Report"), "reports", ""); err != nil {
		return err
	}
	if view.Form.Errors = ui.FieldErrors(v.Context(), cause); view.Form.Errors == nil {
		view.Page.Alert = refused
	}
	if view.Report.AuthorID != "" && h.Access.Can(v.Context(), v.Actor, v.Community.ID, permission.GetUserData) == nil {
		view.Author = v.In("/members/" + view.Report.AuthorID)
	}
	for _, one := range actions {
		if need, ok := moderation.PermissionOf(one.Value); !ok || view.Report.AuthorID != "" && h.Access.Can(v.Context(), v.Actor, v.Community.ID, need) == nil {
			view.May = append(view.May, one)
		}
	}
	return ui.Render(v, status, ReportPage(view))
}

// authorOf names the author of a message.
func authorOf(p ui.Page, one *message.View) string {
	if one == nil {
		return p.T("a deleted message")
	}
	return ui.AuthorName(p.Reader.Words, one.User)
}

// excerpt is the beginning of a reported text.
func excerpt(p ui.Page, one *message.View) string {
	if one == nil || one.DeletedAt != nil {
		return p.T("This message was deleted.")
	}
	return ui.Excerpt(one.Text)
}
