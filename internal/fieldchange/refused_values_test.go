package fieldchange_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/member/membertest"
)

func TestAJobConvertsAllValuesThatTheDatabaseLets(t *testing.T) {
	each(t, func(f *fixture) {
		fld := f.Define(field.Input{Field: "points"})
		people := f.crowd("points")
		_, err := f.FieldChanges.UpdateField(f.Context(), membertest.Command, f.Community, fld.ID, field.Update{Type: typed(field.Numerical)})
		f.OK(err)
		f.RefuseUpdates(people[0], people[1_500], people[5_009])
		log := f.CaptureLog()
		f.workFields()
		f.CheckSkipped(log, []string{"field convert"}, people[0], people[1_500], people[5_009])
		now, err := f.Fields.Get(f.Context(), membertest.Command, f.Community, fld.ID)
		f.OK(err)
		if now.Type != field.Numerical || now.InProgress() || !strings.Contains(now.Work.Error.English, "(3)") {
			f.Fatalf("%+v", now)
		}
		for i, want := range map[int]any{0: "0", 1: json.Number("1"), 1_499: json.Number("1499"), 1_500: "1500", 5_008: json.Number("5008"), 5_009: "5009"} {
			if v := f.Value(people[i], "points"); v != want {
				t.Errorf("%d: %#v", i, v)
			}
		}
	})
}

func TestTheRemovalOfAFieldsValuesReportsMembersThatKeepThem(t *testing.T) {
	each(t, func(f *fixture) {
		field := f.Define(field.Input{Field: "points"})
		people := f.People("ann", "bob", "cat")
		for _, r := range people {
			f.OK(membertest.AsError(f.Change(r, "points", "7")))
		}
		f.RefuseUpdates(people[0], people[2])
		log := f.CaptureLog()
		_, err := f.FieldChanges.DeleteField(f.Context(), membertest.Command, f.Community, field.ID, "points")
		f.OK(err)
		f.CheckSkipped(log, []string{"field clear"}, people[0], people[2])
	})
}

func TestAConversionThatTheDatabaseRefusesAtOnceChangesNothing(t *testing.T) {
	each(t, func(f *fixture) {
		fld := f.Define(field.Input{Field: "points"})
		people := f.People("ann", "bob")
		for _, r := range people {
			f.OK(membertest.AsError(f.Change(r, "points", "7")))
		}
		f.RefuseUpdates(people[1])
		if _, err := f.FieldChanges.UpdateField(f.Context(), membertest.Command, f.Community, fld.ID, field.Update{Type: typed(field.Numerical)}); !errs.Is(err, "values_refused") {
			t.Errorf("%v, want values_refused", err)
		}
		if v := f.Value(people[0], "points"); v != "7" {
			t.Errorf("%#v", v)
		}
	})
}

func TestAnIndexThatTheDatabaseRefusesIsGivenUpAtOnce(t *testing.T) {
	each(t, func(f *fixture) {
		fld := f.Define(field.Input{Field: "points"})
		for _, r := range f.People("ann", "bob") {
			f.OK(membertest.AsError(f.Change(r, "points", "7")))
		}
		_, err := f.DB.Exec(f.Context(), "CREATE UNIQUE INDEX one_value ON member_values (key)")
		f.OK(err)
		if _, err := f.FieldChanges.UpdateField(f.Context(), membertest.Command, f.Community, fld.ID, field.Update{Filterable: yes(true)}); !errs.Is(err, "values_refused") {
			t.Errorf("%v, want values_refused", err)
		}
	})
}
