package sqldb_test

import (
	"cmp"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// pgBouncer returns the path of the program, "" without it.
func pgBouncer(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"pgbouncer", "/usr/sbin/pgbouncer"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("REGULARS_TEST_ALL") == "1" {
		t.Fatal("no pgbouncer: install the package")
	}
	t.Log("LEFT OUT: no pgbouncer")
	return ""
}

func awaitSocket(t *testing.T, path string) {
	t.Helper()
	tick, late := time.NewTicker(10*time.Millisecond), time.After(time.Minute)
	defer tick.Stop()
	for {
		if conn, err := net.Dial("unix", path); err == nil {
			_ = conn.Close()
			return
		}
		select {
		case <-tick.C:
		case <-late:
			t.Fatal("PgBouncer does not respond")
		}
	}
}

// startPgBouncer returns the address of a database behind PgBouncer, "" without it.
func startPgBouncer(t *testing.T, server, mode string) string {
	t.Helper()
	program := pgBouncer(t)
	if program == "" {
		return ""
	}
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	folder, err := os.MkdirTemp("", "pgbouncer-") //nolint:usetesting // of another user
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	query := u.Query()
	name := strings.Trim(u.Path, "/")
	config := fmt.Sprintf("[databases]\n%s = host=%s port=%s user=%s\n[pgbouncer]\nunix_socket_dir = %s\nlisten_port = 5432\nauth_type = any\npool_mode = %s\n",
		name, query.Get("host"), cmp.Or(query.Get("port"), "5432"), u.User.Username(), folder, mode)
	file := filepath.Join(folder, "pgbouncer.ini")
	if err := os.WriteFile(file, []byte(config), 0o644); err != nil { //nolint:gosec // has no secret
		t.Fatal(err)
	}
	args := []string{file}
	if os.Geteuid() == 0 { // it refuses to run as root
		if err := os.Chmod(folder, 0o777); err != nil { //nolint:gosec // of a test
			t.Fatal(err)
		}
		args = []string{"-u", "nobody", file}
	}
	process := exec.Command(program, args...)
	process.Stdout, process.Stderr = t.Output(), t.Output()
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = process.Process.Kill()
		_ = process.Wait() // the signal
	})
	awaitSocket(t, filepath.Join(folder, ".s.PGSQL.5432"))
	query.Set("host", folder)
	query.Del("port")
	u.RawQuery = query.Encode()
	return u.String()
}

// TestPgBouncerIsUsedInSessionModeOnly needs the Debian package pgbouncer.
func TestPgBouncerIsUsedInSessionModeOnly(t *testing.T) {
	t.Parallel()
	address := postgresOnly(t)
	if address == "" {
		return
	}
	refused, used := startPgBouncer(t, address, "transaction"), startPgBouncer(t, address, "session")
	if refused == "" {
		return
	}
	db, err := sqldb.Open(t.Context(), refused, sqldb.Options{})
	if err == nil {
		_ = db.Close()
		t.Error("transaction mode is used")
	} else if !strings.Contains(err.Error(), "pool_mode = session") {
		t.Error(err)
	}
	db = sqldbtest.Open(t, used)
	if err := db.Migrate(t.Context()); err != nil {
		t.Error(err)
	}
	heard, other := listen(t, db, "pooled"), sqldbtest.Open(t, address)
	tick, late := time.NewTicker(20*time.Millisecond), time.After(time.Minute)
	defer tick.Stop()
	for got := ""; got != "hello"; { // the first payloads may be lost
		signal(t, other, "pooled", "hello", nil)
		select {
		case got = <-heard:
		case <-tick.C:
		case <-late:
			t.Fatal("no notification arrives")
		}
	}
}
