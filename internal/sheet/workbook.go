package sheet

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sheet/ods"
	"github.com/regulars/regulars/internal/sheet/record"
	"github.com/regulars/regulars/internal/sheet/unpack"
	"github.com/regulars/regulars/internal/sheet/xlsx"
)

// workbook is the rows of one of several sheets.
type workbook interface {
	rows
	Sheets() []record.Sheet
	// Select moves to the start of a sheet, given by its index.
	Select(sheet int)
	// BytesRead is the number of unpacked bytes of the selected sheet that were read.
	BytesRead() int64
	// Overhead is the number of unpacked bytes that are read for any rows of a sheet.
	Overhead() int64
	// SetSpooled sets the temporary file of a packed workbook, and the size of
	// the packed file. The rows close the file.
	SetSpooled(file unpack.Scratch, total int64)
}

// isWorkbook reports whether an archive is a document of an office program.
func isWorkbook(archive *zip.Reader) bool {
	return xlsx.IsOfficeDocument(archive) || ods.IsDocument(archive)
}

// openWorkbook opens a workbook and selects a sheet.
func (t *Table) openWorkbook(s *unpack.Stream, archive *zip.Reader, opts Options) error {
	if xlsx.IsOfficeDocument(archive) {
		r, err := xlsx.Open(s, archive, xlsx.Options{MaxUnpacked: opts.MaxUnpacked, Scratch: opts.newScratch})
		if err != nil {
			return err
		}
		t.rows, t.detected.Format = r, "xlsx"
		return unpack.WrapDamaged(t.selectSheet(r, opts))
	}
	o := ods.Options{MaxUnpacked: opts.MaxUnpacked}
	if opts.Fits == nil {
		o.LastSheet = opts.Sheet
	}
	r, err := ods.Open(s, archive, o)
	if err != nil {
		return err
	}
	t.rows, t.detected.Format = r, "ods"
	return unpack.WrapDamaged(t.selectSheet(r, opts))
}

// selectSheet selects the requested sheet, or the first visible one with a header
// that fits, or else the first visible one with values.
func (t *Table) selectSheet(book workbook, opts Options) error {
	sheets := book.Sheets()
	for _, s := range sheets {
		if s.Table {
			t.sheets = append(t.sheets, s.Name)
		}
	}
	selected, first, withValues := -1, -1, -1
	if opts.Sheet != "" {
		if selected = findSheet(sheets, opts.Sheet); selected < 0 {
			return errs.New(errs.Invalid, "no_sheet", "The workbook has no sheet %q; it has %s.", opts.Sheet, quotedNames(t.sheets))
		}
	}
	for i := 0; i < len(sheets) && selected < 0; i++ {
		if !sheets[i].Table || sheets[i].Hidden {
			continue
		}
		if first < 0 {
			first = i
		}
		book.Select(i)
		found, err := t.findHeader(opts)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if found.fits || found.any && opts.Fits == nil {
			selected = i
		}
		if found.any && withValues < 0 {
			withValues = i
		}
	}
	if selected < 0 {
		selected = withValues
	}
	if selected < 0 {
		return errs.New(errs.Invalid, "no_header", "The workbook has no visible sheet with values.")
	}
	book.Select(selected)
	t.detected.Sheet = sheets[selected].Name
	if first >= 0 && selected != first {
		t.warn("sheet_chosen", 1, 0, errs.NewSentence("The sheet %q is imported, since the sheets before it have no header with known columns. To import another one, set %s.", t.detected.Sheet, errs.NewOption("sheet", "Sheet")))
	}
	return nil
}

// findSheet returns the index of the sheet with a name or a number from 1, -1
// without one.
func findSheet(sheets []record.Sheet, wanted string) int {
	for i, s := range sheets {
		if s.Table && s.Name == wanted {
			return i
		}
	}
	for i, s := range sheets {
		if s.Table && strings.EqualFold(s.Name, wanted) {
			return i
		}
	}
	if n, err := strconv.Atoi(wanted); err == nil && n > 0 && n <= len(sheets) && sheets[n-1].Table {
		return n - 1
	}
	return -1
}

// quotedNames lists the first ten names for an error.
func quotedNames(names []string) string {
	var quoted []string
	for _, name := range names[:min(len(names), 10)] {
		quoted = append(quoted, strconv.Quote(name))
	}
	if len(names) > 10 {
		quoted = append(quoted, "...")
	}
	return strings.Join(quoted, ", ")
}

// Sheets returns the names of the sheets with cells, also of hidden ones; nil
// if the file is no workbook.
func (t *Table) Sheets() []string { return t.sheets }

// openPackedWorkbook unpacks a workbook into a temporary file, because it needs
// random access.
func (t *Table) openPackedWorkbook(s *unpack.Stream, opts Options) error {
	file, err := opts.newScratch()
	if err != nil {
		return fmt.Errorf("unpack workbook: %w", err)
	}
	size, err := io.Copy(file, s)
	s.Close()
	if err == nil {
		err = t.openSpooledWorkbook(unpack.New(file, size, opts.MaxUnpacked), file, s.Size, opts)
	}
	if err != nil && t.rows == nil {
		_ = file.Close()
	}
	return unpack.WrapDamaged(err)
}

func (t *Table) openSpooledWorkbook(s *unpack.Stream, file unpack.Scratch, total int64, opts Options) error {
	archive, err := unpack.ReadDirectory(s)
	if err != nil {
		return err
	}
	if !isWorkbook(archive) {
		return errs.New(errs.Unsupported, "unsupported_type", "The file is packed twice; unpack it once.")
	}
	err = t.openWorkbook(s, archive, opts)
	if t.rows != nil {
		t.rows.(workbook).SetSpooled(file, total)
	}
	return err
}

// errNoScratch: the file needs Options.Scratch, which is nil.
var errNoScratch = errors.New("read workbook: no temporary file is available")

func (o Options) newScratch() (unpack.Scratch, error) {
	if o.Scratch == nil {
		return nil, errNoScratch
	}
	return o.Scratch()
}
