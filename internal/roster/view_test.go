package roster_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/directory"
	"github.com/regulars/regulars/internal/member/membertest"
)

func TestAViewIsKeptForOnePersonUnderItsName(t *testing.T) {
	each(t, func(f *fixture) {
		ada, bob := actor.Actor{Kind: actor.Session, AccountID: "ada", InstallationOwner: true}, actor.Actor{Kind: actor.Session, AccountID: "bob", InstallationOwner: true}
		save := func(account actor.Actor, name, query string) {
			_, err := f.Members.SaveView(f.Context(), account, f.Community, name, query)
			f.OK(err)
		}
		save(ada, " Germans ", "f=country")
		save(ada, "ALL", "")
		save(ada, "germans", "f=country&q=x")
		save(bob, "Germans", "q=y")
		views, err := f.Members.Views(f.Context(), ada, f.Community)
		f.OK(err)
		var got []string
		for _, v := range views {
			got = append(got, v.Name+"?"+v.Query)
		}
		if diff := cmp.Diff([]string{"ALL?", "germans?f=country&q=x"}, got); diff != "" {
			f.Fatal(diff)
		}
		if err := f.Members.DeleteView(f.Context(), bob, f.Community, views[0].ID); !errs.Is(err, "view_not_found") {
			f.Fatalf("of another person: %v", err)
		}
		f.OK(f.Members.DeleteView(f.Context(), ada, f.Community, views[0].ID))
		for name, query := range map[string]string{"": "x", strings.Repeat("n", 51): "x", "a\x07b": "x", "long": strings.Repeat("x", 4001)} {
			if _, err := f.Members.SaveView(f.Context(), ada, f.Community, name, query); errs.KindOf(err) != errs.Invalid {
				f.Errorf("%.20q: %v", name, err)
			}
		}
		for i := range 99 {
			save(ada, fmt.Sprint("view ", i), "")
		}
		if _, err := f.Members.SaveView(f.Context(), ada, f.Community, "one more", ""); !errs.Is(err, "too_many_views") {
			f.Fatal(err)
		}
	})
}

func TestATagIsPutOnManyAtOnceWithTheirHistory(t *testing.T) {
	each(t, func(f *fixture) {
		tag, err := f.Members.CreateTag(f.Context(), membertest.Command, f.Community, "vip")
		f.OK(err)
		ids := membertest.IDs(f.People("ann", "bob", "cid"))
		put := func(ids []string, on bool) int {
			n, err := f.Members.SetTag(f.Context(), membertest.Command, f.Community, tag.ID, ids, on, member.Source{Type: "console"})
			f.OK(err)
			return n
		}
		if a, b, c := put(ids[:2], true), put(append(ids, ids...), true), put(ids[1:], false); a != 2 || b != 1 || c != 2 {
			f.Fatalf("%d %d %d were changed", a, b, c)
		}
		if got := f.Matching(map[string]any{"tag": "vip"}); got != "ann" {
			f.Fatalf("tagged: %s", got)
		}
		if rows := f.rowsOf(ids[1])["field_history"]; rows != 2 {
			f.Fatalf("%d rows of history", rows)
		}
		_, err = f.Members.SetTag(f.Context(), membertest.Command, f.Community, tag.ID, append(ids, "6a21d1c09f3b0c4d5e6f7a8b"), true, member.Source{Type: "console"})
		if !errs.Is(err, "user_not_found") || f.Matching(map[string]any{"tag": "vip"}) != "ann" {
			f.Fatalf("%v; tagged: %s", err, f.Matching(map[string]any{"tag": "vip"}))
		}
	})
}

func TestMembersInEveryStateCanBeListed(t *testing.T) {
	each(t, func(f *fixture) {
		all := f.People("ann", "bob")
		f.SetState(member.Left, all[1])
		if got := f.Usernames(directory.Filter{State: member.Left, Search: "b"}); cmp.Diff([]string{"bob"}, got) != "" {
			f.Fatal(got)
		}
		list, err := f.Members.List(f.Context(), membertest.Command, f.Community, directory.Filter{State: member.Left, Limit: 5})
		f.OK(err)
		if list.Total != 1 || len(f.Usernames(directory.Filter{})) != 1 {
			f.Fatalf("total %d", list.Total)
		}
	})
}
