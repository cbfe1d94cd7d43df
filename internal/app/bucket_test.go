package app_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/app"
	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/app/config"
	"github.com/regulars/regulars/internal/blob"
	"github.com/regulars/regulars/internal/blob/s3"
	"github.com/regulars/regulars/internal/blob/s3/s3test"
	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/media"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/pgtest"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// inBucket returns settings with a bucket for files, and the environment of a
// program with it.
func inBucket(t *testing.T, engine sqldb.Dialect, server *s3test.Server) (config.Config, []string) {
	t.Helper()
	c, err := config.Default()
	if err != nil {
		t.Fatal(err)
	}
	c.Data, c.Addr, c.SecretKey = t.TempDir(), "127.0.0.1:0", strings.Repeat("ab", 32)
	c.FilesURL, c.FilesKey, c.FilesSecret = server.URL(), s3test.Key, s3test.Secret
	if engine == sqldb.Postgres {
		c.DatabaseURL = sqldbtest.Address(t, engine)
	}
	return c, []string{"REGULARS_SECRET_KEY=" + c.SecretKey, "REGULARS_FILES_URL=" + c.FilesURL, "REGULARS_FILES_KEY=" + c.FilesKey, "REGULARS_FILES_SECRET=" + c.FilesSecret}
}

// openFiles opens the bucket of settings.
func openFiles(t *testing.T, settings config.Config) *s3.Bucket {
	t.Helper()
	c, err := s3.ParseURL(settings.FilesURL)
	if err != nil {
		t.Fatal(err)
	}
	c.Key, c.Secret = settings.FilesKey, settings.FilesSecret
	bucket, err := s3.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	return bucket
}

// fileIDs are the ids of the committed files in order.
func fileIDs(t *testing.T, files blob.Store) (list []string) {
	t.Helper()
	err := files.List(t.Context(), func(fileID string, _ int64, _ time.Time) error { list = append(list, fileID); return nil })
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func newGenerator(seed uint64) *generator { return &generator{Rand: rand.New(rand.NewPCG(seed, 0))} }

// bucketRows are the rows of bucketFile.
const bucketRows = 20_000

// bucketFile is a file of new members that is read in more requests than a node
// reads ahead.
func bucketFile() []byte {
	var file bytes.Buffer
	file.WriteString("First Name,Last Name,Username,Email,Notes\n")
	notes := strings.Repeat("note ", 100)
	for i := range bucketRows {
		fmt.Fprintf(&file, "Ann,Ash,user%[1]d,user%[1]d@example.com,%[2]s\n", i, notes)
	}
	return file.Bytes()
}

// TestImportWaitsForItsBucket kills the service of the files while a job reads one,
// and before an upload.
func TestImportWaitsForItsBucket(t *testing.T) {
	for _, engine := range sqldbtest.Engines(t) {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			server, started := s3test.Start(t)
			if !started {
				return
			}
			c, env := inBucket(t, engine, server)
			n := startNode(t, c, env...)
			file := bucketFile()
			jobID := n.upload(file, "one").jobID
			n.watch(jobID, func(s bulk.Status) bool { return s.Counts.Read > 0 })
			server.Kill()
			stopped := n.watch(jobID, func(s bulk.Status) bool {
				return s.Finished() || s.Waiting != nil && s.Waiting.Reason == bulk.WaitFiles
			})
			if stopped.Finished() {
				t.Error("the job ended without the rest of its file")
			}
			if got := n.send(t.Context(), n.form(file[:10_000]), "two"); got.status != http.StatusServiceUnavailable || got.code != "files_unavailable" {
				t.Errorf("an upload without the service: %+v", got)
			}
			if status := n.readiness(); status != http.StatusOK {
				t.Errorf("readyz without the service, which all nodes share: %d", status)
			}
			if got := n.doctorFinding("file"); !strings.Contains(got, "does not answer") {
				t.Errorf("doctor: %s", got)
			}
			server.Restart()
			n.wantFewLines("file storage")
			if done := n.await(jobID); done.Counts.Created != bucketRows {
				t.Errorf("%+v", done)
			}
			if got := n.doctorFinding("FAILED"); got != "" {
				t.Errorf("doctor: %s", got)
			}
		})
	}
}

// doctorFinding returns the lines of doctor with a text.
func (n *node) doctorFinding(text string) string {
	n.t.Helper()
	out := n.command("doctor")
	var found []string
	for line := range strings.Lines(out) {
		if strings.Contains(line, text) && strings.Contains(line, "FAILED") {
			found = append(found, line)
		}
	}
	return strings.Join(found, "")
}

// command runs a command on the installation of the node and returns its output.
func (n *node) command(args ...string) string {
	n.t.Helper()
	cmd := exec.CommandContext(n.t.Context(), apptest.Binary(n.t), args...)
	cmd.Env = append(cmd.Environ(), "REGULARS_DATA="+n.config.Data, "REGULARS_DATABASE_URL="+n.config.DatabaseURL, "REGULARS_SECRET_KEY="+n.config.SecretKey, "REGULARS_MIN_FREE_MIB=0",
		"REGULARS_FILES_URL="+n.config.FilesURL, "REGULARS_FILES_KEY="+n.config.FilesKey, "REGULARS_FILES_SECRET="+n.config.FilesSecret)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	_ = cmd.Run() // the output has the error
	return out.String()
}

// readiness is the status of /readyz.
func (n *node) readiness() int {
	r, err := http.NewRequestWithContext(n.t.Context(), http.MethodGet, n.URL+"/readyz", http.NoBody)
	if err != nil {
		n.t.Fatal(err)
	}
	response, err := n.client.Do(r)
	if err != nil {
		n.t.Fatal(err)
	}
	_ = response.Body.Close()
	return response.StatusCode
}

// TestFilesMoveBetweenFolderAndBucket moves the files of an installation into a
// bucket with an interruption, works with them there, restores a backup of it, and
// moves them back.
func TestFilesMoveBetweenFolderAndBucket(t *testing.T) {
	for _, engine := range sqldbtest.Engines(t) {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			server, started := s3test.Start(t)
			if !started {
				return
			}
			n := newNode(t, engine)
			chance := newGenerator(3)
			var jobs []string
			for i := range 5 {
				chance.newMember()
				jobs = append(jobs, n.upload(chance.mixedFile(t, 400), fmt.Sprint(i)).jobID)
			}
			for _, jobID := range jobs {
				n.await(jobID)
			}
			details := "/v1/users/bulk-update/" + jobs[0] + "/details?limit=100"
			before := n.get(details)
			n.config.FilesKey, n.config.FilesSecret = s3test.Key, s3test.Secret
			server.Kill()
			if out := n.command("move-files", "--from=disk", "--to="+server.URL()); !strings.Contains(out, "Run the command again to continue") {
				t.Errorf("without the service: %s", out)
			}
			server.Restart()
			for _, want := range []string{"Copied 5 files", "5 were there already"} {
				if out := n.command("move-files", "--from=disk", "--to="+server.URL()); !strings.Contains(out, want) {
					t.Errorf("%s, want %s", out, want)
				}
			}
			n.Stop()
			n.config.FilesURL = server.URL()
			env := []string{"REGULARS_DATA=" + n.config.Data, "REGULARS_DATABASE_URL=" + n.config.DatabaseURL, "REGULARS_FILES_URL=" + server.URL(), "REGULARS_FILES_KEY=" + s3test.Key, "REGULARS_FILES_SECRET=" + s3test.Secret, "REGULARS_MIN_FREE_MIB=0"}
			n.Process = apptest.StartBinary(t, env...)
			if got := n.get(details); got.status != http.StatusOK || string(got.Data) != string(before.Data) {
				t.Errorf("details from the bucket: %d, %d bytes of %d", got.status, len(got.Data), len(before.Data))
			}
			n.await(n.upload(chance.mixedFile(t, 400), "new").jobID)
			n.Stop()
			n.restoreElsewhere(engine, jobs[0])
			if out := n.command("move-files", "--from="+server.URL(), "--to=disk", "--delete"); !strings.Contains(out, "Copied 1 files") {
				t.Error(out)
			}
			n.config.FilesURL = ""
			a, err := app.New(t.Context(), n.config, clock.Clock{}, slog.New(slog.DiscardHandler))
			if err != nil {
				t.Fatal(err)
			}
			files := 0
			if err := a.Files.List(t.Context(), func(string, int64, time.Time) error { files++; return nil }); err != nil || files != 6 {
				t.Errorf("%d files back on the disk, %v", files, err)
			}
			if err := a.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// restoreElsewhere restores a backup into another folder of the bucket and another
// database, and reads the file of a job there.
func (n *node) restoreElsewhere(engine sqldb.Dialect, jobID string) {
	n.t.Helper()
	archive := filepath.Join(n.t.TempDir(), "backup.tar")
	if out := n.command("backup", archive); !strings.Contains(out, "Wrote") {
		n.t.Fatal(out)
	}
	other := *n
	other.config.Data, other.config.FilesURL = filepath.Join(n.t.TempDir(), "data"), strings.Replace(n.config.FilesURL, "/folder?", "/restored?", 1)
	if engine == sqldb.Postgres {
		other.config.DatabaseURL = pgtest.EmptyURL(n.t)
	}
	if out := other.command("restore", archive); !strings.Contains(out, "Restored") {
		n.t.Fatal(out)
	}
	a, err := app.New(n.t.Context(), other.config, clock.Clock{}, slog.New(slog.DiscardHandler))
	if err != nil {
		n.t.Fatal(err)
	}
	files := 0
	err = a.Files.List(n.t.Context(), func(string, int64, time.Time) error { files++; return nil })
	rows, _, detailsErr := a.Bulk.Details(n.t.Context(), actor.Actor{Kind: actor.Command, Name: "test"}, n.community, jobID, bulk.DetailFilter{Limit: 5})
	if err := errors.Join(err, detailsErr, a.Close()); err != nil || files != 6 || len(rows) != 5 {
		n.t.Errorf("%d files and %d rows after the restore, %v", files, len(rows), err)
	}
}

// TestBrowsersReadPicturesFromTheBucket follows the redirect of a picture, and reads the
// log for signatures.
func TestBrowsersReadPicturesFromTheBucket(t *testing.T) {
	for _, engine := range sqldbtest.Engines(t) {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			server, started := s3test.Start(t)
			if !started {
				return
			}
			c, env := inBucket(t, engine, server)
			c.FilesURL += "&reads=direct"
			n := startNode(t, c, append(env, "REGULARS_FILES_URL="+c.FilesURL)...)
			n.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
			var picture bytes.Buffer
			if err := png.Encode(&picture, image.NewGray(image.Rect(0, 0, 9, 9))); err != nil {
				t.Fatal(err)
			}
			body, kind := apptest.Form(t, "logo.png", picture.Bytes(), nil)
			logo := "/v1/servers/" + n.community + "/logo"
			var set struct {
				Data struct {
					Logo string `json:"logo"`
				}
			}
			if status, _, answer := n.request(http.MethodPost, n.URL+logo, bytes.NewReader(body), "Content-Type", kind); status != http.StatusCreated || json.Unmarshal(answer, &set) != nil {
				t.Fatalf("%d %s", status, answer)
			}
			path := n.URL + media.Path(n.community, set.Data.Logo)

			status, h, _ := n.request(http.MethodGet, path, nil)
			address := h.Get("Location")
			if status != http.StatusFound || !strings.HasPrefix(address, "http://"+server.Address()+"/") || h.Get("Cache-Control") != "private, max-age=60" {
				t.Fatalf("%d %v", status, h)
			}
			status, h, content := n.request(http.MethodGet, address, nil)
			if status != http.StatusOK || h.Get("Content-Type") != "image/png" || !bytes.HasPrefix(content, []byte("\x89PNG")) {
				t.Errorf("the picture: %d %v", status, h)
			}
			if status, _, part := n.request(http.MethodGet, address, nil, "Range", "bytes=1-3"); status != http.StatusPartialContent || string(part) != "PNG" {
				t.Errorf("a part: %d %q", status, part)
			}
			status, h, _ = n.request(http.MethodHead, path, nil)
			if status != http.StatusOK || h.Get("Content-Type") != "image/png" || h.Get("Content-Length") != strconv.Itoa(len(content)) {
				t.Errorf("HEAD: %d %v", status, h)
			}
			if _, h, _ = n.request(http.MethodGet, n.URL+"/sign-in", nil); !strings.Contains(h.Get("Content-Security-Policy"), "img-src 'self' http://"+server.Address()+" data:") {
				t.Errorf("policy %s", h.Get("Content-Security-Policy"))
			}
			if got := n.doctorFinding("FAILED"); got != "" {
				t.Error(got)
			}
			if status, _, answer := n.request(http.MethodDelete, n.URL+logo, nil); status >= 300 {
				t.Fatalf("%d %s", status, answer)
			}
			if status, h, _ := n.request(http.MethodGet, path, nil); status != http.StatusNotFound || h.Get("Location") != "" {
				t.Errorf("after the delete: %d", status)
			}
			if log := n.Log(); strings.Contains(log, "X-Amz-") || !strings.Contains(log, "/media/") {
				t.Errorf("the log: %s", log)
			}
		})
	}
}

// request sends a request with the key to an address of the node, without it elsewhere.
func (n *node) request(method, address string, body io.Reader, header ...string) (status int, answered http.Header, content []byte) {
	n.t.Helper()
	r, err := http.NewRequestWithContext(n.t.Context(), method, address, body)
	if err != nil {
		n.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	if strings.HasPrefix(address, n.URL+"/v1/") {
		r.Header.Set("Authorization", "Bearer "+n.key)
	}
	answer, err := n.client.Do(r)
	if err != nil {
		n.t.Fatal(err)
	}
	content, err = io.ReadAll(answer.Body)
	if err := errors.Join(err, answer.Body.Close()); err != nil {
		n.t.Fatal(err)
	}
	return answer.StatusCode, answer.Header, content
}
