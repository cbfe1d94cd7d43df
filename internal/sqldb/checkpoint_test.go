package sqldb_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

func TestLogIsCopiedBesideTheWriterBeforeACommitHasTo(t *testing.T) {
	sqldbtest.EachAddress(t, func(t *testing.T, address string) {
		db := sqldbtest.Open(t, address)
		path, lite := strings.CutPrefix(address, "sqlite:")
		if !lite {
			return // PostgreSQL has a process for that
		}
		const from = 1 << 20
		db.SetCheckpoints(from, 256<<10)
		if _, err := db.Exec(t.Context(), "CREATE TABLE pages (content BLOB)"); err != nil {
			t.Fatal(err)
		}
		write := func() {
			t.Helper()
			err := db.Tx(t.Context(), func(tx *sqldb.Tx) error {
				_, err := tx.Exec(t.Context(), "INSERT INTO pages (content) VALUES (randomblob(65536))")
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		size := func(name string) int64 {
			t.Helper()
			info, err := os.Stat(name)
			if err != nil {
				t.Fatal(err)
			}
			return info.Size()
		}
		first := size(path) // grows only by copies from the log
		for write(); size(path+"-wal") < from/2; {
			write()
		}
		if got := size(path); got != first {
			t.Fatalf("the database has %d bytes early, %d before", got, first)
		}
		late := time.After(time.Minute)
		for size(path) < first+from/2 {
			select {
			case <-late:
				t.Fatalf("the log has %d bytes and the database %d, %d before", size(path+"-wal"), size(path), first)
			default:
			}
			if size(path+"-wal") < 64*from { // a commit copies a log of twice that size
				write()
			}
		}
	})
}
