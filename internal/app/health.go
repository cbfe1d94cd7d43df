package app

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// check is one thing that has to be in order; the empty problem is in order.
type check struct {
	name string
	find func(ctx context.Context) (problem string, err error)
}

type finding struct {
	Name    string `json:"name"`
	OK      bool   `json:"ok"`
	Problem string `json:"problem,omitempty"`

	err error // why the check could not be made
}

// runChecks runs each check by itself: one that hangs or fails does not hide
// another.
func runChecks(ctx context.Context, checks []check) (findings []finding, ok bool) {
	ok = true
	for _, c := range checks {
		limited, cancel := context.WithTimeout(ctx, 5*time.Second)
		problem, err := c.find(limited)
		cancel()
		if err != nil {
			problem = "it could not be checked"
		}
		findings = append(findings, finding{c.name, problem == "", problem, err})
		ok = ok && problem == ""
	}
	return findings, ok
}

// readiness is what /readyz and doctor share.
func (p *Parts) readiness(c Config) []check {
	return []check{
		{"database", func(ctx context.Context) (string, error) { return "", p.DB.Ping(ctx) }},
		{"schema", func(ctx context.Context) (string, error) {
			current, newest, err := p.DB.SchemaVersion(ctx)
			if err == nil && current != newest {
				return fmt.Sprintf("the database has schema version %d, this program knows %d", current, newest), nil
			}
			return "", err
		}},
		{"disk", func(context.Context) (string, error) {
			free, err := p.Files.Free()
			if err == nil && free < uint64(c.MinFreeMiB)<<20 { //nolint:gosec // a negative setting asks for nothing
				return fmt.Sprintf("%d MiB are free on the data folder's disk, fewer than %d", free>>20, c.MinFreeMiB), nil
			}
			return "", err
		}},
		{"nodes", func(ctx context.Context) (string, error) {
			live, err := p.Jobs.LiveNodes(ctx)
			if err == nil && live > 1 {
				return fmt.Sprintf("%d nodes are alive, and each keeps uploaded files in a folder of its own: a job can reach a node that has not its file. Run one node", live), nil
			}
			return "", err
		}},
	}
}

// healthz answers as long as the process does.
func healthz(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write([]byte(`{"status":"ok"}` + "\n")) // the prober has gone
}

// readyz answers 200 when the server can do its work, else 503, and says of
// each part how it is. An error's text may name addresses, so only the log
// has it.
func (a *App) readyz(w http.ResponseWriter, r *http.Request) {
	findings, ok := runChecks(r.Context(), append(a.readiness(a.config), check{"worker", a.workerProblem}))
	for _, f := range findings {
		if f.err != nil {
			a.log.WarnContext(r.Context(), "readiness check failed", "check", f.Name, "error", f.err.Error())
		}
	}
	body := struct {
		Status string    `json:"status"`
		Checks []finding `json:"checks"`
	}{"ready", findings}
	status := http.StatusOK
	if !ok {
		body.Status, status = "not ready", http.StatusServiceUnavailable
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the prober has gone
}

func (a *App) workerProblem(context.Context) (string, error) {
	if !a.working.Load() {
		return "the worker engine is not running", nil
	}
	return "", nil
}
