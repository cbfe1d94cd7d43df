package sqldb_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	"github.com/regulars/regulars/internal/sqldb"
)

func TestATransactionThatIsSafeLaterDoesNotMakeTheNextOneSo(t *testing.T) {
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
	waits := func(ctx context.Context, want int64, end error) {
		t.Helper()
		err := db.Tx(ctx, func(tx *sqldb.Tx) error {
			got, err := sqldb.One(ctx, tx, "setting", sqldb.Value[int64], "PRAGMA synchronous")
			if err != nil {
				return err
			}
			if got != want {
				t.Errorf("synchronous is %d, want %d", got, want)
			}
			return end
		})
		if !errors.Is(err, end) {
			t.Error(err)
		}
	}
	waits(t.Context(), full, nil)
	waits(sqldb.SafeLater(t.Context()), normal, errStop)
	waits(sqldb.SafeLater(t.Context()), normal, nil)
	waits(t.Context(), full, nil)
}
