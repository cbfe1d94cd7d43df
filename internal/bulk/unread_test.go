package bulk_test

import (
	"context"
	"log/slog"
	"testing"

	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/sqldb"
)

// stoppedRows is the number of rows of files whose import is interrupted in line 17: the job
// ends some batches later.
const stoppedRows = 400

// interrupt runs a job until a row violates a constraint.
func (f *fixture) interrupt(s bulk.Status) bulk.Status {
	f.Helper()
	ctx, stop := context.WithCancel(f.Context())
	defer stop()
	log := slog.New(watcher{slog.NewTextHandler(f.Output(), nil), "row violates a constraint", stop})
	engine := jobs.New(f.db, clock.Clock{}, log, jobs.EngineOptions{})
	b := bulk.New(bulk.Deps{DB: f.db, Files: f.files, Scratch: f.files, Access: f.auth, Members: f.members, Clock: clock.Clock{}, Log: log, Limits: bulk.Limits{BatchRows: 4}}, engine)
	_ = b.RunHere(ctx, engine, f.community, s.JobID) // interrupted
	s, err := f.bulk.Status(f.Context(), command, f.community, s.JobID)
	f.ok(err)
	return s
}

// runQueued runs the jobs of a kind in the queue.
func (f *fixture) runQueued(kind string) {
	f.Helper()
	ids, err := sqldb.All(f.Context(), f.db, sqldb.Value[string], "SELECT id FROM jobs WHERE kind = $1", kind)
	f.ok(err)
	for _, id := range ids {
		f.ok(f.engine.RunUntilDone(f.Context(), id))
	}
}

// countUnread runs the job that counts the rest of a stopped job's file.
func (f *fixture) countUnread(s bulk.Status) bulk.Status {
	f.Helper()
	f.runQueued("bulk.count_unread")
	s, err := f.bulk.Status(f.Context(), command, f.community, s.JobID)
	f.ok(err)
	return s
}

func TestACancelledJobCountsItsUnreadRows(t *testing.T) {
	eachOfSize(t, 4, func(f *fixture) {
		f.refuseMembers("NEW.last_name = 'Bad'")
		s, err := f.startUpload(f.Context(), f.input(bulk.Import, crew(stoppedRows, 17), bulk.Options{}))
		f.ok(err)
		if s.Unread == nil || *s.Unread != 0 {
			f.Errorf("a queued job has %v unread rows", s.Unread)
		}
		s = f.interrupt(s)
		if s.Counts.Read == 0 || s.Counts.Read >= stoppedRows {
			f.Fatalf("%d rows were read", s.Counts.Read)
		}
		s, err = f.bulk.Cancel(f.Context(), command, f.community, s.JobID)
		f.ok(err)
		if s.Unread != nil {
			f.Errorf("%d unread rows before they are counted", *s.Unread)
		}
		s = f.countUnread(s)
		if s.Unread == nil || *s.Unread+s.Counts.Read != stoppedRows {
			f.Errorf("%v unread and %d read rows of %d", s.Unread, s.Counts.Read, stoppedRows)
		}
	})
}

func TestACompletedJobHasNoUnreadRows(t *testing.T) {
	each(t, func(f *fixture) {
		s := f.countUnread(f.run(bulk.Import, people, bulk.Options{}))
		if s.Unread == nil || *s.Unread != 0 {
			f.Errorf("%v unread rows", s.Unread)
		}
		undo, err := f.bulk.Undo(f.Context(), command, f.community, s.JobID, "")
		f.ok(err)
		undo, err = f.bulk.Cancel(f.Context(), command, f.community, undo.JobID)
		f.ok(err)
		if undo.Unread == nil || *undo.Unread != 4 {
			f.Errorf("a cancelled undo has %v unread rows", undo.Unread)
		}
	})
}

func TestUnreadRowsOfALostFileStayUnknown(t *testing.T) {
	each(t, func(f *fixture) {
		in := f.input(bulk.Import, people, bulk.Options{})
		s, err := f.startUpload(f.Context(), in)
		f.ok(err)
		s, err = f.bulk.Cancel(f.Context(), command, f.community, s.JobID)
		f.ok(err)
		f.ok(f.files.Delete(f.Context(), in.FileID))
		if s = f.countUnread(s); s.Unread != nil {
			f.Errorf("%d unread rows of a file that is lost", *s.Unread)
		}
	})
}
