package sqldb_test

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/pgtest"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

var errStop = errors.New("stop")

func TestErrorRollsBackAndCommitRunsAfterCommit(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		createFacts(t, db)
		calls := 0
		for _, end := range []error{errStop, nil} {
			err := db.Tx(t.Context(), func(tx *sqldb.Tx) error {
				tx.AfterCommit(func() { calls++ })
				return errors.Join(insertFacts(someFacts)(t.Context(), tx), end)
			})
			if !errors.Is(err, end) {
				t.Fatalf("%v, want %v", err, end)
			}
		}
		if got := len(facts(t, db, "")); got != len(someFacts) || calls != 1 {
			t.Fatalf("%d rows, %d calls", got, calls)
		}
	})
}

func TestPanicRollsBackAndLeavesTheDatabaseUsable(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		createFacts(t, db)
		func() {
			defer func() { _ = recover() }() // expected
			_ = inTx(t, db, func(ctx context.Context, tx *sqldb.Tx) error {
				if err := insertFacts(someFacts)(ctx, tx); err != nil {
					t.Error(err)
				}
				panic("half way") //nolint:forbidigo // the test needs a panic
			})
		}()
		if got := facts(t, db, ""); len(got) != 0 {
			t.Fatalf("got %d rows, want 0", len(got))
		}
		if err := inTx(t, db, insertFacts(someFacts)); err != nil {
			t.Fatal(err)
		}
	})
}

func TestFailedSavepointRollsBackOnlyItsOwnChanges(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		createFacts(t, db)
		err := inTx(t, db, func(ctx context.Context, tx *sqldb.Tx) error {
			insert := func(i int) error { return insertFacts(someFacts[i:i+1])(ctx, tx) }
			if err := insert(0); err != nil {
				return err
			}
			if err := tx.Savepoint(ctx, func() error { return insert(0) }); !sqldb.IsDuplicate(err) {
				t.Errorf("%v, want a duplicate", err)
			}
			err := tx.Savepoint(ctx, func() error {
				if err := insert(1); err != nil {
					return err
				}
				if err := tx.Savepoint(ctx, func() error { return insert(1) }); !sqldb.IsDuplicate(err) {
					t.Errorf("%v, want a duplicate", err)
				}
				return errStop // rolls back row 1 as well, after a failed inner savepoint
			})
			if !errors.Is(err, errStop) {
				t.Errorf("%v, want stop", err)
			}
			return tx.Savepoint(ctx, func() error { return insert(2) })
		})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"Cat", "ann"}, keys(facts(t, db, ""))); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestBeforeCommitRunsLast(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		createFacts(t, db)
		end := errStop
		ctx := sqldb.BeforeCommit(t.Context(), func(ctx context.Context, tx *sqldb.Tx) error {
			seen := len(facts(t, tx, ""))
			if seen != 1 {
				t.Errorf("got %d rows, want the one of the transaction", seen)
			}
			return errors.Join(insertFacts(someFacts[1:2])(ctx, tx), end)
		})
		insert := func(tx *sqldb.Tx) error { return insertFacts(someFacts[:1])(ctx, tx) }
		if err := db.Tx(ctx, insert); !errors.Is(err, errStop) || len(facts(t, db, "")) != 0 {
			t.Fatalf("an error of BeforeCommit did not roll back: %v", err)
		}
		end = nil
		if err := db.Tx(ctx, insert); err != nil || len(facts(t, db, "")) != 2 {
			t.Fatalf("%v, %d rows", err, len(facts(t, db, "")))
		}
	})
}

func TestConflictIsRetried(t *testing.T) {
	sqldbtest.EachAddress(t, func(t *testing.T, address string) {
		db := sqldbtest.Open(t, address)
		createFacts(t, db)
		runs := 0
		err := inTx(t, db, func(ctx context.Context, tx *sqldb.Tx) error {
			runs++
			if err := insertFacts(someFacts)(ctx, tx); err != nil || runs == 3 {
				return err
			}
			return conflict(ctx, t, tx, address)
		})
		if err != nil || runs != 3 || len(facts(t, db, "")) != len(someFacts) {
			t.Fatalf("%v after %d runs", err, runs)
		}
	})
}

// conflict causes a retryable error.
func conflict(ctx context.Context, t *testing.T, tx *sqldb.Tx, address string) error {
	if tx.Dialect() == sqldb.Postgres {
		_, err := tx.Exec(ctx, "DO $$ BEGIN RAISE EXCEPTION 'again' USING ERRCODE = '40001'; END $$")
		return err
	}
	other, err := sql.Open("sqlite", "file:"+strings.TrimPrefix(address, "sqlite:")+"?_pragma=busy_timeout(0)")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close() }()
	_, err = other.ExecContext(ctx, "DELETE FROM facts") // tx has locked the database
	return err
}

func TestOtherErrorIsNotRetried(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		runs := 0
		err := inTx(t, db, func(ctx context.Context, tx *sqldb.Tx) error {
			runs++
			_, err := tx.Exec(ctx, "SELECT nothing FROM nowhere")
			return err
		})
		if err == nil || runs != 1 || sqldb.IsUnavailable(err) {
			t.Fatalf("%v after %d runs", err, runs)
		}
	})
}

func TestKilledServerIsUnavailableUntilItRestarts(t *testing.T) {
	if len(sqldbtest.Engines(t)) == 1 {
		return // Engines has logged it
	}
	cluster, err := pgtest.Start("")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cluster.Stop() }()
	db := sqldbtest.Open(t, cluster.URL("postgres"))
	err = db.Tx(t.Context(), func(tx *sqldb.Tx) error {
		if err := cluster.Kill(); err != nil {
			t.Fatal(err)
		}
		_, err := tx.Exec(t.Context(), "SELECT 1")
		return err
	})
	if !sqldb.IsUnavailable(err) {
		t.Errorf("broken connection: %v", err)
	}
	if err := db.Ping(t.Context()); !sqldb.IsUnavailable(err) {
		t.Errorf("stopped server: %v", err)
	}
	if err := cluster.Restart(); err != nil {
		t.Fatal(err)
	}
	if err := db.Ping(t.Context()); err != nil {
		t.Errorf("restarted server: %v", err)
	}
}
