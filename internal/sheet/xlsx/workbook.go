// Package xlsx reads the rows of XLSX workbooks. Only the parts that cells need
// are read, and the sheet as a stream, so that damage is found where it occurs.
package xlsx

import (
	"archive/zip"
	"errors"
	"io"
	"path"
	"strconv"
	"strings"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sheet/record"
	"github.com/regulars/regulars/internal/sheet/unpack"
)

// workbook is an open XLSX file.
type workbook struct {
	src        *unpack.Stream // of the workbook itself; not packed
	parts      map[string]*zip.File
	total      int64 // size of the file given to Open
	limit      int64 // maximum unpacked bytes of all parts together
	sheets     []sheetRef
	strings    *sharedStrings
	styles     cellStyles
	spooled    unpack.Scratch // unpacked copy, if the workbook was packed
	newScratch func() (unpack.Scratch, error)
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
	name   string
	part   string
	hidden bool
}

// IsOfficeDocument reports whether the archive is an Office document.
func IsOfficeDocument(archive *zip.Reader) bool {
	for _, f := range archive.File {
		if strings.EqualFold(f.Name, "[Content_Types].xml") || f.Name == "mimetype" {
			return true
		}
	}
	return false
}

// Options select the sheet and limit the resources.
type Options struct {
	MaxUnpacked int64  // maximum unpacked bytes of all parts together
	Sheet       string // name, or number from 1; "" selects the first visible sheet with values
	Scratch     func() (unpack.Scratch, error)
}

// Open opens a workbook and returns the rows of the selected sheet, and
// its name.
func Open(src *unpack.Stream, archive *zip.Reader, o Options) (*Rows, string, error) {
	b := &workbook{src: src, total: src.Size, parts: map[string]*zip.File{}, limit: o.MaxUnpacked, newScratch: o.Scratch}
	rows := &Rows{book: b}
	err := b.open(archive)
	var ref sheetRef
	if err == nil {
		ref, err = b.selectSheet(o.Sheet, rows)
	}
	if err != nil {
		_ = rows.Close() // the first error matters
		return nil, "", unpack.WrapDamaged(err)
	}
	return rows, ref.name, nil
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
	for _, f := range archive.File {
		b.parts[partKey(f.Name)] = f
	}
	if b.parts["xl/workbook.xml"] == nil {
		return errs.New(errs.Unsupported, "unsupported_type", "The file is an Office document but not an .xlsx workbook; save it as .xlsx or CSV.")
	}
	total := int64(0)
	for _, f := range archive.File {
		if err := unpack.CheckEntry(f, b.limit); err != nil {
			return err
		}
		if total += int64(f.UncompressedSize64); total > b.limit {
			return unpack.OverLimit(b.limit)
		}
	}
	if err := b.readWorkbook(); err != nil {
		return err
	}
	if err := b.readStyles(); err != nil {
		return err
	}
	return b.readStrings()
}

// partKey normalizes the name of a part: names are case-insensitive, and some
// writers use backslashes.
func partKey(name string) string {
	return strings.ToLower(strings.TrimPrefix(strings.ReplaceAll(name, `\`, "/"), "/"))
}

// openPart opens a part as XML; nil if the workbook has no such part.
func (b *workbook) openPart(name string) (*partReader, error) {
	f := b.parts[partKey(name)]
	if f == nil {
		return nil, nil
	}
	r, err := f.Open()
	if err != nil {
		return nil, b.src.WrapError(err)
	}
	p := &partReader{book: b, body: r, budget: partBudget}
	p.src = p
	return p, nil
}

// readWorkbook reads the list of sheets and the names of their parts.
func (b *workbook) readWorkbook() error {
	targets := map[string]string{}
	err := b.eachElement("xl/_rels/workbook.xml.rels", func(p *partReader) {
		if p.is("Relationship") && len(targets) < maxSheets {
			target := p.attr("Target")
			if len(target) > maxName {
				return
			}
			if !strings.HasPrefix(target, "/") {
				target = path.Join("xl", target)
			}
			targets[p.attr("Id")] = target
		}
	})
	if err != nil {
		return err
	}
	return b.eachElement("xl/workbook.xml", func(p *partReader) {
		switch string(p.name) {
		case "workbookPr":
			v := p.attr("date1904")
			b.styles.date1904 = v == "1" || v == "true"
		case "sheet":
			if len(b.sheets) == maxSheets {
				return
			}
			state := p.attr("state")
			b.sheets = append(b.sheets, sheetRef{
				name: truncateName(p.attr("name")), part: targets[p.attr("id")],
				hidden: state == "hidden" || state == "veryHidden",
			})
		}
	})
}

// eachElement calls do for every element of a part. A missing part is not an
// error.
func (b *workbook) eachElement(name string, do func(*partReader)) error {
	p, err := b.openPart(name)
	if p == nil || err != nil {
		return err
	}
	defer p.close()
	for {
		kind, err := p.token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if kind == startTag {
			do(p)
		}
	}
}

// selectSheet finds the requested sheet and points rows at it.
func (b *workbook) selectSheet(requested string, rows *Rows) (sheetRef, error) {
	number, _ := strconv.Atoi(requested)
	empty := map[string]bool{} // parts without values, to read each only once
	for i, s := range b.sheets {
		if requested == "" && s.hidden || requested != "" && !strings.EqualFold(requested, s.name) && number != i+1 {
			continue
		}
		if b.parts[partKey(s.part)] == nil || empty[partKey(s.part)] {
			continue // a chart, or a missing sheet
		}
		rows.reset()
		rows.partName = s.part
		if requested != "" {
			return s, nil
		}
		rows.LimitCells(1)
		var row record.Row
		err := rows.Next(&row)
		if errors.Is(err, io.EOF) {
			empty[partKey(s.part)] = true
			continue
		}
		if err != nil {
			return s, err
		}
		rows.reset()
		return s, nil
	}
	if requested != "" {
		return sheetRef{}, errs.New(errs.Invalid, "no_sheet", "The workbook has no sheet %q; it has %s.", requested, b.sheetNames())
	}
	return sheetRef{}, errs.New(errs.Invalid, "no_header", "The workbook has no visible sheet with values.")
}

// sheetNames lists the first ten sheets for an error.
func (b *workbook) sheetNames() string {
	var names []string
	for _, s := range b.sheets {
		if len(names) == 10 {
			names = append(names, "...")
			break
		}
		names = append(names, strconv.Quote(s.name))
	}
	return strings.Join(names, ", ")
}

// readStyles finds the styles that format numbers as dates.
func (b *workbook) readStyles() error {
	const maxFormats = 1 << 16 // the maximum number of styles of a workbook
	formats := map[string]dateKind{}
	inCells := false
	return b.eachElement("xl/styles.xml", func(p *partReader) {
		switch string(p.name) {
		case "numFmt":
			if id := p.attr("numFmtId"); len(id) <= len("4294967295") && len(formats) < maxFormats {
				formats[id] = parseDateFormat(p.attr("formatCode"))
			}
		case "cellXfs":
			inCells = true
		case "cellStyles", "dxfs":
			inCells = false
		case "xf":
			if !inCells {
				return
			}
			id := p.attr("numFmtId")
			kind, custom := formats[id]
			if !custom {
				kind = builtinDateKind(id)
			}
			b.styles.dates = append(b.styles.dates, kind)
		}
	})
}

func (b *workbook) readStrings() error {
	p, err := b.openPart("xl/sharedStrings.xml")
	if p == nil || err != nil {
		return err
	}
	defer p.close()
	b.strings = &sharedStrings{maxMemory: stringsInMemory, newScratch: b.newScratch}
	var text []byte
	for {
		kind, err := p.token()
		if errors.Is(err, io.EOF) {
			return b.strings.flush()
		}
		if err != nil {
			return err
		}
		if kind == startTag && p.is("si") {
			p.resetBudget()
			if text, err = p.appendRichText(text[:0], "si"); err != nil {
				return err
			}
			if len(text) <= record.MaxSize {
				text = append(text[:0], unescape(string(text))...)
			}
			if err := b.strings.add(text); err != nil {
				return err
			}
		}
	}
}
