package sqldb_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/pgtest"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

func emptyAddress(t *testing.T, engine sqldb.Dialect) string {
	if engine == sqldb.Postgres {
		return pgtest.EmptyURL(t)
	}
	return "sqlite:" + filepath.Join(t.TempDir(), "restored.db")
}

func TestSnapshotRestoresEveryRowAndSequence(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		ctx := t.Context()
		odd := "tab\t back\\slash \"quote\" line\nnull \\N é 漢"
		insertEvent := func(db *sqldb.DB, id, kind string) error {
			_, err := db.Exec(ctx, "INSERT INTO events (community_id, id, type, occurred_at, actor, data) VALUES ('c1', $1, $2, 1, '', '{}')", id, kind)
			return err
		}
		if err := insertEvent(db, "e1", odd); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Exec(ctx, "INSERT INTO communities (id, name, settings, created_at, updated_at) VALUES ('c1', $1, '{}', 1, 2)", odd); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Exec(ctx, "INSERT INTO tags (community_id, id, name, created_at) VALUES ('c1', 't1', 'VIP', 3)"); err != nil {
			t.Fatal(err)
		}
		allocate := func(db *sqldb.DB) (number int64) {
			t.Helper()
			err := db.Tx(ctx, func(tx *sqldb.Tx) error {
				numbers, err := tx.AllocateNumbers(ctx, "user_numbers", 3)
				if err == nil {
					number = numbers[2]
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return number
		}
		last := allocate(db)
		folder := t.TempDir()
		snapshot, err := db.WriteSnapshot(ctx, folder)
		if err != nil {
			t.Fatal(err)
		}

		address := emptyAddress(t, db.Dialect())
		if err := sqldb.RestoreSnapshot(ctx, address, snapshot, folder); err != nil {
			t.Fatal(err)
		}
		restored := sqldbtest.Open(t, address)
		for _, query := range []string{"SELECT name FROM communities", "SELECT type FROM events"} {
			if got, err := sqldb.One(ctx, restored, "row", sqldb.Value[string], query); err != nil || got != odd {
				t.Errorf("%s: %q, %v", query, got, err)
			}
		}
		if err := insertEvent(restored, "e2", "next"); err != nil {
			t.Errorf("insert after the restore: %v", err)
		}
		if next := allocate(restored); next != last+3 {
			t.Errorf("the third number after %d is %d", last, next)
		}
		if n, err := sqldb.One(ctx, restored, "row", sqldb.Value[int64], "SELECT count(*) FROM tags"); err != nil || n != 1 {
			t.Errorf("%d tags, %v", n, err)
		}
	})
}

func TestSnapshotIsRestoredOnlyToAnEmptyDatabaseOfItsEngine(t *testing.T) {
	sqldbtest.EachAddress(t, func(t *testing.T, address string) {
		folder := t.TempDir()
		db := sqldbtest.Open(t, address)
		snapshot, err := db.WriteSnapshot(t.Context(), folder)
		if err != nil {
			t.Fatal(err)
		}
		if err := sqldb.RestoreSnapshot(t.Context(), address, snapshot, folder); !errors.Is(err, sqldb.ErrNotEmpty) {
			t.Errorf("restore over itself: %v", err)
		}
		foreign := sqldb.Snapshot{Engine: sqldb.SQLite}
		if db.Dialect() == sqldb.SQLite {
			foreign.Engine = sqldb.Postgres
		}
		if err := sqldb.RestoreSnapshot(t.Context(), address, foreign, folder); err == nil || !strings.Contains(err.Error(), "cannot be restored") {
			t.Errorf("snapshot of the other engine: %v", err)
		}
	})
}
