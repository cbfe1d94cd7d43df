package installation

import (
	"context"
	"net/http"
	"runtime"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/ui"
)

// showHealth runs the checks. ?full=1 includes the slow ones.
func (h *handlers) showHealth(v *ui.Request) error {
	p, err := h.Page(v, "Health", healthPath, "The checks of regulars doctor, run just now.")
	if err != nil {
		return err
	}
	full := v.URL.Query().Get("full") == "1"
	view := HealthView{
		Page: p, Full: full, Version: h.Server.Version, Go: runtime.Version(), Engine: engineName(h.DB.Dialect()), StartedAt: h.Server.StartedAt, Address: h.Server.URL(),
		Rows: h.settingRows(p.Reader, inGroups([]string{"Server", "Log"})),
	}
	for _, c := range h.Server.Check(v.Context(), full) {
		row := CheckRow{Title: p.T(c.Title), OK: c.OK, Skipped: c.Skipped, Problem: sentence(p.Reader, c.Problem), Remedy: sentence(p.Reader, c.Remedy), Detail: c.Detail}
		if !c.OK && !c.Skipped {
			view.Failed++
		}
		view.Checks = append(view.Checks, row)
	}
	// The page remains readable if the database does not respond: its checks say so.
	h.addJobs(v.Context(), &view)
	return ui.Render(v, http.StatusOK, HealthPage(view))
}

// sentence translates a sentence.
func sentence(r ui.Reader, s errs.Sentence) string {
	if s.Format == "%s" {
		return s.English
	}
	return r.T(s.Format, s.Args...)
}

// addJobs adds the state of nodes and jobs, as far as it can be read.
func (h *handlers) addJobs(ctx context.Context, view *HealthView) {
	if version, _, err := h.DB.SchemaVersion(ctx); err == nil {
		view.Schema = version
	}
	if nodes, err := h.Jobs.Nodes(ctx); err == nil {
		view.Nodes = nodes
	}
	if stats, err := h.Jobs.Stats(ctx); err == nil {
		view.Waiting, view.Running, view.Dead = stats.Waiting+stats.Queued, stats.Running, stats.Dead
	}
	kinds, err := h.Jobs.KindStats(ctx)
	if err != nil {
		return
	}
	for _, k := range kinds {
		view.Kinds = append(view.Kinds, KindRow{Name: workName(view.Reader, k.Kind), Waiting: k.Waiting, Dead: k.Dead, OldestAt: k.OldestAt})
	}
}
