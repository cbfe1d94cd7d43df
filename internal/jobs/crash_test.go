package jobs_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/pgtest"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// Actions of the worker in a child process before it is killed.
const (
	doNothing = iota
	doStep    // advances the saved position
	doCommit  // commits without advancing the position
	doExhaust // allocates memory until there is none
)

// child is the main function of a process that claims a job, performs its
// action, prints it, and waits to be killed.
func child(address string) {
	db, err := sqldb.Open(context.Background(), address, sqldb.Options{})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	lease, err := time.ParseDuration(os.Getenv("JOBS_TEST_LEASE"))
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	e := jobs.New(db, system, quiet, jobs.EngineOptions{Lease: lease, NodeID: os.Getenv("JOBS_TEST_NODE"), ReclaimAll: os.Getenv("JOBS_TEST_ALONE") != ""})
	jobs.Register(e, func(ctx context.Context, j *jobs.Job, a task) error {
		err := j.Tx(ctx, func(tx *sqldb.Tx) error {
			if a.N == doStep {
				return j.Step(ctx, tx)
			}
			return nil
		})
		if err != nil {
			return err
		}
		if a.N == doExhaust {
			exhaustMemory()
		}
		fmt.Println("claimed")
		<-ctx.Done()
		return nil
	})
	if err := e.Start(context.Background()); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	if n, err := e.Stats(context.Background()); os.Getenv("JOBS_TEST_IDLE") != "" && err == nil && n.Dead > 0 {
		os.Exit(0) // no job
	}
	select {}
}

// killWorker starts a process that claims the job and kills it.
func killWorker(t *testing.T, address string, lease time.Duration) {
	t.Helper()
	cmd := childProcess(t, address, lease)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if line != "claimed\n" {
		t.Errorf("the child printed %q, %v", line, err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // killed
}

func childProcess(t *testing.T, address string, lease time.Duration, env ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(append(os.Environ(), "JOBS_TEST_CHILD="+address, "JOBS_TEST_LEASE="+lease.String()), env...)
	return cmd
}

func TestJobOfKilledProcessRunsAgainAfterItsLease(t *testing.T) {
	sqldbtest.EachAddress(t, func(t *testing.T, address string) {
		db := sqldbtest.Open(t, address)
		const lease = time.Second
		for n := range 2 {
			jobID := insert(t, db, task{n}, jobs.Options{})
			killWorker(t, address, lease)
			killed := time.Now()
			attempts := make(chan int, 1)
			e := engine(t, db, system, jobs.EngineOptions{Lease: lease}, func(_ context.Context, j *jobs.Job, _ task) error {
				attempts <- j.Attempt
				return nil
			})
			if got := receive(t, attempts); got != 1 {
				t.Errorf("attempt %d: a crash counted as an attempt", got)
			}
			if after := time.Since(killed); after > 5*lease { // usually little more than one
				t.Errorf("reclaimed after %v", after)
			}
			awaitState(t, db, jobID, "gone")
			if err := e.Stop(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestStartReclaimsAllJobsAtOnceIfAsked(t *testing.T) {
	sqldbtest.EachAddress(t, func(t *testing.T, address string) {
		db := sqldbtest.Open(t, address)
		jobID := insert(t, db, task{}, jobs.Options{})
		killWorker(t, address, time.Hour)
		e := engine(t, db, system, jobs.EngineOptions{ReclaimAll: true}, func(context.Context, *jobs.Job, task) error { return nil })
		awaitState(t, db, jobID, "gone")
		if n, err := e.LiveNodes(t.Context()); n != 1 || err != nil {
			t.Fatalf("%d live nodes, %v", n, err)
		}
	})
}

func TestRestartedNodeReclaimsItsOwnJobsAtOnce(t *testing.T) {
	const node = "65a000000000000000000001"
	t.Setenv("JOBS_TEST_NODE", node)
	for _, dialect := range sqldbtest.Engines(t) { // not parallel because of t.Setenv
		address := sqldbtest.Address(t, dialect)
		db := sqldbtest.Open(t, address)
		jobID := insert(t, db, task{}, jobs.Options{})
		killWorker(t, address, time.Hour)
		done := func(context.Context, *jobs.Job, task) error { return nil }
		other := engine(t, db, system, jobs.EngineOptions{}, done)
		if err := other.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := state(t, db, jobID); got != "running 1" {
			t.Errorf("another node has claimed it: %s", got)
		}
		e := engine(t, db, system, jobs.EngineOptions{NodeID: node}, done)
		awaitState(t, db, jobID, "gone")
		if n, err := e.LiveNodes(t.Context()); n != 1 || err != nil {
			t.Errorf("%d live nodes, %v", n, err)
		}
	}
}

func TestStopRequeuesJobsWithoutCountingAnAttempt(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		started, causes := make(chan string, 1), make(chan error, 1)
		e := engine(t, db, system, jobs.EngineOptions{}, waitForCancel(started, causes))
		jobID := insert(t, db, task{}, jobs.Options{})
		receive(t, started)
		if n, err := e.LiveNodes(t.Context()); n != 1 || err != nil {
			t.Fatalf("%d live nodes, %v", n, err)
		}
		if err := e.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := receive(t, causes); !errors.Is(err, jobs.ErrStopped) {
			t.Fatal(err)
		}
		if got := state(t, db, jobID); got != "queued 0" {
			t.Fatal(got)
		}
		if n, err := e.LiveNodes(t.Context()); n != 0 || err != nil {
			t.Fatalf("%d live nodes, %v", n, err)
		}
	})
}

func TestStopRequeuesJobOfWorkerThatDoesNotReturn(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		started, answered := make(chan string), make(chan error)
		e := engine(t, db, system, jobs.EngineOptions{}, func(ctx context.Context, j *jobs.Job, _ task) error {
			started <- j.ID
			<-started // ignores its context
			answered <- j.Tx(context.WithoutCancel(ctx), func(*sqldb.Tx) error { return nil })
			return nil
		})
		jobID := insert(t, db, task{}, jobs.Options{})
		receive(t, started)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := e.Stop(ctx); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		if got := state(t, db, jobID); got != "queued 0" {
			t.Fatal(got)
		}
		close(started)
		if err := receive(t, answered); !errors.Is(err, jobs.ErrLeaseLost) {
			t.Fatal(err)
		}
	})
}

func TestEngineSurvivesOutageWithoutCountingAnAttempt(t *testing.T) {
	if len(sqldbtest.Engines(t)) == 1 {
		return // Engines has logged it
	}
	cluster, err := pgtest.Start("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cluster.Stop() })
	db := sqldbtest.Open(t, cluster.URL("postgres"))
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	started, away, attempts := make(chan string), make(chan bool), make(chan int, 10)
	work := func(ctx context.Context, j *jobs.Job, a task) error {
		attempts <- j.Attempt
		if a.N == 0 {
			started <- j.ID
			<-away
		}
		return j.Tx(ctx, func(*sqldb.Tx) error { return nil })
	}
	const lease = 300 * time.Millisecond
	for range 2 {
		engine(t, db, system, jobs.EngineOptions{Lease: lease}, work)
	}
	jobID := insert(t, db, task{}, jobs.Options{})
	receive(t, started)
	if err := cluster.Kill(); err != nil {
		t.Fatal(err)
	}
	pause := time.NewTimer(2 * lease) // longer than a lease
	<-pause.C
	if err := cluster.Restart(); err != nil {
		t.Fatal(err)
	}
	close(away)
	for drain := true; drain; { // the job may run again
		select {
		case <-started:
		case <-time.After(lease):
			drain = state(t, db, jobID) != "gone"
		}
	}
	next := insert(t, db, task{1}, jobs.Options{})
	awaitState(t, db, next, "gone")
	close(attempts)
	for got := range attempts {
		if got != 1 {
			t.Errorf("attempt %d: the outage counted as an attempt", got)
		}
	}
}

func TestFailureDuringOutageDoesNotCountAsAttempt(t *testing.T) {
	if len(sqldbtest.Engines(t)) == 1 {
		return // Engines has logged it
	}
	cluster, err := pgtest.Start("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cluster.Stop() })
	db := sqldbtest.Open(t, cluster.URL("postgres"))
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	attempts, failed := make(chan int, 10), false
	engine(t, db, system, jobs.EngineOptions{}, func(ctx context.Context, j *jobs.Job, _ task) error {
		attempts <- j.Attempt
		if failed {
			return nil
		}
		failed = true
		if err := cluster.Kill(); err != nil {
			return jobs.Fatal(err)
		}
		err := j.Tx(ctx, func(*sqldb.Tx) error { return nil })
		if restarted := cluster.Restart(); restarted != nil {
			return jobs.Fatal(restarted)
		}
		return err
	})
	jobID := insert(t, db, task{}, jobs.Options{})
	if first, second := receive(t, attempts), receive(t, attempts); first != 1 || second != 1 {
		t.Fatalf("attempts %d and %d", first, second)
	}
	awaitState(t, db, jobID, "gone")
}

func TestClaimWithLostResponseIsRepeatedWithoutCountingAnAttempt(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		h := newManualClock()
		attempts := make(chan int, 1)
		engine(t, db, h.clock(), jobs.EngineOptions{Lease: 90 * time.Millisecond}, func(_ context.Context, j *jobs.Job, _ task) error {
			attempts <- j.Attempt
			return nil
		})
		jobID := insert(t, db, task{}, jobs.Options{RunAt: h.at.Add(time.Hour)})
		_, err := db.Exec(t.Context(), `
			UPDATE jobs SET state = 'running', attempt = 1, run_at = 0, lease_token = 'lost', lease_until = $1,
				node_id = (SELECT id FROM job_nodes)`, h.at.Add(time.Second).UnixMilli())
		if err != nil {
			t.Fatal(err)
		}
		h.advance(2 * time.Second)
		if got := receive(t, attempts); got != 1 {
			t.Fatalf("attempt %d", got)
		}
		awaitState(t, db, jobID, "gone")
	})
}
