package sqldb_test

import (
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

func TestPaceFollowsTheWritersSeenLately(t *testing.T) {
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
		p := db.NewPace(clock.At(func() time.Time { return now }))
		step := func(rows int64, took time.Duration) int {
			began := now
			now = now.Add(took)
			p.Wrote(rows, began)
			return p.Limit()
		}
		limit := 2_500 // 25 ms of 100 rows a millisecond
		if db.Dialect() == sqldb.Postgres {
			limit = math.MaxInt64 // writers do not wait for each other
		}
		const none = math.MaxInt64
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

func TestLogStartsAgainWhileWritersNeverPause(t *testing.T) {
	sqldbtest.EachAddress(t, func(t *testing.T, address string) {
		db := sqldbtest.Open(t, address)
		path, lite := strings.CutPrefix(address, "sqlite:")
		if !lite {
			return // PostgreSQL keeps its own log
		}
		const from, written = 1 << 20, 48 << 20
		db.SetCheckpoints(from, 256<<10)
		if _, err := db.Exec(t.Context(), "CREATE TABLE pages (content BLOB)"); err != nil {
			t.Fatal(err)
		}
		for range written >> 16 {
			err := db.Tx(t.Context(), func(tx *sqldb.Tx) error {
				_, err := tx.Exec(t.Context(), "INSERT INTO pages (content) VALUES (randomblob(65536))")
				return err
			}, sqldb.RelaxedSync)
			if err != nil {
				t.Fatal(err)
			}
		}
		info, err := os.Stat(path + "-wal")
		if err != nil {
			t.Fatal(err)
		}
		if info.Size() > written/2 {
			t.Errorf("the log has %d bytes after %d were written", info.Size(), written)
		}
	})
}
