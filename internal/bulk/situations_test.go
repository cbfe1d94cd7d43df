package bulk_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/field"
)

// situation is a file of the folder situations, as users of spreadsheets have
// them, with its result.
type situation struct {
	file    string
	options bulk.Options
	codes   string            // errors of the failed rows by line; "": none
	members map[string]string // names, phone and values by username
	warned  string            // codes of warnings
	line    int               // of the header; 0: the first
}

const noValues = "map[]"

var situations = []situation{
	{file: "tag-with-two-spaces.csv", options: bulk.Options{CreateTags: true}, members: map[string]string{"aa": "A L  " + noValues + " Team Lead"}},
	{file: "chart-sheet-first.xlsx", members: map[string]string{"cs1": "Ada L  map[lifetime_deposits:5]"}},
	{file: "gbk.csv", options: bulk.Options{Encoding: "gbk"}, members: map[string]string{"gb1": "伟 张  " + noValues}},
	{file: "gbk.csv", warned: "encoding_guessed", members: map[string]string{"gb1": "伟 张  " + noValues}},
	{file: "koi8-r.csv", options: bulk.Options{Encoding: "koi8-r"}, members: map[string]string{"ko1": "Иван Петров  " + noValues}},
	{file: "koi8-r.csv", warned: "encoding_guessed", members: map[string]string{"ko1": "Иван Петров  " + noValues}},
	{file: "errors-saved-by-libreoffice.xlsx", codes: "map[3:cell_error 4:cell_error 5:cell_error]", warned: "hidden_rows", members: map[string]string{
		"lo1": "Zoë Müller  map[last_deposit:2026-04-07 lifetime_deposits:1234.5 newsletter_ok:true plan:gold postcode:01067]",
	}},
	{file: "errors-and-formulas.xlsx", codes: "map[3:formula_without_value formula_without_value 4:formula_without_value formula_without_value " +
		"5:cell_error cell_error cell_error 6:cell_error cell_error cell_error]", members: map[string]string{"fo1": "Ada L  map[plan:gold]"}},
	{file: "padded-numbers.xlsx", members: map[string]string{
		"pc1": "Ada L  map[lifetime_deposits:0.19 member_no:000123 plan:A-0007 postcode:01067]",
		"pc2": "Ben L  map[lifetime_deposits:0.19 member_no:000124 plan:A-0007 postcode:01067]",
		"pc3": "Cid L  map[lifetime_deposits:12.345 member_no:1234.5 plan:1234567 postcode:1067]",
	}},
	{file: "trunk-zero.csv", members: map[string]string{"ph5": "A L +491511234567 " + noValues}},
	{file: "thousand-or-decimal.csv", codes: "map[3:number_ambiguous]", members: map[string]string{"mm0": "A L  map[lifetime_deposits:12.5]"}},
	{file: "thousand-or-decimal.csv", options: bulk.Options{Decimal: ","}, codes: "map[3:invalid_number]", members: map[string]string{"mm0": "A L  map[lifetime_deposits:12.5]"}},
	{file: "garbled-quotes.csv", codes: "map[2:bad_quoting 3:bad_quoting]"},
	{file: "control-and-invisible.csv", codes: "map[2:bad_text bad_text 3:bad_text]", members: map[string]string{"bm1": "Ben L  " + noValues}},
	{file: "workbook-other-name.xlsx", members: map[string]string{
		"sj1": "Ada L +4915112345678 map[last_deposit:2026-04-07 lifetime_deposits:12.5 newsletter_ok:true notes:x plan:gold postcode:01067]",
		"sj2": "Zoë Müller  map[lifetime_deposits:0.0000001 newsletter_ok:false notes:A plan:=1+1 postcode:007]",
	}},
	{file: "strings-other-name.xlsx", members: map[string]string{
		"sj1": "Ada L +4915112345678 map[last_deposit:2026-04-07 lifetime_deposits:12.5 newsletter_ok:true notes:x plan:gold postcode:01067]",
		"sj2": "Zoë Müller  map[lifetime_deposits:0.0000001 newsletter_ok:false notes:A plan:=1+1 postcode:007]",
	}},
	{file: "shared-email.csv", codes: "map[3:person_repeated]", members: map[string]string{"eve1": "Eve One  " + noValues}},
	{file: "carriage-returns-one-line-feed.csv", members: map[string]string{"c1": "A L  " + noValues, "c2": "B L  " + noValues}},
	{file: "title-above-header.xlsx", warned: "lines_before_header", line: 3, members: map[string]string{"ti1": "Ada L  " + noValues}},
	{file: "instructions-sheet-first.xlsx", warned: "sheet_chosen", members: map[string]string{"rm1": "Ada L  " + noValues}},
}

// addSituationFields adds the fields and tags that the files name.
func (f *fixture) addSituationFields() {
	f.Helper()
	for name, of := range map[string]field.Type{
		"Notes": field.SingleLine, "Postcode": field.SingleLine, "Lifetime Deposits": field.Numerical, "Last Deposit": field.Date, "Newsletter OK": field.Boolean,
	} {
		f.field(field.Input{Field: strings.ToLower(strings.ReplaceAll(name, " ", "_")), Name: name, Type: of})
	}
	f.field(field.Input{Field: "member_no", Name: "Member No", Type: field.SingleLine, Identifier: true})
	for _, tag := range []string{"founder", "Café", "Team Lead"} {
		_, err := f.members.CreateTag(f.Context(), command, f.community, tag)
		f.ok(err)
	}
}

func readSituation(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "situations", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestFilesOfSpreadsheetUsers(t *testing.T) {
	for _, in := range situations {
		t.Run(fmt.Sprintf("%s %s%s", in.file, in.options.Encoding, in.options.Decimal), func(t *testing.T) {
			each(t, func(f *fixture) {
				f.addSituationFields()
				before := f.countTags()
				f.checkSituation(in)
				if after := f.countTags(); after != before {
					f.Errorf("%d tags were created", after-before)
				}
			})
		})
	}
}

func (f *fixture) countTags() int {
	f.Helper()
	tags, err := f.members.Tags(f.Context(), command, f.community)
	f.ok(err)
	return len(tags)
}

func (f *fixture) checkSituation(in situation) {
	f.Helper()
	s := f.run(bulk.Import, readSituation(f.T, in.file), in.options)
	if got := fmt.Sprint(f.codes(s)); got != in.codes && (in.codes != "" || got != "map[]") {
		f.Errorf("errors %s, want %s", got, in.codes)
	}
	tags, err := f.members.Tags(f.Context(), command, f.community)
	f.ok(err)
	members := map[string]string{}
	for name := range in.members {
		m := f.member(name)
		members[name] = fmt.Sprint(m.FirstName, " ", m.LastName, " ", m.Phone, " ", m.Values.Map())
		for _, tag := range tags {
			if slices.Contains(m.TagIDs, tag.ID) {
				members[name] += " " + tag.Name
			}
		}
	}
	if want := in.members; len(want) > 0 && !cmp.Equal(members, want) {
		f.Error(cmp.Diff(want, members))
	}
	var warned []string
	for _, w := range s.Warnings {
		warned = append(warned, w.Code)
		if w.Message.IsZero() || w.Count < 1 {
			f.Errorf("warning %+v", w)
		}
	}
	if got := strings.Join(warned, " "); got != in.warned {
		f.Errorf("warnings %q, want %q", got, in.warned)
	}
	if s.Detected.HeaderLine != in.line {
		f.Errorf("the header is on line %d", s.Detected.HeaderLine)
	}
}
