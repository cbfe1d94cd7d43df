package jobs_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// lacking returns the worker of a node that lacks the resource of the tasks. It
// reports each attempt, and each task without another node to run it.
func lacking(node string, attempts chan<- string) func(context.Context, *jobs.Job, task) error {
	return func(ctx context.Context, j *jobs.Job, _ task) error {
		other, err := j.HasOtherNode(ctx)
		if err != nil {
			return err
		}
		if other {
			attempts <- node
			return jobs.ErrWrongNode
		}
		attempts <- node + " is left alone"
		return nil
	}
}

func TestJobMovesToNodeThatHasItsResource(t *testing.T) {
	for _, crashes := range []int{0, 1} {
		sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
			attempts := make(chan string, 100)
			for _, node := range []string{"a", "b"} {
				engine(t, db, system, jobs.EngineOptions{NodeID: node, Lease: time.Hour}, lacking(node, attempts))
			}
			setSeen(t, db, "c", time.Now().Add(time.Hour))
			jobID := insert(t, db, task{crashes}, jobs.Options{Lane: jobs.Large, Owner: "account:a"})
			if _, err := db.Exec(t.Context(), "UPDATE jobs SET crashes = $1", int64(crashes)); err != nil {
				t.Fatal(err)
			}
			first, second := receive(t, attempts), receive(t, attempts)
			if first == second || len(first)+len(second) != 2 {
				t.Errorf("attempts of %s and %s", first, second)
			}
			awaitState(t, db, jobID, "queued 0")
			engine(t, db, system, jobs.EngineOptions{NodeID: "c", Lease: time.Hour}, func(context.Context, *jobs.Job, task) error {
				attempts <- "c"
				return nil
			})
			if got := receive(t, attempts); got != "c" {
				t.Errorf("then an attempt of %s", got)
			}
			awaitState(t, db, jobID, "gone")
		})
	}
}

func TestWorkerEndsJobThatNoLiveNodeCanRun(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		attempts := make(chan string, 100)
		e := engine(t, db, system, jobs.EngineOptions{NodeID: "a", Lease: time.Second}, lacking("a", attempts))
		setSeen(t, db, "b", time.Now().Add(time.Hour))
		jobID := insert(t, db, task{}, jobs.Options{})
		for range 2 { // the node retries after a lease
			if got := receive(t, attempts); got != "a" {
				t.Errorf("an attempt of %s", got)
			}
		}
		await(t, func() error {
			waits, err := e.Waits(t.Context(), jobID)
			if err == nil && waits[jobID].Reason != jobs.WaitOtherNode {
				err = fmt.Errorf("%+v", waits)
			}
			return err
		})
		setSeen(t, db, "b", time.Now().Add(-time.Hour))
		for got := "a"; got != "a is left alone"; {
			got = receive(t, attempts)
		}
		awaitState(t, db, jobID, "gone")
	})
}

// setSeen sets the time when a node was last seen.
func setSeen(t *testing.T, db *sqldb.DB, node string, seen time.Time) {
	t.Helper()
	_, err := db.Exec(t.Context(), "INSERT INTO job_nodes (id, started_at, seen_at) VALUES ($1, $2, $2) ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at", node, seen.UnixMilli())
	if err != nil {
		t.Fatal(err)
	}
}

// TestNodesAreListedWithTheirJobs starts one of two nodes after a crash.
func TestNodesAreListedWithTheirJobs(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		setSeen(t, db, "silent", time.Now().Add(-2*time.Hour))
		setSeen(t, db, "a", time.Now().Add(-time.Hour)) // crashed
		begun := time.Now().UnixMilli()
		options := jobs.EngineOptions{NodeID: "a", Version: "1.1.0", Lease: time.Hour}
		started, release := make(chan struct{}), make(chan struct{})
		e := engine(t, db, system, options, func(context.Context, *jobs.Job, task) error {
			close(started)
			<-release
			return nil
		})
		insert(t, db, task{}, jobs.Options{})
		<-started
		list, err := e.Nodes(t.Context())
		close(release)
		if err != nil || len(list) != 2 {
			t.Fatalf("%+v, %v", list, err)
		}
		if n := list[0]; n.ID != "silent" || n.Live || n.This || n.RunningJobs != 0 || n.Version != "" {
			t.Errorf("the silent node: %+v", n)
		}
		if n := list[1]; n.ID != "a" || !n.Live || !n.This || n.RunningJobs != 1 || n.Version != "1.1.0" || n.StartedAt < begun || n.SeenAt < begun {
			t.Errorf("this node: %+v, started after %d", n, begun)
		}
	})
}
