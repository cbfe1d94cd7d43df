package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/regulars/regulars/examples"
	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
)

type demoCommand struct {
	Addr string `env:"REGULARS_ADDR" default:"127.0.0.1:3333" placeholder:"HOST:PORT" help:"Address to listen on."`
}

// Run starts a server on a fresh folder, makes a community, imports the
// example into it through the API as anybody would, and serves until a signal
// comes. A folder it made itself goes away with it.
func (c demoCommand) Run(sh *shell) (err error) {
	if sh.store.DatabaseURL != "" {
		return errors.New("the demo brings its own database: leave REGULARS_DATABASE_URL and --database-url out")
	}
	if sh.store.Data, err = demoFolder(sh.given); err != nil {
		return err
	}
	if sh.given == "" {
		defer func() { err = errors.Join(err, os.RemoveAll(sh.store.Data)) }()
	}
	config, err := DefaultConfig()
	if err != nil {
		return err
	}
	config.Store, config.Logging, config.Addr = sh.store, sh.logging, c.Addr
	log := newLog(sh.stderr, Logging{LogLevel: quieter(sh.logging.LogLevel), LogFormat: sh.logging.LogFormat})
	a, err := New(sh.ctx, config, clock.Clock{}, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	ctx, stop := context.WithCancel(sh.ctx)
	defer stop()
	served := make(chan error, 1)
	go func() { served <- a.Run(ctx) }()
	if err := a.showAround(ctx, sh); err != nil {
		stop()
		return errors.Join(err, <-served)
	}
	return <-served
}

// quieter keeps the access log out of what the demo prints, unless it was
// asked for.
func quieter(level string) string {
	if level == "info" {
		return "warn"
	}
	return level
}

// demoFolder is the folder that was asked for, which must hold no
// installation, or a fresh one.
func demoFolder(given string) (string, error) {
	if given == "" {
		return os.MkdirTemp("", "regulars-demo-")
	}
	if _, err := os.Stat(filepath.Join(given, databaseFile)); err == nil {
		return "", fmt.Errorf("%s holds an installation already: the demo wants a fresh folder", given)
	}
	return given, nil
}

// showAround fills the server and prints what to try.
func (a *App) showAround(ctx context.Context, sh *shell) error {
	made, err := a.makeDemo(ctx)
	if err != nil {
		return err
	}
	file := filepath.Join(a.config.Data, "members.csv")
	if err := os.WriteFile(file, examples.Members, 0o600); err != nil {
		return err
	}
	fmt.Fprintf(sh.stdout, "Importing %d KiB through %s/v1/users/bulk-import\n", len(examples.Members)>>10, a.URL())
	job, err := made.upload(ctx, "members.csv", examples.Members)
	if err != nil {
		return err
	}
	done, err := made.follow(ctx, job, newProgress(sh.stdout))
	if err != nil {
		return err
	}
	printCounts(sh.stdout, done)
	if done.Counts.Failed > 0 {
		fmt.Fprintln(sh.stdout, "The rows that failed, and why:")
		var failed []bulk.Detail
		if err := made.get(ctx, "/v1/users/bulk-update/"+job+"/details?outcome=failed&limit=100", &failed); err != nil {
			return err
		}
		printFailed(sh.stdout, failed)
	}
	if shown, err := filepath.Abs(file); err == nil {
		file = shown
	}
	fmt.Fprintf(sh.stdout, `
Do it again, and nobody is there twice:

  curl -F communityId=%s -F data=@%s %s/v1/users/bulk-import

Ask for this job, and take its failed rows, with a key made for the demo:

  curl -H 'x-api-key: %s' %s/v1/users/bulk-update/%s/status
  curl -H 'x-api-key: %s' %s/v1/users/bulk-update/%s/failed.csv

See it in the console; this link signs you in once, within an hour:

  %s/link?token=%s

The API is described at %s/docs. Ctrl-C ends the demo.
`, made.communityID, file, a.URL(), made.key, a.URL(), job, made.key, a.URL(), job, a.URL(), made.linkToken, a.URL())
	return nil
}

// demo is what makeDemo made, and a client of the API.
type demo struct {
	url, communityID, key, linkToken string
}

// makeDemo makes a community that takes imports from anybody, with the
// fields, roles and tags of the example, somebody who owns it, and a key to
// watch the import with.
func (a *App) makeDemo(ctx context.Context) (demo, error) {
	d := demo{url: a.URL()}
	made, err := a.Communities.Create(ctx, community.Input{Name: "Demo community", Settings: community.Settings{OpenBulkImport: true}})
	if err != nil {
		return d, err
	}
	d.communityID = made.ID
	for _, field := range []field.Input{
		{Field: "plan", Name: "Plan", Type: "select", Options: []string{"Free", "Starter", "Pro", "Enterprise"}, Description: "What the member pays for."},
		{Field: "lifetime-deposits", Name: "Lifetime Deposits", Type: "numerical", Description: "Everything the member has ever paid in."},
		{Field: "last-deposit", Name: "Last Deposit", Type: "date"},
	} {
		if _, err := a.Fields.Create(ctx, made.ID, field); err != nil {
			return d, err
		}
	}
	for i, role := range []access.RoleInput{{Title: "Beta Tester", Class: "#0e7490"}, {Title: "Ambassador", Class: "#7c3aed"}, {Title: "VIP", Class: "#b45309"}} {
		role.Order = 10 * (i + 1)
		if _, err := a.Access.CreateRole(ctx, operator, made.ID, role); err != nil {
			return d, err
		}
	}
	for _, tag := range []string{"newsletter", "webinar", "trial", "churn-risk"} {
		if _, err := a.Members.CreateTag(ctx, made.ID, tag); err != nil {
			return d, err
		}
	}
	return d, a.makeDemoOwner(ctx, &d)
}

func (a *App) makeDemoOwner(ctx context.Context, d *demo) error {
	owner, err := a.Accounts.CreateAccount(ctx, account.Input{Email: "demo@regulars.example", Username: "demo", InstallationOwner: true})
	if err != nil {
		return err
	}
	if err := a.Members.AddOwner(ctx, d.communityID, owner.ID); err != nil {
		return err
	}
	if d.linkToken, err = a.Accounts.OneTimeLink(ctx, account.LinkSignIn, owner.ID); err != nil {
		return err
	}
	_, d.key, err = a.Access.CreateKey(ctx, operator, d.communityID, access.KeyInput{Name: "Demo", Permissions: []actor.Permission{actor.PermAll}})
	return err
}

// upload sends a file the way the documentation shows, without a credential,
// and returns the id of the job.
func (d demo) upload(ctx context.Context, name string, content []byte) (jobID string, err error) {
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("data", name)
	if err == nil {
		_, err = part.Write(content)
	}
	if err := errors.Join(err, form.WriteField("communityId", d.communityID), form.Close()); err != nil {
		return "", err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, d.url+"/v1/users/bulk-import", &body)
	if err != nil {
		return "", err
	}
	r.Header.Set("Content-Type", form.FormDataContentType())
	var queued struct{ JobID string }
	err = d.do(r, &queued)
	return queued.JobID, err
}

func (d demo) get(ctx context.Context, path string, into any) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, d.url+path, http.NoBody)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+d.key)
	return d.do(r, into)
}

func (d demo) do(r *http.Request, into any) (err error) {
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, answer.Body.Close()) }()
	var body struct {
		Message, Code string
		Data          json.RawMessage
	}
	if err := json.NewDecoder(io.LimitReader(answer.Body, 16<<20)).Decode(&body); err != nil {
		return fmt.Errorf("%s: %w", r.URL.Path, err)
	}
	if answer.StatusCode >= http.StatusBadRequest {
		return errs.New(errs.Internal, body.Code, "%s: %s", r.URL.Path, body.Message)
	}
	return json.Unmarshal(body.Data, into)
}

// follow shows the job until it has ended.
func (d demo) follow(ctx context.Context, jobID string, bar *progress) (bulk.Status, error) {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		var status bulk.Status
		if err := d.get(ctx, "/v1/users/bulk-update/"+jobID+"/status", &status); err != nil {
			return status, err
		}
		if bar.show(status); status.Finished() {
			return status, nil
		}
		select {
		case <-ctx.Done():
			return status, ctx.Err()
		case <-tick.C:
		}
	}
}
