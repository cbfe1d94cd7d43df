package sqldb_test

import (
	"context"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

func TestBatchLimiterFollowsInteractiveWrites(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		now := time.UnixMilli(1_800_000_000_000)
		exec := func(interactive bool, statement string) {
			t.Helper()
			ctx := t.Context()
			if interactive {
				ctx = sqldb.Interactive(ctx)
			}
			err := db.Tx(ctx, func(tx *sqldb.Tx) error {
				_, err := tx.Exec(ctx, statement)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		exec(true, "CREATE TABLE notes (n INTEGER)")
		l := db.NewBatchLimiter(clock.At(func() time.Time { return now }))
		step := func(rows int64, took time.Duration) int {
			began := now
			now = now.Add(took)
			l.Record(rows, began)
			return l.Rows()
		}
		limit := 2_500 // 25 ms of 100 rows a millisecond
		if db.Dialect() == sqldb.Postgres {
			limit = math.MaxInt // writers do not wait for each other
		}
		const none = math.MaxInt
		for _, c := range []struct {
			what string
			do   func() int
			want int
		}{
			{"earlier writers", func() int { return step(10_000, 100*time.Millisecond) }, none},
			{"work in the background", func() int {
				exec(false, "INSERT INTO notes (n) VALUES (1)")
				return step(10_000, 100*time.Millisecond)
			}, none},
			{"a time of last use", func() int {
				err := db.Tx(sqldb.Background(sqldb.Interactive(t.Context())), func(tx *sqldb.Tx) error {
					_, err := tx.Exec(t.Context(), "INSERT INTO notes (n) VALUES (1)")
					return err
				})
				if err != nil {
					t.Fatal(err)
				}
				return step(10_000, 100*time.Millisecond)
			}, none},
			{"a request", func() int {
				exec(true, "INSERT INTO notes (n) VALUES (2)")
				return step(10_000, 100*time.Millisecond)
			}, limit},
			{"a short transaction of few rows says nothing about the speed", func() int { return step(10, time.Millisecond) }, limit},
			{"2 s later", func() int { return step(200_000, 2*time.Second) }, limit},
			{"4 s later", func() int { return step(200_000, 2*time.Second) }, none},
			{"the next request", func() int {
				exec(true, "INSERT INTO notes (n) VALUES (3)")
				return step(100, time.Millisecond)
			}, limit},
		} {
			if got := c.do(); got != c.want {
				t.Errorf("%s: %d rows, want %d", c.what, got, c.want)
			}
		}
	})
}

func TestLogBeginsAgainWhileTransactionsAreLimited(t *testing.T) {
	sqldbtest.EachAddress(t, func(t *testing.T, address string) {
		db := sqldbtest.Open(t, address)
		path, lite := strings.CutPrefix(address, "sqlite:")
		if !lite {
			return // PostgreSQL keeps its own log
		}
		db.SetCheckpoints(1<<40, 1<<40) // small ones only
		if _, err := db.Exec(t.Context(), "CREATE TABLE pages (content BLOB)"); err != nil {
			t.Fatal(err)
		}
		write := func(ctx context.Context, option ...sqldb.TxOption) (began time.Time) {
			err := db.Tx(ctx, func(tx *sqldb.Tx) error {
				began = time.Now()
				_, err := tx.Exec(t.Context(), "INSERT INTO pages (content) VALUES (randomblob(65536))")
				return err
			}, option...)
			if err != nil {
				t.Fatal(err)
			}
			return began
		}
		now := time.Now()
		l := db.NewBatchLimiter(clock.At(func() time.Time { // each step takes a second
			now = now.Add(time.Second)
			return now
		}))
		const written = 48 << 20
		for n := range written >> 16 {
			if n%2 == 0 {
				write(sqldb.Interactive(t.Context()))
			}
			l.Wait(t.Context())
			l.Record(1_000, write(t.Context(), sqldb.RelaxedSync))
		}
		info, err := os.Stat(path + "-wal")
		if err != nil {
			t.Fatal(err)
		}
		if info.Size() > written/4 {
			t.Errorf("the log has %d bytes after %d were written", info.Size(), written)
		}
	})
}
