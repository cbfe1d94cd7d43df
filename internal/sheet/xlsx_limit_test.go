package sheet_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sheet"
	"github.com/regulars/regulars/internal/sheet/record"
	"github.com/regulars/regulars/internal/sheet/unpack"
)

// rawWorkbook returns a workbook with one sheet, the given shared strings and
// the raw XML of rows.
func rawWorkbook(t testing.TB, shared []string, rows string) []byte {
	t.Helper()
	var table strings.Builder
	for _, s := range shared {
		table.WriteString("<si><t>" + s + "</t></si>")
	}
	return zipped(
		t, "[Content_Types].xml", "<Types/>",
		"xl/workbook.xml", `<workbook><sheets><sheet name="s" sheetId="1" r:id="r1"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels", `<Relationships><Relationship Id="r1" Target="worksheets/sheet1.xml"/></Relationships>`,
		"xl/sharedStrings.xml", "<sst>"+table.String()+"</sst>",
		"xl/worksheets/sheet1.xml", "<worksheet><sheetData>"+rows+"</sheetData></worksheet>",
	)
}

// sharedRow returns a row with n cells that refer to string i.
func sharedRow(n, i int) string {
	return "<row>" + strings.Repeat(fmt.Sprintf(`<c t="s"><v>%d</v></c>`, i), n) + "</row>"
}

func inlineRow(cells ...string) string {
	var b strings.Builder
	for _, cell := range cells {
		b.WriteString(`<c t="inlineStr"><is><t>` + cell + `</t></is></c>`)
	}
	return "<row>" + b.String() + "</row>"
}

// repetitiveText returns n bytes that compress well, but below the limit of
// the ratio.
func repetitiveText(n int) string {
	random := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, n/64)
	for i := range noise {
		noise[i] = 'a' + byte(random.IntN(26))
	}
	return string(noise) + strings.Repeat("x", n-len(noise))
}

// allocatedBytes returns the bytes allocated by do, including those freed.
func allocatedBytes(do func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func TestHeaderRepeatingALongStringIsRejectedInLittleMemory(t *testing.T) {
	for name, text := range map[string]string{"1 MiB": repetitiveText(record.MaxSize), "15 MiB": repetitiveText(15 << 20)} {
		t.Run(name, func(t *testing.T) {
			data := rawWorkbook(t, []string{text}, sharedRow(1000, 0)+sharedRow(1, 0))
			if len(data) > 512<<10 {
				t.Fatalf("the workbook has %d bytes", len(data))
			}
			var err error
			allocated := allocatedBytes(func() {
				_, err = sheet.Open(bytes.NewReader(data), int64(len(data)), sheet.Options{})
			})
			if !errs.Is(err, "bad_header") || !strings.Contains(err.Error(), "longer than") {
				t.Error(err)
			}
			if allocated > 16<<20 {
				t.Errorf("allocated %d bytes", allocated)
			}
		})
	}
}

func TestRowsRepeatingALongStringFailInLittleMemory(t *testing.T) {
	const many = 50
	data := rawWorkbook(t, []string{"a", repetitiveText(15 << 20), repetitiveText(record.MaxSize - 1)},
		sharedRow(1000, 0)+strings.Repeat(sharedRow(1000, 1), many)+strings.Repeat("<row>"+strings.Repeat(`<c r="A1" t="s"><v>2</v></c>`, 1000)+"</row>", many)+sharedRow(2, 0))
	var rows []line
	var err error
	allocated := allocatedBytes(func() {
		table := open(t, data, sheet.Options{})
		var row record.Row
		for err = table.Next(&row); err == nil; err = table.Next(&row) {
			size := 0
			for _, cell := range row.Cells {
				size += len(cell)
			}
			if size > record.MaxSize {
				t.Fatalf("line %d has %d bytes", row.Line, size)
			}
			rows = append(rows, line{row.Line, nil, row.Problem})
		}
	})
	if !errors.Is(err, io.EOF) || len(rows) != 2*many+1 {
		t.Fatal(len(rows), err)
	}
	for i, row := range rows {
		if (row.Problem == record.TooLong) != (i < 2*many) {
			t.Errorf("row %d: %q", i, row.Problem)
		}
	}
	if allocated > (many+16)<<20 { // one copy of string 2 per row
		t.Errorf("allocated %d bytes", allocated)
	}
}

func TestWorkbookRowOverOneMiBFailsAndTheNextIsRead(t *testing.T) {
	long := strings.Repeat("x", record.MaxSize)
	half := long[:record.MaxSize/2]
	tests := []struct {
		name, row string
		want      line
	}{
		{"exactly the limit in a shared string", sharedRow(1, 1), line{2, []string{long}, ""}},
		{"exactly the limit in the cell", inlineRow(long), line{2, []string{long}, ""}},
		{"exactly the limit in a CDATA section", inlineRow("<![CDATA[" + long + "]]>"), line{2, []string{long}, ""}},
		{"exactly the limit in two cells", inlineRow(half, half), line{2, []string{half, half}, ""}},
		{"exactly the limit in two parts", inlineRow(half + "</t></is><is><t>" + long), line{2, []string{long}, ""}},
		{"a long string", sharedRow(1, 2), line{2, nil, record.TooLong}},
		{"a cell too much", inlineRow(half, half, "y", "z"), line{2, []string{half, half}, record.TooLong}},
		{"a long cell", inlineRow("a", "", long+"y", "z"), line{2, []string{"a"}, record.TooLong}},
		{"a very long cell", inlineRow(strings.Repeat(long, 9)), line{2, nil, record.TooLong}},
		{"a long cell of several parts", "<row><c t=\"inlineStr\"><is><r><t>" + long + "</t></r><r><t>y</t></r></is></c></row>", line{2, nil, record.TooLong}},
		{"a long number", "<row><c><v>" + strings.Repeat("1", record.MaxSize+1) + "</v></c></row>", line{2, nil, record.TooLong}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			data := rawWorkbook(t, []string{"a", long, long + "y"}, sharedRow(1, 0)+test.row+inlineRow("b"))
			rows, err := readAll(open(t, data, sheet.Options{}))
			if !errors.Is(err, io.EOF) {
				t.Errorf("ends with %v", err)
			}
			if diff := cmp.Diff([]line{test.want, {3, []string{"b"}, ""}}, rows); diff != "" {
				t.Errorf("%.2000s", diff)
			}
		})
	}
}

func TestMillionsOfStringsUseLittleMemory(t *testing.T) {
	data := rawWorkbook(t, []string{"a</t></si>" + strings.Repeat("<si/>", 4<<20) + "<si><t>", repetitiveText(15 << 20), repetitiveText(15 << 20)}, sharedRow(1, 0)+sharedRow(1, 0))
	if allocated := allocatedBytes(func() { open(t, data, sheet.Options{}) }); allocated > 64<<20 {
		t.Errorf("allocated %d bytes", allocated)
	}
}

func TestHugeXMLTokenIsDamage(t *testing.T) {
	huge := strings.Repeat(">", 3<<20)
	for name, row := range map[string]string{
		"a tag":           `<row a="` + huge + `"></row>`,
		"a comment":       "<!--" + strings.Repeat("x", 3<<20) + "-->",
		"a CDATA section": inlineRow("<![CDATA[" + huge + "]]>"),
	} {
		t.Run(name, func(t *testing.T) {
			rows, err := readAll(open(t, rawWorkbook(t, []string{"a"}, sharedRow(1, 0)+row), sheet.Options{}))
			if !errors.Is(err, unpack.ErrDamaged) || len(rows) != 0 {
				t.Errorf("%d rows, then %v", len(rows), err)
			}
		})
	}
}

func TestPackedWorkbookWithTooManyPartsIsRejected(t *testing.T) {
	data := gzipped(t, manyEntries(t))
	if _, err := sheet.Open(bytes.NewReader(data), int64(len(data)), sheet.Options{Scratch: scratch(t)}); !errs.Is(err, "unsupported_type") {
		t.Fatal(err)
	}
}
