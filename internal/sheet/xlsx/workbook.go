// Package xlsx reads the rows of XLSX workbooks. Only the parts that cells need
// are read, and the sheet as a stream, so that damage is found where it occurs.
package xlsx

import (
	"archive/zip"
	"errors"
	"io"
	"strings"

	"github.com/regulars/regulars/internal/sheet/record"
	"github.com/regulars/regulars/internal/sheet/unpack"
	"github.com/regulars/regulars/internal/sheet/xmlpart"
)

// workbook is an open XLSX file.
type workbook struct {
	pkg         *xmlpart.Package
	mainPart    string
	stylesPart  string
	stringsPart string
	total       int64 // size of the file given to Open
	sheets      []sheetRef
	strings     *sharedStrings
	styles      cellStyles
	recalculate bool           // a program that opens the workbook calculates all formulas
	spooled     unpack.Scratch // unpacked copy, if the workbook was packed
	newScratch  func() (unpack.Scratch, error)
}

// maxSheets bounds the sheets of a workbook, far above real ones.
const maxSheets = 10_000

// maxName bounds the names of sheets and parts in bytes; Excel allows 31
// characters.
const maxName = 512

func truncateName(name string) string {
	return strings.Clone(strings.ToValidUTF8(name[:min(len(name), maxName)], ""))
}

// sheetRef is an entry in the list of sheets.
type sheetRef struct {
	record.Sheet
	part string
}

// IsOfficeDocument reports whether the archive is a document of Microsoft
// Office.
func IsOfficeDocument(archive *zip.Reader) bool {
	for _, f := range archive.File {
		if strings.EqualFold(f.Name, "[Content_Types].xml") {
			return true
		}
	}
	return false
}

// Options limit the resources.
type Options struct {
	MaxUnpacked int64 // maximum unpacked bytes of all parts together
	Scratch     func() (unpack.Scratch, error)
}

// Open opens a workbook. Rows.Select must follow.
func Open(src *unpack.Stream, archive *zip.Reader, o Options) (*Rows, error) {
	b := &workbook{pkg: xmlpart.NewPackage(src, archive, o.MaxUnpacked), total: src.Size, newScratch: o.Scratch}
	rows := &Rows{book: b}
	if err := b.open(archive); err != nil {
		_ = rows.Close() // the first error matters
		return nil, unpack.WrapDamaged(err)
	}
	return rows, nil
}

// Sheets returns the sheets in the order of the workbook.
func (r *Rows) Sheets() []record.Sheet {
	list := make([]record.Sheet, len(r.book.sheets))
	for i := range list {
		list[i] = r.book.sheets[i].Sheet
	}
	return list
}

// Select moves to the start of a sheet, given by its index.
func (r *Rows) Select(sheet int) {
	r.reset()
	r.partName, r.seekTo = r.book.sheets[sheet].part, 0
}

func (b *workbook) close() error {
	var err error
	if b.strings != nil {
		err = b.strings.close()
	}
	if b.spooled != nil {
		err = errors.Join(err, b.spooled.Close())
		b.spooled = nil
	}
	return err
}

// open reads everything cells refer to: the list of sheets, styles and
// strings.
func (b *workbook) open(archive *zip.Reader) error {
	var err error
	if b.mainPart, err = b.findWorkbook(); err != nil {
		return err
	}
	if err := b.pkg.Check(archive); err != nil {
		return err
	}
	if err := b.readWorkbook(); err != nil {
		return err
	}
	if err := b.readStyles(); err != nil {
		return err
	}
	return b.readStrings()
}

// readWorkbook reads the list of sheets and the names of their parts.
func (b *workbook) readWorkbook() error {
	targets, err := b.readRelations()
	if err != nil {
		return err
	}
	return b.pkg.EachElement(b.mainPart, func(p *xmlpart.Part) {
		switch string(p.Name) {
		case "workbookPr":
			b.styles.date1904 = isTrue(p.RawAttr("date1904"))
		case "calcPr":
			b.recalculate = isTrue(p.RawAttr("fullCalcOnLoad"))
		case "sheet":
			if len(b.sheets) == maxSheets {
				return
			}
			state, target := p.Attr("state"), targets[p.Attr("id")]
			b.sheets = append(b.sheets, sheetRef{part: target.target, Sheet: record.Sheet{
				Name:   truncateName(p.Attr("name")),
				Hidden: state == "hidden" || state == "veryHidden",
				Table:  (target.kind == "worksheet" || target.kind == "") && b.pkg.Has(target.target),
			}})
		}
	})
}

// isTrue parses a boolean attribute.
func isTrue(attr []byte) bool { return string(attr) == "1" || string(attr) == "true" }

// readStyles finds the styles that format numbers as dates, or with leading
// zeros or text.
func (b *workbook) readStyles() error {
	const maxFormats = 1 << 16 // the maximum number of styles of a workbook
	formats := map[string]cellFormat{}
	inCells := false
	return b.pkg.EachElement(b.stylesPart, func(p *xmlpart.Part) {
		switch string(p.Name) {
		case "numFmt":
			if id := p.Attr("numFmtId"); len(id) <= len("4294967295") && len(formats) < maxFormats {
				formats[id] = parseFormat(p.Attr("formatCode"))
			}
		case "cellXfs":
			inCells = true
		case "cellStyles", "dxfs":
			inCells = false
		case "xf":
			if !inCells {
				return
			}
			id := p.Attr("numFmtId")
			format, custom := formats[id]
			if !custom {
				format.date = builtinDateKind(id)
			}
			b.styles.formats = append(b.styles.formats, format)
		}
	})
}

func (b *workbook) readStrings() error {
	p, err := b.pkg.Open(b.stringsPart)
	if p == nil || err != nil {
		return err
	}
	defer p.Close()
	b.strings = &sharedStrings{maxMemory: stringsInMemory, newScratch: b.newScratch}
	var text []byte
	for {
		kind, err := p.Token()
		if errors.Is(err, io.EOF) {
			return b.strings.flush()
		}
		if err != nil {
			return err
		}
		if kind == xmlpart.StartTag && p.Is("si") {
			p.ResetBudget()
			if text, err = p.AppendRichText(text[:0], "si"); err != nil {
				return err
			}
			if len(text) <= record.MaxSize {
				text = append(text[:0], xmlpart.Unescape(string(text))...)
			}
			if err := b.strings.add(text); err != nil {
				return err
			}
		}
	}
}
