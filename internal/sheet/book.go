package sheet

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"

	"github.com/regulars/regulars/internal/errs"
)

// book is an open XLSX workbook. Only the parts that cells need are read, and
// the sheet as a stream, so that a broken one is noticed where it breaks.
type book struct {
	src     *stream // of the workbook itself; unpack is not used
	parts   map[string]*zip.File
	total   int64 // bytes of the file as it was given
	limit   int64 // bytes all parts together may unpack to
	sheets  []sheetRef
	since   bool // dates count from 1904
	strings *stringTable
	dates   []dateKind // by style
	spooled Scratch    // the workbook, when it came packed
	scratch func() (Scratch, error)
}

// maxSheets is how many sheets of a workbook are looked at, far more than
// anybody can use.
const maxSheets = 10_000

// maxName is how many bytes of the name of a sheet or part are kept; a sheet's
// has at most 31 characters.
const maxName = 512

func shortened(name string) string {
	return strings.Clone(strings.ToValidUTF8(name[:min(len(name), maxName)], ""))
}

// sheetRef is a sheet as the workbook lists it.
type sheetRef struct {
	name   string
	part   string
	hidden bool
}

// isBook says whether the archive is an Office document.
func isBook(archive *zip.Reader) bool {
	for _, f := range archive.File {
		if strings.EqualFold(f.Name, "[Content_Types].xml") || f.Name == "mimetype" {
			return true
		}
	}
	return false
}

func (t *Table) openBook(s *stream, archive *zip.Reader, opts Options) error {
	b := &book{src: s, total: s.size, parts: map[string]*zip.File{}, limit: opts.MaxUnpacked, scratch: opts.scratch}
	if err := b.open(archive); err != nil {
		_ = b.close()
		return refuseDamaged(err)
	}
	r := &sheetRows{book: b}
	t.rows = r
	ref, err := b.choose(opts.Sheet, r)
	if err != nil {
		return refuseDamaged(err)
	}
	t.detected.Format, t.detected.Sheet = "xlsx", ref.name
	return nil
}

// openPackedBook unpacks a workbook into a file of its own first, because it
// is not read from front to back.
func (t *Table) openPackedBook(s *stream, opts Options) error {
	file, err := opts.scratch()
	if err != nil {
		return fmt.Errorf("unpack workbook: %w", err)
	}
	size, err := io.Copy(file, s)
	s.close()
	if err == nil {
		inner := &stream{src: &meter{src: file, budget: -1}, size: size, unpackMax: opts.MaxUnpacked}
		err = t.openSpooled(inner, file, s.size, opts)
	}
	if err != nil && t.rows == nil {
		_ = file.Close()
	}
	return refuseDamaged(err)
}

func (t *Table) openSpooled(s *stream, file Scratch, total int64, opts Options) error {
	archive, err := readDirectory(s)
	if err != nil {
		return err
	}
	if !isBook(archive) {
		return errs.New(errs.Unsupported, "unsupported_type", "The file is packed twice; unpack it once.")
	}
	err = t.openBook(s, archive, opts)
	if r, ok := t.rows.(*sheetRows); ok {
		r.book.spooled, r.book.total = file, total
	}
	return err
}

func (b *book) close() error {
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

// open reads what cells refer to: the list of sheets, styles and strings.
func (b *book) open(archive *zip.Reader) error {
	for _, f := range archive.File {
		b.parts[partKey(f.Name)] = f
	}
	if b.parts["xl/workbook.xml"] == nil {
		return errs.New(errs.Unsupported, "unsupported_type", "The file is an Office document, but no .xlsx workbook; save it as .xlsx or CSV.")
	}
	total := int64(0)
	for _, f := range archive.File {
		if err := checkEntry(f, b.limit); err != nil {
			return err
		}
		if total += int64(f.UncompressedSize64); total > b.limit {
			return errOverLimit(b.limit)
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

// partKey makes the names of parts comparable: they ignore case, and some
// writers use the wrong slash.
func partKey(name string) string {
	return strings.ToLower(strings.TrimPrefix(strings.ReplaceAll(name, `\`, "/"), "/"))
}

// part opens a part as XML; nil when the workbook has none of that name.
func (b *book) part(name string) (*part, error) {
	f := b.parts[partKey(name)]
	if f == nil {
		return nil, nil
	}
	r, err := f.Open()
	if err != nil {
		return nil, b.src.blame(err)
	}
	p := &part{book: b, body: r, budget: partBudget}
	p.src = p
	return p, nil
}

// readWorkbook reads the sheets in their order, and where they are kept.
func (b *book) readWorkbook() error {
	targets := map[string]string{}
	err := b.each("xl/_rels/workbook.xml.rels", func(p *part) {
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
	return b.each("xl/workbook.xml", func(p *part) {
		switch string(p.name) {
		case "workbookPr":
			v := p.attr("date1904")
			b.since = v == "1" || v == "true"
		case "sheet":
			if len(b.sheets) == maxSheets {
				return
			}
			state := p.attr("state")
			b.sheets = append(b.sheets, sheetRef{
				name: shortened(p.attr("name")), part: targets[p.attr("id")],
				hidden: state == "hidden" || state == "veryHidden",
			})
		}
	})
}

// each calls do for every element of a part, if there is such a part.
func (b *book) each(name string, do func(*part)) error {
	p, err := b.part(name)
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

// choose finds the sheet that is wanted and makes rows read it.
func (b *book) choose(want string, rows *sheetRows) (sheetRef, error) {
	number, _ := strconv.Atoi(want)
	empty := map[string]bool{} // so that no part is read through twice
	for i, s := range b.sheets {
		if want == "" && s.hidden || want != "" && !strings.EqualFold(want, s.name) && number != i+1 {
			continue
		}
		if b.parts[partKey(s.part)] == nil || empty[partKey(s.part)] {
			continue // a chart, or a sheet that is missing
		}
		rows.stop()
		rows.part = s.part
		if want != "" {
			return s, nil
		}
		rows.limit(1)
		var row Row
		err := rows.next(&row)
		if errors.Is(err, io.EOF) {
			empty[partKey(s.part)] = true
			continue
		}
		if err != nil {
			return s, err
		}
		rows.stop()
		return s, nil
	}
	if want != "" {
		return sheetRef{}, errs.New(errs.Invalid, "no_sheet", "The workbook has no sheet %q; it has %s.", want, b.names())
	}
	return sheetRef{}, errs.New(errs.Invalid, "no_header", "The workbook has no visible sheet with values.")
}

// names lists the first sheets for a person.
func (b *book) names() string {
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
