package member_test

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
	"github.com/regulars/regulars/internal/sqldb"
)

// die lets the process that works on fields end for the third time.
func (f *fixture) die() {
	f.Helper()
	n, err := f.db.Exec(f.Context(), "UPDATE jobs SET state = 'running', node_id = 'lost', lease_token = 'lost', lease_until = 9999999999999, deaths = 2 WHERE kind = 'member.field_work' AND finished_at = 0")
	f.ok(err)
	if n != 1 {
		f.Fatalf("%d jobs work on fields", n)
	}
	engine := jobs.New(f.db, clock.Clock{}, slog.New(slog.DiscardHandler), jobs.EngineOptions{ReclaimAll: true})
	f.members.WorkFields(engine)
	f.ok(errors.Join(engine.Start(f.Context()), engine.Stop(context.WithoutCancel(f.Context()))))
}

func (f *fixture) named(field string) *field.Field {
	f.Helper()
	now, err := f.fields.Get(f.Context(), f.community, field)
	f.ok(err)
	return &now
}

func TestAFieldWhoseWorkIsGivenUpBeforeItsFirstChangeIsAsItWas(t *testing.T) {
	each(t, func(f *fixture) {
		fld := f.define(field.Input{Field: "points"})
		people := f.crowd("points")
		for _, update := range []field.Update{{Type: typed(field.Numerical)}, {Identifier: yes(true)}, {Filterable: yes(true)}} {
			_, err := f.members.UpdateField(f.Context(), f.community, fld.ID, update)
			f.ok(err)
			f.die()
			now := f.named("points")
			if now.Works() || !strings.Contains(now.Work.Error, "ended three times") || now.Type != field.SingleLine || now.Identifier {
				t.Fatalf("%+v", now)
			}
			f.ok(asError(f.change(people[0], "points", "five "+now.Work.Kind)))
			f.ok(f.members.Sweep(f.Context())) // does not begin again
			if f.named("points").Works() {
				t.Error("the work began again by itself")
			}
		}
		f.ok(asError(f.change(people[0], "points", "0")))
		_, err := f.members.UpdateField(f.Context(), f.community, fld.ID, field.Update{Type: typed(field.Numerical), Filterable: yes(true), Identifier: yes(true)})
		f.ok(err)
		f.workFields()
		if now := f.named("points"); now.Type != field.Numerical || now.Work.Kind != "" || !now.Filled || !now.Identifier || len(f.index(fld)) != len(people) {
			t.Errorf("%+v", now)
		}
	})
}

func TestAConversionThatIsGivenUpIsContinuedByTheNextUpdate(t *testing.T) {
	each(t, func(f *fixture) {
		fld := f.define(field.Input{Field: "points", Filterable: true})
		people := f.crowd("points")
		_, err := f.db.Exec(f.Context(), "UPDATE members SET fields = '{\"points\":\"a,b\"}'")
		f.ok(err)
		_, err = f.members.UpdateField(f.Context(), f.community, fld.ID, field.Update{Type: typed(field.MultiSelect), Options: []string{"a", "b"}})
		f.ok(err)
		f.interrupt(fld)
		f.die()
		now := f.named("points")
		if now.Works() || now.Work.Error == "" || now.Type != field.MultiSelect {
			t.Fatalf("%+v", now)
		}
		if first, last := f.value(people[0], "points"), f.value(people[5_009], "points"); encoded(t, first) != `["a","b"]` || last != "a,b" {
			t.Fatalf("%v and %v, want one converted and one not", first, last)
		}
		f.ok(asError(f.change(people[1], "points", []any{"b"})))
		_, err = f.members.UpdateField(f.Context(), f.community, fld.ID, field.Update{Name: text("Points again"), Filterable: yes(true)})
		f.ok(err)
		f.workFields()
		if now = f.named("points"); now.Work.Kind != "" || !now.Filled || now.Name != "Points again" {
			t.Errorf("%+v", now)
		}
		for i, want := range map[int]string{0: `["a","b"]`, 1: `["b"]`, 2_500: `["a","b"]`, 5_009: `["a","b"]`} {
			if got := encoded(t, f.value(people[i], "points")); got != want {
				t.Errorf("%d has %s, want %s", i, got, want)
			}
		}
		rows, err := sqldb.One(f.Context(), f.db, "row", sqldb.Value[int], "SELECT count(*) FROM field_history WHERE community_id = $1 AND source_type = 'field'", f.community)
		f.ok(err)
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
		field := f.define(field.Input{Field: "points"})
		people := f.crowd("points")
		_, err := f.members.DeleteField(f.Context(), f.community, field.ID, "points")
		f.ok(err)
		f.die()
		_, err = f.db.Exec(f.Context(), "UPDATE jobs SET finished_at = finished_at - 90000000 WHERE state = 'dead'")
		f.ok(err)
		f.ok(f.members.Sweep(f.Context()))
		f.workFields()
		if v := f.value(people[77], "points"); v != nil {
			t.Errorf("left: %v", v)
		}
	})
}
