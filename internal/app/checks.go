package app

import (
	"context"
	"fmt"
	"time"
)

// check is a health check. An empty problem means that it passed.
type check struct {
	name string
	run  func(ctx context.Context) (problem string, err error)
}

type checkResult struct {
	Name    string `json:"name"`
	OK      bool   `json:"ok"`
	Problem string `json:"problem,omitempty"`

	err error // failure of the check itself
}

// runChecks runs all checks, each with its own timeout: one that hangs or fails
// does not hide another.
func runChecks(ctx context.Context, checks []check) (results []checkResult, ok bool) {
	ok = true
	for _, c := range checks {
		limited, cancel := context.WithTimeout(ctx, 5*time.Second)
		problem, err := c.run(limited)
		cancel()
		if err != nil {
			problem = "the check failed"
		}
		results = append(results, checkResult{c.name, problem == "", problem, err})
		ok = ok && problem == ""
	}
	return results, ok
}

// readinessChecks are the checks of /readyz and of doctor.
func (p *Services) readinessChecks(c Config) []check {
	return []check{
		{"database", func(ctx context.Context) (string, error) { return "", p.DB.Ping(ctx) }},
		{"schema", func(ctx context.Context) (string, error) {
			current, newest, err := p.DB.SchemaVersion(ctx)
			if err == nil && current != newest {
				return fmt.Sprintf("the database has schema version %d; this program needs %d", current, newest), nil
			}
			return "", err
		}},
		{"disk", func(context.Context) (string, error) {
			free, err := p.Files.Free()
			if err == nil && free < uint64(c.MinFreeMiB)<<20 { //nolint:gosec // a negative setting disables the check
				return fmt.Sprintf("the disk of the data folder has %d MiB free, less than %d MiB", free>>20, c.MinFreeMiB), nil
			}
			return "", err
		}},
		{"nodes", func(ctx context.Context) (string, error) {
			live, err := p.Jobs.LiveNodes(ctx)
			if err == nil && live > 1 {
				return fmt.Sprintf("%d nodes are alive, and each has its own folder of uploaded files: a job may reach a node without its file. Run one node", live), nil
			}
			return "", err
		}},
	}
}
