package app_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/app"
	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/app/config"
	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

const wizardRows = 6_000

// visitor uses the console of a node with a session.
type visitor struct {
	*node
	session string
}

func newVisitor(t *testing.T, engine sqldb.Dialect) visitor {
	t.Helper()
	config, err := config.Default()
	if err != nil {
		t.Fatal(err)
	}
	config.Data, config.Addr = t.TempDir(), "127.0.0.1:0"
	if engine == sqldb.Postgres {
		config.DatabaseURL = sqldbtest.Address(t, engine)
	}
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	n := &node{t: t, config: config, client: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: apptest.Timeout, CheckRedirect: stay}}
	n.createFixtures()
	a, err := app.New(t.Context(), config, clock.Clock{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	_, session := (&apptest.App{App: a}).Owner(t, n.community, "olivia")
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	n.Process = apptest.StartBinary(t, "REGULARS_DATA="+config.Data, "REGULARS_DATABASE_URL="+config.DatabaseURL, "REGULARS_LEASE=1s", "REGULARS_BULK_PIECE_ROWS=200", "REGULARS_MIN_FREE_MIB=0")
	return visitor{n, session}
}

// send returns the place that a response leads to, or its page.
func (v visitor) send(method, path, kind string, body io.Reader) (string, error) {
	v.t.Helper()
	return v.sendIn(v.t.Context(), method, path, kind, body)
}

func (v visitor) sendIn(ctx context.Context, method, path, kind string, body io.Reader) (string, error) {
	v.t.Helper()
	r, err := http.NewRequestWithContext(ctx, method, v.URL+path, body)
	if err != nil {
		v.t.Fatal(err)
	}
	r.Header.Set("Content-Type", kind)
	r.AddCookie(&http.Cookie{Name: "regulars", Value: v.session})
	response, err := v.client.Do(r)
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(response.Body)
	err = errors.Join(err, response.Body.Close())
	if response.StatusCode >= 400 {
		err = errors.Join(err, fmt.Errorf("%s %s: %s: %.300s", method, path, response.Status, text))
	}
	if place := response.Header.Get("Location"); place != "" {
		return place, err
	}
	return string(text), err
}

func (v visitor) must(method, path, kind string, body io.Reader) string {
	v.t.Helper()
	got, err := v.send(method, path, kind, body)
	if err != nil {
		v.t.Fatal(err)
	}
	return got
}

func (v visitor) page(path string) string {
	v.t.Helper()
	return v.must(http.MethodGet, path, "", http.NoBody)
}

// post sends a form and returns the place that it leads to, with the id at its end.
func (v visitor) post(path string, form url.Values) (place, id string) {
	v.t.Helper()
	place = v.must(http.MethodPost, path, "application/x-www-form-urlencoded", strings.NewReader(form.Encode()))
	return place, place[strings.LastIndex(place, "/")+1:]
}

// stage uploads a file in the wizard and returns the address of its draft.
func (v visitor) stage(name, content string) string {
	v.t.Helper()
	body, kind := apptest.Form(v.t, name, []byte(content), nil)
	return v.must(http.MethodPost, "/c/"+v.community+"/import/files", kind, bytes.NewReader(body))
}

// versionOf is the version that the page of a draft shows.
func (v visitor) versionOf(draft string) string {
	v.t.Helper()
	version := regexp.MustCompile(`name="version" value="([0-9]+)"`).FindStringSubmatch(v.page(draft))
	if version == nil {
		v.t.Fatal("the columns have no version")
	}
	return version[1]
}

// restart kills the server and starts it again.
func (v visitor) restart() {
	v.t.Helper()
	v.Kill()
	v.Restart()
}

// files are the stored and unfinished files.
func (v visitor) files() (paths []string) {
	v.t.Helper()
	err := filepath.WalkDir(filepath.Join(v.config.Data, "files"), func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			paths = append(paths, path)
		}
		return err
	})
	if err != nil {
		v.t.Fatal(err)
	}
	return paths
}

func TestWizardContinuesAfterKillsOfTheServer(t *testing.T) {
	for _, engine := range sqldbtest.Engines(t) {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			v := newVisitor(t, engine)
			home := "/c/" + v.community + "/import"
			var rows strings.Builder
			rows.WriteString("Email,Username,First Name,Last Name\n")
			for i := range wizardRows {
				fmt.Fprintf(&rows, "person%[1]d@example.com,person%[1]d,Person,Number\n", i)
			}
			body, kind := apptest.Form(t, "spring.csv", []byte(rows.String()), nil)

			sent, gone, answer := make(chan struct{}), make(chan struct{}), make(chan error, 1)
			go func() {
				_, err := v.send(http.MethodPost, home+"/files", kind, io.MultiReader(strings.NewReader(string(body[:len(body)/2])), &gate{sent, gone}))
				answer <- err
			}()
			<-sent
			v.Kill()
			close(gone)
			if err := <-answer; err == nil {
				t.Error("half of a file was accepted")
			}
			v.Restart()
			if left := v.files(); strings.Contains(v.page(home), "spring.csv") || len(left) > 1 || len(left) == 1 && !strings.Contains(left[0], "unfinished") {
				t.Errorf("a killed upload left %q", left) // a sweep deletes an unfinished file
			}

			draft := v.must(http.MethodPost, home+"/files", kind, strings.NewReader(string(body)))
			v.restart()
			check, checkID := v.post(draft+"/columns", url.Values{"version": {v.versionOf(draft)}, "mode": {"upsert"}})
			v.restart()
			v.await(checkID)
			if page := v.page(check); !strings.Contains(page, "6,000 members would be created.") {
				t.Errorf("the check: %.2000s", page)
			}
			run, runID := v.post(check+"/apply", nil)
			v.watch(runID, func(s bulk.Status) bool { return s.Counts.Read > 0 })
			v.restart()
			if page := v.page(run); !strings.Contains(page, "<job-live") {
				t.Errorf("the run after a restart: %.2000s", page)
			}
			if done := v.await(runID); done.Counts.Created != wizardRows {
				t.Errorf("%+v", done.Counts)
			}
			if page := v.page(run); !strings.Contains(page, "6,000 members were created.") {
				t.Errorf("the run: %.2000s", page)
			}
			if place, again := v.post(check+"/apply", nil); again != runID {
				t.Errorf("the form again leads to %s", place)
			}
		})
	}
}
