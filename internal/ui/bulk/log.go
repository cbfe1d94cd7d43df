package bulk

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/ui"
)

// logQuery is an address of the list of bulk jobs.
func logQuery(base, kind, status string, page int) string {
	query := url.Values{}
	if kind != "" {
		query.Set("type", kind)
	}
	if status != "" {
		query.Set("status", status)
	}
	if page > 1 {
		query.Set("page", strconv.Itoa(page))
	}
	if len(query) == 0 {
		return base
	}
	return base + "?" + query.Encode()
}

func (h *handlers) showLog(v *ui.Request) error {
	p, err := h.Page(v, "Bulk jobs", "bulk-jobs", "All imports, dry runs, updates and undos.")
	if err != nil {
		return err
	}
	query := v.URL.Query()
	page, _ := strconv.Atoi(query.Get("page")) // invalid: the first page
	page = max(page, 1)
	view := LogView{Page: p, Type: query.Get("type"), Status: query.Get("status"), Here: v.URL.RequestURI()}
	found, total, err := h.Bulk.List(v.Context(), v.Actor, v.Community.ID, bulk.ListFilter{Type: view.Type, Status: view.Status, Page: page, Limit: jobsPerPage})
	if err != nil {
		return err
	}
	stored, err := h.Bulk.StorageOf(v.Context(), v.Actor, v.Community.ID)
	if err != nil {
		return err
	}
	view.Storage = ui.StorageView{Files: stored.Files, Used: stored.UsedBytes, Quota: stored.QuotaBytes}
	for _, s := range found {
		j := jobView(v, s)
		view.Live = view.Live || j.Live()
		view.Jobs = append(view.Jobs, j)
	}
	view.Range = ui.NewRange(page, jobsPerPage, len(found), total, false, func(page int) string {
		return logQuery(p.In("/bulk-jobs"), view.Type, view.Status, page)
	})
	return ui.Render(v, http.StatusOK, LogPage(view))
}

// oldPath was the path of the bulk jobs, which links may have.
const oldPath = "/api-log"

func (h *handlers) redirectOld(v *ui.Request) error {
	return v.Redirect(strings.Replace(v.URL.RequestURI(), v.In(oldPath), v.In("/bulk-jobs"), 1), "")
}
