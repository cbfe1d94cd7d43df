package bulk_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// rows is a file of new members of at least so many bytes.
func rows(prefix string, n, bytes int) string {
	var text strings.Builder
	text.WriteString("Email,Username,First Name,Last Name,Plan\n")
	fill := strings.Repeat("x", max(0, bytes/n-40))
	for i := range n {
		fmt.Fprintf(&text, "%s%d@example.com,%s%d,A,B,%s\n", prefix, i, prefix, i, fill)
	}
	return text.String()
}

// start queues a job without running it.
func (f *fixture) start(typ bulk.Type, text string, o bulk.Options, actor actor.Actor) bulk.Status {
	f.Helper()
	in := f.input(typ, text, o)
	in.Actor = actor
	s, err := f.startUpload(f.Context(), in)
	f.ok(err)
	return s
}

func (f *fixture) status(s bulk.Status) bulk.Status {
	f.Helper()
	s, err := f.bulk.Status(f.Context(), command, f.community, s.JobID)
	f.ok(err)
	return s
}

// serve runs all jobs until the test, or stop, ends it.
func (f *fixture) serve() (stop func()) {
	f.Helper()
	f.ok(f.engine.Start(f.Context()))
	stopped := false
	stop = func() {
		if !stopped {
			stopped = true
			f.ok(f.engine.Stop(context.WithoutCancel(f.Context())))
		}
	}
	f.Cleanup(stop)
	return stop
}

// until polls a job until a condition is true.
func (f *fixture) until(s bulk.Status, wanted func(bulk.Status) bool) bulk.Status {
	f.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for late := time.After(40 * time.Second); ; {
		if s = f.status(s); wanted(s) {
			return s
		}
		select {
		case <-tick.C:
		case <-late:
			f.Fatalf("the job stays %+v", s)
		}
	}
}

// die simulates the third crash of a job's process.
func (f *fixture) die(s bulk.Status) {
	f.Helper()
	_, err := f.db.Exec(f.Context(), `UPDATE jobs SET state = 'running', attempt = 1, node_id = 'lost', lease_token = 'lost', lease_until = 1, crashes = 2 WHERE unique_key = $1`, "bulk:"+s.JobID)
	f.ok(err)
}

func TestABulkJobWhoseProcessEndsThreeTimesFails(t *testing.T) {
	each(t, func(f *fixture) {
		original := f.run(bulk.Import, people, bulk.Options{})
		undo, err := f.bulk.Undo(f.Context(), command, f.community, original.JobID, "")
		f.ok(err)
		for name, s := range map[string]bulk.Status{
			"import":  f.start(bulk.Import, people, bulk.Options{}, command),
			"update":  f.start(bulk.Update, "Email,Country\nann@example.com,FR\n", bulk.Options{}, command),
			"dry run": f.start(bulk.Import, people, bulk.Options{DryRun: true}, command),
			"undo":    undo,
		} {
			f.die(s)
			s = f.work(s)
			if s.Status != bulk.Failed || s.Error == nil || s.Error.Code != "gave_up" || !strings.Contains(s.Error.Message.English, "memory") || s.FinishedAt == nil || s.Waiting != nil {
				f.Errorf("%s: %+v, %+v", name, s, s.Error)
			}
		}
		list, err := f.engine.Dead(f.Context(), actor.Actor{Kind: actor.Command}, 10)
		if f.ok(err); len(list) != 4 || !list[0].Final {
			f.Errorf("%d dead jobs, want 4", len(list))
		}
		again, err := f.bulk.Undo(f.Context(), command, f.community, original.JobID, "")
		f.ok(err)
		f.want(f.work(again), bulk.Completed, 0, 4, 0, 0, 0)
	})
}

// Each kind of job reports its saved position to the queue, in the transaction
// that saves it.
func TestEachBatchIsProgress(t *testing.T) {
	each(t, func(f *fixture) {
		const n = 1500
		text := rows("p", n, 0)
		for _, start := range []func() bulk.Status{
			func() bulk.Status { return f.start(bulk.Import, text, bulk.Options{DryRun: true}, command) },
			func() bulk.Status { return f.start(bulk.Import, text, bulk.Options{}, command) },
			func() bulk.Status {
				return f.start(bulk.Update, strings.ReplaceAll(text, ",A,B,", ",C,D,"), bulk.Options{}, command)
			},
			func() bulk.Status {
				list, _, err := f.bulk.List(f.Context(), command, f.community, bulk.ListFilter{Type: string(bulk.Update)})
				f.ok(err)
				s, err := f.bulk.Undo(f.Context(), command, f.community, list[0].JobID, "")
				f.ok(err)
				return s
			},
		} {
			s := start()
			_, err := f.db.Exec(f.Context(), "UPDATE jobs SET crashes = 2 WHERE unique_key = $1", "bulk:"+s.JobID)
			f.ok(err)
			done := make(chan error, 1)
			go func() { done <- f.bulk.RunHere(f.Context(), f.engine, f.community, s.JobID) }()
			crashes, position := int64(2), int64(0)
			for running := true; running && position == 0; {
				err := f.db.QueryRow(f.Context(), "SELECT crashes, position FROM jobs WHERE unique_key = $1", "bulk:"+s.JobID).Scan(&crashes, &position)
				running = err == nil
			}
			if crashes != 0 || position == 0 {
				f.Errorf("%s, dry run %v: %d crashes at position %d", s.Type, s.DryRun, crashes, position)
			}
			f.ok(<-done)
			if got := f.status(s); got.Status != bulk.Completed {
				f.Errorf("%+v", got)
			}
		}
	})
}

func TestJobWithoutItsFileFailsWithTheReason(t *testing.T) {
	each(t, func(f *fixture) {
		for elsewhere, want := range map[bool]string{false: "no longer in the server's storage", true: "share one file storage"} {
			if _, err := f.db.Exec(f.Context(), "DELETE FROM job_nodes"); err != nil {
				f.Fatal(err)
			}
			if elsewhere {
				_, err := f.db.Exec(f.Context(), "INSERT INTO job_nodes (id, started_at, seen_at) VALUES ('another', 1, 1)")
				f.ok(err)
			}
			for _, running := range []bool{false, true} { // before and after the node that has the file was lost
				in := f.input(bulk.Import, people, bulk.Options{})
				s, err := f.startUpload(f.Context(), in)
				f.ok(err)
				f.ok(f.files.Delete(f.Context(), in.FileID))
				if running {
					_, err := f.db.Exec(f.Context(), "UPDATE bulk_jobs SET status = 'running', started_at = 1 WHERE id = $1", s.JobID)
					f.ok(err)
				}
				s = f.work(s)
				if s.Status != bulk.Failed || s.Error == nil || s.Error.Code != "damaged_file" || !strings.Contains(s.Error.Message.English, want) {
					f.Errorf("%+v, %+v, want %q", s, s.Error, want)
				}
			}
		}
	})
}

func TestWaitingJobHasAReason(t *testing.T) {
	each(t, func(f *fixture) {
		s := f.status(f.start(bulk.Import, people, bulk.Options{}, command))
		if s.Waiting == nil || s.Waiting.Reason != "no_server" || s.Waiting.Since == "" || s.Waiting.NextAttemptAt != nil {
			f.Errorf("%+v", s.Waiting)
		}
		_, err := f.db.Exec(f.Context(), "INSERT INTO job_nodes (id, started_at, seen_at) VALUES ('another', 1, $1)", time.Now().Add(time.Hour).UnixMilli())
		f.ok(err)
		if s = f.status(s); s.Waiting == nil || s.Waiting.Reason != "free_worker" {
			f.Errorf("%+v", s.Waiting)
		}
		_, err = f.db.Exec(f.Context(), "DELETE FROM job_nodes")
		f.ok(err)
		if s = f.work(s); s.Waiting != nil {
			f.Errorf("%+v", s.Waiting)
		}
		list, _, err := f.bulk.List(f.Context(), command, f.community, bulk.ListFilter{})
		f.ok(err)
		broken := f.start(bulk.Import, people, bulk.Options{}, command)
		if _, err := f.db.Exec(f.Context(), "ALTER TABLE bulk_batches RENAME TO hidden"); err != nil {
			f.Fatal(err)
		}
		defer f.serve()()
		// The job is read before its entry in the queue, and an attempt may begin and fail between them.
		broken = f.until(broken, func(s bulk.Status) bool {
			return s.Waiting != nil && s.Waiting.Reason == "retry" && s.Status == bulk.Running
		})
		if broken.Waiting.NextAttemptAt == nil || len(list) != 1 || list[0].Waiting != nil {
			f.Errorf("%+v, %+v", broken, broken.Waiting)
		}
	})
}

// The lane and the share of a job, as "lane share".
func (f *fixture) queued(s bulk.Status) string {
	f.Helper()
	got, err := sqldb.One(f.Context(), f.db, "job", sqldb.Value[string], "SELECT lane || ' ' || share FROM jobs WHERE unique_key = $1", "bulk:"+s.JobID)
	f.ok(err)
	return strings.ReplaceAll(got, f.community, "C")
}

func TestSmallFilesAndUndosHaveWorkersOfTheirOwn(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		f := newFixture(t, db, 500)
		person := actor.Actor{Kind: actor.Session, AccountID: "a1", InstallationOwner: true}
		all := []actor.Permission{actor.PermAll}
		f.openImports(true)
		for want, start := range map[string]func() bulk.Status{
			"small command C":    func() bulk.Status { return f.start(bulk.Import, people, bulk.Options{}, command) },
			"large account:a1 C": func() bulk.Status { return f.start(bulk.Import, rows("l", 1500, 300_000), bulk.Options{}, person) },
			"small account:a1 C": func() bulk.Status {
				return f.start(bulk.Import, people, bulk.Options{}, actor.Actor{Kind: actor.UserKey, KeyID: "k1", AccountID: "a1", InstallationOwner: true, Permissions: all})
			},
			"small key:k2 C": func() bulk.Status {
				return f.start(bulk.Import, people, bulk.Options{}, actor.Actor{Kind: actor.CommunityKey, KeyID: "k2", CommunityID: f.community, CreatedBy: "command", Permissions: all})
			},
			"small open C": func() bulk.Status { return f.start(bulk.Import, people, bulk.Options{}, actor.Actor{Kind: actor.Open}) },
		} {
			if got := f.queued(start()); got != want {
				t.Errorf("%q, want %q", got, want)
			}
		}
		done := f.run(bulk.Import, rows("u", 3000, 0), bulk.Options{})
		for want, rows := range map[string]int64{"small command C": 10, "large command C": 2500} {
			if _, err := f.db.Exec(f.Context(), "UPDATE bulk_jobs SET created_rows = $1 WHERE id = $2", rows, done.JobID); err != nil {
				t.Fatal(err)
			}
			undo, err := f.bulk.Undo(f.Context(), command, f.community, done.JobID, "")
			f.ok(err)
			if got := f.queued(undo); got != want {
				t.Errorf("an undo of %d rows: %q, want %q", rows, got, want)
			}
			_, err = f.bulk.Cancel(f.Context(), command, f.community, undo.JobID)
			f.ok(err)
		}
	})
}

// There is one worker for large files. An import leaves it to another account
// between two batches; a dry run, which would start over, does not.
func TestALargeImportYieldsToAnotherAccount(t *testing.T) {
	for _, dry := range []bool{false, true} {
		t.Run(fmt.Sprint("dry run ", dry), func(t *testing.T) {
			sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
				f := newFixture(t, db, 5)
				// The slice of a job is at least four times the time to its first batch,
				// which is long while the database has no connections and plans yet.
				f.run(bulk.Import, rows("warm", 50, 0), bulk.Options{})
				const n = 6000
				first := f.start(bulk.Import, rows("a", n, 600_000), bulk.Options{DryRun: dry}, command)
				second := f.start(bulk.Import, rows("b", n, 600_000), bulk.Options{DryRun: dry}, command)
				_, err := db.Exec(t.Context(), "UPDATE jobs SET share = $1 WHERE unique_key = $2", "account:a2 "+f.community, "bulk:"+second.JobID)
				f.ok(err)
				f.serve()
				first, second = f.until(first, bulk.Status.Finished), f.until(second, bulk.Status.Finished)
				f.want(first, bulk.Completed, n, 0, 0, 0, 0)
				f.want(second, bulk.Completed, n, 0, 0, 0, 0)
				between := *second.StartedAt < *first.FinishedAt && *first.StartedAt < *second.FinishedAt
				if between == dry {
					t.Errorf("the jobs ran in turn: %v; %s to %s and %s to %s", between, *first.StartedAt, *first.FinishedAt, *second.StartedAt, *second.FinishedAt)
				}
			})
		})
	}
}
