package fieldchange_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/member/membertest"
	"github.com/regulars/regulars/internal/sqldb"
)

// die lets the process that works on fields end for the third time.
func (f *fixture) die() {
	f.Helper()
	n, err := f.DB.Exec(f.Context(), "UPDATE jobs SET state = 'running', node_id = 'lost', lease_token = 'lost', lease_until = 9999999999999, crashes = 2 WHERE kind = 'member.field_work' AND finished_at = 0")
	f.OK(err)
	if n != 1 {
		f.Fatalf("%d jobs work on fields", n)
	}
	engine := jobs.New(f.DB, clock.Clock{}, slog.New(slog.DiscardHandler), jobs.EngineOptions{ReclaimAll: true})
	f.FieldChanges.RegisterJobs(engine)
	f.OK(errors.Join(engine.Start(f.Context()), engine.Stop(context.WithoutCancel(f.Context()))))
}

func (f *fixture) named(field string) *field.Field {
	f.Helper()
	now, err := f.Fields.Get(f.Context(), membertest.Command, f.Community, field)
	f.OK(err)
	return &now
}

func TestAFieldWhoseWorkIsGivenUpBeforeItsFirstChangeIsAsItWas(t *testing.T) {
	each(t, func(f *fixture) {
		fld := f.Define(field.Input{Field: "points"})
		people := f.crowd("points")
		for _, update := range []field.Update{{Type: typed(field.Numerical)}, {Identifier: yes(true)}, {Filterable: yes(true)}} {
			_, err := f.FieldChanges.UpdateField(f.Context(), membertest.Command, f.Community, fld.ID, update)
			f.OK(err)
			f.die()
			now := f.named("points")
			if now.InProgress() || !strings.Contains(now.Work.Error.English, "ended three times") || now.Type != field.SingleLine || now.Identifier {
				t.Fatalf("%+v", now)
			}
			f.OK(membertest.AsError(f.Change(people[0], "points", "five "+now.Work.Kind)))
			f.OK(f.FieldChanges.Sweep(f.Context())) // does not begin again
			if f.named("points").InProgress() {
				t.Error("the work began again by itself")
			}
		}
		f.OK(membertest.AsError(f.Change(people[0], "points", "0")))
		_, err := f.FieldChanges.UpdateField(f.Context(), membertest.Command, f.Community, fld.ID, field.Update{Type: typed(field.Numerical), Filterable: yes(true), Identifier: yes(true)})
		f.OK(err)
		f.workFields()
		if now := f.named("points"); now.Type != field.Numerical || now.Work.Kind != "" || !now.Indexed || !now.Identifier || len(f.index(fld)) != len(people) {
			t.Errorf("%+v", now)
		}
	})
}

func TestAConversionThatIsGivenUpIsContinuedByTheNextUpdate(t *testing.T) {
	each(t, func(f *fixture) {
		fld := f.Define(field.Input{Field: "points", Filterable: true})
		people := f.crowd("points")
		_, err := f.DB.Exec(f.Context(), "UPDATE members SET fields = '{\"points\":\"a,b\"}'")
		f.OK(err)
		_, err = f.FieldChanges.UpdateField(f.Context(), membertest.Command, f.Community, fld.ID, field.Update{Type: typed(field.MultiSelect), Options: []string{"a", "b"}})
		f.OK(err)
		f.interrupt(fld)
		f.die()
		now := f.named("points")
		if now.InProgress() || now.Work.Error.IsZero() || now.Type != field.MultiSelect {
			t.Fatalf("%+v", now)
		}
		if first, last := f.Value(people[0], "points"), f.Value(people[5_009], "points"); encoded(t, first) != `["a","b"]` || last != "a,b" {
			t.Fatalf("%v and %v, want one converted and one not", first, last)
		}
		f.OK(membertest.AsError(f.Change(people[1], "points", []any{"b"})))
		_, err = f.FieldChanges.UpdateField(f.Context(), membertest.Command, f.Community, fld.ID, field.Update{Name: text("Points again"), Filterable: yes(true)})
		f.OK(err)
		f.workFields()
		if now = f.named("points"); now.Work.Kind != "" || !now.Indexed || now.Name != "Points again" {
			t.Errorf("%+v", now)
		}
		for i, want := range map[int]string{0: `["a","b"]`, 1: `["b"]`, 2_500: `["a","b"]`, 5_009: `["a","b"]`} {
			if got := encoded(t, f.Value(people[i], "points")); got != want {
				t.Errorf("%d has %s, want %s", i, got, want)
			}
		}
		rows, err := sqldb.One(f.Context(), f.DB, "row", sqldb.Value[int], "SELECT count(*) FROM field_history WHERE community_id = $1 AND source_type = 'field'", f.Community)
		f.OK(err)
		if rows != len(people) {
			t.Errorf("%d changes in the history, want %d", rows, len(people))
		}
	})
}

func encoded(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestTheRemovalOfAFieldsValuesIsResumedAfterADay(t *testing.T) {
	each(t, func(f *fixture) {
		field := f.Define(field.Input{Field: "points"})
		people := f.crowd("points")
		_, err := f.FieldChanges.DeleteField(f.Context(), membertest.Command, f.Community, field.ID, "points")
		f.OK(err)
		f.die()
		_, err = f.DB.Exec(f.Context(), "UPDATE jobs SET finished_at = finished_at - 90000000 WHERE state = 'dead'")
		f.OK(err)
		f.OK(f.FieldChanges.Sweep(f.Context()))
		f.workFields()
		if v := f.Value(people[77], "points"); v != nil {
			t.Errorf("left: %v", v)
		}
	})
}
