package sqldb_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// manyFacts returns facts with the keys 00000 to n-1.
func manyFacts(n int) []fact {
	list := make([]fact, n)
	for i := range list {
		list[i] = fact{Key: fmt.Sprintf("%05d", i), Text: strconv.Itoa(i), JSON: "{}", Number: int64(i), Raw: "x"}
	}
	return list
}

func TestManyRowsAreReadBackUnchanged(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		createFacts(t, db)
		for _, n := range []int{0, 1, 127, 128, 129, 256, 1000} {
			list := manyFacts(n)
			if err := inTx(t, db, insertFacts(list)); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(list, append([]fact{}, facts(t, db, "")...)); diff != "" {
				t.Fatalf("%d: %s", n, diff)
			}
			err := inTx(t, db, func(ctx context.Context, tx *sqldb.Tx) error {
				return tx.UpdateRows(ctx, 1, sqldb.Rows{Table: "facts", Columns: []string{"key", "text"}, N: n, Fill: func(i int, row []any) {
					row[0], row[1] = list[n-1-i].Key, "changed "+list[n-1-i].Key
				}})
			})
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range facts(t, db, "") {
				if f.Text != "changed "+f.Key || f.Number < 0 {
					t.Fatalf("%d: %v", n, f)
				}
			}
			mustExec(t, db, "DELETE FROM facts")
		}
	})
}

func TestDuplicateRowRollsBackTheWholeCall(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		createFacts(t, db)
		list := manyFacts(600)
		again := slices.Concat(list[300:], list[299:300])
		err := inTx(t, db, func(ctx context.Context, tx *sqldb.Tx) error {
			if err := insertFacts(list[:300])(ctx, tx); err != nil {
				return err
			}
			if err := tx.Savepoint(ctx, func() error { return insertFacts(again)(ctx, tx) }); !sqldb.IsDuplicate(err) {
				t.Errorf("got %v, want a duplicate", err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := len(facts(t, db, "")); got != 300 {
			t.Errorf("got %d rows, want 300", got)
		}
		if err := inTx(t, db, insertFacts(again)); !sqldb.IsDuplicate(err) {
			t.Errorf("got %v, want a duplicate", err)
		}
		if got := len(facts(t, db, "")); got != 300 {
			t.Errorf("got %d rows, want 300", got)
		}
	})
}

func TestInsertRowsEndsWithItsContext(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		createFacts(t, db)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		filled := 0
		err := db.Tx(ctx, func(tx *sqldb.Tx) error {
			return tx.InsertRows(ctx, sqldb.Rows{Table: "facts", Columns: []string{"key", "text", "doc", "number", "flag", "raw"}, N: 100_000, Fill: func(i int, row []any) {
				if filled++; i == 300 {
					cancel()
				}
				row[0], row[1], row[2], row[3], row[4], row[5] = fmt.Sprintf("%06d", i), "", "{}", i, true, []byte("x")
			}})
		})
		if err == nil || !errors.Is(ctx.Err(), context.Canceled) {
			t.Errorf("cancelled insert: %v", err)
		}
		if filled == 100_000 && db.Dialect() == sqldb.SQLite {
			t.Error("Fill was called for all rows after the cancellation")
		}
		if got := len(facts(t, db, "")); got != 0 {
			t.Errorf("got %d rows, want 0", got)
		}
		if err := inTx(t, db, insertFacts(manyFacts(200))); err != nil {
			t.Errorf("next insert: %v", err)
		}
	})
}

func TestNumbersAreUnique(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		var mu sync.Mutex
		var all []int64
		var group sync.WaitGroup
		for n := range 8 {
			group.Go(func() {
				var numbers []int64
				err := db.Tx(t.Context(), func(tx *sqldb.Tx) (err error) {
					numbers, err = tx.AllocateNumbers(t.Context(), "user_numbers", 50*n)
					return err
				})
				if err != nil || len(numbers) != 50*n || !slices.IsSorted(numbers) {
					t.Errorf("%d numbers, %v", len(numbers), err)
				}
				mu.Lock()
				all = append(all, numbers...)
				mu.Unlock()
			})
		}
		group.Wait()
		if distinct := slices.Compact(slices.Sorted(slices.Values(all))); len(distinct) != len(all) {
			t.Errorf("%d numbers, %d distinct", len(all), len(distinct))
		}
	})
}
