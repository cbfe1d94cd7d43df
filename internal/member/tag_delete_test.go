package member_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sqldb"
)

func TestDeletedTagIsUnusableBeforeItsJobRuns(t *testing.T) {
	each(t, func(f *fixture) {
		ann := f.people("ann", "bob")[0]
		tag, err := f.members.CreateTag(f.Context(), f.community, "vip")
		f.ok(err)
		f.ok(asError(f.change(ann, "tag", "vip")))
		f.ok(f.members.DeleteTag(f.Context(), f.community, tag.ID))
		if tags, err := f.members.Tags(f.Context(), f.community); err != nil || len(tags) != 0 {
			f.Errorf("listed: %v %v", tags, err)
		}
		if code := f.change(ann, "tag", "vip"); code != "invalid_input unknown_tag" {
			f.Errorf("assigned by name: %q", code)
		}
		_, err = f.members.PutTag(f.Context(), command, f.community, tag.ID, []string{ann.ID}, true, member.Source{Type: "api"})
		if !errs.Is(err, "tag_not_found") {
			f.Errorf("assigned by id: %v", err)
		}
		names, err := f.members.Names(f.Context(), f.community)
		f.ok(err)
		shown, err := f.members.Find(f.Context(), f.community, "ann")
		f.ok(err)
		if got := names.TagsOf(&shown); len(got) != 0 {
			f.Errorf("shown: %v", got)
		}
		if got := f.names(member.Filter{TagID: tag.ID, Limit: 9}); got != nil {
			f.Errorf("found by its id: %v", got)
		}

		// Another tag may have the name at once; the job leaves it alone.
		again, err := f.members.CreateTag(f.Context(), f.community, "vip")
		f.ok(err)
		_, err = f.members.PutTag(f.Context(), command, f.community, again.ID, []string{ann.ID}, true, member.Source{Type: "api"})
		f.ok(err)
		f.work()
		shown, err = f.members.Find(f.Context(), f.community, "ann")
		if d := cmp.Diff([]string{again.ID}, shown.TagIDs); err != nil || d != "" {
			f.Errorf("%v %s", err, d)
		}
		rows, _, err := f.members.Histories(f.Context(), f.community, member.HistoryFilter{UserID: ann.ID, Source: "tag", Limit: 9})
		if err != nil || len(rows) != 1 || rows[0].Source.ID != tag.ID {
			f.Errorf("%+v %v", rows, err)
		}
	})
}

func TestRemovalOfATagContinuesAfterACrash(t *testing.T) {
	each(t, func(f *fixture) {
		f.members.SetBatch(2)
		people := f.people("ann", "bob", "cat", "dan", "eve")
		tag, err := f.members.CreateTag(f.Context(), f.community, "vip")
		f.ok(err)
		_, err = f.members.PutTag(f.Context(), command, f.community, tag.ID, idsOf(people), true, member.Source{Type: "api"})
		f.ok(err)
		f.ok(f.members.DeleteTag(f.Context(), f.community, tag.ID))
		f.ok(f.members.RemoveTagOnce(f.Context(), f.community, tag.ID))
		count := func() int {
			n, err := sqldb.One(f.Context(), f.db, "rows", sqldb.Value[int], "SELECT count(*) FROM field_history WHERE source_type = 'tag'")
			f.ok(err)
			return n
		}
		if got := count(); got != 2 {
			f.Errorf("%d rows of the first batch", got)
		}
		f.work()
		if got := count(); got != len(people) {
			f.Errorf("%d rows in the end", got)
		}
		for _, r := range people {
			if m, err := f.members.Find(f.Context(), f.community, r.ID); err != nil || len(m.TagIDs) != 0 {
				f.Errorf("%s has %v %v", r.Username, m.TagIDs, err)
			}
		}
	})
}
