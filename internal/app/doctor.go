package app

import (
	"context"
	"errors"
	"fmt"
	"os"
)

type doctorCommand struct {
	JSON bool `name:"json" help:"Print one JSON object: {\"ok\",\"checks\"}, each check with name, ok and problem."`
}

// errUnwell ends doctor with a 1: what is wrong has been printed.
var errUnwell = errors.New("something is wrong, see above")

// Run checks the installation and changes nothing but the schema, which it
// brings up to date as every command does.
func (c doctorCommand) Run(sh *shell) error {
	if err := checkExists(sh.store); err != nil {
		return err
	}
	return lookAtParts(sh, func(p *Parts) error {
		config, err := DefaultConfig()
		if err != nil {
			return err
		}
		config.Store = sh.store
		checks := append(p.readiness(config),
			check{"data folder", func(context.Context) (string, error) { return writable(sh.store.Data) }},
			check{"secret key", p.secretKey},
			check{"database content", func(ctx context.Context) (string, error) { return p.DB.Examine(ctx) }},
			check{"dead jobs", p.deadJobs})
		findings, ok := runChecks(sh.ctx, checks)
		if err := c.print(sh, findings, ok); err != nil {
			return err
		}
		if !ok {
			return errUnwell
		}
		return nil
	})
}

func (c doctorCommand) print(sh *shell, findings []finding, ok bool) error {
	for i, f := range findings {
		if f.err != nil {
			findings[i].Problem += ": " + f.err.Error()
		}
	}
	if c.JSON {
		return answer(sh, true, map[string]any{"ok": ok, "checks": findings}, "")
	}
	for _, f := range findings {
		state := "ok"
		if !f.OK {
			state = "WRONG: " + f.Problem
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

func (p *Parts) deadJobs(ctx context.Context) (string, error) {
	stats, err := p.Jobs.Stats(ctx)
	if err == nil && stats.Dead > 0 {
		return fmt.Sprintf("%d jobs were given up; the log says why under job_dead", stats.Dead), nil
	}
	return "", err
}
