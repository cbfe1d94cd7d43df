package bulk

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/ui"
)

// JobFilter selects the jobs of the list; zero values match all.
type JobFilter struct {
	Kind     string // a value of jobKinds
	Status   string
	By       string // actor.Actor.Ref
	From, To string // days, YYYY-MM-DD
}

// fields are the set parts of the filter, as parameters of the address.
func (f JobFilter) fields() (set []ui.Choice) {
	for _, c := range []ui.Choice{{Value: "kind", Label: f.Kind}, {Value: "status", Label: f.Status}, {Value: "by", Label: f.By}, {Value: "from", Label: f.From}, {Value: "to", Label: f.To}} {
		if c.Label != "" {
			set = append(set, c)
		}
	}
	return set
}

// address is the address of a page of the list.
func (f JobFilter) address(base string, page int) string {
	query := url.Values{}
	for _, c := range f.fields() {
		query.Set(c.Value, c.Label)
	}
	if page > 1 {
		query.Set("page", strconv.Itoa(page))
	}
	if len(query) == 0 {
		return base
	}
	return base + "?" + query.Encode()
}

// filterOf returns the filter of an address. Invalid days are ignored.
func filterOf(query url.Values, r ui.Reader) JobFilter {
	f := JobFilter{Kind: query.Get("kind"), Status: query.Get("status"), By: query.Get("by"), From: query.Get("from"), To: query.Get("to")}
	if r.DayStart(f.From, 0) == 0 {
		f.From = ""
	}
	if r.DayStart(f.To, 0) == 0 {
		f.To = ""
	}
	return f
}

// listFilter is the filter for the feature.
func (f JobFilter) listFilter(r ui.Reader) bulk.ListFilter {
	list := bulk.ListFilter{Type: f.Kind, Status: f.Status, Actor: f.By, From: r.DayStart(f.From, 0), To: r.DayStart(f.To, 1), Limit: jobsPerPage, CountTo: maxJobs + 1}
	switch {
	case f.Kind == dryRun:
		list.Type, list.DryRun = "", new(true)
	case f.Kind != "":
		list.DryRun = new(false)
	}
	return list
}

const (
	jobsPerPage = 25
	dryRun      = "dryRun" // the kind of dry runs
	maxJobs     = 10_000   // that the list counts and shows
	maxStarters = 50       // in the menu
)

func (h *handlers) showLog(v *ui.Request) error {
	p, err := h.Page(v, "Bulk jobs", "bulk-jobs", "All imports, dry runs, updates and undos.")
	if err != nil {
		return err
	}
	query := v.URL.Query()
	page, _ := strconv.Atoi(query.Get("page")) // invalid: the first page
	page = min(max(page, 1), maxJobs/jobsPerPage)
	view := LogView{Page: p, Filter: filterOf(query, p.Reader), Here: v.URL.RequestURI()}
	filter := view.Filter.listFilter(p.Reader)
	filter.Page = page
	found, total, err := h.Bulk.List(v.Context(), v.Actor, v.Community.ID, filter)
	if err != nil {
		return err
	}
	stored, err := h.Bulk.StorageOf(v.Context(), v.Actor, v.Community.ID)
	if err != nil {
		return err
	}
	view.Storage = ui.StorageView{Files: stored.Files, Used: stored.UsedBytes, Quota: stored.QuotaBytes}
	if err := h.addJobs(v, &view, found); err != nil {
		return err
	}
	if len(view.Filter.fields()) == 0 && page == 1 {
		if view.Drafts, err = h.unfinished(v); err != nil {
			return err
		}
	}
	view.Range = ui.NewRange(page, jobsPerPage, len(found), min(total, maxJobs), total > maxJobs, func(page int) string {
		return view.Filter.address(p.In("/bulk-jobs"), page)
	})
	return ui.Render(v, http.StatusOK, LogPage(view))
}

// addJobs adds the jobs with their steps, and the choices of the filter.
func (h *handlers) addJobs(v *ui.Request, view *LogView, found []bulk.Status) error {
	ids := make([]string, len(found))
	for i, s := range found {
		ids[i] = s.JobID
	}
	drafts, err := h.Bulk.DraftsOfJobs(v.Context(), v.Actor, v.Community.ID, ids)
	if err != nil {
		return err
	}
	for _, s := range found {
		j := jobView(v, s)
		view.Live = view.Live || j.Live()
		view.Jobs = append(view.Jobs, ListedJob{JobView: j, Starter: s.Starter, Link: v.In(linkOf(s, drafts[s.JobID]))})
	}
	starters, err := h.Bulk.Starters(v.Context(), v.Actor, v.Community.ID, maxStarters)
	for _, s := range starters {
		view.Starters = append(view.Starters, ui.Choice{Value: s.Ref, Label: starterName(v, s.Ref, s.Name)})
	}
	return err
}

// linkOf is the step of the wizard if the draft of the job is open, else the page
// of the job.
func linkOf(s bulk.Status, draftID string) string {
	if draftID == "" {
		return "/bulk-jobs/" + s.JobID
	}
	return "/import/" + draftID + "/jobs/" + s.JobID
}

// oldPath was the path of the bulk jobs, which links may have.
const oldPath = "/api-log"

func (h *handlers) redirectOld(v *ui.Request) error {
	return v.Redirect(strings.Replace(v.URL.RequestURI(), v.In(oldPath), v.In("/bulk-jobs"), 1), "")
}
