package sqldb_test

import (
	"slices"
	"sync"
	"testing"

	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

func TestNoTwoTransactionsGetTheSameNumber(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		var mu sync.Mutex
		var all []int64
		var group sync.WaitGroup
		for n := range 8 {
			group.Go(func() {
				var taken []int64
				err := db.Tx(t.Context(), func(tx *sqldb.Tx) (err error) {
					taken, err = tx.Numbers(t.Context(), "user_numbers", 50*n)
					return err
				})
				if err != nil || len(taken) != 50*n || !slices.IsSorted(taken) {
					t.Errorf("%d numbers, %v", len(taken), err)
				}
				mu.Lock()
				all = append(all, taken...)
				mu.Unlock()
			})
		}
		group.Wait()
		if distinct := slices.Compact(slices.Sorted(slices.Values(all))); len(distinct) != len(all) {
			t.Errorf("%d numbers, %d distinct", len(all), len(distinct))
		}
	})
}
