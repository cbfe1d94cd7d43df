package bulk_test

import (
	"encoding/csv"
	"fmt"
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/directory"
	"github.com/regulars/regulars/internal/member/tally"
	"github.com/regulars/regulars/internal/roster"
	"github.com/regulars/regulars/internal/sqldb"
)

// awkward are values that a spreadsheet runs or that a reader could misread.
var awkward = []string{
	"=1+1", "+49 30 12345", "-5", "- a list", "@SUM(A1:A9)", "=cmd|' /C calc'!A0", `=HYPERLINK("http://x","y")`,
	"'", "''", "'quoted'", "'=1+1", "''=1+1", "'-5", "'@x", "'+", "__CLEAR__", "'__CLEAR__", "''__CLEAR__",
	"＝1+1", "＋49", "－5", "＠SUM", "'＝1+1", "''－x", "' =1", "'' ＝1",
	"a,b", `say "hi"`, `"`, "a;=b", "sep=;", "1,234", "01", "1.50", "true", "null", "Zoë 日本語 🪙",
}

func (f *fixture) export(filter directory.Filter) string { return f.exportAs(bulk.CSV, filter) }

func (f *fixture) exportAs(format bulk.Format, filter directory.Filter) string {
	f.Helper()
	var out strings.Builder
	f.ok(f.bulk.Export(f.Context(), command, f.community, format, &out, filter))
	return out.String()
}

// createAwkwardMembers creates a member for each of the awkward values.
func (f *fixture) createAwkwardMembers() {
	f.Helper()
	f.field(field.Input{Field: "odd", Name: "=Odd", Type: field.MultiLine})
	f.field(field.Input{Field: "odder", Name: "'=Odder", Type: field.Select, Options: awkward})
	f.field(field.Input{Field: "on", Name: "On", Type: field.Boolean})
	f.field(field.Input{Field: "born", Name: "Born", Type: field.Date})
	f.field(field.Input{Field: "likes", Name: "Likes", Type: field.MultiSelect, Options: []string{"=tea", "'=tea", "-coffee", "__CLEAR__"}})
	var tags, roles []string
	for _, name := range []string{"=vip", "'=vip", "''=vip", "-old", "__CLEAR__"} {
		_, err := f.members.CreateTag(f.Context(), command, f.community, name)
		f.ok(err)
		tags = append(tags, name)
		made, err := f.auth.CreateRole(f.Context(), command, f.community, access.RoleInput{Title: name})
		f.ok(err)
		roles = append(roles, made.ID)
	}
	for i, value := range awkward {
		name := fmt.Sprintf("user-%d", i)
		in := roster.CreateInput{FirstName: value, LastName: "'" + value, Username: "-" + name, Email: "+" + name + "@example.com", Fields: []member.FieldValue{
			{Field: "plan", Value: value},
			{Field: "odd", Value: value + "\n" + value + "\n\n=x"},
			{Field: "odder", Value: value},
			{Field: "score", Value: float64(-i) / 4},
			{Field: "on", Value: i%2 == 0},
			{Field: "born", Value: "1815-12-10"},
			{Field: "phone", Value: "+442071234567"},
			{Field: "country", Value: "NO"},
			{Field: "language", Value: "pt-BR"},
			{Field: "likes", Value: []any{"=tea", "'=tea", "__CLEAR__"}[:i%4%3+1]},
		}}
		if i%5 == 0 {
			in.Role = roles[i/5%len(roles)]
		}
		made, err := f.members.Create(f.Context(), command, f.community, in)
		f.ok(err)
		_, err = f.members.Change(f.Context(), command, f.community, made.ID, []member.FieldValue{{Field: "tag", Value: []any{tags[i%5], tags[(i+1)%5]}}}, member.Source{Type: "api"})
		f.ok(err)
	}
}

func TestAnExportImportsAgainWithoutAnyChange(t *testing.T) {
	each(t, func(f *fixture) {
		f.createAwkwardMembers()
		text := f.export(directory.Filter{})
		for _, file := range []string{text, f.exportAs(bulk.Workbook, directory.Filter{})} {
			for _, typ := range []bulk.Type{bulk.Import, bulk.Update} {
				f.want(f.run(typ, file, bulk.Options{}), bulk.Completed, 0, 0, int64(len(awkward)), 0, 0)
			}
		}
		if again := f.export(directory.Filter{}); again != text {
			f.Fatal("a second export differs")
		}
	})
}

func TestAnExportHasTheFiguresOfMembers(t *testing.T) {
	each(t, func(f *fixture) {
		f.run(bulk.Import, people, bulk.Options{})
		ann, err := f.members.Find(f.Context(), command, f.community, "ann")
		f.ok(err)
		f.ok(f.db.Tx(f.Context(), func(tx *sqldb.Tx) error {
			return tally.Add(f.Context(), tx, f.community, ann.ID, tally.Delta{Messages: 7, Replies: 2, Reactions: 1})
		}))
		rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(f.export(directory.Filter{Search: "ann"}), "\ufeff"))).ReadAll()
		f.ok(err)
		for i, want := range []string{"Total Messages,Total Reactions,Reply Sent,Visit Count,Time Spent,Login Streak,Is Online,Tier,Badge", "7,1,2,0,0,0,false,,"} {
			if got := strings.Join(rows[i][len(rows[i])-9:], ","); got != want {
				f.Errorf("%s, want %s", got, want)
			}
		}
	})
}

func TestNoCellOfAnExportIsRunByASpreadsheet(t *testing.T) {
	each(t, func(f *fixture) {
		for i, value := range awkward {
			_, err := f.members.Create(f.Context(), command, f.community, roster.CreateInput{
				FirstName: value, LastName: "x", Username: fmt.Sprintf("user-%d", i), Email: fmt.Sprintf("=%d@example.com", i),
				Fields: []member.FieldValue{{Field: "plan", Value: value}},
			})
			f.ok(err)
		}
		rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(f.export(directory.Filter{}), "\ufeff"))).ReadAll()
		f.ok(err)
		if len(rows) != len(awkward)+1 || strings.Join(rows[0][:9], ",") != "First Name,Last Name,Username,Email,Phone,Country,Language,Role,Tag" {
			f.Fatalf("%d rows, header %q", len(rows), rows[0])
		}
		for _, row := range rows {
			for _, cell := range row {
				if cell != "" && cell != "-5" && strings.IndexByte("=+-@\t\r", cell[0]) >= 0 {
					f.Errorf("%q", cell)
				}
			}
		}
	})
}

func TestExportHasTheFilteredMembers(t *testing.T) {
	each(t, func(f *fixture) {
		f.run(bulk.Import, people, bulk.Options{})
		all := f.export(directory.Filter{})
		one := f.export(directory.Filter{Search: "ann"})
		if strings.Count(all, "\r\n") != 5 || strings.Count(one, "\r\n") != 2 {
			f.Fatalf("all:\n%s\none:\n%s", all, one)
		}
	})
}
