package app

import (
	"errors"
	"fmt"

	"github.com/regulars/regulars/internal/app/config"
	"github.com/regulars/regulars/internal/app/health"
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
		config, err := config.Default()
		if err != nil {
			return err
		}
		config.StorageConfig = sh.store
		results := health.Run(sh.ctx, p.checks(config, nil))
		ok := health.AllPassed(results)
		if err := c.print(sh, results, ok); err != nil {
			return err
		}
		if !ok {
			return errChecksFailed
		}
		return nil
	})
}

func (c doctorCommand) print(sh *shell, results []health.Result, ok bool) error {
	for i, f := range results {
		results[i].Optional = false // a failed one is an error of doctor
		if f.Err != nil {
			results[i].Problem = "The check failed: " + f.Err.Error()
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
