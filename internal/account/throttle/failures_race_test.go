package throttle

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

func TestFailuresThatMeetAreCountedOneByOne(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		c := clock.At(func() time.Time { return time.UnixMilli(1_775_551_816_000) })
		throttle := New(db, c)
		for round := range 5 {
			subjects := WithAddress("192.0.2.1", ByAccount(fmt.Sprint(round)))
			var counted atomic.Int32
			var all sync.WaitGroup
			for range 10 {
				all.Go(func() {
					err := db.Tx(t.Context(), func(tx *sqldb.Tx) error {
						if err := throttle.LockFailures(t.Context(), tx, subjects, false); err != nil {
							return err
						}
						return CountFailures(t.Context(), tx, subjects, c.MS())
					})
					if err == nil {
						counted.Add(1)
					} else if !errs.Is(err, "too_many_sign_ins") {
						t.Error(err)
					}
				})
			}
			all.Wait()
			f, err := loadFailures(t.Context(), db, subjects[0].key)
			if err != nil || counted.Load() != 5 || f.count != 5 {
				t.Errorf("%d failures counted, %d kept, %v", counted.Load(), f.count, err)
			}
		}
	})
}
