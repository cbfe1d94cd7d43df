package app_test

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/blob/s3/s3test"
	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/pgtest"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

const repository = "../.."

// git returns the output of a command of git in the repository.
func git(t *testing.T, args ...string) ([]byte, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", args...)
	cmd.Dir = repository
	out, err := cmd.Output()
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		err = fmt.Errorf("%w: %s", err, failed.Stderr)
	}
	return out, err
}

// beforeNewestMigration returns the commits before the newest migration, the latest
// first: the parent of the commit that adds it, or the latest commit if the migration is not
// committed yet, and some ancestors for the case that the first does not build.
func beforeNewestMigration(t *testing.T) ([]string, error) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(repository, "migrations", "[0-9]*.sql"))
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	newest := "migrations/" + filepath.Base(slices.Max(names))
	added, err := git(t, "log", "--diff-filter=A", "--format=%H", "--", newest)
	if err != nil {
		return nil, err
	}
	commit := "HEAD"
	if lines := strings.Fields(string(added)); len(lines) > 0 {
		commit = lines[len(lines)-1] + "^"
	}
	hashes, err := git(t, "log", "--max-count=20", "--format=%H", commit)
	return strings.Fields(string(hashes)), err
}

// newestMigration returns the number of the newest migration of a commit.
func newestMigration(t *testing.T, commit string) (number int64) {
	t.Helper()
	names, err := git(t, "ls-tree", "--name-only", commit, "migrations/")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range strings.Fields(string(names)) {
		text, _, _ := strings.Cut(filepath.Base(name), "_")
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			number = max(number, n)
		}
	}
	return number
}

// olderProgram builds the program before the newest migration, once per commit, and
// returns its path and the number of the newest migration that it knows. It
// returns "" in a checkout without that history; with REGULARS_TEST_ALL=1 the test
// fails.
func olderProgram(t *testing.T) (path string, knows int64) {
	t.Helper()
	commits, err := beforeNewestMigration(t)
	if err != nil {
		if os.Getenv("REGULARS_TEST_ALL") == "1" {
			t.Fatalf("the commit before the newest migration is missing; this test needs a full clone: %v", err)
		}
		t.Logf("LEFT OUT: no history of git: %v", err)
		return "", 0
	}
	for _, commit := range commits {
		if path, err = programOf(t, commit); err == nil {
			return path, newestMigration(t, commit)
		}
		t.Log(err)
	}
	t.Fatal("no commit before the newest migration builds")
	return "", 0
}

// programOf builds the program of a commit, unless it is built already, and returns its
// path.
func programOf(t *testing.T, commit string) (string, error) {
	t.Helper()
	path := filepath.Join(os.TempDir(), "regulars-before-migration-"+commit)
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	archive, err := git(t, "archive", commit)
	if err != nil {
		return "", err
	}
	folder := t.TempDir()
	if err := unpack(archive, folder); err != nil {
		return "", err
	}
	fresh := fmt.Sprintf("%s-%d", path, os.Getpid())
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-X github.com/regulars/regulars/internal/app.version=older", "-o", fresh, "./cmd/regulars")
	build.Dir = folder
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build %s: %w: %s", commit, err, out)
	}
	return path, os.Rename(fresh, path)
}

func unpack(archive []byte, folder string) error {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }() // a folder
	files := tar.NewReader(bytes.NewReader(archive))
	for {
		header, err := files.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch header.Typeflag {
		case tar.TypeDir:
			err = root.MkdirAll(filepath.Clean(header.Name), 0o700)
		case tar.TypeReg:
			var content []byte
			if content, err = io.ReadAll(files); err == nil {
				err = root.WriteFile(header.Name, content, 0o600)
			}
		}
		if err != nil {
			return err
		}
	}
}

// created returns an id or key that a command of a program prints.
func created(t *testing.T, program string, env []string, field string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, append(args, "--json")...)
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.Output()
	var printed map[string]any
	if err := errors.Join(err, json.Unmarshal(out, &printed)); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	value, ok := printed[field].(string)
	if !ok {
		t.Fatalf("no %s in %s", field, out)
	}
	return value
}

// people returns a file of so many new members.
func people(from, count int) []byte {
	var file bytes.Buffer
	file.WriteString("First Name,Last Name,Username,Email\n")
	for i := from; i < from+count; i++ {
		fmt.Fprintf(&file, "First%d,Last%d,rolling%d,rolling%d@example.com\n", i, i, i, i)
	}
	return file.Bytes()
}

// requireRefusal checks that a program refuses a schema that it cannot use.
func requireRefusal(t *testing.T, older, address string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), older, "community", "create", "--name", "Testers")
	cmd.Env = append(os.Environ(), "REGULARS_DATA="+t.TempDir(), "REGULARS_DATABASE_URL="+address)
	if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "start the newer version of the program") {
		t.Errorf("%v: %s", err, out)
	}
}

// TestOlderProgramWorksBesideTheNewOne replaces the program of one of two nodes during
// imports: the new one migrates the schema while the older one works. Then each takes
// jobs of the other over, and the older one is started again on the new schema. A
// program that is older than the schema allows is refused.
func TestOlderProgramWorksBesideTheNewOne(t *testing.T) {
	server, started := s3test.Start(t)
	if !started || !slices.Contains(sqldbtest.Engines(t), sqldb.Postgres) {
		return
	}
	older, knows := olderProgram(t)
	if older == "" {
		return
	}
	address := sqldbtest.Address(t, sqldb.Postgres)
	oldest, err := sqldb.One(t.Context(), sqldbtest.Open(t, address), "compatibility", sqldb.Value[int64], "SELECT oldest FROM schema_compatibility")
	if err != nil {
		t.Fatal(err)
	}
	if knows < oldest {
		requireRefusal(t, older, address)
		return
	}
	const rows = 8_000
	c, env := inBucket(t, sqldb.SQLite, server) // its address is set below
	c.DatabaseURL = pgtest.EmptyURL(t)
	env = append(env, "REGULARS_DATABASE_URL="+c.DatabaseURL, "REGULARS_LEASE=1s", "REGULARS_BULK_PIECE_ROWS=500", "REGULARS_MIN_FREE_MIB=0")
	ofOlder := append([]string{"REGULARS_DATA=" + c.Data}, env...)
	n := &node{t: t, config: c, client: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: apptest.Timeout}}
	n.community = created(t, older, ofOlder, "communityId", "community", "create", "--name", "Testers")
	n.key = created(t, older, ofOlder, "key", "key", "create", "--community", n.community, "--name", "test", "--permission", "bulkUpdateUser", "--permission", "getUserData")
	n.Process = apptest.StartProgram(t, older, ofOlder...)

	during := n.upload(people(0, rows), "during").jobID
	n.watch(during, func(s bulk.Status) bool { return s.Counts.Read > 0 })
	newer := *n
	newer.Process = apptest.StartBinary(t, append([]string{"REGULARS_DATA=" + t.TempDir()}, env...)...)
	both := []*node{n, &newer}
	for i, each := range both {
		if status := each.readiness(); status != http.StatusOK {
			t.Errorf("node %d beside the other: readyz %d", i, status)
		}
	}
	n.await(during)

	list := []string{during}
	for i, victim := range both { // each completes a job of the other
		watcher := both[1-i]
		jobID := victim.upload(people((i+1)*rows, rows), fmt.Sprint("killed ", i)).jobID
		watcher.watch(jobID, func(s bulk.Status) bool { return s.Counts.Read > 0 })
		victim.Kill()
		watcher.await(jobID)
		if err := victim.TryRestart(); err != nil {
			t.Fatalf("node %d is not started again: %v\n%s", i, err, victim.Log())
		}
		list = append(list, jobID)
	}
	for _, each := range both {
		for _, jobID := range list {
			if s, ok := each.status(jobID); !ok || s.Counts.Created != rows || s.Counts.Failed != 0 {
				t.Errorf("job %s: %+v", jobID, s.Counts)
			}
		}
		each.Stop()
	}
	db := sqldbtest.Open(t, c.DatabaseURL)
	total, err := sqldb.One(t.Context(), db, "count", sqldb.Value[int], "SELECT count(*) FROM members WHERE community_id = $1", n.community)
	if err != nil || total != len(list)*rows {
		t.Errorf("%d members, %v; want %d", total, err, len(list)*rows)
	}
}
