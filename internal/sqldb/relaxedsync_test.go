package sqldb_test

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/regulars/regulars/internal/sqldb"
)

func TestRelaxedSyncEndsWithItsTransaction(t *testing.T) {
	db, err := sqldb.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "test.db"), sqldb.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}()
	const normal, full = 1, 2
	check := func(want int64, end error, options ...sqldb.TxOption) {
		t.Helper()
		ctx := t.Context()
		err := db.Tx(ctx, func(tx *sqldb.Tx) error {
			got, err := sqldb.One(ctx, tx, "setting", sqldb.Value[int64], "PRAGMA synchronous")
			if err != nil {
				return err
			}
			if got != want {
				t.Errorf("synchronous is %d, want %d", got, want)
			}
			return end
		}, options...)
		if !errors.Is(err, end) {
			t.Error(err)
		}
	}
	check(full, nil)
	check(normal, errStop, sqldb.RelaxedSync)
	check(normal, nil, sqldb.RelaxedSync)
	check(full, nil)
}
