package keyscan_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/keyscan"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// insertFacts inserts 1,500 rows, of which each seventh is missing.
func insertFacts(tx *sqldb.Tx) error {
	var numbers []int
	for n := range 1500 {
		if n%7 != 3 {
			numbers = append(numbers, n)
		}
	}
	return tx.InsertRows(context.Background(), sqldb.Rows{Table: "facts", Columns: []string{"key", "number"}, N: len(numbers), Fill: func(i int, row []any) {
		row[0], row[1] = fmt.Sprintf("%05d", numbers[i]), int64(numbers[i])
	}})
}

// TestEachReturnsExactlyTheRequestedRows requests dense, sparse and missing
// keys.
func TestEachReturnsExactlyTheRequestedRows(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		if _, err := db.Exec(t.Context(), "CREATE TABLE facts (key key_text NOT NULL PRIMARY KEY, number BIGINT NOT NULL)"); err != nil {
			t.Fatal(err)
		}
		if err := db.Tx(t.Context(), insertFacts); err != nil {
			t.Fatal(err)
		}
		random := rand.New(rand.NewPCG(1, 2))
		for try := range 60 {
			from, to, density := random.IntN(1500), random.IntN(1600), random.IntN(100)
			var wanted, want []string
			for n := from; n < to; n++ {
				if random.IntN(100) > density && try > 0 || n > 1400 && random.IntN(3) == 0 {
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
				scan := keyscan.Scan{Table: "facts", Columns: []string{"key", "number"}, Where: "number < $1", Arg: 1450, Keys: wanted, Lock: lock}
				return scan.Each(t.Context(), q, func(texts []string) error {
					if n, err := strconv.Atoi(texts[0]); err != nil || strconv.Itoa(n) != texts[1] {
						t.Errorf("row %v", texts)
					}
					got = append(got, texts[0])
					return nil
				})
			}
			for _, err := range []error{read(db, false), db.Tx(t.Context(), func(tx *sqldb.Tx) error { return read(tx, true) })} {
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
