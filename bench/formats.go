//go:build linux

package main

import (
	"archive/zip"
	"bufio"
	"context"
	"errors"
	"fmt"
	"html"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// The formats of files.
const (
	csvFormat  = "csv"
	xlsxFormat = "xlsx"
	odsFormat  = "ods"
)

// formatResult is the import of a file in one format, on a server of its own.
type formatResult struct {
	engine, format string
	rows           int
	took           timing
	peak           int // MB
}

// importFormats imports the same rows in each format.
func (b *bench) importFormats(ctx context.Context) ([]*formatResult, error) {
	writers := map[string]func(string, int) error{
		csvFormat: func(path string, rows int) error {
			return writeFile(path, rows, math.MaxInt64, newGenerator(false), rows)
		},
		xlsxFormat: writeXLSX, odsFormat: writeODS,
	}
	var results []*formatResult
	for _, rows := range b.rows {
		for _, format := range b.formats {
			f := loadFile{path: filepath.Join(b.folder, "members."+format), rows: rows}
			if err := writers[format](f.path, rows); err != nil {
				return nil, err
			}
			for _, engine := range b.engines {
				g := &formatResult{engine: engine, format: format, rows: rows}
				if err := b.measureFormat(ctx, g, f); err != nil {
					return nil, fmt.Errorf("%d rows of %s on %s: %w", rows, format, engine, err)
				}
				b.logf("%s, %d rows of %s: %s (cpu %s), peak %d MB", engine, rows, format, seconds(g.took.wall), seconds(g.took.cpu), g.peak)
				results = append(results, g)
			}
			if err := os.Remove(f.path); err != nil {
				return nil, err
			}
		}
	}
	return results, nil
}

func (b *bench) measureFormat(ctx context.Context, g *formatResult, f loadFile) error {
	return b.serve(ctx, g.engine, func(v *server) (err error) {
		if err := b.settle(ctx, g.engine); err != nil {
			return err
		}
		if g.took, err = b.load(ctx, g.engine, v, f); err != nil {
			return err
		}
		g.peak, err = v.peak()
		return err
	})
}

func (b *bench) reportFormats(list []*formatResult) error {
	var rows []string
	for _, g := range list {
		rows = append(rows, fmt.Sprintf("%s|%d|%s|%s|%.0f|%d MB|%s", g.engine, g.rows, g.format, seconds(g.took.wall), float64(g.rows)/g.took.wall.Seconds(), g.peak, "200 MiB"))
	}
	return printTable(b.out, "engine|rows|format|import|rows/s|peak memory|bound", rows)
}

// part is a file of an archive.
type part struct {
	name  string
	write func(*bufio.Writer)
}

func writeArchive(path string, parts []part) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	archive := zip.NewWriter(f)
	for _, p := range parts {
		w, err := archive.Create(p.name)
		if err != nil {
			return err
		}
		out := bufio.NewWriterSize(w, 1<<20)
		p.write(out)
		if err := out.Flush(); err != nil {
			return err
		}
	}
	return archive.Close()
}

func text(s string) func(*bufio.Writer) {
	return func(w *bufio.Writer) { _, _ = w.WriteString(s) }
}

// eachRow calls do for the header and each row.
func eachRow(rows int, do func(n int, cells []string)) {
	do(0, header)
	p := newGenerator(false)
	for n := range rows {
		do(n+1, p.next())
	}
}

// Columns of the header with other values than text.
const (
	numberColumn = 10
	dateColumn   = 11
)

// sharedCells numbers the texts of a workbook. Those of columns with few different
// ones are stored once.
type sharedCells struct {
	numbers map[string]int
	list    io.Writer
	next    int
}

func (s *sharedCells) number(cell string, repeats bool) int {
	if n, ok := s.numbers[cell]; ok {
		return n
	}
	if repeats {
		s.numbers[cell] = s.next
	}
	_, _ = fmt.Fprintf(s.list, "<si><t>%s</t></si>", html.EscapeString(cell))
	s.next++
	return s.next - 1
}

// writeXLSX writes a workbook like those of Excel: texts are shared, numbers and
// dates are typed.
func writeXLSX(path string, rows int) error {
	const styles = `<styleSheet><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>`
	each := func(list io.Writer, sheet *bufio.Writer) {
		shared := &sharedCells{numbers: map[string]int{}, list: list}
		eachRow(rows, func(n int, cells []string) {
			_, _ = fmt.Fprintf(sheet, `<row r="%d">`, n+1)
			for i, cell := range cells {
				ref := string(rune('A'+i)) + strconv.Itoa(n+1)
				switch {
				case cell == "":
				case n > 0 && i == numberColumn:
					_, _ = fmt.Fprintf(sheet, `<c r="%s"><v>%s</v></c>`, ref, cell)
				case n > 0 && i == dateColumn:
					day, _ := time.Parse(time.DateOnly, cell)
					_, _ = fmt.Fprintf(sheet, `<c r="%s" s="1"><v>%d</v></c>`, ref, int(day.Sub(time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)).Hours()/24))
				default:
					_, _ = fmt.Fprintf(sheet, `<c r="%s" t="s"><v>%d</v></c>`, ref, shared.number(cell, n == 0 || i < 2 || i > 4))
				}
			}
			_, _ = sheet.WriteString("</row>")
		})
	}
	return writeArchive(path, []part{
		{"[Content_Types].xml", text("<Types/>")},
		{"_rels/.rels", text(`<Relationships><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>`)},
		{"xl/workbook.xml", text(`<workbook><sheets><sheet name="Members" sheetId="1" r:id="r1"/></sheets></workbook>`)},
		{"xl/_rels/workbook.xml.rels", text(`<Relationships><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>`)},
		{"xl/styles.xml", text(styles)},
		{"xl/worksheets/sheet1.xml", func(w *bufio.Writer) {
			text("<worksheet><sheetData>")(w)
			each(io.Discard, w)
			text("</sheetData></worksheet>")(w)
		}},
		{"xl/sharedStrings.xml", func(w *bufio.Writer) {
			text("<sst>")(w)
			each(w, bufio.NewWriter(io.Discard))
			text("</sst>")(w)
		}},
	})
}

// writeODS writes a spreadsheet like those of LibreOffice.
func writeODS(path string, rows int) error {
	return writeArchive(path, []part{
		{"mimetype", text("application/vnd.oasis.opendocument.spreadsheet")},
		{"content.xml", func(w *bufio.Writer) {
			text(`<?xml version="1.0" encoding="UTF-8"?><office:document-content><office:body><office:spreadsheet><table:table table:name="Members" table:style-name="ta1">`)(w)
			eachRow(rows, func(n int, cells []string) {
				text(`<table:table-row table:style-name="ro1">`)(w)
				for i, cell := range cells {
					kind, value := "string", ""
					switch {
					case n > 0 && i == numberColumn:
						kind, value = "float", ` office:value="`+cell+`"`
					case n > 0 && i == dateColumn:
						kind, value = "date", ` office:date-value="`+cell+`"`
					case cell == "":
						text("<table:table-cell/>")(w)
						continue
					}
					_, _ = fmt.Fprintf(w, `<table:table-cell office:value-type="%s"%s calcext:value-type="%s"><text:p>%s</text:p></table:table-cell>`, kind, value, kind, html.EscapeString(cell))
				}
				text("</table:table-row>")(w)
			})
			text(`<table:table-row table:style-name="ro1" table:number-rows-repeated="1000"><table:table-cell table:number-columns-repeated="16384"/></table:table-row></table:table></office:spreadsheet></office:body></office:document-content>`)(w)
		}},
		{"META-INF/manifest.xml", text("<manifest:manifest/>")},
	})
}
