package member

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/httpx"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/directory"
	"github.com/regulars/regulars/internal/ui"
)

// downloadStall is the time after which a client that reads nothing is cut off.
const downloadStall = 60 * time.Second

const everyone = access.EveryoneTitle

// ViewLink is a saved view of the reader.
type ViewLink struct {
	ID, Name, Link string
	Current        bool
}

func (h *handlers) viewLinks(v *ui.Request, q Query) ([]ViewLink, error) {
	views, err := h.Members.Views(v.Context(), v.Actor, v.Community.ID)
	links := make([]ViewLink, len(views))
	for i, view := range views {
		link := v.In("/members")
		if view.Query != "" {
			link += "?" + view.Query
		}
		links[i] = ViewLink{view.ID, view.Name, link, link == q.OnPage(1)}
	}
	return links, err
}

// viewKey is the key of the page of a saved view.
func viewKey(id string) string { return "view:" + id }

// savedViews are the saved views of the reader as pages of the second level.
func (h *handlers) savedViews(v *ui.Request) (items []ui.NavItem, err error) {
	views, err := h.Members.Views(v.Context(), v.Actor, v.Community.ID)
	if errs.KindOf(err) == errs.Forbidden { // members without permission for the list
		return nil, nil
	}
	for _, view := range views {
		item := ui.NavItem{Key: viewKey(view.ID), Name: view.Name, Icon: "users", Path: "/members", Noun: ui.Members, Order: 10, Need: permission.GetUserData}
		if view.Query != "" {
			item.Path += "?" + view.Query
		}
		items = append(items, item)
	}
	return items, err
}

func (h *handlers) saveView(v *ui.Request) error {
	from, err := url.ParseQuery(v.FormValue("query"))
	if err != nil {
		return errs.New(errs.Invalid, "bad_query", "The view is not well-formed.")
	}
	address := ParseQuery(v.In("/members"), from).OnPage(1)
	_, query, _ := strings.Cut(address, "?")
	if _, err := h.Members.SaveView(v.Context(), v.Actor, v.Community.ID, v.FormValue("view"), query); err != nil {
		return err
	}
	return v.Redirect(address, "View saved")
}

func (h *handlers) deleteView(v *ui.Request) error {
	if err := h.Members.DeleteView(v.Context(), v.Actor, v.Community.ID, v.PathValue("view")); err != nil {
		return err
	}
	return v.Redirect(v.In("/members"), "View deleted")
}

// stateName is a state of a membership as people read it.
func stateName(r ui.Reader, state string) string {
	switch state {
	case member.Pending:
		return r.T("Pending")
	case member.Left:
		return r.T("Left")
	case member.Banned:
		return r.T("Banned")
	case member.Deleted:
		return r.T("Deleted")
	}
	return ""
}

// claimName is the label of a filter by claimed or unclaimed members.
func claimName(r ui.Reader, claimed string) string {
	switch claimed {
	case "true":
		return r.T("Claimed")
	case "false":
		return r.T("Unclaimed")
	}
	return ""
}

// exportMembers streams all results as a CSV file, exportWorkbook as a workbook.
// Both can be imported.
func (h *handlers) exportMembers(v *ui.Request) error { return h.export(v, bulk.CSV) }

func (h *handlers) exportWorkbook(v *ui.Request) error { return h.export(v, bulk.Workbook) }

func (h *handlers) export(v *ui.Request, format bulk.Format) error {
	names, err := h.Members.FilterNames(v.Context(), v.Actor, v.Community.ID)
	if err != nil {
		return err
	}
	fields, err := h.Fields.List(v.Context(), v.Actor, v.Community.ID)
	if err != nil {
		return err
	}
	filter, _, wrong := ParseQuery(v.In("/members"), v.URL.Query()).filter(v, directory.NewFilterFields(fields, names))
	if wrong.Message != "" {
		return errs.New(errs.Invalid, "bad_filter", "A filter cannot be used.")
	}
	if filter.JobID != "" {
		job, err := h.Bulk.MembersOf(v.Context(), v.Actor, v.Community.ID, filter.JobID)
		if err != nil {
			return err
		}
		if !job.Complete {
			return errs.New(errs.Conflict, "members_not_listed", "The members of this job are being listed. Try again in a moment.")
		}
	}
	out := &httpx.Download{Writer: httpx.NewStallWriter(v.W, downloadStall), Start: func() {
		v.W.Header().Set("Content-Type", format.ContentType())
		v.W.Header().Set("Content-Disposition", `attachment; filename="members.`+string(format)+`"`)
	}}
	if v.Method == http.MethodHead {
		out.Begin()
		return nil
	}
	err = h.Bulk.Export(v.Context(), v.Actor, v.Community.ID, format, out, filter)
	if err != nil && !out.Begun() {
		return err
	}
	if err != nil {
		panic(http.ErrAbortHandler) //nolint:forbidigo // a truncated file must not look complete
	}
	return nil
}
