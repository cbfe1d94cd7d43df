package sheet_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/sheet"
)

func counted(t *testing.T, data []byte, opts sheet.Options) sheet.Contents {
	t.Helper()
	c, err := open(t, data, opts).Count()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestRowsOfAllSheetsAreCounted(t *testing.T) {
	book := rewritePart(t, chosenBook(t, "Chart", "Read me", "Members", "Members 2*", "Empty"), "xl/_rels/workbook.xml.rels", func(s string) string {
		return strings.Replace(s, "relationships/worksheet\"", "relationships/chartsheet\"", 1)
	})
	want := sheet.Contents{Rows: 1, Sheets: []sheet.Count{
		{Name: "Read me", Number: 2, Rows: 2}, {Name: "Members", Number: 3, Rows: 3}, {Name: "Members 2", Number: 4, Hidden: true, Rows: 3}, {Name: "Empty", Number: 5},
	}}
	if diff := cmp.Diff(want, counted(t, book, fitting)); diff != "" {
		t.Error(diff)
	}
	members := []string{odsText("Members"), odsText("Email", "Name"), odsText("a@example.org", "Ada")}
	ods := odsOf(t, odsTable("Hidden", "hidden", members...)+odsTable("Read me", "shown", odsText("Read this"))+odsTable("Members", "shown", members...))
	want = sheet.Contents{Rows: 1, Sheets: []sheet.Count{{Name: "Hidden", Number: 1, Hidden: true, Rows: 3}, {Name: "Read me", Number: 2, Rows: 1}, {Name: "Members", Number: 3, Rows: 3}}}
	if diff := cmp.Diff(want, counted(t, ods, fitting)); diff != "" {
		t.Error(diff)
	}
}

func TestCountsAreBounded(t *testing.T) {
	names := make([]string, 130)
	for i := range names {
		names[i] = fmt.Sprintf("Members %d", i+1)
	}
	if c := counted(t, chosenBook(t, names...), fitting); len(c.Sheets) != 100 || c.More != 30 {
		t.Errorf("%d sheets and %d more", len(c.Sheets), c.More)
	}
	long := counted(t, largeBook(t, "xlsx", 6_000), sheet.Options{})
	if s := long.Sheets[0]; s.Rows != 5_000 || !s.More || long.Rows != 5_999 || long.Estimated {
		t.Errorf("a long sheet: %+v", long)
	}
	var text strings.Builder
	text.WriteString("Email,Name\n")
	for i := range 400_000 {
		fmt.Fprintf(&text, "u%06d@example.org,Ada\n", i)
	}
	if c := counted(t, []byte(text.String()), sheet.Options{}); !c.Estimated || c.Rows < 395_000 || c.Rows > 405_000 || c.Sheets != nil {
		t.Errorf("a long text: %+v", c)
	}
	if c := counted(t, []byte("Email,Name\na,\"x\ny\"\n\nb,z\n"), sheet.Options{}); c.Rows != 3 || c.Estimated {
		t.Errorf("a short text: %+v", c)
	}
}
