package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/regulars/regulars/internal/jobs"
)

type doctorCommand struct {
	JSON bool `name:"json" help:"Print one JSON object: {\"ok\",\"checks\"}, each check with name, ok and problem."`
}

// errChecksFailed is the error of doctor after it has printed the problems.
var errChecksFailed = errors.New("some checks failed, see above")

// Run checks the installation. Like every command it migrates the schema; it
// changes nothing else.
func (c doctorCommand) Run(sh *shell) error {
	if err := requireDatabase(sh.store); err != nil {
		return err
	}
	return withUncheckedServices(sh, func(p *Services) error {
		config, err := DefaultConfig()
		if err != nil {
			return err
		}
		config.StorageConfig = sh.store
		checks := append(p.readinessChecks(config),
			check{"data folder", func(context.Context) (string, error) { return writable(sh.store.Data) }},
			check{"secret key", p.secretKeyProblem},
			check{"database content", func(ctx context.Context) (string, error) { return p.DB.Check(ctx) }},
			check{"dead jobs", p.deadJobs})
		results, ok := runChecks(sh.ctx, checks)
		if err := c.print(sh, results, ok); err != nil {
			return err
		}
		if !ok {
			return errChecksFailed
		}
		return nil
	})
}

func (c doctorCommand) print(sh *shell, results []checkResult, ok bool) error {
	for i, f := range results {
		if f.err != nil {
			results[i].Problem += ": " + f.err.Error()
		}
	}
	if c.JSON {
		return writeResult(sh, true, map[string]any{"ok": ok, "checks": results}, "")
	}
	for _, f := range results {
		state := "ok"
		if !f.OK {
			state = "FAILED: " + f.Problem
		}
		fmt.Fprintf(sh.stdout, "%-18s %s\n", f.Name, state)
	}
	return nil
}

func writable(folder string) (string, error) {
	file, err := os.CreateTemp(folder, ".doctor-")
	if err != nil {
		return "", err
	}
	return "", errors.Join(file.Close(), os.Remove(file.Name()))
}

func (p *Services) deadJobs(ctx context.Context) (string, error) {
	kinds, err := p.Jobs.KindStats(ctx)
	if err != nil {
		return "", err
	}
	total, counts := int64(0), []string{}
	for _, k := range kinds {
		if k.Dead > 0 {
			total, counts = total+k.Dead, append(counts, fmt.Sprintf("%d of %s", k.Dead, k.Kind))
		}
	}
	if total == 0 {
		return "", nil
	}
	latest, err := p.Jobs.Dead(ctx, 1)
	if err != nil {
		return "", err
	}
	reason := ""
	for _, j := range latest {
		if len(j.Errors) > 0 {
			reason = fmt.Sprintf("; the latest, %s: %s", j.ID, j.Errors[len(j.Errors)-1].Error)
		}
		if j.Cause() == jobs.Crashed {
			reason += fmt.Sprintf(" (%d times; usually because of too little memory)", j.Crashes)
		}
	}
	return fmt.Sprintf("%d jobs were given up (%s)%s. Fix the cause, then retry or dismiss them at /-/jobs as the owner of the installation",
		total, strings.Join(counts, ", "), reason), nil
}
