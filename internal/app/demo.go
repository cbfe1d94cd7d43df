package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/regulars/regulars/examples"
	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/account/link"
	"github.com/regulars/regulars/internal/account/signin"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/app/config"
	democontent "github.com/regulars/regulars/internal/app/demo"
	"github.com/regulars/regulars/internal/app/importreport"
	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
)

type demoCommand struct {
	Addr string `env:"REGULARS_ADDR" default:"127.0.0.1:3333" placeholder:"HOST:PORT" help:"Address to listen on."`
}

// Run starts a server on a new folder, creates a community, imports the example
// file through the API, and serves until a signal. It deletes a folder that it
// created itself.
func (c demoCommand) Run(sh *shell) (err error) {
	if sh.store.DatabaseURL != "" {
		return errors.New("the demo uses its own database: remove REGULARS_DATABASE_URL and --database-url")
	}
	if sh.store.Data, err = demoDir(sh.given); err != nil {
		return err
	}
	if sh.given == "" {
		defer func() { err = errors.Join(err, os.RemoveAll(sh.store.Data)) }()
	}
	settings, err := config.Default()
	if err != nil {
		return err
	}
	settings.StorageConfig, settings.LogConfig, settings.Addr = sh.store, sh.logging, c.Addr
	log := config.NewLog(sh.stderr, config.LogConfig{LogLevel: demoLogLevel(sh.logging.LogLevel), LogFormat: sh.logging.LogFormat})
	a, err := New(sh.ctx, settings, clock.Clock{}, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	ctx, stop := context.WithCancel(sh.ctx)
	defer stop()
	wait := a.listenAlso(ctx)
	defer func() { err = errors.Join(err, wait()) }()
	served := make(chan error, 1)
	go func() { served <- a.Run(ctx) }()
	if err := a.fillAndExplain(ctx, sh); err != nil {
		stop()
		return errors.Join(err, <-served)
	}
	return <-served
}

// listenAlso serves on the same port of ::1 too if the server listens on 127.0.0.1:
// localhost may mean either. It does nothing where the port or IPv6 is missing. wait
// closes the listener.
func (a *App) listenAlso(ctx context.Context) (wait func() error) {
	address, ok := a.listener.Addr().(*net.TCPAddr)
	if !ok || !address.IP.Equal(net.IPv4(127, 0, 0, 1)) {
		return func() error { return nil }
	}
	var listen net.ListenConfig
	second, err := listen.Listen(ctx, "tcp6", net.JoinHostPort("::1", strconv.Itoa(address.Port)))
	if err != nil {
		a.log.WarnContext(ctx, "not listening on ::1", "error", err)
		return func() error { return nil }
	}
	ended := make(chan error, 1)
	go func() { ended <- a.server.Serve(second) }()
	return func() error {
		err := second.Close()
		if err = errors.Join(err, <-ended); errors.Is(err, http.ErrServerClosed) || errors.Is(err, net.ErrClosed) {
			return nil // closed by the server, or here
		}
		return err
	}
}

// demoLogLevel raises the default level to hide the access log.
func demoLogLevel(level string) string {
	if level == "info" {
		return "warn"
	}
	return level
}

// demoDir returns the given folder, which must not contain an installation, or
// a new temporary one.
func demoDir(given string) (string, error) {
	if given == "" {
		return os.MkdirTemp("", "regulars-demo-")
	}
	if _, err := os.Stat(filepath.Join(given, config.DatabaseFile)); err == nil {
		return "", fmt.Errorf("%s already contains an installation: the demo needs a new folder", given)
	}
	return given, nil
}

// fillAndExplain imports the example file and prints commands to try.
func (a *App) fillAndExplain(ctx context.Context, sh *shell) error {
	created, err := a.createDemo(ctx)
	if err != nil {
		return err
	}
	file := filepath.Join(a.config.Data, "members.csv")
	if err := os.WriteFile(file, examples.Members, 0o600); err != nil {
		return err
	}
	fmt.Fprintf(sh.stdout, "Importing %d KiB through %s/v1/users/bulk-import\n", len(examples.Members)>>10, a.URL())
	job, err := created.upload(ctx, "members.csv", examples.Members)
	if err != nil {
		return err
	}
	done, err := created.awaitJob(ctx, job, importreport.NewProgress(sh.stdout))
	if err != nil {
		return err
	}
	fmt.Fprint(sh.stdout, importreport.Counts(done))
	if done.Counts.Failed > 0 {
		fmt.Fprintln(sh.stdout, "Failed rows:")
		var failed []bulk.Detail
		if err := created.get(ctx, "/v1/users/bulk-update/"+job+"/details?outcome=failed&limit=100", &failed); err != nil {
			return err
		}
		importreport.PrintRowErrors(sh.stdout, failed)
	}
	if err := a.fillDemo(ctx, created); err != nil {
		return err
	}
	if shown, err := filepath.Abs(file); err == nil {
		file = shown
	}
	fmt.Fprintf(sh.stdout, `
Import it again; no member is added twice:

  curl -F communityId=%s -F data=@%s %s/v1/users/bulk-import

Show this job and download its failed rows, with the API key of the demo:

  curl -H 'x-api-key: %s' %s/v1/users/bulk-update/%s/status
  curl -H 'x-api-key: %s' %s/v1/users/bulk-update/%s/failed.csv

Open the console; this link signs you in once and expires in an hour:

  %s/link?token=%s

Documentation: %s/docs. Press Ctrl-C to end the demo.
`, created.communityID, file, a.URL(), created.key, a.URL(), job, created.key, a.URL(), job, a.URL(), created.linkToken, a.URL())
	return nil
}

// fillDemo fills the community with conversations. Their messages are of the last days.
func (a *App) fillDemo(ctx context.Context, d demo) error {
	now := a.clock.Now()
	at, past := now, *a.Services
	past.assembleMessages(clock.At(func() time.Time { return at }))
	return democontent.Fill(ctx, democontent.Deps{
		Communities: a.Communities, Members: a.Members, Chat: a.Chat, Posts: past.Posts, Changes: past.Changes, Reactions: past.Reactions, Topics: past.Topics,
		Conversations: a.Conversations, Reports: a.Reports, Presence: a.Presence, Milestones: a.Milestones, Badges: a.Badges, Awards: a.Awards, Applications: a.Applications, Automations: a.Automations, Operator: operator, Owner: d.owner, Now: now, SetTime: func(t time.Time) { at = t },
	}, d.communityID)
}

// demo is an API client for the community of createDemo.
type demo struct {
	url, communityID, key, linkToken string
	owner                            actor.Actor
}

// createDemo creates a community with open imports and the fields, roles and
// tags of the example file, its owner, and an API key to read the import with.
func (a *App) createDemo(ctx context.Context) (demo, error) {
	d := demo{url: a.URL()}
	created, err := a.Communities.Create(ctx, community.Input{Name: "Demo community", Settings: community.Settings{OpenBulkImport: true}}, operator)
	if err != nil {
		return d, err
	}
	d.communityID = created.ID
	for _, field := range []field.Input{
		{Field: "plan", Name: "Plan", Type: "select", Options: []string{"Free", "Starter", "Pro", "Enterprise"}, Description: "Subscription of the member."},
		{Field: "lifetime-deposits", Name: "Lifetime Deposits", Type: "numerical", Description: "Total of all deposits."},
		{Field: "last-deposit", Name: "Last Deposit", Type: "date"},
	} {
		if _, err := a.Fields.Create(ctx, operator, created.ID, field); err != nil {
			return d, err
		}
	}
	for i, role := range []access.RoleInput{{Title: "Beta Tester", Class: "#0e7490"}, {Title: "Ambassador", Class: "#7c3aed"}, {Title: "VIP", Class: "#b45309"}} {
		role.Order = 10 * (i + 1)
		if _, err := a.Access.CreateRole(ctx, operator, created.ID, role); err != nil {
			return d, err
		}
	}
	for _, tag := range []string{"newsletter", "webinar", "trial", "churn-risk"} {
		if _, err := a.Members.CreateTag(ctx, operator, created.ID, tag); err != nil {
			return d, err
		}
	}
	return d, a.createDemoOwner(ctx, &d)
}

func (a *App) createDemoOwner(ctx context.Context, d *demo) error {
	owner, err := a.Accounts.CreateAccount(ctx, signin.Input{Email: "demo@regulars.example", Username: "demo", InstallationOwner: true})
	if err != nil {
		return err
	}
	if err := a.Ownership.AddOwner(ctx, operator, d.communityID, owner.ID); err != nil {
		return err
	}
	d.owner = actor.Actor{Kind: actor.Session, AccountID: owner.ID, Name: owner.Username}
	if d.linkToken, err = a.Accounts.CreateLink(ctx, link.SignIn, owner.ID); err != nil {
		return err
	}
	_, d.key, err = a.Access.CreateKey(ctx, operator, d.communityID, access.KeyInput{Name: "Demo", Permissions: []actor.Permission{actor.PermAll}})
	return err
}

// upload sends a file without a credential, as in the documentation, and returns
// the id of the job.
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
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, response.Body.Close()) }()
	var body struct {
		Message, Code string
		Data          json.RawMessage
	}
	if err := json.NewDecoder(io.LimitReader(response.Body, 16<<20)).Decode(&body); err != nil {
		return fmt.Errorf("%s: %w", r.URL.Path, err)
	}
	if response.StatusCode >= http.StatusBadRequest {
		return errs.New(errs.Internal, body.Code, "%s: %s", r.URL.Path, body.Message)
	}
	return json.Unmarshal(body.Data, into)
}

// awaitJob shows the progress of the job until it has ended.
func (d demo) awaitJob(ctx context.Context, jobID string, bar *importreport.Progress) (bulk.Status, error) {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		var status bulk.Status
		if err := d.get(ctx, "/v1/users/bulk-update/"+jobID+"/status", &status); err != nil {
			return status, err
		}
		if bar.Show(status); status.Finished() {
			return status, nil
		}
		select {
		case <-ctx.Done():
			return status, ctx.Err()
		case <-tick.C:
		}
	}
}
