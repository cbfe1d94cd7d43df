// Package apptest starts servers for tests: in the process of the test, on a new
// database of each engine, or as a process that can be killed.
package apptest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/account/password"
	"github.com/regulars/regulars/internal/account/signin"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/api"
	"github.com/regulars/regulars/internal/app"
	"github.com/regulars/regulars/internal/app/config"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/moderation"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// App is a server that listens on 127.0.0.1. It stops at the end of its test.
type App struct {
	*app.App
	client *http.Client
}

// Operator is an actor of the command line, with all permissions.
var Operator = actor.Actor{Kind: actor.Command, Name: "test"}

// Config are the settings of a server. Tests of lower layers cannot import
// package app.
type Config = config.Config

// Option changes the start of a server.
type Option func(*settings)

type settings struct {
	config config.Config
	clock  clock.Clock
}

// WithClock sets the clock of the server.
func WithClock(c clock.Clock) Option { return func(s *settings) { s.clock = c } }

// WithStoppedClock stops the clock of the server at the time of the call, so that
// no window of a limit ends during the test.
func WithStoppedClock() Option {
	at := clock.Clock{}.Now()
	return WithClock(clock.At(func() time.Time { return at }))
}

// WithConfig changes the settings. Limits of requests without a credential are
// disabled by default.
func WithConfig(f func(*config.Config)) Option { return func(s *settings) { f(&s.config) } }

// Each runs f on a server of each engine, as the parallel subtests "sqlite"
// and "postgres"; see sqldbtest.Each for machines without PostgreSQL.
func Each(t *testing.T, f func(t *testing.T, a *App), opts ...Option) {
	t.Helper()
	for _, engine := range sqldbtest.Engines(t) {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			f(t, New(t, engine, opts...))
		})
	}
}

// New starts a server on a new database of one engine.
func New(t testing.TB, engine sqldb.Dialect, opts ...Option) *App {
	t.Helper()
	config, err := config.Default()
	if err != nil {
		t.Fatal(err)
	}
	config.Data, config.Addr, config.Synchronous = t.TempDir(), "127.0.0.1:0", "OFF"
	config.AnonymousPerSec, config.SignInsPerMin, config.OpenImports, config.MinFreeMiB, config.PerHour = 0, 0, 0, 0, 0
	config.UploadsPerAccount, config.UploadsPerAddress, config.FilesWait = 0, 0, time.Minute // CI may be slow
	config.PasswordCost = password.Cost{Memory: 64, Passes: 1, Lanes: 1}                     // the default takes a third of the time of some packages
	config.DatabaseURL = database(t, engine, config.Data)
	s := settings{config: config}
	for _, o := range opts {
		o(&s)
	}
	log := slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))
	started, err := app.New(t.Context(), s.config, s.clock, log)
	if err != nil {
		t.Fatal(err)
	}
	a := &App{App: started, client: &http.Client{Transport: &http.Transport{}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	a.run(t)
	if status, _ := a.Do(t, http.MethodGet, "/healthz", "", nil); status != http.StatusOK {
		t.Fatalf("the server is unhealthy: status %d", status)
	}
	return a
}

// database creates a migrated database and returns its URL, "" for a SQLite
// database in the folder data.
func database(t testing.TB, engine sqldb.Dialect, data string) (url string) {
	t.Helper()
	address := sqldbtest.Address(t, engine)
	path, isSQLite := strings.CutPrefix(address, "sqlite:")
	if !isSQLite {
		return address
	}
	if err := os.Rename(path, filepath.Join(data, "regulars.db")); err != nil {
		t.Fatal(err)
	}
	return ""
}

func (a *App) run(t testing.TB) {
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	t.Cleanup(func() {
		a.client.CloseIdleConnections()
		stop()
		if err := errors.Join(<-ended, a.Close()); err != nil {
			t.Error(err)
		}
	})
}

// Community creates a community and returns its id.
func (a *App) Community(t testing.TB, settings ...community.Settings) string {
	t.Helper()
	in := community.Input{Name: "Testers"}
	for _, s := range settings {
		in.Settings = s
	}
	created, err := a.Communities.Create(t.Context(), in, actor.Actor{})
	if err != nil {
		t.Fatal(err)
	}
	return created.ID
}

// Key creates an API key of a community and returns its secret. Without
// permissions the key has all.
func (a *App) Key(t testing.TB, communityID string, permissions ...actor.Permission) string {
	t.Helper()
	if len(permissions) == 0 {
		permissions = permission.All()
	}
	_, secret, err := a.Access.CreateKey(t.Context(), Operator, communityID, access.KeyInput{Name: "test", Permissions: permissions})
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

// Owner creates an account that owns a community and returns it with a session
// token.
func (a *App) Owner(t testing.TB, communityID, username string) (account.Account, string) {
	t.Helper()
	const password = "correct-horse-battery"
	created, err := a.Accounts.CreateAccount(t.Context(), signin.Input{Email: username + "@example.com", Username: username, Password: password})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Ownership.AddOwner(t.Context(), actor.Actor{Kind: actor.Command}, communityID, created.ID); err != nil {
		t.Fatal(err)
	}
	token, created, err := a.Accounts.SignIn(t.Context(), username, password, account.SessionInfo{UserAgent: "test", Address: "127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	return created, token
}

// Claim creates an account for an unclaimed member, accepts the membership, and
// returns the account with a session token.
func (a *App) Claim(t testing.TB, communityID, username string) (account.Account, string) {
	t.Helper()
	const password = "correct-horse-battery"
	found, err := a.Members.Find(t.Context(), Operator, communityID, username)
	if err != nil {
		t.Fatal(err)
	}
	created, err := a.Accounts.CreateAccount(t.Context(), signin.Input{Email: found.Email, Username: username, Password: password})
	if err != nil {
		t.Fatal(err)
	}
	person := actor.Actor{Kind: actor.Session, AccountID: created.ID, Name: username}
	if err := a.Moderation.Join(t.Context(), person, communityID, moderation.JoinInput{}); err != nil {
		t.Fatal(err)
	}
	token, created, err := a.Accounts.SignIn(t.Context(), username, password, account.SessionInfo{UserAgent: "test", Address: "127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	return created, token
}

// Do sends a request and returns the status and the decoded JSON of the
// response, nil if it is not JSON. The body is encoded as JSON unless it is nil or
// an io.Reader. An empty token means no credential.
func (a *App) Do(t testing.TB, method, path, token string, body any) (status int, response map[string]any) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, a.URL()+path, encode(t, body))
	if err != nil {
		t.Fatal(err)
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	status, header, content := a.Send(t, r)
	if strings.Contains(header.Get("Content-Type"), "json") {
		if err := json.Unmarshal(content, &response); err != nil {
			t.Fatalf("%s %s: %v: %s", method, path, err, content)
		}
	}
	return status, response
}

// Send sends a request without following redirects and returns the response.
func (a *App) Send(t testing.TB, r *http.Request) (status int, header http.Header, body []byte) {
	t.Helper()
	resp, err := a.Client(t).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	body, err = io.ReadAll(resp.Body)
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, body
}

func encode(t testing.TB, body any) io.Reader {
	t.Helper()
	switch b := body.(type) {
	case nil:
		return http.NoBody
	case io.Reader:
		return b
	}
	content, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.NewReader(content)
}

// API returns the API without services, for its document and its routes.
func API() *api.API { return app.API() }
