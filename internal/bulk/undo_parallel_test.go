package bulk_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sqldb"
)

// tagFile is a file of n people with a plan and a tag.
func tagFile(n int, plan, tag string) string {
	text := "Email,Username,First Name,Last Name,Plan,Tag,Score\n"
	for i := range n {
		text += fmt.Sprintf("p%d@example.com,p%d,F,L,%s,%s,%d\n", i, i, plan, tag, i)
	}
	return text
}

// settled checks invariants after parallel changes.
func (f *fixture) settled() {
	f.Helper()
	active, err := sqldb.One(f.Context(), f.db, "member", sqldb.Value[int64], "SELECT count(*) FROM members WHERE community_id = $1 AND state = 'active'", f.community)
	f.ok(err)
	if active != f.count() {
		f.Fatalf("%d members are counted, %d are there", f.count(), active)
	}
	lost, err := sqldb.One(f.Context(), f.db, "row", sqldb.Value[int64], `SELECT count(*) FROM field_history h WHERE community_id = $1
		AND NOT EXISTS (SELECT 1 FROM members m WHERE m.community_id = h.community_id AND m.user_id = h.user_id)`, f.community)
	f.ok(err)
	if lost != 0 {
		f.Fatalf("%d changes of removed members are left", lost)
	}
	f.historiesEnd("parallel work")
}

func (f *fixture) together(doings ...func()) {
	var all sync.WaitGroup
	for _, do := range doings {
		all.Go(do)
	}
	all.Wait()
}

// finish runs a job to its end beside others.
func (f *fixture) finish(s bulk.Status) {
	if err := f.bulk.RunHere(f.Context(), f.engine, f.community, s.JobID); err != nil {
		f.Errorf("job %s: %v", s.JobID, err)
	}
}

func TestAChangeBesideAnUndoIsKept(t *testing.T) {
	each(t, func(f *fixture) {
		const people = 24
		f.run(bulk.Import, tagFile(people/2, "first", "beta"), bulk.Options{})
		s := f.run(bulk.Import, tagFile(people, "second", "new"), bulk.Options{CreateTags: true})
		f.want(s, bulk.Completed, people/2, people/2, 0, 0, 0)
		undo, err := f.bulk.Undo(f.Context(), command, f.community, s.JobID, "")
		f.ok(err)
		changed := map[string]bool{}
		ids := map[int]string{}
		for i := range people {
			ids[i] = f.member(fmt.Sprint("p", i)).ID
		}
		f.together(func() { f.finish(undo) }, func() {
			for i := range people {
				_, err := f.members.Change(f.Context(), command, f.community, ids[i], []member.FieldValue{{Field: "plan", Value: "by hand"}}, member.Source{Type: "console"})
				if err == nil {
					changed[ids[i]] = true
				} else if !errs.Is(err, "user_not_found") {
					f.Errorf("p%d: %v", i, err)
				}
			}
		})
		f.settled()
		for i := range people {
			m, err := f.members.Find(f.Context(), command, f.community, ids[i])
			if (err == nil) != changed[ids[i]] || err == nil && m.Values.Get("plan") != "by hand" {
				f.Errorf("p%d: changed %v, now %v (%v)", i, changed[ids[i]], m.Values.Map(), err)
			}
		}
	})
}

func TestUndosAndAnImportOfTheSameMembersRunTogether(t *testing.T) {
	each(t, func(f *fixture) {
		const people = 18
		first := f.run(bulk.Import, tagFile(people, "first", "one"), bulk.Options{CreateTags: true})
		second := f.run(bulk.Import, tagFile(people, "second", "two"), bulk.Options{CreateTags: true})
		var started []bulk.Status
		for _, s := range []bulk.Status{first, second} {
			undo, err := f.bulk.Undo(f.Context(), command, f.community, s.JobID, "")
			f.ok(err)
			started = append(started, undo)
		}
		third, err := f.startUpload(f.Context(), f.input(bulk.Import, tagFile(people, "third", "three"), bulk.Options{CreateTags: true}))
		f.ok(err)
		started = append(started, third)
		f.together(func() { f.finish(started[0]) }, func() { f.finish(started[1]) }, func() { f.finish(started[2]) })
		f.settled()
		for _, s := range started {
			s, err := f.bulk.Status(f.Context(), command, f.community, s.JobID)
			f.ok(err)
			if s.Status != bulk.Completed {
				f.Errorf("%s %s: %s %+v", s.Type, s.JobID, s.Status, s.Error)
			}
		}
		for i := range people {
			if m := f.member(fmt.Sprint("p", i)); m.Values.Get("plan") != "third" {
				f.Errorf("p%d has plan %v", i, m.Values.Get("plan"))
			}
		}
	})
}
