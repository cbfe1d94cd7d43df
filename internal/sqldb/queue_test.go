package sqldb_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// withNumbers runs a test with a table of unique numbers, some of which a transaction adds.
func withNumbers(t *testing.T, f func(t *testing.T, db *sqldb.DB, add func(context.Context, *sqldb.Tx, ...int) error)) {
	t.Helper()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		if _, err := db.Exec(t.Context(), "CREATE TABLE numbers (n BIGINT PRIMARY KEY)"); err != nil {
			t.Fatal(err)
		}
		f(t, db, func(ctx context.Context, tx *sqldb.Tx, numbers ...int) error {
			for _, n := range numbers {
				if err := tx.Queue(ctx, "INSERT INTO numbers (n) VALUES ($1)", n); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

func wantNumbers(t *testing.T, q sqldb.Querier, want string) {
	t.Helper()
	list, err := sqldb.All(t.Context(), q, sqldb.Value[int], "SELECT n FROM numbers ORDER BY n")
	if got := fmt.Sprint(list); err != nil || got != want {
		t.Errorf("%v, want %s: %v", list, want, err)
	}
}

func TestQueuedStatementsRunBeforeTheNextOnesAndTheCommit(t *testing.T) {
	withNumbers(t, func(t *testing.T, db *sqldb.DB, add func(context.Context, *sqldb.Tx, ...int) error) {
		err := inTx(t, db, func(ctx context.Context, tx *sqldb.Tx) error {
			if err := add(ctx, tx, 1, 2); err != nil {
				return err
			}
			wantNumbers(t, tx, "[1 2]")
			if err := add(ctx, tx, 3); err != nil {
				return err
			}
			if n, err := tx.Exec(ctx, "UPDATE numbers SET n = n + 10 WHERE n <= 3"); err != nil || n != 3 {
				t.Errorf("%d rows changed: %v", n, err)
			}
			if err := add(ctx, tx, 4); err != nil {
				return err
			}
			if n, err := sqldb.One(ctx, tx, "number", sqldb.Value[int], "SELECT max(n) FROM numbers WHERE n < 10"); err != nil || n != 4 {
				t.Error(n, err)
			}
			for n := range 200 { // more than wait for a round trip
				if err := add(ctx, tx, 100+n); err != nil {
					return err
				}
			}
			if _, err := tx.Exec(ctx, "DELETE FROM numbers WHERE n >= 100"); err != nil {
				return err
			}
			return add(ctx, tx, 5)
		})
		if err != nil {
			t.Fatal(err)
		}
		wantNumbers(t, db, "[4 5 11 12 13]")
	})
}

func TestFailedQueuedStatementRollsBackAndIsTheError(t *testing.T) {
	withNumbers(t, func(t *testing.T, db *sqldb.DB, add func(context.Context, *sqldb.Tx, ...int) error) {
		ends := map[string]func(context.Context, *sqldb.Tx) error{
			"commit": func(context.Context, *sqldb.Tx) error { return nil },
			"query": func(ctx context.Context, tx *sqldb.Tx) error {
				_, err := sqldb.All(ctx, tx, sqldb.Value[int], "SELECT n FROM numbers")
				return err
			},
			"row": func(ctx context.Context, tx *sqldb.Tx) error {
				return tx.QueryRow(ctx, "SELECT n FROM numbers LIMIT 1").Scan(new(int))
			},
			"exec": func(ctx context.Context, tx *sqldb.Tx) error {
				_, err := tx.Exec(ctx, "DELETE FROM numbers")
				return err
			},
			"savepoint": func(ctx context.Context, tx *sqldb.Tx) error {
				return tx.Savepoint(ctx, func() error { return nil })
			},
			"ignored": func(ctx context.Context, tx *sqldb.Tx) error {
				_, _ = tx.Exec(ctx, "DELETE FROM numbers") // the transaction fails anyway
				return nil
			},
			"another error": func(ctx context.Context, tx *sqldb.Tx) error {
				_, err := tx.Exec(ctx, "DELETE FROM numbers")
				return errors.Join(errStop, err)
			},
		}
		for name, end := range ends {
			err := inTx(t, db, func(ctx context.Context, tx *sqldb.Tx) error {
				if err := add(ctx, tx, 7, 7, 8); err != nil {
					return err
				}
				return end(ctx, tx)
			})
			if !sqldb.IsDuplicate(err) {
				t.Errorf("%s: %v", name, err)
			}
			wantNumbers(t, db, "[]")
		}
	})
}

// refused describes the error of a statement.
type refused struct{ error }

func (r refused) Unwrap() error { return r.error }

func TestDescribedErrorOfAQueuedStatementStays(t *testing.T) {
	withNumbers(t, func(t *testing.T, db *sqldb.DB, add func(context.Context, *sqldb.Tx, ...int) error) {
		fail := func(ctx context.Context, tx *sqldb.Tx) error {
			err := add(ctx, tx, 7, 7)
			if err == nil {
				_, err = tx.Exec(ctx, "DELETE FROM numbers")
			}
			return refused{err}
		}
		check := func(err error) {
			t.Helper()
			if _, described := errors.AsType[refused](err); !described || !sqldb.IsDuplicate(err) {
				t.Errorf("%T: %v", err, err)
			}
		}
		check(inTx(t, db, fail))
		err := inTx(t, db, func(ctx context.Context, tx *sqldb.Tx) error {
			check(tx.Savepoint(ctx, func() error { return fail(ctx, tx) }))
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}

func TestQueuedStatementsBelongToTheirSavepoint(t *testing.T) {
	withNumbers(t, func(t *testing.T, db *sqldb.DB, add func(context.Context, *sqldb.Tx, ...int) error) {
		err := inTx(t, db, func(ctx context.Context, tx *sqldb.Tx) error {
			if err := add(ctx, tx, 1); err != nil {
				return err
			}
			for _, c := range []struct {
				numbers []int
				end     error
			}{{[]int{2}, nil}, {[]int{3}, errStop}, {[]int{4, 4}, nil}} {
				err := tx.Savepoint(ctx, func() error { return errors.Join(add(ctx, tx, c.numbers...), c.end) })
				if failed := len(c.numbers) == 2; failed != sqldb.IsDuplicate(err) || !failed && !errors.Is(err, c.end) {
					t.Errorf("%v: %v", c.numbers, err)
				}
			}
			return add(ctx, tx, 5)
		})
		if err != nil {
			t.Fatal(err)
		}
		wantNumbers(t, db, "[1 2 5]")
	})
}
