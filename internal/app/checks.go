package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/app/config"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/sqldb"
)

// check is a health check.
type check struct {
	name, title string // for programs; for people, a key
	ready       bool   // part of /readyz, which fails without it
	slow        bool   // reads much of the database
	run         func(ctx context.Context) (finding, error)
}

// finding is the result of a check; the zero value means that it passed.
type finding struct {
	problem, remedy errs.Sentence
	detail          string // for operators, not translated
}

func (f finding) String() string {
	return strings.Join(strings.Fields(f.problem.English+" "+f.detail+" "+f.remedy.English), " ")
}

func (f finding) ok() bool { return f.problem.English == "" }

func failing(format string, args ...any) finding {
	return finding{problem: errs.NewSentence(format, args...)}
}

func (f finding) withRemedy(remedy string) finding {
	f.remedy = errs.Constant(remedy)
	return f
}

type checkResult struct {
	Name     string `json:"name"`
	OK       bool   `json:"ok"`
	Optional bool   `json:"optional,omitempty"` // /readyz does not fail because of it
	Problem  string `json:"problem,omitempty"`  // with the remedy

	title   string
	finding finding
	err     error // failure of the check itself
}

const filesCheck = "files"

// checkTimeout bounds one check.
const checkTimeout = 5 * time.Second

// runChecks runs the checks at the same time, each with its own timeout: one that
// hangs or fails does not hide another.
func runChecks(ctx context.Context, checks []check) []checkResult {
	results := make([]checkResult, len(checks))
	var running sync.WaitGroup
	for i, c := range checks {
		running.Go(func() {
			limited, cancel := context.WithTimeout(ctx, checkTimeout)
			defer cancel()
			found, err := c.run(limited)
			switch {
			case noDatabase(err):
				found = failing("The database does not answer.").withRemedy("Check its address and that it runs.")
			case err != nil:
				found = failing("The check failed.").withRemedy("Read the error in the log of the server.")
			}
			results[i] = checkResult{c.name, found.ok(), !c.ready, found.String(), c.title, found, err}
		})
	}
	running.Wait()
	return results
}

// noDatabase reports whether the error of a check is a missing answer of the database.
func noDatabase(err error) bool {
	return sqldb.IsUnavailable(err) || errors.Is(err, context.DeadlineExceeded)
}

// allPassed reports whether all checks passed, optional ones included.
func allPassed(results []checkResult) bool {
	return !slices.ContainsFunc(results, func(r checkResult) bool { return !r.OK })
}

// isReady reports whether all checks passed but the optional ones.
func isReady(results []checkResult) bool {
	return !slices.ContainsFunc(results, func(r checkResult) bool { return !r.OK && !r.Optional })
}

// checks are all health checks: those of /readyz, of doctor and of the page Health.
// running reports whether the worker engine is running, nil in a command.
func (p *Services) checks(c config.Config, running func() bool) []check {
	list := []check{
		{"database", i18n.Key("Database"), true, false, func(ctx context.Context) (finding, error) { return finding{}, p.DB.Ping(ctx) }},
		{"schema", i18n.Key("Schema of the database"), true, false, p.checkSchema},
		{"disk", i18n.Key("Free disk space"), true, false, func(context.Context) (finding, error) { return p.checkDisk(c.MinFreeMiB) }},
		{"nodes", i18n.Key("Nodes"), true, false, p.checkNodes},
		{filesCheck, i18n.Key("File storage"), false, false, p.checkFiles},
		{"file rights", i18n.Key("Rights of the file storage"), false, true, p.checkFileRights},
		{"file reads", i18n.Key("Direct reads from the file storage"), false, true, func(ctx context.Context) (finding, error) { return p.checkFileReads(ctx, c.PublicURL) }},
		{"data folder", i18n.Key("Data folder"), false, false, func(context.Context) (finding, error) { return finding{}, writable(c.Data) }},
		{"secret key", i18n.Key("Secret key"), false, false, p.checkSecretKey},
		{"database content", i18n.Key("Content of the database"), false, true, p.checkContent},
		{"dead jobs", i18n.Key("Failed jobs"), false, false, p.checkDeadJobs},
	}
	if running != nil {
		list = append(list, check{"worker", i18n.Key("Job workers"), true, false, func(context.Context) (finding, error) {
			if running() {
				return finding{}, nil
			}
			return failing("The worker engine is not running.").withRemedy("Restart the server."), nil
		}})
	}
	return list
}

// readiness are the checks of /readyz. It names a missing file storage, but does not
// fail without it: all nodes share it, and other requests do not need it.
func readiness(checks []check) (list []check) {
	for _, c := range checks {
		if c.ready || c.name == filesCheck {
			list = append(list, c)
		}
	}
	return list
}

func (p *Services) checkSchema(ctx context.Context) (finding, error) {
	s, err := p.DB.Schema(ctx)
	if err != nil || s.Usable() {
		return finding{}, err
	}
	return failing("The database has schema version %d; this program needs %d.", s.Current, s.Newest).
		withRemedy("Start the newest version of the program on every node."), nil
}

func (p *Services) checkDisk(minFreeMiB int64) (finding, error) {
	free, err := p.Folder.Free()
	if err != nil || free >= uint64(minFreeMiB)<<20 { //nolint:gosec // a negative setting disables the check
		return finding{}, err
	}
	return failing("The disk of the data folder has %d MiB free, less than %d MiB.", free>>20, minFreeMiB).
		withRemedy("Free some space, or enlarge the disk."), nil
}

func (p *Services) checkNodes(ctx context.Context) (finding, error) {
	live, err := p.Jobs.LiveNodes(ctx)
	if err != nil || live <= 1 || p.Files.Shared() {
		return finding{}, err
	}
	return failing("%d nodes are alive, and each has its own folder of uploaded files: a job may reach a node without its file.", live).
		withRemedy("Run one node, or store the files in a bucket: REGULARS_FILES_URL."), nil
}

func writable(folder string) error {
	file, err := os.CreateTemp(folder, ".doctor-")
	if err != nil {
		return err
	}
	return errors.Join(file.Close(), os.Remove(file.Name()))
}

func (p *Services) checkContent(ctx context.Context) (finding, error) {
	text, err := p.DB.Check(ctx)
	if err != nil || text == "" {
		return finding{}, err
	}
	found := failing("The database is damaged, too old, or has the wrong encoding.")
	found.detail = text + "."
	return found, nil
}

func (p *Services) checkDeadJobs(ctx context.Context) (finding, error) {
	kinds, err := p.Jobs.KindStats(ctx)
	if err != nil {
		return finding{}, err
	}
	total, counts := int64(0), []string{}
	for _, k := range kinds {
		if k.Dead > 0 {
			total, counts = total+k.Dead, append(counts, fmt.Sprintf("%d of %s", k.Dead, k.Kind))
		}
	}
	if total == 0 {
		return finding{}, nil
	}
	latest, err := p.Jobs.Dead(ctx, actor.Actor{Kind: actor.Command}, 1)
	if err != nil {
		return finding{}, err
	}
	found := failing("Some jobs were given up: %d.", total).
		withRemedy("Fix the cause, then retry or dismiss them at /-/jobs as the owner of the installation.")
	found.detail = strings.Join(counts, ", ") + reasonOf(latest) + "."
	return found, nil
}

// reasonOf describes the latest of the dead jobs.
func reasonOf(latest []jobs.Entry) (reason string) {
	for _, j := range latest {
		if len(j.Errors) > 0 {
			reason = fmt.Sprintf("; the latest, %s: %s", j.ID, j.Errors[len(j.Errors)-1].Error)
		}
		if j.Cause() == jobs.Crashed {
			reason += fmt.Sprintf(" (%d times; usually because of too little memory)", j.Crashes)
		}
	}
	return reason
}
