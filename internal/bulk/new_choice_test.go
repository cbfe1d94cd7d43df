package bulk_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/bulk/job"
	"github.com/regulars/regulars/internal/bulk/newfield"
	"github.com/regulars/regulars/internal/bulk/source"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sheet"
)

const sizes = "Email,Username,First Name,Last Name,Size,Sports\n" +
	"a@example.com,aa,A,A,M,tennis;Golf\nb@example.com,bb,B,B, xl ,golf ; Chess\nc@example.com,cc,C,C,,\nd@example.com,dd,D,D,m,;\ne@example.com,ee,E,E,10,TENNIS\nf@example.com,ff,F,F,9,#N/A\ng@example.com,gg,G,G,__CLEAR__,\n"

func choiceFields() []job.NewField {
	return []job.NewField{job.NewFieldOf("Size", field.Select), job.NewFieldOf("Sports", field.MultiSelect)}
}

// options are the options of a custom field.
func (f *fixture) options(name string) []string {
	f.Helper()
	one, err := f.fields.Get(f.Context(), command, f.community, name)
	f.ok(err)
	return one.Options
}

func TestNewChoicesHaveTheValuesOfTheirColumns(t *testing.T) {
	each(t, func(f *fixture) {
		before := f.state()
		o := bulk.Options{DryRun: true, NewFields: choiceFields(), ListSeparator: ";"}
		plan := f.run(bulk.Import, sizes, o)
		f.want(plan, bulk.Completed, 6, 0, 0, 0, 1) // the row with an error of a spreadsheet
		f.wantFields()
		f.same(before)
		size, sports := []string{"9", "10", "M", "xl"}, []string{"Chess", "Golf", "tennis"}
		if plan.Creates == nil || len(plan.Creates.Fields) != 2 {
			t.Fatalf("the check lists %+v", plan.Creates)
		}
		if d := cmp.Diff([][]string{size, sports}, [][]string{plan.Creates.Fields[0].Options, plan.Creates.Fields[1].Options}); d != "" {
			t.Fatal(d)
		}
		for range 2 { // the undo restores the state in which the plan was made
			done := f.apply(plan)
			f.want(done, bulk.CompletedWithErrors, 6, 0, 0, 0, 1)
			f.wantFields("size:select", "sports:multi-select")
			if d := cmp.Diff([][]string{size, sports}, [][]string{f.options("size"), f.options("sports")}); d != "" {
				t.Error(d)
			}
			for username, want := range map[string]map[string]any{
				"aa": {"size": "M", "sports": []string{"Golf", "tennis"}}, "bb": {"size": "xl", "sports": []string{"Chess", "Golf"}}, "cc": {}, "dd": {"size": "M"}, "ee": {"size": "10", "sports": []string{"tennis"}},
			} {
				if d := cmp.Diff(want, f.member(username).Values.Map()); d != "" {
					t.Errorf("%s: %s", username, d)
				}
			}
			undo := f.undo(done)
			f.want(undo, bulk.Completed, 0, 6, 0, 0, 0)
			f.wantFields()
		}
		f.same(before)
	})
}

func TestNewChoicesUseMappedAndCorrectedValues(t *testing.T) {
	each(t, func(f *fixture) {
		d, err := f.stage(f.Context(), f.input(bulk.Import, sizes, bulk.Options{}))
		f.ok(err)
		o := d.Options
		o.NewFields, o.ListSeparator = choiceFields(), ";"
		o.Mapping = map[string]*string{"Size": &o.NewFields[0].Field, "Sports": &o.NewFields[1].Field}
		o.Values = source.Values{"Size": {"M": "Medium", "m": "medium", "10": ""}, "Sports": {"Chess": ""}}
		d, err = f.bulk.Restage(f.Context(), command, f.community, d.ID, o)
		f.ok(err)
		_, err = f.bulk.Correct(f.Context(), command, f.community, d.ID, 0, []source.Correction{{Line: 7, Cell: 5, Text: "Rugby"}})
		f.ok(err)
		d, err = f.bulk.Draft(f.Context(), command, f.community, d.ID)
		f.ok(err)
		size, sports := []string{"9", "Medium", "xl"}, []string{"Golf", "Rugby", "tennis"}
		if d.Columns[4].Choices == nil || d.Columns[5].Choices == nil || d.Columns[3].Choices != nil {
			t.Fatalf("%+v", d.Columns)
		}
		if d := cmp.Diff([][]string{size, sports}, [][]string{d.Columns[4].Choices.Texts, d.Columns[5].Choices.Texts}); d != "" {
			t.Error(d)
		}
		plan, err := f.bulk.StartDraft(f.Context(), command, f.community, d.ID, true)
		f.ok(err)
		f.want(f.work(plan), bulk.Completed, 7, 0, 0, 0, 0)
		again, err := f.bulk.CheckAgain(f.Context(), command, f.community, plan.JobID)
		f.ok(err)
		for _, plan := range []bulk.Status{plan, f.work(again)} {
			if d := cmp.Diff([][]string{size, sports}, f.plannedChoices(plan)); d != "" {
				t.Error(d)
			}
		}
	})
}

// plannedChoices returns the choices of the fields that the run of a dry run will create.
func (f *fixture) plannedChoices(plan bulk.Status) (list [][]string) {
	f.Helper()
	plan = f.stateOf(plan.JobID)
	if plan.Creates == nil {
		f.Fatalf("%+v", plan)
	}
	for i, n := range plan.Creates.Fields {
		if plan.Options.NewFields[i].Options != nil {
			f.Error("the options of the job repeat the choices")
		}
		list = append(list, n.Options)
	}
	return list
}

// rowsWith returns a file with a row for each value of a column.
func rowsWith(header string, values ...string) string {
	var rows strings.Builder
	fmt.Fprintf(&rows, "Email,Username,First Name,Last Name,%s\n", header)
	for i, value := range values {
		fmt.Fprintf(&rows, "m%[1]d@example.com,m%[1]d,M,M,%[2]q\n", i, value)
	}
	return rows.String()
}

// numbered returns different values.
func numbered(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("value %d", i)
	}
	return list
}

func TestColumnsWithoutUsableChoicesAreRejectedBeforeTheCheck(t *testing.T) {
	each(t, func(f *fixture) {
		for what, c := range map[string]struct {
			values     []string
			code, want string
		}{
			"too many":       {numbered(501), "too_many_choices", `The column "Size" has 501 different values, and a field has at most 500 choices. Create the field with the type single-line-text instead.`},
			"uncounted":      {numbered(600), "too_many_choices", `The column "Size" has at least 501 different values`},
			"none":           {[]string{"", " "}, "no_choices", `no values that can be choices`},
			"no usable ones": {[]string{strings.Repeat("x", 101)}, "no_choices", `no values that can be choices`},
		} {
			in := f.input(bulk.Import, rowsWith("Size", c.values...), bulk.Options{DryRun: true, NewFields: []job.NewField{job.NewFieldOf("Size", field.Select)}})
			_, err := f.startUpload(f.Context(), in)
			e := errs.From(err)
			if e == nil || e.Code != "invalid_choices" || len(e.Fields) != 1 || e.Fields[0].Field != "Size" || e.Fields[0].Code != c.code || !strings.Contains(e.Fields[0].Message, c.want) {
				t.Errorf("%s: %+v", what, err)
			}
		}
		d, err := f.stage(f.Context(), f.input(bulk.Import, rowsWith("Size", numbered(600)...), bulk.Options{}))
		f.ok(err)
		o := d.Options
		o.NewFields = choiceFields()[:1]
		o.Mapping = map[string]*string{"Size": &o.NewFields[0].Field}
		d, err = f.bulk.Try(f.Context(), command, f.community, d.ID, o)
		f.ok(err)
		if c := d.Columns[4]; !strings.Contains(c.Problem.English, "600 different values") || c.New != field.Select || d.Problem.IsZero() {
			t.Errorf("the wizard shows %+v, %+v", c, d.Problem)
		}
		s := f.run(bulk.Import, rowsWith("Size", numbered(500)...), bulk.Options{DryRun: true, NewFields: choiceFields()[:1]})
		f.want(s, bulk.Completed, 500, 0, 0, 0, 0)
		f.wantFields()
	})
}

func TestNewFieldsHaveABoundedNumberOfChoicesTogether(t *testing.T) {
	each(t, func(f *fixture) {
		var header []string
		var list []job.NewField
		for i := range 21 {
			header = append(header, fmt.Sprintf("C%d", i))
			list = append(list, job.NewFieldOf(header[i], field.Select))
		}
		var rows strings.Builder
		fmt.Fprintf(&rows, "Email,%s\n", strings.Join(header, ","))
		for i := range 500 {
			fmt.Fprintf(&rows, "m%d@example.com%s\n", i, strings.Repeat(fmt.Sprintf(",%d", i), len(header)))
		}
		_, err := f.startUpload(f.Context(), f.input(bulk.Update, rows.String(), bulk.Options{DryRun: true, NewFields: list}))
		if e := errs.From(err); e == nil || len(e.Fields) != 1 || !strings.Contains(e.Fields[0].Message, "more than 10000 choices together") {
			t.Errorf("%+v", err)
		}
	})
}

func TestChoicesOfTheLastRowCountToo(t *testing.T) {
	each(t, func(f *fixture) {
		var header, cells []string
		var list []job.NewField
		for i := range 21 {
			header = append(header, fmt.Sprintf("C%d", i))
			list = append(list, job.NewFieldOf(header[i], field.MultiSelect))
			cells = append(cells, strings.Join(numbered(500), ";"))
		}
		file := "Email\t" + strings.Join(header, "\t") + "\nm@example.com\t" + strings.Join(cells, "\t") + "\n"
		_, err := f.startUpload(f.Context(), f.input(bulk.Update, file, bulk.Options{DryRun: true, NewFields: list, ListSeparator: ";"}))
		if e := errs.From(err); e == nil || e.Code != "invalid_choices" || len(e.Fields) != 1 || !strings.Contains(e.Fields[0].Message, "more than 10000 choices together") {
			t.Errorf("%+v", err)
		}
	})
}

func TestValuesThatCannotBeChoicesAreWarnedAbout(t *testing.T) {
	each(t, func(f *fixture) {
		long := strings.Repeat("x", 101)
		plan := f.run(bulk.Import, rowsWith("Sports", "golf", long, "golf|a,b", long, "chess|golf"), bulk.Options{DryRun: true, NewFields: choiceFields()[1:], ListSeparator: "|"})
		f.want(plan, bulk.Completed, 2, 0, 0, 0, 3)
		at := slices.IndexFunc(plan.Warnings, func(w sheet.Warning) bool { return w.Code == newfield.WarnValuesUnfit })
		if at < 0 || plan.Warnings[at].Count != 3 || plan.Warnings[at].FirstLine != 3 {
			t.Fatalf("%+v", plan.Warnings)
		}
		done := f.apply(plan)
		if d := cmp.Diff([]string{"chess", "golf"}, f.options("sports")); d != "" {
			t.Error(d)
		}
		if d := cmp.Diff(map[int]string{3: "unknown_option", 4: "unknown_option", 5: "unknown_option"}, f.codes(done)); d != "" {
			t.Error(d)
		}
	})
}

func TestAnUndoKeepsNewChoicesThatAreUsedOrChanged(t *testing.T) {
	for name, use := range map[string]func(f *fixture){
		"a value": func(f *fixture) { f.change("ann", "size", "xl") },
		"another option": func(f *fixture) {
			options := append(slices.Clone(f.options("size")), "XXL")
			_, err := f.changes.UpdateField(f.Context(), command, f.community, "size", field.Update{Options: options})
			f.ok(err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(f *fixture) {
				f.run(bulk.Import, people, bulk.Options{})
				done := f.run(bulk.Import, sizes, bulk.Options{NewFields: choiceFields(), ListSeparator: ";"})
				f.want(done, bulk.CompletedWithErrors, 6, 0, 0, 0, 1)
				use(f)
				undo := f.undo(done)
				f.want(undo, bulk.Completed, 0, 6, 0, 0, 0)
				f.wantFields("size:select")
				if d := cmp.Diff(map[int]string{2: "size:used_elsewhere"}, f.causes(undo)); d != "" {
					t.Error(d)
				}
			})
		})
	}
}

func TestANewChoiceThatWasCreatedMeanwhileIsUsed(t *testing.T) {
	each(t, func(f *fixture) {
		f.field(field.Input{Field: "size", Name: "Size", Type: field.Select, Options: []string{"M", "XL"}})
		done := f.run(bulk.Import, sizes, bulk.Options{NewFields: choiceFields(), ListSeparator: ";"})
		f.want(done, bulk.CompletedWithErrors, 5, 0, 0, 0, 2)
		if d := cmp.Diff([]string{"M", "XL"}, f.options("size")); d != "" {
			t.Error(d)
		}
		f.wantFields("size:select", "sports:multi-select")
		_, err := f.members.Change(f.Context(), command, f.community, f.member("aa").ID, []member.FieldValue{{Field: "sports", Value: []any{"chess"}}}, member.Source{Type: "console"})
		f.ok(err)
	})
}

func TestNewChoicesOfAWorkbookAreShownAsItsCells(t *testing.T) {
	each(t, func(f *fixture) {
		book := workbookOf(t, sheetXML([]string{"Email", "Plate", "Unit"},
			[]string{"a@example.com", `<c s="1"><v>1067</v></c>`, "<c><v>2</v></c>"},
			[]string{"b@example.com", `<c s="1"><v>1069</v></c>`, `<c t="e"><v>#N/A</v></c>`},
			[]string{"c@example.com", "01067", "10"}))
		in := f.input(bulk.Update, book, bulk.Options{DryRun: true, NewFields: []job.NewField{job.NewFieldOf("Plate", field.Select), job.NewFieldOf("Unit", field.Select)}})
		s, err := f.startUpload(f.Context(), in)
		f.ok(err)
		if d := cmp.Diff([][]string{{"01067", "01069"}, {"2", "10"}}, f.plannedChoices(s)); d != "" {
			t.Error(d)
		}
	})
}
