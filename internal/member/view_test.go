package member_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/member"
)

func TestAViewIsKeptForOnePersonUnderItsName(t *testing.T) {
	each(t, func(f *fixture) {
		ada, bob := actor.Actor{Kind: actor.Session, AccountID: "ada"}, actor.Actor{Kind: actor.Session, AccountID: "bob"}
		save := func(account actor.Actor, name, query string) {
			_, err := f.members.SaveView(f.Context(), f.community, account, name, query)
			f.ok(err)
		}
		save(ada, " Germans ", "f=country")
		save(ada, "ALL", "")
		save(ada, "germans", "f=country&q=x")
		save(bob, "Germans", "q=y")
		views, err := f.members.Views(f.Context(), f.community, ada)
		f.ok(err)
		var got []string
		for _, v := range views {
			got = append(got, v.Name+"?"+v.Query)
		}
		if diff := cmp.Diff([]string{"ALL?", "germans?f=country&q=x"}, got); diff != "" {
			f.Fatal(diff)
		}
		if err := f.members.DeleteView(f.Context(), f.community, bob, views[0].ID); !errs.Is(err, "view_not_found") {
			f.Fatalf("of another person: %v", err)
		}
		f.ok(f.members.DeleteView(f.Context(), f.community, ada, views[0].ID))
		for name, query := range map[string]string{"": "x", strings.Repeat("n", 51): "x", "a\x07b": "x", "long": strings.Repeat("x", 4001)} {
			if _, err := f.members.SaveView(f.Context(), f.community, ada, name, query); errs.KindOf(err) != errs.Invalid {
				f.Errorf("%.20q: %v", name, err)
			}
		}
		for i := range 99 {
			save(ada, fmt.Sprint("view ", i), "")
		}
		if _, err := f.members.SaveView(f.Context(), f.community, ada, "one more", ""); !errs.Is(err, "too_many_views") {
			f.Fatal(err)
		}
	})
}

func TestATagIsPutOnManyAtOnceWithTheirHistory(t *testing.T) {
	each(t, func(f *fixture) {
		tag, err := f.members.CreateTag(f.Context(), f.community, "vip")
		f.ok(err)
		ids := idsOf(f.people("ann", "bob", "cid"))
		put := func(ids []string, on bool) int {
			n, err := f.members.PutTag(f.Context(), command, f.community, tag.ID, ids, on, member.Source{Type: "console"})
			f.ok(err)
			return n
		}
		if a, b, c := put(ids[:2], true), put(append(ids, ids...), true), put(ids[1:], false); a != 2 || b != 1 || c != 2 {
			f.Fatalf("%d %d %d were changed", a, b, c)
		}
		if got := f.who(map[string]any{"tag": "vip"}); got != "ann" {
			f.Fatalf("tagged: %s", got)
		}
		if rows := f.rowsOf(ids[1])["field_history"]; rows != 2 {
			f.Fatalf("%d rows of history", rows)
		}
		_, err = f.members.PutTag(f.Context(), command, f.community, tag.ID, append(ids, "6a21d1c09f3b0c4d5e6f7a8b"), true, member.Source{Type: "console"})
		if !errs.Is(err, "user_not_found") || f.who(map[string]any{"tag": "vip"}) != "ann" {
			f.Fatalf("%v; tagged: %s", err, f.who(map[string]any{"tag": "vip"}))
		}
	})
}

func TestMembersInEveryStateCanBeListed(t *testing.T) {
	each(t, func(f *fixture) {
		all := f.people("ann", "bob")
		f.setState(member.Left, all[1])
		if got := f.names(member.Filter{State: member.Left, Search: "b"}); cmp.Diff([]string{"bob"}, got) != "" {
			f.Fatal(got)
		}
		list, err := f.members.List(f.Context(), f.community, member.Filter{State: member.Left, Limit: 5})
		f.ok(err)
		if list.Total != 1 || len(f.names(member.Filter{})) != 1 {
			f.Fatalf("total %d", list.Total)
		}
	})
}
