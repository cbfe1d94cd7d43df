package bulk_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/bulk/job"
	"github.com/regulars/regulars/internal/bulk/outcome"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/member"
)

const shirts = "Email,Username,First Name,Last Name,T-Shirt Size,Visits\na@example.com,aa,A,A,M,3\nb@example.com,bb,B,B,L,4\nc@example.com,cc,C,C,,5\nd@example.com,dd,D,D,S,\n"

func shirtFields() []job.NewField {
	return []job.NewField{job.NewFieldOf("T-Shirt Size", field.SingleLine), job.NewFieldOf("Visits", field.Numerical)}
}

// fieldNames are the database names and types of the custom fields.
func (f *fixture) fieldNames() []string {
	f.Helper()
	list, err := f.fields.List(f.Context(), command, f.community)
	f.ok(err)
	names := []string{}
	for _, one := range list {
		if !one.Default {
			names = append(names, one.Field+":"+string(one.Type))
		}
	}
	return names
}

func (f *fixture) wantFields(names ...string) {
	f.Helper()
	if d := cmp.Diff(append([]string{"plan:single-line-text", "score:numerical"}, names...), f.fieldNames()); d != "" {
		f.Fatal(d)
	}
}

func (f *fixture) apply(plan bulk.Status) bulk.Status {
	f.Helper()
	s, err := f.bulk.Apply(f.Context(), command, f.community, plan.JobID, "")
	f.ok(err)
	return f.work(s)
}

func TestNewFieldsAreCreatedByTheRunAndNotByTheCheck(t *testing.T) {
	each(t, func(f *fixture) {
		before := f.state()
		plan := f.run(bulk.Import, shirts, bulk.Options{DryRun: true, NewFields: shirtFields()})
		f.want(plan, bulk.Completed, 4, 0, 0, 0, 0)
		f.wantFields()
		f.same(before)
		if got := len(plan.Options.NewFields); got != 2 {
			t.Fatalf("the check lists %d new fields", got)
		}
		var values []string
		for _, c := range f.details(plan, bulk.DetailFilter{Line: 2})[0].Changes {
			values = append(values, c.Field)
		}
		if !slices.Contains(values, "t-shirt-size") || !slices.Contains(values, "visits") {
			t.Errorf("values of the first row: %v", values)
		}
		for range 2 { // the undo restores the state in which the plan was made
			done := f.apply(plan)
			f.want(done, bulk.Completed, 4, 0, 0, 0, 0)
			f.wantFields("t-shirt-size:single-line-text", "visits:numerical")
			if got := sprint(f.member("bb").Values.Map()); !strings.Contains(got, "L") || !strings.Contains(got, "4") {
				t.Errorf("bb has %s", got)
			}
			f.want(f.undo(done), bulk.Completed, 0, 4, 0, 0, 0)
			f.wantFields()
		}
		if got := len(f.details(plan, bulk.DetailFilter{})); got != 4 {
			t.Errorf("the check has %d rows after the undo", got)
		}
	})
}

func TestNewFieldsOfADirectImportAreUndoneAndAudited(t *testing.T) {
	each(t, func(f *fixture) {
		before := f.state()
		done := f.run(bulk.Import, shirts, bulk.Options{NewFields: shirtFields()})
		f.want(done, bulk.Completed, 4, 0, 0, 0, 0)
		again := f.run(bulk.Import, shirts, bulk.Options{NewFields: shirtFields()})
		f.want(again, bulk.Completed, 0, 0, 4, 0, 0)
		f.wantFields("t-shirt-size:single-line-text", "visits:numerical")
		f.want(f.undo(again), bulk.Completed, 0, 0, 0, 0, 0)
		f.wantFields("t-shirt-size:single-line-text", "visits:numerical")
		f.want(f.undo(done), bulk.Completed, 0, 4, 0, 0, 0)
		f.same(before)
		entries, _, err := audit.List(f.Context(), f.db, f.community, audit.Filter{Limit: 100})
		f.ok(err)
		counts := map[audit.Verb]int{}
		for _, e := range entries {
			counts[e.Action]++
		}
		if counts["field.create"] != 4 || counts["field.delete"] != 2 { // two of the fixture
			t.Errorf("audit log: %v", counts)
		}
	})
}

func TestAnUndoKeepsNewFieldsThatAreUsed(t *testing.T) {
	for name, use := range map[string]func(f *fixture){
		"a value": func(f *fixture) { f.change("ann", "visits", json.Number("7")) },
		"a required field": func(f *fixture) {
			_, err := f.changes.UpdateField(f.Context(), command, f.community, "visits", field.Update{Description: new("Visits of the shop")})
			f.ok(err)
		},
		"a saved view": func(f *fixture) {
			_, err := f.db.Exec(f.Context(), "INSERT INTO saved_views (community_id, user_id, id, name, name_key, query, created_at) VALUES ($1, 'u', 'v', 'Visitors', 'visitors', 'field=visits', 0)", f.community)
			f.ok(err)
		},
		"joining": func(f *fixture) {
			one, err := f.fields.Get(f.Context(), command, f.community, "visits")
			f.ok(err)
			_, err = f.communities.Update(f.Context(), f.community, community.Change{Joining: &community.Joining{Policy: community.JoinOpen, RequiredFields: []string{one.ID}}}, actor.Actor{})
			f.ok(err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(f *fixture) {
				f.run(bulk.Import, people, bulk.Options{})
				done := f.run(bulk.Import, shirts, bulk.Options{NewFields: shirtFields()})
				use(f)
				undo := f.undo(done)
				f.want(undo, bulk.Completed, 0, 4, 0, 0, 0)
				f.wantFields("visits:numerical")
				if d := cmp.Diff(map[int]string{2: "visits:used_elsewhere"}, f.causes(undo)); d != "" {
					t.Error(d)
				}
			})
		})
	}
}

func TestANewFieldThatWasCreatedMeanwhileIsUsedIfItsTypeFits(t *testing.T) {
	each(t, func(f *fixture) {
		plan := f.run(bulk.Import, shirts, bulk.Options{DryRun: true, NewFields: shirtFields()})
		f.field(field.Input{Field: "visits", Name: "Visits", Type: field.Numerical})
		if _, err := f.bulk.Apply(f.Context(), command, f.community, plan.JobID, ""); !errs.Is(err, "plan_stale") {
			t.Fatalf("applied: %v", err)
		}
		plan = f.run(bulk.Import, shirts, bulk.Options{DryRun: true, NewFields: plan.Options.NewFields})
		if list := plan.Options.NewFields; len(list) != 1 || list[0].Field != "t-shirt-size" {
			t.Fatalf("new fields: %+v", list)
		}
		f.want(f.apply(plan), bulk.Completed, 4, 0, 0, 0, 0)
		f.wantFields("visits:numerical", "t-shirt-size:single-line-text")
	})
}

func TestInvalidNewFieldsAreRejectedBeforeTheCheck(t *testing.T) {
	each(t, func(f *fixture) {
		for what, c := range map[string]struct {
			list []job.NewField
			code string
		}{
			"a list of roles":  {[]job.NewField{job.NewFieldOf("Visits", field.RoleList)}, "unknown_type"},
			"a reserved name":  {[]job.NewField{job.NewFieldOf("xp", field.Numerical)}, "reserved"},
			"another type":     {[]job.NewField{job.NewFieldOf("Plan", field.Date)}, "duplicate_field"},
			"no such column":   {append(shirtFields(), job.NewFieldOf("Shoes", field.Numerical)), "unknown_header"},
			"twice":            {append(shirtFields(), job.NewFieldOf("visits", field.Numerical)), "duplicate_field"},
			"an ignored field": {[]job.NewField{job.NewFieldOf("T-Shirt Size", field.SingleLine), {Header: "Visits", Field: "other", Name: "Other", Type: field.Date}}, "unknown_header"},
		} {
			o := bulk.Options{DryRun: true, NewFields: c.list, Mapping: map[string]*string{"Visits": nil}}
			_, err := f.startUpload(f.Context(), f.input(bulk.Import, shirts, o))
			e := errs.From(err)
			if e == nil || e.Code != "invalid_header" || !slices.ContainsFunc(e.Fields, func(w errs.Field) bool { return w.Code == c.code }) {
				t.Errorf("%s: %+v", what, err)
			}
		}
		f.wantFields()
	})
}

func TestNewFieldsNeedThePermissionOfTheCheckAndOfTheRun(t *testing.T) {
	each(t, func(f *fixture) {
		importer := f.key(permission.BulkUpdateUser)
		in := f.input(bulk.Import, shirts, bulk.Options{DryRun: true, NewFields: shirtFields()})
		in.Actor = importer
		if _, err := f.startUpload(f.Context(), in); errs.KindOf(err) != errs.Forbidden {
			t.Errorf("checked without permission: %v", err)
		}
		plan := f.run(bulk.Import, shirts, bulk.Options{DryRun: true, NewFields: shirtFields()})
		if _, err := f.bulk.Apply(f.Context(), importer, f.community, plan.JobID, ""); errs.KindOf(err) != errs.Forbidden {
			t.Errorf("applied without permission: %v", err)
		}
		f.wantFields()
		f.openImports(true)
		in.Actor, in.Options.DryRun = actor.Actor{Kind: actor.Open}, false
		if _, err := f.startUpload(f.Context(), in); err == nil {
			t.Error("imported without a credential")
		}
		f.openImports(false)
		f.wantFields()
		plan = f.run(bulk.Import, shirts, bulk.Options{DryRun: true, NewFields: shirtFields()})
		both := f.key(permission.BulkUpdateUser, permission.UserFields)
		s, err := f.bulk.Apply(f.Context(), both, f.community, plan.JobID, "")
		f.ok(err)
		f.want(f.work(s), bulk.Completed, 4, 0, 0, 0, 0)
		f.wantFields("t-shirt-size:single-line-text", "visits:numerical")
	})
}

func TestADraftHasNewFieldsAndSuggestsTheirTypes(t *testing.T) {
	each(t, func(f *fixture) {
		d, err := f.stage(f.Context(), f.input(bulk.Import, shirts, bulk.Options{}))
		f.ok(err)
		if size, visits := d.Columns[4], d.Columns[5]; size.NewType != field.SingleLine || visits.NewType != field.Numerical || visits.New != "" {
			t.Fatalf("%+v %+v", size, visits)
		}
		o := d.Options
		o.NewFields = shirtFields()
		o.Mapping = map[string]*string{"T-Shirt Size": &o.NewFields[0].Field, "Visits": &o.NewFields[1].Field}
		d, err = f.bulk.Restage(f.Context(), command, f.community, d.ID, o)
		f.ok(err)
		if visits := d.Columns[5]; !d.Problem.IsZero() || visits.New != field.Numerical || visits.Field != "visits" {
			t.Fatalf("%+v %+v", visits, d.Problem)
		}
		if len(d.Fields) != len(field.DefaultFields())+2 {
			t.Errorf("%d fields to choose from", len(d.Fields))
		}
		plan, err := f.bulk.StartDraft(f.Context(), command, f.community, d.ID, true)
		f.ok(err)
		f.want(f.work(plan), bulk.Completed, 4, 0, 0, 0, 0)
		f.wantFields()
		f.want(f.apply(plan), bulk.Completed, 4, 0, 0, 0, 0)
		f.wantFields("t-shirt-size:single-line-text", "visits:numerical")
		d, err = f.bulk.Draft(f.Context(), command, f.community, d.ID)
		f.ok(err)
		if len(d.Options.NewFields) != 0 || d.Columns[5].New != "" || d.Columns[5].Field != "visits" {
			t.Errorf("after the run: %+v", d.Columns[5])
		}
		o.NewFields = []job.NewField{job.NewFieldOf("Visits", field.Date)}
		d, err = f.bulk.Restage(f.Context(), command, f.community, d.ID, o)
		f.ok(err)
		if d.Columns[5].Problem.IsZero() {
			t.Error("a field of another type has no problem")
		}
	})
}

func TestACheckCountsTheRowsOfTagsThatTheRunCreates(t *testing.T) {
	each(t, func(f *fixture) {
		rows := "Email,Username,First Name,Last Name,Tag\na@example.com,aa,A,A,\"gold,beta\"\nb@example.com,bb,B,B,silver\nc@example.com,cc,C,C,beta\nd@example.com,dd,D,D,\"gold,silver\"\nbad,,,,bronze\na@example.com,aa,,,\"gold,beta,silver\"\n"
		o := bulk.Options{DryRun: true, CreateTags: true, NewFields: nil}
		plan := f.run(bulk.Import, rows, o)
		want := []outcome.PlannedTag{{Name: "gold", Rows: 3, Line: 2}, {Name: "silver", Rows: 3, Line: 3}}
		if plan.Creates == nil || plan.Creates.TotalTags != 2 {
			t.Fatalf("%+v", plan.Creates)
		}
		if d := cmp.Diff(want, plan.Creates.Tags); d != "" {
			t.Error(d)
		}
		if done := f.apply(plan); done.Creates != nil {
			t.Errorf("the run lists %+v", done.Creates)
		}
		if plan = f.run(bulk.Import, rows, o); plan.Creates != nil {
			t.Errorf("tags that exist are listed: %+v", plan.Creates)
		}
		var many strings.Builder
		many.WriteString("Email,Username,First Name,Last Name,Tag\n")
		for i := range 60 {
			fmt.Fprintf(&many, "m%[1]d@example.com,m%[1]d,M,M,t%[1]d\n", i)
		}
		if plan = f.run(bulk.Import, many.String(), o); len(plan.Creates.Tags) != 50 || plan.Creates.TotalTags != 60 {
			t.Errorf("%d of %d tags", len(plan.Creates.Tags), plan.Creates.TotalTags)
		}
	})
}

func TestAValueWrittenDuringAnUndoKeepsItsNewField(t *testing.T) {
	each(t, func(f *fixture) {
		f.run(bulk.Import, people, bulk.Options{})
		ann, writes := f.member("ann").ID, 0
		for range 5 {
			done := f.run(bulk.Import, shirts, bulk.Options{NewFields: shirtFields()})
			undo, err := f.bulk.Undo(f.Context(), command, f.community, done.JobID, "")
			f.ok(err)
			written := make(chan int)
			go func() {
				n := 0
				for {
					_, err := f.members.Change(f.Context(), command, f.community, ann, []member.FieldValue{{Field: "visits", Value: json.Number(strconv.Itoa(n % 9))}}, member.Source{Type: "console"})
					if err != nil || n == 40 {
						break
					}
					n++
				}
				written <- n
			}()
			f.work(undo)
			n := <-written
			writes += n
			exists := slices.Contains(f.fieldNames(), "visits:numerical")
			has, err := member.CountWithValue(f.Context(), f.db, f.community, "visits")
			f.ok(err)
			if exists != (has > 0) {
				t.Fatalf("the field exists: %v, and %d members have a value after %d writes", exists, has, n)
			}
			if exists {
				_, err := f.changes.DeleteField(f.Context(), command, f.community, "visits", "visits")
				f.ok(err)
			}
		}
		if writes == 0 {
			t.Error("no value was written")
		}
	})
}
