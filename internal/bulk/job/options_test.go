package job

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/bulk/source"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
)

// manyValues are values of columns with long headers.
func manyValues(columns, each int) string {
	v := source.Values{}
	for i := range columns {
		texts := map[string]string{}
		for k := range each {
			texts[strconv.Itoa(k)] = ""
		}
		v[strconv.Itoa(i)+strings.Repeat("x", 700)] = texts
	}
	text, _ := json.Marshal(v)
	return string(text)
}

func TestOptionsOfAnUpload(t *testing.T) {
	form := map[string]string{"mode": "create", "headerLine": "3", "hiddenRows": "skip", "listSeparator": ";", "defaultCountry": "Germany", "delimiter": "tab", "values": `{"Plan": {"Gold": "Pro", "none": ""}}`}
	want := Options{Mode: CreateOnly, HeaderLine: 3, HiddenRows: HiddenSkip, ListSeparator: ";", DefaultCountry: "DE", Delimiter: "\t", Values: source.Values{"Plan": {"Gold": "Pro", "none": ""}}}
	got, err := ParseOptions(form)
	if err != nil || !cmp.Equal(got, want) {
		t.Errorf("%v\n%s", err, cmp.Diff(want, got))
	}
	for name, values := range map[string][]string{
		"headerLine": {"0", "-1", "x", "1001", "1.5", "99999999999999999999"}, "hiddenRows": {"hide"}, "listSeparator": {"/", ",,"},
		"defaultCountry": {"Nowhere", "D", "XX"}, "mode": {"delete"}, "decimal": {"'"},
		"values": {"x", `["Gold"]`, `{"Plan": "Gold"}`, `{"Plan": {"Gold": 1}}`, `{"Plan": {" ": "Pro"}}`, `{"Plan": {"Gold": "` + strings.Repeat("x", 1_001) + `"}}`, manyValues(1, 10_001), manyValues(1_001, 1), manyValues(400, 10)},
	} {
		for _, value := range values {
			_, err := ParseOptions(map[string]string{name: value})
			if e := errs.From(err); e == nil || len(e.Fields) != 1 || e.Fields[0].Field != name {
				t.Errorf("%s=%s: %v", name, value, err)
			}
		}
	}
}

func TestFormOfOptionsIsParsedToTheSameOptions(t *testing.T) {
	all := Options{
		Mode: UpdateOnly, DryRun: true, CreateTags: true, NewFields: []NewField{NewFieldOf("Born", field.Date), NewFieldOf("Visits", field.Numerical)}, Mapping: map[string]*string{"Mail": new("email"), "Notes": nil, "a=b <c>": new("phone")}, Values: source.Values{"Plan": {"a=b <c>": "Pro", "none": ""}}, Encoding: "koi8-r", Delimiter: "\t", Sheet: "2", HeaderLine: 10,
		HiddenRows: HiddenSkip, Decimal: ",", DateFormat: "DD.MM.YYYY", ListSeparator: "|", DefaultCountry: "DE", Notify: true,
	}
	for _, want := range []Options{all, {Mode: Upsert}} {
		form := map[string]string{}
		for _, f := range want.Form() {
			form[f.Name] = f.Text
		}
		got, err := ParseOptions(form)
		if err != nil || !cmp.Equal(got, want) {
			t.Errorf("%v\n%s", err, cmp.Diff(want, got))
		}
	}
	if form := all.Form(); len(form) != len(OptionList) {
		t.Errorf("%d of %d options have a form field", len(form), len(OptionList))
	}
}
