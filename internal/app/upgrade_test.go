package app_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/pgtest"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// TestDatabaseFromBeforeTheFirstReleaseIsRejected uses commands, as an operator
// does. Nothing is migrated: the database is the same afterwards.
func TestDatabaseFromBeforeTheFirstReleaseIsRejected(t *testing.T) {
	for _, engine := range sqldbtest.Engines(t) {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			folder, restored := t.TempDir(), filepath.Join(t.TempDir(), "restored")
			address, empty := "sqlite:"+filepath.Join(folder, "regulars.db"), ""
			var options, emptyOptions []string
			if engine == sqldb.Postgres {
				address, empty = pgtest.EmptyURL(t), pgtest.EmptyURL(t)
				options, emptyOptions = []string{"--database-url", address}, []string{"--database-url", empty}
			}
			db := sqldbtest.Open(t, address)
			sqldbtest.Unreleased(t, db)
			before := sqldbtest.Dump(t, db)
			rejects := func(folder, cause string, args ...string) {
				t.Helper()
				out, failed := command(t, folder, args...)
				if !failed || !strings.Contains(out, cause) || !strings.Contains(out, "start with an empty data folder or database") {
					t.Errorf("%s: failed %v, %s", args[0], failed, out)
				}
			}
			for _, args := range [][]string{{"serve"}, {"migrate"}, {"doctor"}, {"community", "create", "--name", "Testers"}} {
				rejects(folder, "the database has schema version 40, from before the first release, and cannot be migrated", append(args, options...)...)
			}
			if engine == sqldb.SQLite {
				if out, failed := command(t, folder, "demo"); !failed || !strings.Contains(out, "already contains an installation: the demo needs a new folder") {
					t.Errorf("demo: failed %v, %s", failed, out)
				}
			}
			backup := filepath.Join(t.TempDir(), "old.tar")
			if out, failed := command(t, folder, append([]string{"backup", backup}, options...)...); failed {
				t.Fatal(out)
			}
			rejects(restored, "the backup has schema version 40, from before the first release, and cannot be restored", append([]string{"restore", backup}, emptyOptions...)...)
			if _, err := os.Stat(restored); !os.IsNotExist(err) {
				t.Errorf("the folder was created: %v", err)
			}
			if empty != "" {
				if tables := sqldbtest.Dump(t, sqldbtest.Open(t, empty)); len(tables) > 0 {
					t.Errorf("restored %v", tables)
				}
			}
			if diff := cmp.Diff(before, sqldbtest.Dump(t, db)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
