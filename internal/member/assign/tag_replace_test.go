package assign_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/directory"
	"github.com/regulars/regulars/internal/member/membertest"
	"github.com/regulars/regulars/internal/sqldb"
)

func TestDeletedTagIsUnusableBeforeItsJobRuns(t *testing.T) {
	each(t, func(f *fixture) {
		ann := f.People("ann", "bob")[0]
		tag, err := f.Members.CreateTag(f.Context(), membertest.Command, f.Community, "vip")
		f.OK(err)
		f.OK(membertest.AsError(f.Change(ann, "tag", "vip")))
		f.OK(f.Members.DeleteTag(f.Context(), membertest.Command, f.Community, tag.ID))
		if tags, err := f.Members.Tags(f.Context(), membertest.Command, f.Community); err != nil || len(tags) != 0 {
			f.Errorf("listed: %v %v", tags, err)
		}
		if code := f.Change(ann, "tag", "vip"); code != "invalid_input unknown_tag" {
			f.Errorf("assigned by name: %q", code)
		}
		_, err = f.Members.SetTag(f.Context(), membertest.Command, f.Community, tag.ID, []string{ann.ID}, true, member.Source{Type: "api"})
		if !errs.Is(err, "tag_not_found") {
			f.Errorf("assigned by id: %v", err)
		}
		names, err := f.Members.Names(f.Context(), membertest.Command, f.Community)
		f.OK(err)
		shown, err := f.Members.Find(f.Context(), membertest.Command, f.Community, "ann")
		f.OK(err)
		if got := names.TagsOf(&shown); len(got) != 0 {
			f.Errorf("shown: %v", got)
		}
		if got := f.Usernames(directory.Filter{TagID: tag.ID, Limit: 9}); got != nil {
			f.Errorf("found by its id: %v", got)
		}

		// Another tag may have the name at once; the job leaves it alone.
		again, err := f.Members.CreateTag(f.Context(), membertest.Command, f.Community, "vip")
		f.OK(err)
		_, err = f.Members.SetTag(f.Context(), membertest.Command, f.Community, again.ID, []string{ann.ID}, true, member.Source{Type: "api"})
		f.OK(err)
		f.RunJobs()
		shown, err = f.Members.Find(f.Context(), membertest.Command, f.Community, "ann")
		if d := cmp.Diff([]string{again.ID}, shown.TagIDs); err != nil || d != "" {
			f.Errorf("%v %s", err, d)
		}
		rows, _, err := f.Members.Histories(f.Context(), membertest.Command, f.Community, directory.HistoryFilter{UserID: ann.ID, Source: "tag", Limit: 9})
		if err != nil || len(rows) != 1 || rows[0].Source.ID != tag.ID {
			f.Errorf("%+v %v", rows, err)
		}
	})
}

func TestRemovalOfATagContinuesAfterACrash(t *testing.T) {
	each(t, func(f *fixture) {
		f.Members.SetBatch(2)
		people := f.People("ann", "bob", "cat", "dan", "eve")
		tag, err := f.Members.CreateTag(f.Context(), membertest.Command, f.Community, "vip")
		f.OK(err)
		_, err = f.Members.SetTag(f.Context(), membertest.Command, f.Community, tag.ID, membertest.IDs(people), true, member.Source{Type: "api"})
		f.OK(err)
		f.OK(f.Members.DeleteTag(f.Context(), membertest.Command, f.Community, tag.ID))
		f.OK(f.Members.RemoveTagOnce(f.Context(), f.Community, tag.ID))
		count := func() int {
			n, err := sqldb.One(f.Context(), f.DB, "rows", sqldb.Value[int], "SELECT count(*) FROM field_history WHERE source_type = 'tag'")
			f.OK(err)
			return n
		}
		if got := count(); got != 2 {
			f.Errorf("%d rows of the first batch", got)
		}
		f.RunJobs()
		if got := count(); got != len(people) {
			f.Errorf("%d rows in the end", got)
		}
		for _, r := range people {
			if m, err := f.Members.Find(f.Context(), membertest.Command, f.Community, r.ID); err != nil || len(m.TagIDs) != 0 {
				f.Errorf("%s has %v %v", r.Username, m.TagIDs, err)
			}
		}
	})
}
