package fieldchange_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/directory"
	"github.com/regulars/regulars/internal/member/membertest"
	"github.com/regulars/regulars/internal/sqldb"
)

type fixture struct{ *membertest.Fixture }

func each(t *testing.T, test func(f *fixture)) {
	t.Helper()
	membertest.Each(t, func(f *membertest.Fixture) { test(&fixture{f}) })
}

func typed(t field.Type) *field.Type { return &t }

func yes(b bool) *bool { return &b }

func text(s string) *string { return &s }

// index is what the index knows of a field, as key and username.
func (f *fixture) index(field field.Field) []string {
	f.Helper()
	list, err := sqldb.All(f.Context(), f.DB, sqldb.Value[string], `SELECT v.key || ' ' || a.username FROM member_values v JOIN accounts a ON a.id = v.user_id
		WHERE v.community_id = $1 AND v.field_id = $2 ORDER BY v.key, v.user_id`, f.Community, field.ID)
	f.OK(err)
	return list
}

// workFields works the jobs of fields until there are none.
func (f *fixture) workFields() {
	f.Helper()
	engine := jobs.New(f.DB, clock.Clock{}, slog.New(slog.DiscardHandler), jobs.EngineOptions{})
	f.FieldChanges.RegisterJobs(engine)
	for {
		waiting, err := sqldb.All(f.Context(), f.DB, sqldb.Value[string], "SELECT id FROM jobs WHERE kind = 'member.field_work' AND finished_at = 0")
		f.OK(err)
		if len(waiting) == 0 {
			return
		}
		f.OK(engine.RunUntilDone(f.Context(), waiting[0]))
	}
}

func shortened(v any) string {
	text := fmt.Sprint(v)
	return text[:min(len(text), 20)]
}

func TestATypeIsChangedWithAllValuesOrNotAtAll(t *testing.T) {
	choices := []string{"Tea", "Coffee", "12"}
	numbers, dates := json.Number("12.5"), "2024-02-29"
	for _, test := range []struct {
		from, to field.Type
		value    any
		want     any // nil: it does not fit
	}{
		{field.SingleLine, field.Numerical, "12.50", numbers},
		{field.SingleLine, field.Numerical, "a dozen", nil},
		{field.SingleLine, field.Date, "2024-02-29", dates},
		{field.SingleLine, field.Date, "29 Feb", nil},
		{field.SingleLine, field.Boolean, "Yes", true},
		{field.SingleLine, field.Boolean, "maybe", nil},
		{field.SingleLine, field.Select, "tea", "Tea"},
		{field.SingleLine, field.Select, "milk", nil},
		{field.SingleLine, field.MultiSelect, "coffee, Tea", []string{"Tea", "Coffee"}},
		{field.SingleLine, field.Email, "a@example.com", "a@example.com"},
		{field.SingleLine, field.Email, "a", nil},
		{field.SingleLine, field.Phone, "+44 20 7123 4567", "+442071234567"},
		{field.SingleLine, field.Country, "Germany", "DE"},
		{field.SingleLine, field.URL, "https://example.com/x", "https://example.com/x"},
		{field.SingleLine, field.MultiLine, "a", "a"},
		{field.MultiLine, field.SingleLine, "a\nb", "a b"},
		{field.MultiLine, field.SingleLine, strings.Repeat("x", 1001), nil},
		{field.Numerical, field.SingleLine, 12.5, "12.5"},
		{field.Numerical, field.Select, 12.0, "12"},
		{field.Numerical, field.Boolean, 1.0, true},
		{field.Numerical, field.Date, 1.0, nil},
		{field.Boolean, field.SingleLine, true, "true"},
		{field.Boolean, field.Numerical, true, nil},
		{field.Date, field.SingleLine, dates, dates},
		{field.Date, field.Numerical, dates, nil},
		{field.Select, field.SingleLine, "Tea", "Tea"},
		{field.Select, field.MultiSelect, "Tea", []string{"Tea"}},
		{field.MultiSelect, field.Select, []any{"Tea"}, "Tea"},
		{field.MultiSelect, field.Select, []any{"Tea", "Coffee"}, nil},
		{field.MultiSelect, field.SingleLine, []any{"Tea", "Coffee"}, "Tea, Coffee"},
		{field.Country, field.SingleLine, "DE", "DE"},
		{field.Email, field.URL, "a@example.com", nil},
		{field.URL, field.MultiLine, "https://example.com", "https://example.com"},
		{field.Phone, field.Numerical, "+442071234567", json.Number("442071234567")},
	} {
		t.Run(fmt.Sprintf("%s to %s of %v", test.from, test.to, shortened(test.value)), func(t *testing.T) {
			t.Parallel()
			each(t, func(f *fixture) {
				people := f.People("ann", "bob")
				in := field.Input{Field: "x", Type: test.from, Filterable: true}
				if test.from == field.Select || test.from == field.MultiSelect {
					in.Options = choices
				}
				fld := f.Define(in)
				f.OK(membertest.AsError(f.Change(people[0], "x", test.value)))
				before := f.Value(people[0], "x")
				u := field.Update{Type: typed(test.to)}
				if test.to == field.Select || test.to == field.MultiSelect {
					u.Options = choices
				}
				changed, err := f.FieldChanges.UpdateField(f.Context(), membertest.Command, f.Community, fld.ID, u)
				after := f.Value(people[0], "x")
				rows := f.Histories(directory.HistoryFilter{Source: "field"})
				if test.want == nil {
					if e := errs.From(err); e == nil || e.Code != "values_do_not_fit" || len(e.Fields) != 1 || !strings.Contains(e.Fields[0].Message, "ann@example.com") {
						f.Errorf("not refused: %v", err)
					}
					now, err := f.Fields.Get(f.Context(), membertest.Command, f.Community, fld.ID)
					f.OK(err)
					if d := cmp.Diff(fld, now); d != "" || !field.Equal(before, after) || rows != nil {
						f.Errorf("changed: %s %v %v", d, after, rows)
					}
					return
				}
				f.OK(err)
				if !field.Equal(after, test.want) || changed.Type != test.to || !changed.Indexed || changed.InProgress() {
					f.Errorf("%#v, want %#v; %+v", after, test.want, changed)
				}
				if converted := !field.Equal(before, after); converted != (len(rows) == 1) {
					f.Errorf("history: %v", rows)
				}
				if len(f.index(fld)) == 0 {
					f.Error("the index is empty")
				}
			})
		})
	}
}

func TestAnOptionInUseGoesOnlyForAnother(t *testing.T) {
	each(t, func(f *fixture) {
		people := f.People("ann", "bob", "cid")
		fld := f.Define(field.Input{Field: "drink", Type: field.MultiSelect, Options: []string{"Tea", "Coffee", "Milk"}, Filterable: true})
		for i, drinks := range []string{"Tea,Coffee", "Coffee", "Milk"} {
			f.OK(membertest.AsError(f.Change(people[i], "drink", drinks)))
		}
		change := func(u field.Update) error {
			_, err := f.FieldChanges.UpdateField(f.Context(), membertest.Command, f.Community, fld.ID, u)
			return err
		}
		err := change(field.Update{Options: []string{"Tea", "Water"}})
		if e := errs.From(err); e == nil || e.Code != "option_in_use" || len(e.Fields) != 2 || e.Fields[0].Message != `"Coffee": 2 members.` || e.Fields[1].Message != `"Milk": one member.` {
			f.Fatalf("%v", err)
		}
		if e := errs.From(change(field.Update{Options: []string{"Tea", "Coffee"}})); e == nil || !strings.HasPrefix(e.Message, "One member has ") {
			f.Errorf("one member: %v", e)
		}
		if err := change(field.Update{Options: []string{"Tea", "Water"}, Replace: map[string]*string{"Coffee": text("Milk"), "Milk": nil}}); !errs.Is(err, "option_in_use") {
			f.Errorf("replaced by what goes too: %v", err)
		}
		f.OK(change(field.Update{Options: []string{"Water", "Tea"}, Replace: map[string]*string{"Coffee": text("Water"), "Milk": nil}}))
		got := []any{f.Value(people[0], "drink"), f.Value(people[1], "drink"), f.Value(people[2], "drink")}
		if d := cmp.Diff([]any{[]string{"Water", "Tea"}, []string{"Water"}, nil}, got); d != "" {
			f.Error(d)
		}
		if d := cmp.Diff([]string{"tea ann", "water ann", "water bob"}, f.index(fld)); d != "" {
			f.Error(d)
		}
		lines := f.Histories(directory.HistoryFilter{Source: "field"})
		slices.Sort(lines)
		if d := cmp.Diff([]string{"drink: [Coffee] > [Water] (field)", "drink: [Milk] > <nil> (field)", "drink: [Tea Coffee] > [Water Tea] (field)"}, lines); d != "" {
			f.Error(d)
		}
		f.OK(change(field.Update{Options: []string{"Tea", "Water", "Beer"}})) // another order is no change of a value
		if n := len(f.Histories(directory.HistoryFilter{Source: "field"})); n != 3 {
			f.Errorf("%d rows", n)
		}
		if code := f.Change(people[0], "drink", "water,tea"); code != "" || !field.Equal(f.Value(people[0], "drink"), []string{"Tea", "Water"}) {
			f.Errorf("%v %s", f.Value(people[0], "drink"), code)
		}
	})
}

func TestWhatAFieldRefuses(t *testing.T) {
	each(t, func(f *fixture) {
		fld := f.Define(field.Input{Field: "plan", Name: "Plan"})
		f.Define(field.Input{Field: "size", Name: "Size"})
		for _, test := range []struct {
			name, ref string
			u         field.Update
			code      string
		}{
			{"nothing", fld.ID, field.Update{}, ""},
			{"its own name", "plan", field.Update{Field: text("Plan"), Name: text("The plan"), Order: ptr(int64(7))}, ""},
			{"a taken name", "plan", field.Update{Name: text("SIZE")}, "duplicate_field"},
			{"a default field's name", "plan", field.Update{Name: text("E-Mail")}, ""},
			{"a default field's exact name", "plan", field.Update{Name: text("Email")}, "invalid_input reserved"},
			{"another database name", "plan", field.Update{Field: text("plan2")}, "invalid_input fixed"},
			{"a select without options", "plan", field.Update{Type: typed(field.Select)}, "invalid_input length"},
			{"a default value of the wrong type", "plan", field.Update{Type: typed("number"), DefaultValue: "x"}, "invalid_input invalid_number"},
			{"a default field", "country", field.Update{Name: text("Land")}, "default_field"},
			{"no such field", f.Elsewhere(), field.Update{}, "field_not_found"},
		} {
			if _, err := f.FieldChanges.UpdateField(f.Context(), membertest.Command, f.Community, test.ref, test.u); membertest.Code(err) != test.code {
				f.Errorf("%s: %v", test.name, err)
			}
		}
		if _, err := f.FieldChanges.UpdateField(f.Context(), membertest.Command, f.Elsewhere(), fld.ID, field.Update{}); !errs.Is(err, "field_not_found") {
			f.Errorf("of another community: %v", err)
		}
		if _, err := f.FieldChanges.DeleteField(f.Context(), membertest.Command, f.Community, "email", "email"); !errs.Is(err, "default_field") {
			f.Error(err)
		}
	})
}

func ptr[T any](v T) *T { return &v }

func TestAnIdentifierHasToBeUnique(t *testing.T) {
	each(t, func(f *fixture) {
		people := f.People("ann", "bob", "cid")
		fld := f.Define(field.Input{Field: "card"})
		f.OK(membertest.AsError(f.Change(people[0], "card", "c1")))
		f.OK(membertest.AsError(f.Change(people[1], "card", "C1")))
		change := func(u field.Update) error {
			_, err := f.FieldChanges.UpdateField(f.Context(), membertest.Command, f.Community, fld.ID, u)
			return err
		}
		if err := change(field.Update{Identifier: yes(true)}); !errs.Is(err, "not_unique") || !strings.Contains(err.Error(), `"c1"`) {
			f.Fatal(err)
		}
		f.OK(membertest.AsError(f.Change(people[1], "card", "02.0")))
		f.OK(membertest.AsError(f.Change(people[0], "card", "1")))
		f.OK(change(field.Update{Identifier: yes(true)}))
		if code := f.Change(people[2], "card", "02.0"); code != "identifier_taken" {
			f.Errorf("taken: %q", code)
		}
		f.OK(change(field.Update{Type: typed(field.Numerical)}))
		if code := f.Change(people[2], "card", 2.0); code != "identifier_taken" {
			f.Errorf("taken as a number: %q", code)
		}
		f.OK(change(field.Update{Identifier: yes(false)}))
		f.OK(membertest.AsError(f.Change(people[2], "card", 2.0)))
	})
}

func TestADeletedFieldTakesItsValuesAndLeavesItsHistory(t *testing.T) {
	each(t, func(f *fixture) {
		people := f.People("ann", "bob")
		fld := f.Define(field.Input{Field: "plan", Name: "Plan", Filterable: true, Identifier: true})
		f.OK(membertest.AsError(f.Change(people[0], "plan", "gold")))
		_, err := f.FieldChanges.DeleteField(f.Context(), membertest.Command, f.Community, fld.ID, "")
		if e := errs.From(err); e == nil || e.Code != "confirm_needed" || !strings.HasPrefix(e.Message, "1 members") {
			f.Fatal(err)
		}
		_, err = f.FieldChanges.DeleteField(f.Context(), membertest.Command, f.Community, fld.ID, "plan")
		f.OK(err)
		if v := f.Value(people[0], "plan"); v != nil || len(f.index(fld)) != 0 {
			f.Errorf("left: %v %v", v, f.index(fld))
		}
		want := []string{"plan: gold > <nil> (field)", "plan: <nil> > gold (api)"}
		if d := cmp.Diff(want, f.Histories(directory.HistoryFilter{FieldID: fld.ID})); d != "" {
			f.Error(d)
		}
		rows, _, err := f.Members.Histories(f.Context(), membertest.Command, f.Community, directory.HistoryFilter{FieldID: fld.ID, Limit: 1})
		f.OK(err)
		if _, err := f.Members.Revert(f.Context(), membertest.Command, f.Community, rows[0].ID); !errs.Is(err, "field_gone") {
			f.Error(err)
		}
		if found, err := f.Fields.ID(f.Context(), membertest.Command, f.Community, fld.ID); err != nil || found != fld.ID {
			f.Errorf("its history is not found: %v", err)
		}
		again := f.Define(field.Input{Field: "plan", Name: "Plan", Identifier: true})
		f.OK(membertest.AsError(f.Change(people[1], "plan", "gold")))
		if lines := f.Histories(directory.HistoryFilter{FieldID: again.ID}); len(lines) != 1 {
			f.Errorf("%v", lines)
		}
		unused := f.Define(field.Input{Field: "unused"})
		if _, err := f.FieldChanges.DeleteField(f.Context(), membertest.Command, f.Community, unused.ID, ""); err != nil {
			f.Error(err)
		}
	})
}

// crowd adds so many members that work on their values takes a job.
func (f *fixture) crowd(field string) []*member.Record {
	f.Helper()
	const many = 5_010
	names := make([]string, many)
	for i := range names {
		names[i] = fmt.Sprintf("m%05d", i)
	}
	people := f.People(names...)
	definition, err := f.Fields.Get(f.Context(), membertest.Command, f.Community, field)
	f.OK(err)
	for i, r := range people {
		r.Set(&definition, fmt.Sprint(i))
	}
	f.OK(f.DB.Tx(f.Context(), func(tx *sqldb.Tx) error { return member.Update(f.Context(), tx, f.Community, people) }))
	return people
}

func TestAJobConvertsManyValuesAndGoesOnAfterACrash(t *testing.T) {
	each(t, func(f *fixture) {
		fld := f.Define(field.Input{Field: "points"})
		people := f.crowd("points")
		changed, err := f.FieldChanges.UpdateField(f.Context(), membertest.Command, f.Community, fld.ID, field.Update{Type: typed(field.Numerical), Filterable: yes(true), Identifier: yes(true)})
		f.OK(err)
		if changed.Type != field.SingleLine || changed.Work.Kind != field.ConvertAll || changed.Work.Total != int64(len(people)) {
			f.Fatalf("%+v", changed)
		}
		if code := f.Change(people[0], "points", "7"); code != "field_busy" {
			f.Errorf("changed meanwhile: %q", code)
		}
		if code := f.Change(people[0], "country", "DE"); code != "" {
			f.Errorf("another field: %q", code)
		}
		if _, err := f.FieldChanges.UpdateField(f.Context(), membertest.Command, f.Community, fld.ID, field.Update{Name: text("P")}); !errs.Is(err, "field_busy") {
			f.Error(err)
		}
		f.interrupt(fld)
		f.workFields()
		now, err := f.Fields.Get(f.Context(), membertest.Command, f.Community, fld.ID)
		f.OK(err)
		if now.Type != field.Numerical || now.InProgress() || !now.Indexed || !now.Identifier {
			f.Fatalf("%+v", now)
		}
		if v := f.Value(people[4_999], "points"); v != json.Number("4999") {
			f.Errorf("%#v", v)
		}
		rows, err := sqldb.One(f.Context(), f.DB, "row", sqldb.Value[int], "SELECT count(*) FROM field_history WHERE community_id = $1 AND source_type = 'field'", f.Community)
		f.OK(err)
		keys, err := sqldb.One(f.Context(), f.DB, "row", sqldb.Value[int], "SELECT count(*) FROM member_identifiers WHERE community_id = $1 AND field_id = $2", f.Community, fld.ID)
		f.OK(err)
		if n := len(f.index(fld)); rows != len(people) || n != len(people) || keys != len(people) {
			f.Errorf("%d changes, %d in the index, %d identifiers", rows, n, keys)
		}
		if code := f.Change(people[0], "points", 4_999.0); code != "identifier_taken" {
			f.Errorf("%q", code)
		}
	})
}

// interrupt lets the job of a field die once it has converted some values.
func (f *fixture) interrupt(field field.Field) {
	f.Helper()
	engine := jobs.New(f.DB, clock.Clock{}, slog.New(slog.DiscardHandler), jobs.EngineOptions{})
	f.FieldChanges.RegisterJobs(engine)
	jobID, err := sqldb.One(f.Context(), f.DB, "job", sqldb.Value[string], "SELECT id FROM jobs WHERE kind = 'member.field_work'")
	f.OK(err)
	_, err = f.DB.Exec(f.Context(), "UPDATE jobs SET crashes = 2 WHERE id = $1", jobID)
	f.OK(err)
	ctx, die := context.WithCancel(f.Context())
	ended := make(chan error, 1)
	go func() { ended <- engine.RunUntilDone(ctx, jobID) }()
	for begun := false; !begun; {
		begun, err = sqldb.One(f.Context(), f.DB, "work", sqldb.Value[bool], "SELECT EXISTS (SELECT 1 FROM field_jobs WHERE field_id = $1 AND stage = 'apply' AND position <> '')", field.ID)
		f.OK(err)
	}
	die()
	if err := <-ended; err == nil {
		f.Fatal("the job did not die")
	}
	if crashes, err := sqldb.One(f.Context(), f.DB, "job", sqldb.Value[int], "SELECT crashes FROM jobs WHERE id = $1", jobID); err != nil || crashes != 0 {
		f.Errorf("the work moved on, and its processes ended %d times without (%v)", crashes, err)
	}
}

func TestAValueThatStopsToFitEndsTheWork(t *testing.T) {
	each(t, func(f *fixture) {
		fld := f.Define(field.Input{Field: "points", Name: "Points"})
		people := f.crowd("points")
		_, err := f.FieldChanges.UpdateField(f.Context(), membertest.Command, f.Community, fld.ID, field.Update{Type: typed(field.Numerical)})
		f.OK(err)
		// Somebody who was looked up before the work began writes after it.
		people[5_005].Set(&fld, "five")
		f.OK(f.DB.Tx(f.Context(), func(tx *sqldb.Tx) error { return member.Update(f.Context(), tx, f.Community, people[5_005:5_006]) }))
		f.workFields()
		now, err := f.Fields.Get(f.Context(), membertest.Command, f.Community, fld.ID)
		f.OK(err)
		if now.Type != field.SingleLine || now.InProgress() || now.Work.Error.IsZero() || f.Value(people[0], "points") != "0" {
			f.Fatalf("%+v", now)
		}
		f.OK(membertest.AsError(f.Change(people[5_005], "points", "5")))
		_, err = f.FieldChanges.UpdateField(f.Context(), membertest.Command, f.Community, fld.ID, field.Update{Filterable: yes(true)})
		f.OK(err)
		f.OK(membertest.AsError(f.Change(people[0], "points", "changed while it is filled")))
		f.workFields()
		if now, err = f.Fields.Get(f.Context(), membertest.Command, f.Community, fld.ID); err != nil || !now.Indexed || !now.Work.Error.IsZero() || len(f.index(fld)) != len(people) {
			f.Fatalf("%+v %v", now, err)
		}
		gone, err := f.FieldChanges.DeleteField(f.Context(), membertest.Command, f.Community, fld.ID, "points")
		f.OK(err)
		if _, err := f.Fields.Create(f.Context(), membertest.Command, f.Community, field.Input{Field: "points", Name: "Points", Type: field.SingleLine}); !errs.Is(err, "duplicate_field") {
			f.Errorf("made again while it is cleared: %v", err)
		}
		if _, err := f.Fields.Get(f.Context(), membertest.Command, f.Community, gone.ID); !errs.Is(err, "field_not_found") {
			f.Error(err)
		}
		f.workFields()
		if v := f.Value(people[77], "points"); v != nil || len(f.index(gone)) != 0 {
			f.Errorf("left: %v", v)
		}
		f.Define(field.Input{Field: "points", Name: "Points"})
	})
}

func TestAFieldThatWasFilterableBeforeThereWasAnIndexGetsOne(t *testing.T) {
	each(t, func(f *fixture) {
		ann := f.People("ann")[0]
		field := f.Define(field.Input{Field: "plan", Filterable: true})
		f.OK(membertest.AsError(f.Change(ann, "plan", "gold")))
		for _, query := range []string{"DELETE FROM member_values", "UPDATE field_definitions SET indexed = FALSE", `INSERT INTO field_jobs (community_id, field_id, kind, stage, target, position, done, total, error, actor, updated_at)
			SELECT community_id, id, 'index', '', '{}', '', 0, 0, '', '', 0 FROM field_definitions WHERE filterable`} {
			_, err := f.DB.Exec(f.Context(), query)
			f.OK(err)
		}
		f.OK(f.FieldChanges.Sweep(f.Context()))
		// Its process ended three times: it rests for a day.
		for ago, want := range map[time.Duration]int{time.Hour: 0, 25 * time.Hour: 1} {
			_, err := f.DB.Exec(f.Context(), "UPDATE jobs SET state = 'dead', crashes = 3, finished_at = $1", time.Now().Add(-ago).UnixMilli())
			f.OK(err)
			f.OK(f.FieldChanges.Sweep(f.Context()))
			left, err := sqldb.One(f.Context(), f.DB, "count", sqldb.Value[int], "SELECT count(*) FROM jobs WHERE kind = 'member.field_work' AND finished_at = 0")
			f.OK(err)
			if left != want {
				f.Errorf("%v after its end: %d jobs, want %d", ago, left, want)
			}
			if _, err := f.DB.Exec(f.Context(), "DELETE FROM jobs WHERE finished_at = 0"); err != nil {
				f.Fatal(err)
			}
		}
		_, err := f.DB.Exec(f.Context(), "DELETE FROM jobs")
		f.OK(err)
		f.OK(f.FieldChanges.Sweep(f.Context()))
		f.workFields()
		now, err := f.Fields.Get(f.Context(), membertest.Command, f.Community, field.ID)
		f.OK(err)
		if !now.Indexed || now.InProgress() || !cmp.Equal(f.index(field), []string{"gold ann"}) {
			f.Errorf("%+v %v", now, f.index(field))
		}
	})
}
