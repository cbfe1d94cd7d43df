package sqldb_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// manyFacts have the keys 00000 to n-1.
func manyFacts(n int) []fact {
	list := make([]fact, n)
	for i := range list {
		list[i] = fact{Key: fmt.Sprintf("%05d", i), Text: strconv.Itoa(i), JSON: "{}", Number: int64(i), Raw: "x"}
	}
	return list
}

func TestManyRowsComeBackAsTheyWentIn(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		makeFacts(t, db)
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
			run(t, db, "DELETE FROM facts")
		}
	})
}

func TestARowThatIsThereAlreadyIsADuplicateAndTakesTheOthersBack(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		makeFacts(t, db)
		list := manyFacts(600)
		again := slices.Concat(list[300:], list[299:300])
		err := inTx(t, db, func(ctx context.Context, tx *sqldb.Tx) error {
			if err := insertFacts(list[:300])(ctx, tx); err != nil {
				return err
			}
			if err := tx.Savepoint(ctx, func() error { return insertFacts(again)(ctx, tx) }); !sqldb.IsDuplicate(err) {
				t.Errorf("a duplicate is %v", err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := len(facts(t, db, "")); got != 300 {
			t.Errorf("%d rows are left, not 300", got)
		}
		if err := inTx(t, db, insertFacts(again)); !sqldb.IsDuplicate(err) {
			t.Errorf("a duplicate is %v", err)
		}
		if got := len(facts(t, db, "")); got != 300 {
			t.Errorf("%d rows are left, not 300", got)
		}
	})
}

func TestInsertingEndsWithItsContext(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		makeFacts(t, db)
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
			t.Errorf("a cancelled insert is %v", err)
		}
		if filled == 100_000 && db.Dialect() == sqldb.SQLite {
			t.Error("all rows were filled for nothing")
		}
		if got := len(facts(t, db, "")); got != 0 {
			t.Errorf("%d rows stayed", got)
		}
		if err := inTx(t, db, insertFacts(manyFacts(200))); err != nil {
			t.Errorf("the next: %v", err)
		}
	})
}

// TestEachKeyedReadsWhatIsAskedFor asks for keys that stand together, far
// apart, and are not there.
func TestEachKeyedReadsWhatIsAskedFor(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		makeFacts(t, db)
		list := slices.DeleteFunc(manyFacts(1500), func(f fact) bool { return f.Number%7 == 3 })
		if err := inTx(t, db, insertFacts(list)); err != nil {
			t.Fatal(err)
		}
		random := rand.New(rand.NewPCG(1, 2))
		for try := range 60 {
			from, to, chance := random.IntN(1500), random.IntN(1600), random.IntN(100)
			var wanted, want []string
			for n := from; n < to; n++ {
				if random.IntN(100) > chance && try > 0 || n > 1400 && random.IntN(3) == 0 {
					continue
				}
				wanted = append(wanted, fmt.Sprintf("%05d", n))
				if n < 1450 && n%7 != 3 {
					want = append(want, fmt.Sprintf("%05d", n))
				}
			}
			var got []string
			read := func(q sqldb.Querier, lock bool) error {
				got = nil
				return sqldb.EachKeyed(t.Context(), q, sqldb.Keyed{Table: "facts", Columns: []string{"key", "number"}, Where: "number < $1", Arg: 1450, Keys: wanted, Lock: lock}, func(texts []string) error {
					if n, err := strconv.Atoi(texts[0]); err != nil || strconv.Itoa(n) != texts[1] {
						t.Errorf("a row of %v", texts)
					}
					got = append(got, texts[0])
					return nil
				})
			}
			for _, err := range []error{read(db, false), inTx(t, db, func(_ context.Context, tx *sqldb.Tx) error { return read(tx, true) })} {
				if err != nil {
					t.Fatal(err)
				}
			}
			slices.Sort(got)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("keys %v: %s", wanted, diff)
			}
		}
	})
}
