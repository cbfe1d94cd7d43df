package bulk_test

import (
	"sync"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
)

const draftFile = "Email,Username,First Name,Last Name\nann@example.com,ann,Ann,Ash\n"

// stageBy stages a file of a person.
func (f *fixture) stageBy(person actor.Actor) bulk.Draft {
	f.Helper()
	in := f.input(bulk.Import, draftFile, bulk.Options{})
	in.Actor = person
	d, err := f.stage(f.Context(), in)
	f.ok(err)
	return d
}

func (f *fixture) draftsOf(person actor.Actor) (ids []string) {
	f.Helper()
	list, err := f.bulk.Drafts(f.Context(), person, f.community)
	f.ok(err)
	for _, d := range list {
		ids = append(ids, d.ID)
	}
	return ids
}

func TestDraftBelongsToItsUploader(t *testing.T) {
	each(t, func(f *fixture) {
		ada, grace := f.key(), f.key()
		first, second, other := f.stageBy(ada), f.stageBy(ada), f.stageBy(grace)
		if got := f.draftsOf(ada); len(got) != 2 || got[0] != second.ID || got[1] != first.ID {
			f.Fatalf("drafts of ada: %v", got)
		}
		plan, err := f.bulk.StartDraft(f.Context(), grace, f.community, other.ID, true)
		f.ok(err)
		for name, try := range map[string]func() error{
			"open": func() error { _, err := f.bulk.Draft(f.Context(), ada, f.community, other.ID); return err },
			"restage": func() error {
				_, err := f.bulk.Restage(f.Context(), ada, f.community, other.ID, bulk.Options{})
				return err
			},
			"start":   func() error { _, err := f.bulk.StartDraft(f.Context(), ada, f.community, other.ID, true); return err },
			"follow":  func() error { return f.bulk.FollowDraft(f.Context(), ada, f.community, other.ID, plan.JobID) },
			"discard": func() error { return f.bulk.DiscardDraft(f.Context(), ada, f.community, other.ID) },
		} {
			if err := try(); !errs.Is(err, "draft_of_other") || errs.KindOf(err) != errs.Forbidden {
				f.Errorf("%s by a colleague: %v", name, err)
			}
		}
		discarded, err := sqldb.One(f.Context(), f.db, "file", sqldb.Value[string], "SELECT file_id FROM bulk_jobs WHERE id = $1", first.ID)
		f.ok(err)
		f.ok(f.bulk.DiscardDraft(f.Context(), ada, f.community, first.ID))
		if _, err := f.bulk.Draft(f.Context(), ada, f.community, first.ID); !errs.Is(err, "draft_not_found") {
			f.Errorf("a discarded draft: %v", err)
		}
		if _, err := f.files.Open(f.Context(), discarded); errs.KindOf(err) != errs.NotFound {
			f.Errorf("the file of a discarded draft: %v", err)
		}
		f.want(f.work(plan), bulk.Completed, 1, 0, 0, 0, 0)
		f.ok(f.bulk.DiscardDraft(f.Context(), grace, f.community, other.ID))
		if _, err := f.bulk.Apply(f.Context(), grace, f.community, plan.JobID, ""); err != nil {
			f.Errorf("the check of a discarded draft: %v", err)
		}
		f.late = 25 * time.Hour
		if got := f.draftsOf(ada); len(got) != 0 {
			f.Errorf("expired drafts: %v", got)
		}
	})
}

func TestImportedDraftIsNotListed(t *testing.T) {
	each(t, func(f *fixture) {
		ada := f.key()
		wizard, elsewhere := f.stageBy(ada), f.stageBy(ada)
		for _, d := range []bulk.Draft{wizard, elsewhere} {
			plan, err := f.bulk.StartDraft(f.Context(), ada, f.community, d.ID, true)
			f.ok(err)
			f.work(plan)
			if got := f.draftsOf(ada); len(got) == 0 || got[len(got)-1] != d.ID {
				f.Fatalf("a checked draft: %v", got)
			}
			applied, err := f.bulk.Apply(f.Context(), ada, f.community, plan.JobID, "")
			f.ok(err)
			if d.ID == wizard.ID {
				f.ok(f.bulk.FollowDraft(f.Context(), ada, f.community, d.ID, applied.JobID))
			}
		}
		if got := f.draftsOf(ada); len(got) != 0 {
			f.Errorf("imported drafts: %v", got)
		}
	})
}

func TestOlderVersionOfADraftIsNotSaved(t *testing.T) {
	each(t, func(f *fixture) {
		ada := f.key()
		d := f.stageBy(ada)
		save := func(version int64, o bulk.Options) (bulk.Draft, error) {
			return f.bulk.RestageVersion(f.Context(), ada, f.community, d.ID, version, o)
		}
		first, second := d.Options, d.Options
		first.DateFormat, second.DateFormat = "DD.MM.YYYY", "MM/DD/YYYY"
		saved, err := save(d.Version, first)
		f.ok(err)
		if saved.Version <= d.Version {
			f.Errorf("version %d after %d", saved.Version, d.Version)
		}
		if _, err := save(d.Version, second); !errs.Is(err, "draft_changed") {
			f.Errorf("an older save: %v", err)
		}
		if again, err := save(d.Version, first); err != nil || again.Version != saved.Version {
			f.Errorf("the same choices again: version %d, %v", again.Version, err)
		}
		if now, err := f.bulk.Draft(f.Context(), ada, f.community, d.ID); err != nil || now.Options.DateFormat != first.DateFormat {
			f.Errorf("saved: %+v %v", now.Options, err)
		}
	})
}

func TestRepeatedCheckOfADraftIsOneJob(t *testing.T) {
	each(t, func(f *fixture) {
		ada := f.key()
		d := f.stageBy(ada)
		o := d.Options
		o.DateFormat = "DD.MM.YYYY"
		started := make([]string, 6)
		var all sync.WaitGroup
		for i := range started {
			all.Go(func() {
				_, err := f.bulk.RestageVersion(f.Context(), ada, f.community, d.ID, d.Version, o)
				if err != nil {
					t.Error(err)
					return
				}
				s, err := f.bulk.StartDraftVersion(f.Context(), ada, f.community, d.ID, d.Version, true)
				if err != nil {
					t.Error(err)
				}
				started[i] = s.JobID
			})
		}
		all.Wait()
		for _, id := range started {
			if id == "" || id != started[0] {
				f.Fatalf("jobs of one form: %v", started)
			}
		}
		now, err := f.bulk.Draft(f.Context(), ada, f.community, d.ID)
		f.ok(err)
		again, err := f.bulk.StartDraftVersion(f.Context(), ada, f.community, d.ID, now.Version, true)
		if err != nil || again.JobID == started[0] {
			f.Errorf("a new check of the current version: %s %v", again.JobID, err)
		}
	})
}

func TestRepeatedUploadIsOneDraft(t *testing.T) {
	each(t, func(f *fixture) {
		ada, grace := f.key(), f.key()
		form := f.bulk.NewID()
		upload := func(person actor.Actor, text string) (draftID, fileID string) {
			in := f.input(bulk.Import, text, bulk.Options{})
			in.Actor, in.JobID = person, form
			d, err := f.stage(f.Context(), in)
			if err != nil {
				t.Error(err)
			}
			return d.ID, in.FileID
		}
		drafts, files := make([]string, 4), make([]string, 4)
		var all sync.WaitGroup
		for i := range drafts {
			all.Go(func() { drafts[i], files[i] = upload(ada, draftFile) })
		}
		all.Wait()
		kept := 0
		for i := range drafts {
			if drafts[i] != form {
				f.Errorf("drafts of one form: %v", drafts)
			}
			if file, err := f.files.Open(f.Context(), files[i]); err == nil {
				kept++
				f.ok(file.Close())
			}
		}
		if kept != 1 || len(f.draftsOf(ada)) != 1 {
			f.Errorf("%d files and %d drafts of one form", kept, len(f.draftsOf(ada)))
		}
		other, _ := upload(ada, draftFile+"bob@example.com,bob,Bob,B\n")
		theirs, _ := upload(grace, draftFile)
		if other == form || theirs == form || len(f.draftsOf(ada)) != 2 || len(f.draftsOf(grace)) != 1 {
			f.Errorf("another file is %s, of another person %s", other, theirs)
		}
	})
}
