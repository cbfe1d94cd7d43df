package app_test

import (
	"archive/tar"
	"bytes"
	"database/sql"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/app/apptest"
)

// command runs the program on a data folder and returns all it wrote.
func command(t *testing.T, folder string, args ...string) (output string, failed bool) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), apptest.Binary(t), args...) //nolint:gosec // our own program
	cmd.Env = append(os.Environ(), "REGULARS_DATA="+folder, "REGULARS_DATABASE_URL=", "REGULARS_ADDR=127.0.0.1:0")
	out, err := cmd.CombinedOutput()
	return string(out), err != nil
}

// installed is a data folder with a community in it.
func installed(t *testing.T) string {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "data")
	if out, failed := command(t, folder, "community", "create", "--name", "Testers"); failed {
		t.Fatal(out)
	}
	return folder
}

func TestMissingOrDamagedDatabaseIsRejectedWithRemedy(t *testing.T) {
	for name, c := range map[string]struct {
		damage func(t *testing.T, folder string) error
		cause  string
	}{
		"of zero bytes": {func(_ *testing.T, folder string) error { return os.Truncate(filepath.Join(folder, "regulars.db"), 0) }, "is empty"},
		"missing":       {func(_ *testing.T, folder string) error { return os.Remove(filepath.Join(folder, "regulars.db")) }, "is missing"},
		"cut in its middle": {func(_ *testing.T, folder string) error {
			return os.Truncate(filepath.Join(folder, "regulars.db"), 8192)
		}, "truncated"},
		"cut in its header": {func(_ *testing.T, folder string) error { return os.Truncate(filepath.Join(folder, "regulars.db"), 50) }, "truncated"},
		"of no kind known": {func(_ *testing.T, folder string) error {
			return os.WriteFile(filepath.Join(folder, "regulars.db"), bytes.Repeat([]byte("text "), 100), 0o600)
		}, "not a SQLite database"},
		"of another program": {otherProgram, "another program"},
	} {
		t.Run(name, func(t *testing.T) {
			folder := installed(t)
			for _, ending := range []string{"-wal", "-shm"} {
				_ = os.Remove(filepath.Join(folder, "regulars.db"+ending)) // closed cleanly: there is none
			}
			if err := c.damage(t, folder); err != nil {
				t.Fatal(err)
			}
			before := listing(t, folder)
			for _, args := range [][]string{{"serve"}, {"doctor"}, {"migrate"}, {"backup", filepath.Join(t.TempDir(), "kept.tar")}} {
				out, failed := command(t, folder, args...)
				if !failed || !strings.Contains(out, c.cause) || !strings.Contains(strings.ToLower(out), "restore a backup") {
					t.Errorf("%s: failed %v, %s", args[0], failed, out)
				}
			}
			if after := listing(t, folder); strings.Replace(after, "server.lock ", "", 1) != strings.Replace(before, "server.lock ", "", 1) {
				t.Errorf("the folder held %s, now %s", before, after)
			}
		})
	}
}

func otherProgram(t *testing.T, folder string) (err error) {
	t.Helper()
	path := filepath.Join(folder, "regulars.db")
	if err := os.Remove(path); err != nil {
		return err
	}
	db, err := sql.Open("sqlite", path) //nolint:forbidigo // a database that sqldb did not make
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }() // nothing is left to be written
	_, err = db.ExecContext(t.Context(), "CREATE TABLE notes (text TEXT)")
	return err
}

func listing(t *testing.T, folder string) string {
	t.Helper()
	list, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var names strings.Builder
	for _, entry := range list {
		if entry.Name() != "node" {
			names.WriteString(entry.Name() + " ")
		}
	}
	return names.String()
}

func TestEmptyDatabaseInNewFolderIsMigrated(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "regulars.db"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(folder, "files"), 0o700); err != nil {
		t.Fatal(err)
	}
	if out, failed := command(t, folder, "migrate"); failed {
		t.Error(out)
	}
}

// entry is one more entry of an archive.
type entry struct {
	header  tar.Header
	content string
}

func TestRestoreRejectsEntriesThatBackupNeverWrites(t *testing.T) {
	folder := installed(t)
	kept := filepath.Join(t.TempDir(), "kept.tar")
	if out, failed := command(t, folder, "backup", kept); failed {
		t.Fatal(out)
	}
	whole, err := os.ReadFile(kept)
	if err != nil {
		t.Fatal(err)
	}
	const file = "files/65a0000000000000000000aa"
	for name, added := range map[string][]entry{
		"a doubled key":           {{tar.Header{Name: "secret.key"}, "0"}},
		"a key in other letters":  {{tar.Header{Name: "SECRET.KEY"}, "0"}},
		"a key written otherwise": {{tar.Header{Name: "./secret.key"}, "0"}},
		"a doubled description":   {{tar.Header{Name: "backup.json"}, "{}"}},
		"a doubled database":      {{tar.Header{Name: "database/regulars.db"}, "x"}},
		"a doubled file":          {{tar.Header{Name: file}, "x"}, {tar.Header{Name: file}, "y"}},
		"a file in other letters": {{tar.Header{Name: file}, "x"}, {tar.Header{Name: "files/65A0000000000000000000AA"}, "y"}},
		"a symbolic link":         {{tar.Header{Name: file, Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd"}, ""}},
		"a hard link":             {{tar.Header{Name: file, Typeflag: tar.TypeLink, Linkname: "secret.key"}, ""}},
		"a device":                {{tar.Header{Name: file, Typeflag: tar.TypeChar, Devmajor: 1, Devminor: 3}, ""}},
		"a pipe":                  {{tar.Header{Name: file, Typeflag: tar.TypeFifo}, ""}},
		"a folder":                {{tar.Header{Name: "files/x/", Typeflag: tar.TypeDir}, ""}},
		"an absolute path":        {{tar.Header{Name: "/files/65a0000000000000000000aa"}, "x"}},
		"a path that leads out":   {{tar.Header{Name: "files/../../out"}, "x"}},
		"a path of Windows":       {{tar.Header{Name: `files\65a0000000000000000000aa`}, "x"}},
		"a file of no id":         {{tar.Header{Name: "files/report"}, "x"}},
		"an unknown file":         {{tar.Header{Name: "notes"}, ""}},
		"a large end":             {{tar.Header{Name: "end"}, "x"}},
		"something after the end": {{tar.Header{Name: "end"}, ""}, {tar.Header{Name: file}, "x"}},
	} {
		t.Run(name, func(t *testing.T) {
			bad := filepath.Join(t.TempDir(), "bad.tar")
			if err := os.WriteFile(bad, addEntries(t, whole, added), 0o600); err != nil {
				t.Fatal(err)
			}
			target := filepath.Join(t.TempDir(), "restored")
			out, failed := command(t, target, "restore", bad)
			if !failed {
				t.Fatalf("it was restored: %s", out)
			}
			if _, err := os.Stat(target); !os.IsNotExist(err) {
				t.Errorf("the folder was left behind: %s", listing(t, target))
			}
		})
	}
	if out, failed := command(t, filepath.Join(t.TempDir(), "restored"), "restore", kept); failed {
		t.Errorf("the archive itself: %s", out)
	}
}

// addEntries returns the archive with entries before its end.
func addEntries(t *testing.T, whole []byte, added []entry) []byte {
	t.Helper()
	var b bytes.Buffer
	from, to := tar.NewReader(bytes.NewReader(whole)), tar.NewWriter(&b)
	write := func(h *tar.Header, content io.Reader) {
		if err := to.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(to, content); err != nil {
			t.Fatal(err)
		}
	}
	for {
		h, err := from.Next()
		if err != nil {
			t.Fatal(err)
		}
		if h.Name == "end" {
			break
		}
		write(h, from)
	}
	for _, e := range append(added, entry{tar.Header{Name: "end"}, ""}) {
		e.header.Mode, e.header.Size, e.header.Format = 0o600, int64(len(e.content)), tar.FormatPAX
		write(&e.header, strings.NewReader(e.content))
	}
	if err := to.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
