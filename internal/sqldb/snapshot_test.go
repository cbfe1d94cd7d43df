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

func TestSnapshotRestoresEveryRowAndIdentityColumn(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		ctx := t.Context()
		odd := "tab\t back\\slash \"quote\" line\nnull \\N é 漢"
		insertAccount := func(db *sqldb.DB, id, username string) error {
			_, err := db.Exec(ctx, "INSERT INTO accounts (id, email, email_key, username, username_key, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, 1, 1)", id, id+"@x", id+"@x", username, username)
			return err
		}
		if err := insertAccount(db, "a1", odd); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Exec(ctx, "INSERT INTO communities (id, name, settings, created_at, updated_at) VALUES ('c1', $1, '{}', 1, 2)", odd); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Exec(ctx, "INSERT INTO tags (community_id, id, name, created_at) VALUES ('c1', 't1', 'VIP', 3)"); err != nil {
			t.Fatal(err)
		}
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
		for _, query := range []string{"SELECT name FROM communities", "SELECT username FROM accounts"} {
			if got, err := sqldb.One(ctx, restored, "row", sqldb.Value[string], query); err != nil || got != odd {
				t.Errorf("%s: %q, %v", query, got, err)
			}
		}
		if err := insertAccount(restored, "a2", "next"); err != nil {
			t.Errorf("insert after the restore: %v", err)
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
