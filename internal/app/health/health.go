// Package health runs checks of an installation.
package health

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
)

// Check is a health check.
type Check struct {
	Name, Title string // for programs; for people, a key
	Ready       bool   // part of /readyz, which fails without it
	Slow        bool   // reads much of the database
	Check       func(ctx context.Context) (Finding, error)
}

// Finding is the result of a check; the zero value means that it passed.
type Finding struct {
	Problem, Remedy errs.Sentence
	Detail          string // for operators, not translated
}

// String returns problem, detail and remedy in English.
func (f Finding) String() string {
	return strings.Join(strings.Fields(f.Problem.English+" "+f.Detail+" "+f.Remedy.English), " ")
}

// OK reports whether the check passed.
func (f Finding) OK() bool { return f.Problem.English == "" }

// Failing returns a finding with a problem.
func Failing(format string, args ...any) Finding {
	return Finding{Problem: errs.NewSentence(format, args...)}
}

// WithRemedy adds what to do.
func (f Finding) WithRemedy(remedy string) Finding {
	f.Remedy = errs.Constant(remedy)
	return f
}

// Result is the result of a check for programs and for pages.
type Result struct {
	Name     string `json:"name"`
	OK       bool   `json:"ok"`
	Optional bool   `json:"optional,omitempty"` // /readyz does not fail because of it
	Problem  string `json:"problem,omitempty"`  // with the remedy

	Title   string  `json:"-"`
	Finding Finding `json:"-"`
	Err     error   `json:"-"` // failure of the check itself
}

// Timeout bounds one check.
const Timeout = 5 * time.Second

// Run runs the checks at the same time, each with its own timeout: one that
// hangs or fails does not hide another.
func Run(ctx context.Context, checks []Check) []Result {
	results := make([]Result, len(checks))
	var running sync.WaitGroup
	for i, c := range checks {
		running.Go(func() {
			limited, cancel := context.WithTimeout(ctx, Timeout)
			defer cancel()
			found, err := c.Check(limited)
			switch {
			case NoDatabase(err):
				found = Failing("The database does not answer.").WithRemedy("Check its address and that it runs.")
			case err != nil:
				found = Failing("The check failed.").WithRemedy("Read the error in the log of the server.")
			}
			results[i] = Result{c.Name, found.OK(), !c.Ready, found.String(), c.Title, found, err}
		})
	}
	running.Wait()
	return results
}

// NoDatabase reports whether the error of a check is a missing answer of the database.
func NoDatabase(err error) bool {
	return sqldb.IsUnavailable(err) || errors.Is(err, context.DeadlineExceeded)
}

// AllPassed reports whether all checks passed, optional ones included.
func AllPassed(results []Result) bool {
	return !slices.ContainsFunc(results, func(r Result) bool { return !r.OK })
}

// IsReady reports whether all checks passed but the optional ones.
func IsReady(results []Result) bool {
	return !slices.ContainsFunc(results, func(r Result) bool { return !r.OK && !r.Optional })
}
