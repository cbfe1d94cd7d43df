package member_test

import (
	"encoding/json"
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/member"
)

var (
	someone = actor.Actor{Kind: actor.Command}
	byAPI   = member.Source{Type: "api", ID: "k1"}
)

func (f *fixture) define(in field.Input) field.Field {
	f.Helper()
	if in.Name == "" {
		in.Name = in.Field
	}
	if in.Type == "" {
		in.Type = field.SingleLine
	}
	made, err := f.fields.Create(f.Context(), f.community, in)
	f.ok(err)
	return made
}

// change gives one field a value and returns the code of the refusal.
func (f *fixture) change(who *member.Record, field string, value any) string {
	f.Helper()
	_, err := f.members.Change(f.Context(), someone, f.community, who.ID, []member.FieldValue{{Field: field, Value: value}}, byAPI)
	return codeOf(err)
}

// codeOf is the code of an error and of its first field.
func codeOf(err error) string {
	e := errs.From(err)
	switch {
	case err == nil:
		return ""
	case e == nil:
		return err.Error()
	case e.Code == "invalid_input":
		return e.Code + " " + e.Fields[0].Code
	}
	return e.Code
}

// histories tells all rows of a filter, made up ones too, newest first.
func (f *fixture) histories(filter member.HistoryFilter) (lines []string) {
	f.Helper()
	for {
		filter.Limit = 3
		rows, next, err := f.members.Histories(f.Context(), f.community, filter)
		f.ok(err)
		for _, h := range rows {
			lines = append(lines, fmt.Sprintf("%s: %v > %v (%s)", h.Field, h.Old, h.New, h.Source.Type))
		}
		if filter.Cursor = next; next == "" {
			return lines
		}
	}
}

func TestAChangeIsCheckedWrittenAndKept(t *testing.T) {
	each(t, func(f *fixture) {
		ann := f.unclaimed("ann", "bob")[0]
		f.define(field.Input{Field: "points", Type: field.Numerical})
		f.define(field.Input{Field: "sizes", Type: field.MultiSelect, Options: []string{"S", "M"}})
		f.define(field.Input{Field: "plan", Name: "The Plan"})
		_, err := f.members.CreateTag(f.Context(), f.community, "vip")
		f.ok(err)
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
			if code := f.change(ann, test.field, test.value); code != test.code {
				f.Errorf("%s = %v: %q, want %q", test.field, test.value, code, test.code)
			}
		}
		m, err := f.members.Find(f.Context(), f.community, "anna")
		f.ok(err)
		want := map[string]any{"points": json.Number("12.5"), "sizes": []string{"S", "M"}}
		if d := cmp.Diff(want, m.Fields); d != "" || m.Country != "DE" || m.FirstName != "Anna" || len(m.TagIDs) != 1 {
			f.Errorf("%s %+v", d, m)
		}
		lines := []string{
			"username: ann > anna (api)", "tag: <nil> > [vip] (api)", "first_name: ann > Anna (api)", "country: <nil> > DE (api)",
			"plan: gold > <nil> (api)", "plan: <nil> > gold (api)", "sizes: <nil> > [S M] (api)", "points: <nil> > 12.5 (api)",
			"email: <nil> > ann@example.com (created)", "first_name: <nil> > ann (created)", "last_name: <nil> > Éli (created)", "username: <nil> > ann (created)",
		}
		if d := cmp.Diff(lines, f.histories(member.HistoryFilter{UserID: ann.ID})); d != "" {
			f.Error(d)
		}
	})
}

func TestAChangeIsAllOrNothing(t *testing.T) {
	each(t, func(f *fixture) {
		ann := f.people("ann")[0]
		f.define(field.Input{Field: "plan"})
		values := []member.FieldValue{{Field: "plan", Value: "gold"}, {Field: "phone", Value: "?"}, {Field: "country", Value: "Atlantis"}}
		_, err := f.members.Change(f.Context(), someone, f.community, ann.ID, values, byAPI)
		if e := errs.From(err); e == nil || len(e.Fields) != 2 || e.Fields[0].Field != "phone" || e.Fields[1].Field != "country" {
			f.Fatal(err)
		}
		if lines := f.histories(member.HistoryFilter{Source: "api"}); lines != nil {
			f.Error(lines)
		}
	})
}

func TestOnlyWhoIsHereOrIsToComeCanBeChanged(t *testing.T) {
	each(t, func(f *fixture) {
		ann := f.people("ann")[0]
		for state, code := range map[string]string{member.Left: "user_not_found", member.Deleted: "user_not_found", member.Pending: ""} {
			f.setState(state, ann)
			if got := f.change(ann, "country", "DE"); got != code {
				f.Errorf("%s: %q", state, got)
			}
		}
		ann.ID = id.New(clock.Clock{}.Now())
		if code := f.change(ann, "country", "DE"); code != "user_not_found" {
			f.Error(code)
		}
	})
}

func TestOneOfManyTakesAnIdentifier(t *testing.T) {
	each(t, func(f *fixture) {
		f.define(field.Input{Field: "card", Identifier: true})
		people := f.people("a1", "a2", "a3", "a4", "a5", "a6")
		codes := make([]string, len(people))
		var work sync.WaitGroup
		for i, who := range people {
			work.Go(func() { codes[i] = f.change(who, "card", "C-7") })
		}
		work.Wait()
		taken := 0
		for i, code := range codes {
			if code == "" {
				taken++
				if again := f.change(people[i], "card", "c-8"); again != "" {
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
				if code := f.change(people[i], "card", "c-7"); code != "" {
					f.Errorf("a card that was given up: %s", code)
				}
				break
			}
		}
	})
}

func TestChangesOfOneMemberAtOnceAreAllInTheHistory(t *testing.T) {
	each(t, func(f *fixture) {
		ann := f.people("ann")[0]
		f.define(field.Input{Field: "plan"})
		var work sync.WaitGroup
		for i := range 12 {
			work.Go(func() {
				if code := f.change(ann, "plan", fmt.Sprint("p", i)); code != "" {
					f.Error(code)
				}
			})
		}
		work.Wait()
		rows, _, err := f.members.Histories(f.Context(), f.community, member.HistoryFilter{UserID: ann.ID, Source: "api", Limit: 50})
		f.ok(err)
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
		m, err := f.members.Find(f.Context(), f.community, "ann")
		f.ok(err)
		if steps != 12 || m.Fields["plan"] != at {
			f.Errorf("%d changes follow each other, to %v; the field is %v", steps, at, m.Fields["plan"])
		}
	})
}

func TestARowIsReverted(t *testing.T) {
	each(t, func(f *fixture) {
		ann := f.people("ann")[0]
		f.define(field.Input{Field: "plan"})
		f.define(field.Input{Field: "sizes", Type: field.MultiSelect, Options: []string{"S", "M"}})
		for _, plan := range []string{"silver", "gold"} {
			f.ok(asError(f.change(ann, "plan", plan)))
		}
		f.ok(asError(f.change(ann, "sizes", "S,M")))
		f.ok(asError(f.change(ann, "sizes", nil)))
		f.ok(asError(f.change(ann, "first_name", "Anna")))
		rows, _, err := f.members.Histories(f.Context(), f.community, member.HistoryFilter{UserID: ann.ID, Source: "api", Limit: 50})
		f.ok(err)
		for i, want := range []string{"Anna > ann", "<nil> > [S M]", "", "gold > silver", "silver > <nil>"} {
			made, err := f.members.Revert(f.Context(), someone, f.community, rows[i].ID)
			if want == "" {
				f.ok(err) // took the sizes away again
				continue
			}
			if got := fmt.Sprintf("%v > %v", made.Old, made.New); err != nil || got != want || made.Source != (member.Source{Type: "revert", ID: rows[i].ID}) || made.Actor != someone.Ref() {
				f.Errorf("%s: %+v %v", want, made, err)
			}
		}
		if _, err := f.members.Revert(f.Context(), someone, f.community, rows[4].ID); !errs.Is(err, "value_unchanged") {
			f.Error(err)
		}
		if _, err := f.members.Revert(f.Context(), someone, id.New(clock.Clock{}.Now()), rows[3].ID); !errs.Is(err, "history_not_found") {
			f.Errorf("another community's row: %v", err)
		}
	})
}

func asError(code string) error {
	if code == "" {
		return nil
	}
	return errs.New(errs.Internal, code, "refused")
}

func TestADeletedTagLeavesARowForEachWhoHadIt(t *testing.T) {
	each(t, func(f *fixture) {
		people := f.people("ann", "bob", "cid")
		for _, name := range []string{"vip", "new"} {
			_, err := f.members.CreateTag(f.Context(), f.community, name)
			f.ok(err)
		}
		f.ok(asError(f.change(people[0], "tag", "vip")))
		f.ok(asError(f.change(people[1], "tag", "vip,new")))
		tags, err := f.members.Tags(f.Context(), f.community)
		f.ok(err)
		vip := tags[1].ID
		f.ok(f.members.DeleteTag(f.Context(), f.community, vip))
		f.work()
		rows, _, err := f.members.Histories(f.Context(), f.community, member.HistoryFilter{FieldID: field.TagName, Source: "tag", Limit: 10})
		f.ok(err)
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
