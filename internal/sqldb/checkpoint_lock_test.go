package sqldb_test

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// POSIX drops all locks of a process on a file when it closes one of its descriptors. The
// next process that closes the database would delete the log that the first one still uses.
func TestCheckpointsLeaveTheLocksOfTheDatabase(t *testing.T) {
	shell, err := exec.LookPath("sqlite3")
	switch {
	case err == nil:
	case os.Getenv("REGULARS_TEST_ALL") == "1":
		t.Fatal("no sqlite3: install the package")
	default:
		t.Log("LEFT OUT: no sqlite3")
		return
	}
	sqldbtest.EachAddress(t, func(t *testing.T, address string) {
		path, lite := strings.CutPrefix(address, "sqlite:")
		if !lite {
			return // PostgreSQL has a process for that
		}
		hasLogAfterAnother := func() bool {
			t.Helper()
			if out, err := exec.CommandContext(t.Context(), shell, path, "SELECT count(*) FROM sqlite_schema").CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			_, err := os.Stat(path + "-wal")
			return err == nil
		}
		var open [2]*sqldb.DB
		for i := range open {
			db, err := sqldb.Open(t.Context(), address, sqldb.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := db.Exec(t.Context(), fmt.Sprintf("CREATE TABLE locked_%d (n INTEGER)", i)); err != nil {
				t.Fatal(err)
			}
			db.CheckpointSmall(t.Context())
			open[i] = db
		}
		if !hasLogAfterAnother() {
			t.Error("another process has deleted the log")
		}
		if err := open[0].Close(); err != nil {
			t.Fatal(err)
		}
		if !hasLogAfterAnother() {
			t.Error("another process has deleted the log of the second connection")
		}
		if err := open[1].Close(); err != nil {
			t.Fatal(err)
		}
		if hasLogAfterAnother() {
			t.Error("there is a log although all are closed")
		}
	})
}
