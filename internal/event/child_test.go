package event_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/event"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// child is the main function of a process that consumes events until it is
// killed. It prints a line before and after each batch.
func child(address string) {
	ctx := context.Background()
	db, err := sqldb.Open(ctx, address, sqldb.Options{})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	log := slog.New(slog.DiscardHandler)
	n := node{jobs: jobs.New(db, clock.Clock{}, log, jobs.EngineOptions{NodeID: "child"})}
	apply := event.Consumer{Name: "apply", Types: []string{noted}, Handle: func(ctx context.Context, tx *sqldb.Tx, batch []event.Event) error {
		fmt.Println("begin")
		for _, e := range batch {
			if _, err := tx.Exec(ctx, "INSERT INTO applied (sequence) VALUES ($1)", e.Sequence); err != nil {
				fmt.Println(err)
				return err
			}
		}
		fmt.Println("written")
		tx.AfterCommit(func() { fmt.Println("committed") })
		return nil
	}}
	n.Events = event.New(event.Deps{DB: db, Jobs: n.jobs, Types: types, Consumers: []event.Consumer{apply}, Retention: retention})
	if err := n.jobs.Start(ctx); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	n.Start(ctx)
	select {}
}

// runChild runs a child and kills it after a number of lines, or when done
// reports true.
func runChild(t *testing.T, address string, lines int, done func() bool) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), "EVENT_TEST_CHILD="+address)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(out)
	for ; lines > 0 && !done(); lines-- {
		line, err := r.ReadString('\n')
		if err != nil || !slices.Contains([]string{"begin", "written", "committed"}, strings.TrimSpace(line)) {
			t.Errorf("the child printed %q, %v", line, err)
			break
		}
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, r) // until it has ended
	_ = cmd.Wait()                // killed
}

func TestConsumerKilledAtRandomPointsAppliesEachEventOnce(t *testing.T) {
	sqldbtest.EachAddress(t, func(t *testing.T, address string) {
		db := sqldbtest.Open(t, address)
		if _, err := db.Exec(t.Context(), "CREATE TABLE applied (sequence BIGINT NOT NULL PRIMARY KEY)"); err != nil {
			t.Fatal(err)
		}
		const lives, each = 8, 500 // events beyond the batches of a life
		applied := func() int {
			n, err := sqldb.One(t.Context(), db, "count", sqldb.Value[int], "SELECT count(*) FROM applied")
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		total := 0
		for range lives {
			addMany(t, db, "c", each)
			total += each
			// A life of at least one committed batch makes progress, so that its
			// job is not given up.
			runChild(t, address, 3+rand.IntN(4), func() bool { return false })
		}
		runChild(t, address, 1_000, func() bool { return applied() == total })
		if n := applied(); n != total {
			t.Errorf("%d of %d events were applied", n, total)
		}
	})
}

// addMany appends n events in two transactions, half of them with relaxed sync.
func addMany(t *testing.T, db *sqldb.DB, communityID string, n int) {
	t.Helper()
	for _, option := range [][]sqldb.TxOption{{sqldb.RelaxedSync}, nil} {
		err := db.Tx(t.Context(), func(tx *sqldb.Tx) (err error) {
			for i := range n / 2 {
				err = errors.Join(err, add(t.Context(), tx, communityID, noted, i))
			}
			return err
		}, option...)
		if err != nil {
			t.Fatal(err)
		}
	}
}
