package app_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/regulars/regulars/internal/app"
	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/app/config"
	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/sheet"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/pgtest"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"regulars": func() { os.Exit(app.Main(os.Args[1:])) }})
}

// TestCommands runs each script of testdata on each engine.
func TestCommands(t *testing.T) {
	scripts, err := filepath.Glob("testdata/script/*.txtar")
	if err != nil || len(scripts) == 0 {
		t.Fatalf("%d scripts, %v", len(scripts), err)
	}
	for _, engine := range sqldbtest.Engines(t) {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			for _, script := range scripts {
				t.Run(strings.TrimSuffix(filepath.Base(script), ".txtar"), func(t *testing.T) {
					t.Parallel()
					testscript.Run(t, testscript.Params{
						Files: []string{script}, Setup: func(e *testscript.Env) error { return setUp(t, engine, e) },
						Cmds: map[string]func(*testscript.TestScript, bool, []string){"alike": alike, "cancelled": cancelled, "cut": cut, "field": addField, "get": get, "until": until}, RequireExplicitExec: true,
						Condition: func(c string) (bool, error) { return c == string(engine), nil },
					})
				})
			}
		})
	}
}

func setUp(t *testing.T, engine sqldb.Dialect, e *testscript.Env) error {
	e.Setenv("REGULARS_DATA", filepath.Join(e.WorkDir, "data"))
	address := apptest.FreeAddress(t)
	e.Setenv("REGULARS_ADDR", address)
	e.Setenv("URL", "http://"+address)
	e.Setenv("REGULARS_SQLITE_SYNCHRONOUS", "NORMAL")
	if engine == sqldb.Postgres {
		e.Setenv("REGULARS_DATABASE_URL", pgtest.EmptyURL(t))
		e.Setenv("OTHER_DATABASE_URL", pgtest.EmptyURL(t))
	}
	return nil
}

// cut FROM TO copies a file without its last 4 KiB.
func cut(ts *testscript.TestScript, _ bool, args []string) {
	content, err := os.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), content[:max(len(content)-4096, 0)], 0o600))
}

// cancelled FILE VARIABLE sets a variable to an import of a file that was cancelled
// before its first row.
func cancelled(ts *testscript.TestScript, _ bool, args []string) {
	c, err := config.Default()
	ts.Check(err)
	c.Data, c.DatabaseURL = ts.Getenv("REGULARS_DATA"), ts.Getenv("REGULARS_DATABASE_URL")
	ctx := context.Background()
	a, err := app.New(ctx, c, clock.Clock{}, slog.New(slog.DiscardHandler))
	ts.Check(err)
	stored, err := a.Files.Create(ctx)
	ts.Check(err)
	content := ts.ReadFile(args[0])
	var scan sheet.Scanner
	_, err = io.MultiWriter(stored, &scan).Write([]byte(content))
	ts.Check(errors.Join(err, stored.Commit()))
	community := ts.Getenv("COMMUNITY")
	job, err := a.Bulk.Start(ctx, apptest.Operator, community, bulk.Start{Type: bulk.Import, FileID: stored.ID(), FileName: args[0], FileScan: scan.Result(), Options: bulk.Options{Mode: bulk.Upsert}})
	ts.Check(err)
	_, err = a.Bulk.Cancel(ctx, apptest.Operator, community, job.JobID)
	ts.Check(errors.Join(err, a.Close()))
	ts.Setenv(args[1], job.JobID)
}

var scriptIDs = regexp.MustCompile(`\b[0-9a-f]{24}\b|--data [^ "\s]+`)

// alike FILE FILE checks that two outputs are the same except for ids.
func alike(ts *testscript.TestScript, _ bool, args []string) {
	first, second := scriptIDs.ReplaceAllString(ts.ReadFile(args[0]), "ID"), scriptIDs.ReplaceAllString(ts.ReadFile(args[1]), "ID")
	if d := cmp.Diff(first, second); d != "" || first == "" {
		ts.Fatalf("%s and %s differ:\n%s", args[0], args[1], d)
	}
}

// addField, field NAME VARIABLE in scripts, sets a variable to a field of the JSON object printed by
// the last command.
func addField(ts *testscript.TestScript, _ bool, args []string) {
	var object map[string]any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &object))
	value, ok := object[args[0]]
	if !ok {
		ts.Fatalf("no field %s in %v", args[0], object)
	}
	ts.Setenv(args[1], strings.Trim(fmt.Sprint(value), `"`))
}

// get STATUS PATH TEXT... waits until the server responds and checks the status
// and the body of a path.
func get(ts *testscript.TestScript, _ bool, args []string) {
	late := time.After(apptest.Timeout)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		answer, err := http.Get(ts.Getenv("URL") + args[1])
		if err == nil {
			body, err := io.ReadAll(answer.Body)
			ts.Check(err)
			ts.Check(answer.Body.Close())
			if fmt.Sprint(answer.StatusCode) != args[0] {
				ts.Fatalf("status %d, want %s: %s", answer.StatusCode, args[0], body)
			}
			for _, text := range args[2:] {
				if !strings.Contains(string(body), text) {
					ts.Fatalf("no %q in %s", text, body)
				}
			}
			return
		}
		select {
		case <-tick.C:
		case <-late:
			ts.Fatalf("the server does not answer: %v", err)
		}
	}
}

// until FILE TEXT waits until a file contains a text.
func until(ts *testscript.TestScript, _ bool, args []string) {
	late := time.After(apptest.Timeout)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		content, err := os.ReadFile(ts.MkAbs(args[0]))
		if err == nil && strings.Contains(string(content), args[1]) {
			return
		}
		select {
		case <-tick.C:
		case <-late:
			ts.Fatalf("%s never held %q: %v: %s", args[0], args[1], err, content)
		}
	}
}
