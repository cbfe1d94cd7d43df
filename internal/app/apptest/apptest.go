// Package apptest starts whole servers for tests: in the test's process, on a
// fresh database of each engine, or as a process that can be killed.
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
	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/app"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// App is a server that listens on 127.0.0.1, with all its parts at hand. It
// stops when its test ends.
type App struct {
	*app.App
	client *http.Client
}

// Operator is whoever works at the command line: it may do everything.
var Operator = actor.Actor{Kind: actor.Command, Name: "test"}

// Config is the configuration of a server, so that tests of the floors below
// need not import package app.
type Config = app.Config

// Option changes how a server of a test is started.
type Option func(*settings)

type settings struct {
	config app.Config
	clock  clock.Clock
}

// WithClock lets the test decide the time.
func WithClock(c clock.Clock) Option { return func(s *settings) { s.clock = c } }

// WithStoppedClock keeps the time of the call, so that no window of a limit ends
// during the test.
func WithStoppedClock() Option {
	at := clock.Clock{}.Now()
	return WithClock(clock.At(func() time.Time { return at }))
}

// WithConfig changes the configuration. Limits of requests without a
// credential are off unless f sets them.
func WithConfig(f func(*app.Config)) Option { return func(s *settings) { f(&s.config) } }

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

// New starts a server on a fresh database of one engine.
func New(t testing.TB, engine sqldb.Dialect, opts ...Option) *App {
	t.Helper()
	config, err := app.DefaultConfig()
	if err != nil {
		t.Fatal(err)
	}
	config.Data, config.Addr, config.Synchronous = t.TempDir(), "127.0.0.1:0", "OFF"
	config.AnonymousPerSec, config.SignInsPerMin, config.OpenImports, config.MinFreeMiB, config.PerHour = 0, 0, 0, 0, 0
	config.UploadsPerAccount, config.UploadsPerAddress, config.FilesWait = 0, 0, time.Minute // CI may be slow
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
		t.Fatalf("the server is not well: status %d", status)
	}
	return a
}

// database puts a migrated database where the server looks for it.
func database(t testing.TB, engine sqldb.Dialect, data string) (url string) {
	t.Helper()
	address := sqldbtest.Address(t, engine)
	path, lite := strings.CutPrefix(address, "sqlite:")
	if !lite {
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

// Community makes a community with a name and returns its id.
func (a *App) Community(t testing.TB, settings ...community.Settings) string {
	t.Helper()
	in := community.Input{Name: "Testers"}
	for _, s := range settings {
		in.Settings = s
	}
	made, err := a.Communities.Create(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return made.ID
}

// Key makes an API key of a community and returns its secret; no permissions
// means all that a key can have.
func (a *App) Key(t testing.TB, communityID string, permissions ...actor.Permission) string {
	t.Helper()
	if len(permissions) == 0 {
		permissions = access.Permissions()
	}
	_, secret, err := a.Access.CreateKey(t.Context(), Operator, communityID, access.KeyInput{Name: "test", Permissions: permissions})
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

// Owner makes an account that owns a community and returns it with the token
// of a session.
func (a *App) Owner(t testing.TB, communityID, username string) (account.Account, string) {
	t.Helper()
	const password = "correct-horse-battery"
	made, err := a.Accounts.CreateAccount(t.Context(), account.Input{Email: username + "@example.com", Username: username, Password: password})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Members.AddOwner(t.Context(), communityID, made.ID); err != nil {
		t.Fatal(err)
	}
	token, made, err := a.Accounts.SignIn(t.Context(), username, password, account.SessionInfo{UserAgent: "test", Address: "127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	return made, token
}

// Claim makes an account for an unclaimed member and accepts the membership, as
// the person would, and returns it with the token of a session.
func (a *App) Claim(t testing.TB, communityID, username string) (account.Account, string) {
	t.Helper()
	const password = "correct-horse-battery"
	who, err := a.Members.Find(t.Context(), communityID, username)
	if err != nil {
		t.Fatal(err)
	}
	made, err := a.Accounts.CreateAccount(t.Context(), account.Input{Email: who.Email, Username: username, Password: password})
	if err != nil {
		t.Fatal(err)
	}
	person := actor.Actor{Kind: actor.Session, AccountID: made.ID, Name: username}
	if err := a.Members.Join(t.Context(), person, communityID, member.JoinHow{}); err != nil {
		t.Fatal(err)
	}
	token, made, err := a.Accounts.SignIn(t.Context(), username, password, account.SessionInfo{UserAgent: "test", Address: "127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	return made, token
}

// Do sends a request with a credential ("": none) and a body that is encoded
// as JSON (nil: none; an io.Reader goes as it is), and returns the answer's
// status and its decoded JSON, nil when it has none.
func (a *App) Do(t testing.TB, method, path, token string, body any) (status int, answer map[string]any) {
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
		if err := json.Unmarshal(content, &answer); err != nil {
			t.Fatalf("%s %s: %v: %s", method, path, err, content)
		}
	}
	return status, answer
}

// Send sends a request as it is, follows no redirect, and returns the whole
// answer.
func (a *App) Send(t testing.TB, r *http.Request) (status int, header http.Header, body []byte) {
	t.Helper()
	response, err := a.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	body, err = io.ReadAll(response.Body)
	if err := errors.Join(err, response.Body.Close()); err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, response.Header, body
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
