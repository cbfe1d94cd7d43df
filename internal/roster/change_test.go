package roster_test

import (
	"encoding/json"
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/directory"
	"github.com/regulars/regulars/internal/member/membertest"
)

func TestAChangeIsCheckedWrittenAndKept(t *testing.T) {
	each(t, func(f *fixture) {
		ann := f.Unclaimed("ann", "bob")[0]
		f.Define(field.Input{Field: "points", Type: field.Numerical})
		f.Define(field.Input{Field: "sizes", Type: field.MultiSelect, Options: []string{"S", "M"}})
		f.Define(field.Input{Field: "plan", Name: "The Plan"})
		_, err := f.Members.CreateTag(f.Context(), membertest.Command, f.Community, "vip")
		f.OK(err)
		for _, test := range []struct {
			field string
			value any
			code  string
		}{
			{"points", 12.50, ""},
			{"points", "12.5", ""}, // the same: no change
			{"points", "many", "invalid_input invalid_number"},
			{"sizes", []any{"m", "S"}, ""},
			{"The Plan", "gold", ""},
			{"plan", "", ""},
			{"country", "Germany", ""},
			{"first_name", "", "invalid_input cannot_clear"},
			{"first_name", "Anna", ""},
			{"tag", []any{"vip"}, ""},
			{"tag", "vip, none", "invalid_input unknown_tag"},
			{"role", "VIP", "invalid_input use_roles"},
			{"email", "x@example.com", "invalid_input not_changeable"},
			{"username", "bob", "username_taken"},
			{"username", "anna", ""},
			{"shoe", 1, "invalid_input unknown_field"},
		} {
			if code := f.Change(ann, test.field, test.value); code != test.code {
				f.Errorf("%s = %v: %q, want %q", test.field, test.value, code, test.code)
			}
		}
		m, err := f.Members.Find(f.Context(), membertest.Command, f.Community, "anna")
		f.OK(err)
		want := map[string]any{"points": json.Number("12.5"), "sizes": []string{"S", "M"}}
		if d := cmp.Diff(want, m.Values.Map()); d != "" || m.Country != "DE" || m.FirstName != "Anna" || len(m.TagIDs) != 1 {
			f.Errorf("%s %+v", d, m)
		}
		lines := []string{
			"username: ann > anna (api)", "tag: <nil> > [vip] (api)", "first_name: ann > Anna (api)", "country: <nil> > DE (api)",
			"plan: gold > <nil> (api)", "plan: <nil> > gold (api)", "sizes: <nil> > [S M] (api)", "points: <nil> > 12.5 (api)",
			"email: <nil> > ann@example.com (created)", "first_name: <nil> > ann (created)", "last_name: <nil> > Éli (created)", "username: <nil> > ann (created)",
		}
		if d := cmp.Diff(lines, f.Histories(directory.HistoryFilter{UserID: ann.ID})); d != "" {
			f.Error(d)
		}
	})
}

func TestAChangeIsAllOrNothing(t *testing.T) {
	each(t, func(f *fixture) {
		ann := f.People("ann")[0]
		f.Define(field.Input{Field: "plan"})
		values := []member.FieldValue{{Field: "plan", Value: "gold"}, {Field: "phone", Value: "?"}, {Field: "country", Value: "Atlantis"}}
		_, err := f.Members.Change(f.Context(), membertest.Command, f.Community, ann.ID, values, membertest.ByAPI)
		if e := errs.From(err); e == nil || len(e.Fields) != 2 || e.Fields[0].Field != "phone" || e.Fields[1].Field != "country" {
			f.Fatal(err)
		}
		if lines := f.Histories(directory.HistoryFilter{Source: "api"}); lines != nil {
			f.Error(lines)
		}
	})
}

func TestOnlyWhoIsHereOrIsToComeCanBeChanged(t *testing.T) {
	each(t, func(f *fixture) {
		ann := f.People("ann")[0]
		for state, code := range map[string]string{member.Left: "user_not_found", member.Deleted: "user_not_found", member.Pending: ""} {
			f.SetState(state, ann)
			if got := f.Change(ann, "country", "DE"); got != code {
				f.Errorf("%s: %q", state, got)
			}
		}
		ann.ID = id.New(clock.Clock{}.Now())
		if code := f.Change(ann, "country", "DE"); code != "user_not_found" {
			f.Error(code)
		}
	})
}

func TestOneOfManyTakesAnIdentifier(t *testing.T) {
	each(t, func(f *fixture) {
		f.Define(field.Input{Field: "card", Identifier: true})
		people := f.People("a1", "a2", "a3", "a4", "a5", "a6")
		codes := make([]string, len(people))
		var work sync.WaitGroup
		for i, who := range people {
			work.Go(func() { codes[i] = f.Change(who, "card", "C-7") })
		}
		work.Wait()
		taken := 0
		for i, code := range codes {
			if code == "" {
				taken++
				if again := f.Change(people[i], "card", "c-8"); again != "" {
					f.Error(again)
				}
			} else if code != "identifier_taken" {
				f.Error(code)
			}
		}
		if taken != 1 {
			f.Fatalf("%d members have the card", taken)
		}
		for i, code := range codes {
			if code != "" {
				if code := f.Change(people[i], "card", "c-7"); code != "" {
					f.Errorf("a card that was given up: %s", code)
				}
				break
			}
		}
	})
}

func TestChangesOfOneMemberAtOnceAreAllInTheHistory(t *testing.T) {
	each(t, func(f *fixture) {
		ann := f.People("ann")[0]
		f.Define(field.Input{Field: "plan"})
		var work sync.WaitGroup
		for i := range 12 {
			work.Go(func() {
				if code := f.Change(ann, "plan", fmt.Sprint("p", i)); code != "" {
					f.Error(code)
				}
			})
		}
		work.Wait()
		rows, _, err := f.Members.Histories(f.Context(), membertest.Command, f.Community, directory.HistoryFilter{UserID: ann.ID, Source: "api", Limit: 50})
		f.OK(err)
		if len(rows) != 12 {
			f.Fatalf("%d rows", len(rows))
		}
		follows := map[any]any{}
		for _, h := range rows {
			follows[h.Old] = h.New
		}
		at, steps := any(nil), 0
		for next, ok := follows[at]; ok; next, ok = follows[at] {
			at, steps = next, steps+1
		}
		m, err := f.Members.Find(f.Context(), membertest.Command, f.Community, "ann")
		f.OK(err)
		if steps != 12 || m.Values.Get("plan") != at {
			f.Errorf("%d changes follow each other, to %v; the field is %v", steps, at, m.Values.Get("plan"))
		}
	})
}

func TestARowIsReverted(t *testing.T) {
	each(t, func(f *fixture) {
		ann := f.People("ann")[0]
		f.Define(field.Input{Field: "plan"})
		f.Define(field.Input{Field: "sizes", Type: field.MultiSelect, Options: []string{"S", "M"}})
		for _, plan := range []string{"silver", "gold"} {
			f.OK(membertest.AsError(f.Change(ann, "plan", plan)))
		}
		f.OK(membertest.AsError(f.Change(ann, "sizes", "S,M")))
		f.OK(membertest.AsError(f.Change(ann, "sizes", nil)))
		f.OK(membertest.AsError(f.Change(ann, "first_name", "Anna")))
		rows, _, err := f.Members.Histories(f.Context(), membertest.Command, f.Community, directory.HistoryFilter{UserID: ann.ID, Source: "api", Limit: 50})
		f.OK(err)
		for i, want := range []string{"Anna > ann", "<nil> > [S M]", "", "gold > silver", "silver > <nil>"} {
			made, err := f.Members.Revert(f.Context(), membertest.Command, f.Community, rows[i].ID)
			if want == "" {
				f.OK(err) // took the sizes away again
				continue
			}
			if got := fmt.Sprintf("%v > %v", made.Old, made.New); err != nil || got != want || made.Source != (member.Source{Type: "revert", ID: rows[i].ID}) || made.Actor != membertest.Command.Ref() {
				f.Errorf("%s: %+v %v", want, made, err)
			}
		}
		if _, err := f.Members.Revert(f.Context(), membertest.Command, f.Community, rows[4].ID); !errs.Is(err, "value_unchanged") {
			f.Error(err)
		}
		if _, err := f.Members.Revert(f.Context(), membertest.Command, f.Elsewhere(), rows[3].ID); !errs.Is(err, "history_not_found") {
			f.Errorf("another community's row: %v", err)
		}
	})
}

func TestADeletedTagLeavesARowForEachWhoHadIt(t *testing.T) {
	each(t, func(f *fixture) {
		people := f.People("ann", "bob", "cid")
		for _, name := range []string{"vip", "new"} {
			_, err := f.Members.CreateTag(f.Context(), membertest.Command, f.Community, name)
			f.OK(err)
		}
		f.OK(membertest.AsError(f.Change(people[0], "tag", "vip")))
		f.OK(membertest.AsError(f.Change(people[1], "tag", "vip,new")))
		tags, err := f.Members.Tags(f.Context(), membertest.Command, f.Community)
		f.OK(err)
		vip := tags[1].ID
		f.OK(f.Members.DeleteTag(f.Context(), membertest.Command, f.Community, vip))
		f.RunJobs()
		rows, _, err := f.Members.Histories(f.Context(), membertest.Command, f.Community, directory.HistoryFilter{FieldID: field.TagName, Source: "tag", Limit: 10})
		f.OK(err)
		if len(rows) != 2 || rows[0].Source.ID != vip {
			f.Fatalf("%+v", rows)
		}
		for _, h := range rows {
			if h.UserID == people[0].ID && h.New != nil || h.UserID == people[1].ID && !field.Equal(h.New, []string{"new"}) {
				f.Errorf("%+v", h)
			}
		}
	})
}
