package member_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/membertest"
	"github.com/regulars/regulars/internal/sqldb"
)

func TestOnlyTagsThatNoMemberGotMeanwhileAreDeleted(t *testing.T) {
	each(t, func(f *fixture) {
		people := f.People("ann", "bob")
		ids, named := []string{}, map[string]string{}
		for _, name := range []string{"kept", "given", "inserted", "unused", "also unused"} {
			tag, err := f.Members.CreateTag(f.Context(), membertest.Command, f.Community, name)
			f.OK(err)
			ids, named[name] = append(ids, tag.ID), tag.ID
		}
		f.OK(membertest.AsError(f.Change(people[0], "tag", "kept")))
		f.OK(f.DB.Tx(f.Context(), func(tx *sqldb.Tx) error { return member.WatchTags(f.Context(), tx, f.Community, ids) }))
		used, err := member.UsedTags(f.Context(), f.DB, f.Community, ids)
		f.OK(err)
		if d := cmp.Diff(map[string]bool{named["kept"]: true}, used); d != "" {
			t.Fatal(d)
		}
		// What is written between the two.
		f.OK(membertest.AsError(f.Change(people[0], "country", "DE")))
		f.OK(membertest.AsError(f.Change(people[1], "tag", "given")))
		late := &member.Record{ID: id.New(clock.Clock{}.Now()), Email: "cat@example.com", EmailKey: "cat@example.com", Username: "cat", UsernameKey: "cat", State: member.Active, FirstName: "cat", LastName: "C", TagIDs: []string{named["inserted"]}, JoinedAt: 1, UpdatedAt: 1}
		f.OK(f.DB.Tx(f.Context(), func(tx *sqldb.Tx) error {
			return member.Insert(f.Context(), tx, f.Community, []*member.Record{late})
		}))
		var deleted []string
		f.OK(f.DB.Tx(f.Context(), func(tx *sqldb.Tx) error {
			// Others wait for this transaction, so it must not read the members.
			if _, err := tx.Exec(f.Context(), "ALTER TABLE members RENAME TO unreadable"); err != nil {
				return err
			}
			if deleted, err = member.DeleteUnusedTags(f.Context(), tx, f.Community, ids, used); err != nil {
				return err
			}
			_, err := tx.Exec(f.Context(), "ALTER TABLE unreadable RENAME TO members")
			return err
		}))
		if d := cmp.Diff(membertest.Sorted([]string{named["unused"], named["also unused"]}), membertest.Sorted(deleted)); d != "" {
			t.Error(d)
		}
		tags, err := f.Members.Tags(f.Context(), membertest.Command, f.Community)
		f.OK(err)
		names := []string{}
		for _, tag := range tags {
			names = append(names, tag.Name)
		}
		if d := cmp.Diff([]string{"given", "inserted", "kept"}, names); d != "" {
			t.Error(d)
		}
		left, err := sqldb.One(f.Context(), f.DB, "count", sqldb.Value[int], "SELECT count(*) FROM unused_tags")
		if f.OK(err); left != 0 {
			t.Errorf("%d watches are left", left)
		}
	})
}
