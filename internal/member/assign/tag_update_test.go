package assign_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/directory"
	"github.com/regulars/regulars/internal/member/membertest"
	"github.com/regulars/regulars/internal/sqldb"
)

func (f *fixture) tag(name string) member.Tag {
	f.Helper()
	tag, err := f.Members.CreateTag(f.Context(), membertest.Command, f.Community, name)
	f.OK(err)
	return tag
}

// tagged creates a tag with members.
func (f *fixture) tagged(name string, people ...*member.Record) member.Tag {
	f.Helper()
	tag := f.tag(name)
	_, err := f.Members.SetTag(f.Context(), membertest.Command, f.Community, tag.ID, membertest.IDs(people), true, membertest.ByAPI)
	f.OK(err)
	return tag
}

func (f *fixture) update(tag member.Tag, name string, merge bool) (member.Tag, error) {
	return f.Members.UpdateTag(f.Context(), membertest.Command, f.Community, tag.ID, name, merge)
}

// tags returns the names of the tags of a member, and the stored ids.
func (f *fixture) tags(who *member.Record) (names, ids []string) {
	f.Helper()
	m, err := f.Members.Find(f.Context(), membertest.Command, f.Community, who.ID)
	f.OK(err)
	all, err := f.Members.NamesFor(f.Context(), membertest.Command, f.Community, m)
	f.OK(err)
	return all.TagsOf(&m), m.TagIDs
}

func (f *fixture) wantTags(who *member.Record, want ...string) {
	f.Helper()
	if got, _ := f.tags(who); !slices.Equal(got, want) {
		f.Errorf("%s has %q, want %q", who.Username, got, want)
	}
}

// allTags returns the names of the tags of the community.
func (f *fixture) allTags() (names []string) {
	f.Helper()
	tags, err := f.Members.Tags(f.Context(), membertest.Command, f.Community)
	f.OK(err)
	for _, t := range tags {
		names = append(names, t.Name)
	}
	return names
}

func (f *fixture) actions() (actions []string) {
	f.Helper()
	actions, err := sqldb.All(f.Context(), f.DB, sqldb.Value[string], "SELECT action FROM audit_log WHERE community_id = $1 AND action LIKE 'tag.%' ORDER BY id", f.Community)
	f.OK(err)
	return actions
}

func TestRenamedTagChangesNoMember(t *testing.T) {
	each(t, func(f *fixture) {
		ann := f.People("ann")[0]
		vip := f.tagged("Vip", ann)
		before := f.Histories(directory.HistoryFilter{UserID: ann.ID})
		got, err := f.update(vip, "  VIP ", false)
		if err != nil || got.ID != vip.ID || got.Name != "VIP" {
			f.Fatalf("%+v %v", got, err)
		}
		f.wantTags(ann, "VIP")
		if after := f.Histories(directory.HistoryFilter{UserID: ann.ID}); len(after) != len(before) {
			f.Errorf("histories: %v", after)
		}
		// The same name, also with merge, is no change.
		for _, merge := range []bool{false, true} {
			if got, err := f.update(vip, "VIP", merge); err != nil || got.ID != vip.ID {
				f.Errorf("the same name: %+v %v", got, err)
			}
		}
		// merge without another tag of the name renames.
		if got, err := f.update(vip, "Regular", true); err != nil || got.ID != vip.ID || got.Name != "Regular" {
			f.Errorf("a free name: %+v %v", got, err)
		}
		if d := cmp.Diff([]string{"tag.create", "tag.update", "tag.update"}, f.actions()); d != "" {
			f.Error(d)
		}
	})
}

func TestUpdateOfATagIsRejected(t *testing.T) {
	each(t, func(f *fixture) {
		vip, other := f.tag("Vip"), f.tag("VIP")
		for _, test := range []struct {
			tag   member.Tag
			name  string
			merge bool
			code  string
		}{
			{vip, "VIP", false, "duplicate_tag"},
			{vip, "", false, "invalid_input invalid_tag"},
			{vip, " ", true, "invalid_input invalid_tag"},
			{vip, "a,b", true, "invalid_input invalid_tag"},
			{member.Tag{ID: "665f1a2b3c4d5e6f70819201"}, "VIP", true, "tag_not_found"},
			{member.Tag{ID: ""}, "VIP", true, "tag_not_found"},
		} {
			if _, err := f.update(test.tag, test.name, test.merge); membertest.Code(err) != test.code {
				f.Errorf("%q: %v, want %s", test.name, err, test.code)
			}
		}
		if _, err := f.Members.UpdateTag(f.Context(), actor.Actor{}, f.Community, vip.ID, "x", false); err == nil {
			f.Error("an unknown caller renamed the tag")
		}
		f.OK(f.Members.DeleteTag(f.Context(), membertest.Command, f.Community, other.ID))
		if _, err := f.update(other, "Vip", true); !errs.Is(err, "tag_not_found") {
			f.Errorf("a deleted tag: %v", err)
		}
	})
}

func TestMergedTagIsTheOtherOneAtOnce(t *testing.T) {
	each(t, func(f *fixture) {
		people := f.People("ann", "bob", "cat", "dan")
		ann, bob, cat, dan := people[0], people[1], people[2], people[3]
		vip, other := f.tagged("Vip", ann, bob), f.tagged("VIP", bob, cat)
		f.tagged("new", ann, dan)
		got, err := f.update(vip, "VIP", true)
		if err != nil || got.ID != other.ID {
			f.Fatalf("%+v %v", got, err)
		}
		check := func(when string) {
			f.Helper()
			f.Log(when)
			f.wantTags(ann, "VIP", "new")
			f.wantTags(bob, "VIP")
			f.wantTags(cat, "VIP")
			f.wantTags(dan, "new")
			names, err := f.Members.Names(f.Context(), membertest.Command, f.Community)
			f.OK(err)
			for _, ref := range []string{"VIP", vip.ID, other.ID} {
				if got := f.Usernames(directory.Filter{TagID: names.Tag(ref), Limit: 9}); !slices.Equal(got, []string{"cat", "bob", "ann"}) {
					f.Errorf("filtered by %s: %v", ref, got)
				}
				fields, err := f.Members.FilterFields(f.Context(), membertest.Command, f.Community, map[string]any{"tag": ref})
				f.OK(err)
				where, err := fields.Conditions(map[string]any{"tag": ref})
				f.OK(err)
				if got := f.Usernames(directory.Filter{Where: where, Limit: 9}); !slices.Equal(got, []string{"cat", "bob", "ann"}) {
					f.Errorf("condition %s: %v", ref, got)
				}
			}
			if d := cmp.Diff([]string{"VIP", "new"}, f.allTags()); d != "" {
				f.Error(d)
			}
			if code := f.Change(dan, "tag", "Vip"); code != "invalid_input unknown_tag" {
				f.Errorf("the old name: %q", code)
			}
		}
		check("before the job")
		f.RunJobs()
		check("after the job")
		for _, who := range people[:3] {
			if _, ids := f.tags(who); slices.Contains(ids, vip.ID) {
				f.Errorf("%s has the merged tag", who.Username)
			}
		}
		if got := f.Histories(directory.HistoryFilter{Source: "tag"}); !slices.Contains(got, "tag: [Vip new] > [VIP new] (tag)") || !slices.Contains(got, "tag: [VIP Vip] > [VIP] (tag)") || len(got) != 2 {
			f.Errorf("histories: %q", got)
		}
		if n, err := sqldb.One(f.Context(), f.DB, "rows", sqldb.Value[int], "SELECT count(*) FROM merged_tags WHERE pending"); err != nil || n != 0 {
			f.Errorf("%d pending %v", n, err)
		}
		// The name is free again, for a tag without the members.
		again := f.tagged("Vip", dan)
		f.wantTags(dan, "Vip", "new")
		if got := f.Usernames(directory.Filter{TagID: again.ID, Limit: 9}); !slices.Equal(got, []string{"dan"}) {
			f.Errorf("the new tag: %v", got)
		}
	})
}

func TestMemberChangesDuringAMerge(t *testing.T) {
	each(t, func(f *fixture) {
		people := f.People("ann", "bob", "cat", "dan")
		ann, bob, cat, dan := people[0], people[1], people[2], people[3]
		vip, other := f.tagged("Vip", people...), f.tag("VIP")
		_, err := f.update(vip, "VIP", true)
		f.OK(err)
		set := func(tagID string, who *member.Record, on bool) int {
			n, err := f.Members.SetTag(f.Context(), membertest.Command, f.Community, tagID, []string{who.ID}, on, membertest.ByAPI)
			f.OK(err)
			return n
		}
		if n := set(other.ID, ann, true); n != 0 {
			f.Error("ann has the tag already")
		}
		if n := set(other.ID, bob, false); n != 1 {
			f.Error("bob had no tag to remove")
		}
		if n := set(vip.ID, cat, false); n != 1 { // the old id means the other tag
			f.Error("cat had no tag to remove")
		}
		if n := set(vip.ID, cat, true); n != 1 {
			f.Error("cat did not get the tag")
		}
		f.OK(membertest.AsError(f.Change(dan, "tag", nil)))
		f.RunJobs()
		f.wantTags(ann, "VIP")
		f.wantTags(bob)
		f.wantTags(cat, "VIP")
		f.wantTags(dan)
		// The removal is reverted to the other tag.
		rows, _, err := f.Members.Histories(f.Context(), membertest.Command, f.Community, directory.HistoryFilter{UserID: dan.ID, Source: "api", Limit: 1})
		f.OK(err)
		_, err = f.Members.Revert(f.Context(), membertest.Command, f.Community, rows[0].ID)
		f.OK(err)
		f.wantTags(dan, "VIP")
	})
}

func TestMergesFollowEachOther(t *testing.T) {
	each(t, func(f *fixture) {
		f.Members.SetBatch(1)
		people := f.People("ann", "bob", "cat")
		a, b, c := f.tagged("a", people[0], people[1]), f.tagged("b", people[1]), f.tagged("c", people[2])
		_, err := f.update(a, "b", true)
		f.OK(err)
		f.OK(f.Members.RemoveTagOnce(f.Context(), f.Community, a.ID)) // ann
		_, err = f.update(b, "c", true)
		f.OK(err)
		for _, who := range people {
			f.wantTags(who, "c")
		}
		f.RunJobs()
		for _, who := range people {
			if _, ids := f.tags(who); !slices.Equal(ids, []string{c.ID}) {
				f.Errorf("%s has %v", who.Username, ids)
			}
		}
		if _, err := f.update(a, "c", true); !errs.Is(err, "tag_not_found") {
			f.Errorf("a merged tag: %v", err)
		}
	})
}

func TestDeletedTargetOfAMergeLeavesNoTag(t *testing.T) {
	each(t, func(f *fixture) {
		f.Members.SetBatch(1)
		people := f.People("ann", "bob", "cat")
		vip, other := f.tagged("Vip", people...), f.tag("VIP")
		_, err := f.update(vip, "VIP", true)
		f.OK(err)
		f.OK(f.Members.RemoveTagOnce(f.Context(), f.Community, vip.ID))
		f.OK(f.Members.DeleteTag(f.Context(), membertest.Command, f.Community, other.ID))
		for _, who := range people {
			f.wantTags(who)
		}
		f.RunJobs()
		for _, who := range people {
			if _, ids := f.tags(who); len(ids) != 0 {
				f.Errorf("%s has %v", who.Username, ids)
			}
		}
	})
}

// TestTagWithAnOlderNameIsMergedIntoAndFrom has a tag from before the rule about
// separators.
func TestTagWithAnOlderNameIsMergedIntoAndFrom(t *testing.T) {
	each(t, func(f *fixture) {
		ann := f.People("ann")[0]
		old, vip := f.tag("old"), f.tagged("vip", ann)
		old.Name = "a;b"
		f.OK(f.DB.Tx(f.Context(), func(tx *sqldb.Tx) error { return member.RenameTag(f.Context(), tx, f.Community, old) }))
		if got, err := f.update(old, "a;b", false); err != nil || got.ID != old.ID {
			f.Errorf("the same name: %+v %v", got, err)
		}
		if got, err := f.update(vip, "a;b", true); err != nil || got.ID != old.ID {
			f.Errorf("merged into it: %+v %v", got, err)
		}
		if _, err := f.update(old, "a;c", false); membertest.Code(err) != "invalid_input invalid_tag" {
			f.Errorf("another such name: %v", err)
		}
		if got, err := f.update(old, "ab", false); err != nil || got.Name != "ab" {
			f.Errorf("a rename: %+v %v", got, err)
		}
		f.wantTags(ann, "ab")
	})
}

// TestConcurrentMergesAgree merges tags into each other at the same time: each
// member keeps one tag, and the one that remains is the same for all.
func TestConcurrentMergesAgree(t *testing.T) {
	each(t, func(f *fixture) {
		people := f.People("ann", "bob", "cat", "dan")
		var tags []member.Tag
		for i, who := range people {
			tags = append(tags, f.tagged(fmt.Sprint("t", i), who))
		}
		var all sync.WaitGroup
		for i, tag := range tags {
			for _, step := range []int{1, 2} {
				all.Go(func() {
					_, err := f.update(tag, tags[(i+step)%len(tags)].Name, true)
					if err != nil && !errs.Is(err, "tag_not_found") {
						t.Error(err)
					}
				})
			}
		}
		all.Wait()
		f.RunJobs()
		left, err := f.Members.Tags(f.Context(), membertest.Command, f.Community)
		f.OK(err)
		known := map[string]bool{}
		for _, tag := range left {
			known[tag.ID] = true
		}
		for _, who := range people {
			if _, ids := f.tags(who); len(ids) != 1 || !known[ids[0]] {
				f.Errorf("%s has %v of %v", who.Username, ids, left)
			}
		}
	})
}

func TestConcurrentRenamesToOneNameLeaveOne(t *testing.T) {
	each(t, func(f *fixture) {
		tags := []member.Tag{f.tag("a"), f.tag("b"), f.tag("c")}
		results := make([]error, len(tags))
		var all sync.WaitGroup
		for i, tag := range tags {
			all.Go(func() { _, results[i] = f.update(tag, "same", false) })
		}
		all.Wait()
		refused := slices.DeleteFunc(results, func(err error) bool { return !errs.Is(err, "duplicate_tag") })
		if len(refused) != len(tags)-1 {
			f.Errorf("refused: %v", errors.Join(refused...))
		}
	})
}

func TestMembersThatAMergeSkipsKeepTheOtherTag(t *testing.T) {
	each(t, func(f *fixture) {
		people := f.People("ann", "bob", "cat")
		vip, other := f.tagged("Vip", people...), f.tag("VIP")
		f.RefuseUpdates(people[1])
		log := f.CaptureLog()
		_, err := f.update(vip, "VIP", true)
		f.OK(err)
		f.RunJobs()
		for _, who := range people {
			f.wantTags(who, "VIP")
		}
		if got := f.Usernames(directory.Filter{TagID: other.ID, Limit: 9}); len(got) != len(people) {
			f.Errorf("filtered: %v", got)
		}
		f.CheckSkipped(log, []string{"remove tag"}, people[1])
	})
}
