package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/app/config"
	"github.com/regulars/regulars/internal/app/health"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/jobs"
)

const filesCheck = "files"

// checks are all health checks: those of /readyz, of doctor and of the page Health.
// running reports whether the worker engine is running, nil in a command.
func (p *Services) checks(c config.Config, running func() bool) []health.Check {
	list := []health.Check{
		{Name: "database", Title: i18n.Key("Database"), Ready: true, Check: func(ctx context.Context) (health.Finding, error) { return health.Finding{}, p.DB.Ping(ctx) }},
		{Name: "schema", Title: i18n.Key("Schema of the database"), Ready: true, Check: p.checkSchema},
		{Name: "disk", Title: i18n.Key("Free disk space"), Ready: true, Check: func(context.Context) (health.Finding, error) { return p.checkDisk(c.MinFreeMiB) }},
		{Name: "nodes", Title: i18n.Key("Nodes"), Ready: true, Check: p.checkNodes},
		{Name: filesCheck, Title: i18n.Key("File storage"), Check: p.checkFiles},
		{Name: "file rights", Title: i18n.Key("Rights of the file storage"), Slow: true, Check: p.checkFileRights},
		{Name: "file reads", Title: i18n.Key("Direct reads from the file storage"), Slow: true, Check: func(ctx context.Context) (health.Finding, error) { return p.checkFileReads(ctx, c.PublicURL) }},
		{Name: "data folder", Title: i18n.Key("Data folder"), Check: func(context.Context) (health.Finding, error) { return health.Finding{}, writable(c.Data) }},
		{Name: "secret key", Title: i18n.Key("Secret key"), Check: p.checkSecretKey},
		{Name: "database content", Title: i18n.Key("Content of the database"), Slow: true, Check: p.checkContent},
		{Name: "dead jobs", Title: i18n.Key("Failed jobs"), Check: p.checkDeadJobs},
	}
	if running != nil {
		list = append(list, health.Check{Name: "worker", Title: i18n.Key("Job workers"), Ready: true, Check: func(context.Context) (health.Finding, error) {
			if running() {
				return health.Finding{}, nil
			}
			return health.Failing("The worker engine is not running.").WithRemedy("Restart the server."), nil
		}})
	}
	return list
}

// readiness are the checks of /readyz. It names a missing file storage, but does not
// fail without it: all nodes share it, and other requests do not need it.
func readiness(checks []health.Check) (list []health.Check) {
	for _, c := range checks {
		if c.Ready || c.Name == filesCheck {
			list = append(list, c)
		}
	}
	return list
}

func (p *Services) checkSchema(ctx context.Context) (health.Finding, error) {
	s, err := p.DB.Schema(ctx)
	if err != nil || s.Usable() {
		return health.Finding{}, err
	}
	return health.Failing("The database has schema version %d; this program needs %d.", s.Current, s.Newest).
		WithRemedy("Start the newest version of the program on every node."), nil
}

func (p *Services) checkDisk(minFreeMiB int64) (health.Finding, error) {
	free, err := p.Folder.Free()
	if err != nil || free >= uint64(minFreeMiB)<<20 { //nolint:gosec // a negative setting disables the check
		return health.Finding{}, err
	}
	return health.Failing("The disk of the data folder has %d MiB free, less than %d MiB.", free>>20, minFreeMiB).
		WithRemedy("Free some space, or enlarge the disk."), nil
}

func (p *Services) checkNodes(ctx context.Context) (health.Finding, error) {
	live, err := p.Jobs.LiveNodes(ctx)
	if err != nil || live <= 1 || p.Files.Shared() {
		return health.Finding{}, err
	}
	return health.Failing("%d nodes are alive, and each has its own folder of uploaded files: a job may reach a node without its file.", live).
		WithRemedy("Run one node, or store the files in a bucket: REGULARS_FILES_URL."), nil
}

func writable(folder string) error {
	file, err := os.CreateTemp(folder, ".doctor-")
	if err != nil {
		return err
	}
	return errors.Join(file.Close(), os.Remove(file.Name()))
}

func (p *Services) checkContent(ctx context.Context) (health.Finding, error) {
	text, err := p.DB.Check(ctx)
	if err != nil || text == "" {
		return health.Finding{}, err
	}
	found := health.Failing("The database is damaged, too old, or has the wrong encoding.")
	found.Detail = text + "."
	return found, nil
}

func (p *Services) checkDeadJobs(ctx context.Context) (health.Finding, error) {
	kinds, err := p.Jobs.KindStats(ctx)
	if err != nil {
		return health.Finding{}, err
	}
	total, counts := int64(0), []string{}
	for _, k := range kinds {
		if k.Dead > 0 {
			total, counts = total+k.Dead, append(counts, fmt.Sprintf("%d of %s", k.Dead, k.Kind))
		}
	}
	if total == 0 {
		return health.Finding{}, nil
	}
	latest, err := p.Jobs.Dead(ctx, actor.Actor{Kind: actor.Command}, 1)
	if err != nil {
		return health.Finding{}, err
	}
	found := health.Failing("Some jobs were given up: %d.", total).
		WithRemedy("Fix the cause, then retry or dismiss them at /-/jobs as the owner of the installation.")
	found.Detail = strings.Join(counts, ", ") + reasonOf(latest) + "."
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
