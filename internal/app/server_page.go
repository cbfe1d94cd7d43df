package app

import (
	"context"
	"path/filepath"

	"github.com/regulars/regulars/internal/app/health"
	uiinstallation "github.com/regulars/regulars/internal/ui/installation"
)

// serverPages describes the running server to the pages of its owner.
func (a *App) serverPages() uiinstallation.Server {
	data, err := filepath.Abs(a.config.Data)
	if err != nil {
		data = a.config.Data
	}
	s := uiinstallation.Server{Version: version, URL: a.url, StartedAt: a.clock.MS(), Data: data, Check: a.checkForPage}
	for _, setting := range a.config.Settings() {
		s.Settings = append(s.Settings, uiinstallation.Setting(setting))
	}
	return s
}

// checkForPage runs the health checks for a page. Errors of the checks themselves
// may contain addresses and are only logged.
func (a *App) checkForPage(ctx context.Context, slow bool) (list []uiinstallation.Check) {
	for _, c := range a.checks(a.config, a.engineRunning.Load) {
		if c.Slow && !slow {
			list = append(list, uiinstallation.Check{Title: c.Title, Skipped: true})
			continue
		}
		results := health.Run(ctx, []health.Check{c})
		a.logCheckErrors(ctx, results)
		for _, r := range results {
			list = append(list, uiinstallation.Check{Title: r.Title, OK: r.OK, Problem: r.Finding.Problem, Remedy: r.Finding.Remedy, Detail: r.Finding.Detail})
		}
	}
	return list
}
