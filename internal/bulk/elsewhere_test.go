package bulk_test

import (
	"strings"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/blob"
	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/jobs"
)

// server is an engine of a node that does bulk jobs with the files in a folder.
func (f *fixture) server(node, folder string, lease time.Duration) {
	f.Helper()
	files, err := blob.Open(folder)
	f.ok(err)
	f.Cleanup(func() { f.ok(files.Close()) })
	deps := f.deps
	deps.Files, deps.Limits = files, bulk.Limits{BatchRows: 3}
	engine := jobs.New(f.db, deps.Clock, deps.Log, jobs.EngineOptions{NodeID: node, Workers: 2, Lease: lease})
	bulk.New(deps, engine)
	f.ok(engine.Start(f.Context()))
	f.Cleanup(func() { _ = engine.Stop(f.Context()) })
}

// alive lets a node have been seen last at a time.
func (f *fixture) alive(node string, seen time.Time) {
	f.Helper()
	_, err := f.db.Exec(f.Context(), "INSERT INTO job_nodes (id, started_at, seen_at) VALUES ($1, $2, $2) ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at", node, seen.UnixMilli())
	f.ok(err)
}

func waitsElsewhere(s bulk.Status) bool {
	return s.Waiting != nil && s.Waiting.Reason == jobs.WaitOtherNode
}

func TestAJobMovesToTheServerThatHasItsFile(t *testing.T) {
	each(t, func(f *fixture) {
		f.alive("home", time.Now().Add(time.Hour))
		s, err := f.startUpload(f.Context(), f.input(bulk.Import, people, bulk.Options{}))
		f.ok(err)
		f.server("away", t.TempDir(), time.Hour)
		f.until(s, waitsElsewhere)
		f.server("home", f.folder, time.Hour)
		if s = f.until(s, bulk.Status.Finished); s.Status != bulk.Completed || s.Counts.Created == 0 {
			t.Errorf("%s %+v %+v", s.Status, s.Counts, s.Error)
		}
	})
}

func TestAJobWhoseServerIsLostFailsWithTheReason(t *testing.T) {
	each(t, func(f *fixture) {
		f.alive("home", time.Now().Add(time.Hour))
		s, err := f.startUpload(f.Context(), f.input(bulk.Import, people, bulk.Options{}))
		f.ok(err)
		f.server("away", t.TempDir(), 2*time.Second)
		f.until(s, waitsElsewhere)
		f.alive("home", time.Now().Add(-time.Hour))
		s = f.until(s, bulk.Status.Finished)
		if s.Status != bulk.Failed || s.Error == nil || s.Error.Code != "damaged_file" || !strings.Contains(s.Error.Message.English, "share one file storage") {
			t.Errorf("%s %+v", s.Status, s.Error)
		}
	})
}
