package bulk_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/errs"
)

// damages are what can happen to a stored file.
var damages = map[string]func(path string) error{
	"cut":     func(path string) error { return os.Truncate(path, size(path)-7) },
	"removed": os.Remove,
	"emptied": func(path string) error { return os.Truncate(path, 0) },
	"flipped": func(path string) error {
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		content[len(content)/2] ^= 1
		return os.WriteFile(path, content, 0o600)
	},
}

func size(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}

// uploads is one table of members in each format.
func (f *fixture) uploads() map[string]string {
	f.Helper()
	text := crew(10)
	return map[string]string{"csv": text, "gz": wholeGzip(text), "xlsx": book(f.T, text)}
}

// book is a workbook with the cells of a CSV text.
func book(t *testing.T, text string) string {
	t.Helper()
	var rows strings.Builder
	for line := range strings.Lines(text) {
		rows.WriteString("<row>")
		for cell := range strings.SplitSeq(strings.TrimSpace(line), ",") {
			rows.WriteString(`<c t="inlineStr"><is><t>` + cell + `</t></is></c>`)
		}
		rows.WriteString("</row>")
	}
	const main = `xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"`
	const office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
	const packed = `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">`
	parts := [][2]string{
		{"[Content_Types].xml", `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" ContentType="application/xml"/></Types>`},
		{"_rels/.rels", packed + `<Relationship Id="r1" Type="` + office + `/officeDocument" Target="xl/workbook.xml"/></Relationships>`},
		{"xl/workbook.xml", `<workbook ` + main + ` xmlns:r="` + office + `"><sheets><sheet name="Members" sheetId="1" r:id="r1"/></sheets></workbook>`},
		{"xl/_rels/workbook.xml.rels", packed + `<Relationship Id="r1" Type="` + office + `/worksheet" Target="worksheets/sheet1.xml"/></Relationships>`},
		{"xl/worksheets/sheet1.xml", `<worksheet ` + main + `><sheetData>` + rows.String() + `</sheetData></worksheet>`},
	}
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, part := range parts {
		entry, err := w.Create(part[0])
		if err == nil {
			_, err = entry.Write([]byte(part[1]))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func wantDamaged(t *testing.T, what string, err error) {
	t.Helper()
	if !errs.Is(err, "damaged_file") || errs.KindOf(err) != errs.Gone || !strings.Contains(errs.From(err).Message, "Upload it again") {
		t.Errorf("%s: %v, want damaged_file", what, err)
	}
}

func TestAJobWhoseStoredFileIsDamagedFailsBeforeItsFirstRow(t *testing.T) {
	each(t, func(f *fixture) {
		f.run(bulk.Import, crew(10), bulk.Options{})
		before := f.dump()
		for format, text := range f.uploads() {
			for name, damage := range damages {
				for _, typ := range []bulk.Type{bulk.Import, bulk.Update} {
					for _, dry := range []bool{false, true} {
						if typ == bulk.Update && format != "csv" {
							continue
						}
						what := fmt.Sprint(format, " ", name, " ", typ, " dry run ", dry)
						in := f.input(typ, strings.Replace(text, "Good", "Best", 1), bulk.Options{DryRun: dry})
						s, err := f.startUpload(f.Context(), in)
						f.ok(err)
						f.ok(damage(filepath.Join(f.folder, in.FileID)))
						s = f.work(s) // one attempt: a second would wait for its turn
						if s.Status != bulk.Failed || s.Error == nil || s.Error.Code != "damaged_file" || s.Counts.Read != 0 || f.dump() != before {
							t.Errorf("%s: %s %+v %+v", what, s.Status, s.Error, s.Counts)
						}
					}
				}
			}
		}
	})
}

func TestADamagedFileGivesNoRowsAndNoPlan(t *testing.T) {
	each(t, func(f *fixture) {
		for format, text := range f.uploads() {
			for name, damage := range damages {
				what := format + " " + name
				plan := f.input(bulk.Import, text, bulk.Options{DryRun: true})
				planned, err := f.startUpload(f.Context(), plan)
				f.ok(err)
				f.work(planned)
				if got := f.details(planned, bulk.DetailFilter{}); len(got) != 10 { // the file was compared once
					f.Fatalf("%s: %d rows", what, len(got))
				}
				staged, err := f.stage(f.Context(), plan)
				f.ok(err)
				f.ok(damage(filepath.Join(f.folder, plan.FileID)))
				_, err = f.bulk.Apply(f.Context(), command, f.community, planned.JobID, "")
				wantDamaged(t, what+" apply", err)
				_, _, err = f.bulk.Details(f.Context(), command, f.community, planned.JobID, bulk.DetailFilter{Limit: 5})
				wantDamaged(t, what+" details", err)
				var out bytes.Buffer
				wantDamaged(t, what+" failed.csv", f.bulk.WriteFailed(f.Context(), command, f.community, planned.JobID, bulk.CSV, bulk.ErrorFilter{}, &out))
				if out.Len() > 0 {
					t.Errorf("%s: failed.csv has begun", what)
				}
				_, err = f.bulk.Draft(f.Context(), command, f.community, staged.ID)
				wantDamaged(t, what+" draft", err)
				_, err = f.bulk.StartDraft(f.Context(), command, f.community, staged.ID, false)
				wantDamaged(t, what+" start of a draft", err)
			}
		}
		if f.count() != 0 {
			t.Errorf("%d members", f.count())
		}
	})
}
