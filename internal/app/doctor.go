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
			check{"database content", func(ctx context.Context) (string, error) { return p.DB.Check(ctx) }},
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
	kinds, err := p.Jobs.KindStats(ctx)
	if err != nil {
		return "", err
	}
	total, parts := int64(0), []string{}
	for _, k := range kinds {
		if k.Dead > 0 {
			total, parts = total+k.Dead, append(parts, fmt.Sprintf("%d of %s", k.Dead, k.Kind))
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
			reason += fmt.Sprintf(" (%d times: often the process has too little memory)", j.Crashes)
		}
	}
	return fmt.Sprintf("%d jobs were given up (%s)%s. Remove the cause, then retry or dismiss them as the owner of the installation at /-/jobs",
		total, strings.Join(parts, ", "), reason), nil
}
