package sheet

import (
	"archive/zip"
	"io"
	"strconv"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"

	"github.com/regulars/regulars/internal/errs"
)

// The limits of a sheet of a workbook.
const (
	MaxSheetRows = excelize.TotalRows      // with the header
	MaxCellUnits = excelize.TotalCellChars // UTF-16 code units
)

// maxSheetNumber limits the number of sheets, most of which are empty.
const maxSheetNumber = 255

// textFormat is the number format of texts.
const textFormat = 49

// WorkbookOptions are the options of a new workbook.
type WorkbookOptions struct {
	Sheet     string // name of the sheet; Sheet1 if it is empty or invalid
	Number    int    // position of the sheet from 1, behind empty ones; above 255 it is 1
	FirstLine int    // row of the first record, from 1; 0 is 1
	TmpDir    string // folder for the temporary file of more than 16 MiB
}

// WorkbookWriter writes records as text cells, in columns that are formatted as
// text, so that a spreadsheet program saves them unchanged. The underlying writer
// is first used by Flush.
type WorkbookWriter struct {
	file   *excelize.File
	stream *excelize.StreamWriter
	out    io.Writer
	line   int
	values []any
}

// NewWorkbookWriter returns a writer, which the caller closes.
func NewWorkbookWriter(w io.Writer, o WorkbookOptions) (*WorkbookWriter, error) {
	out := &WorkbookWriter{file: excelize.NewFile(excelize.Options{TmpDir: o.TmpDir}), out: w, line: max(o.FirstLine, 1)}
	if err := out.open(o); err != nil {
		_ = out.Close() // the first error matters
		return nil, err
	}
	return out, nil
}

// open starts the sheet behind o.Number-1 empty ones.
func (w *WorkbookWriter) open(o WorkbookOptions) error {
	name := w.file.GetSheetName(0)
	for i := 1; i < o.Number && o.Number <= maxSheetNumber; i++ {
		if err := w.file.SetSheetName(name, "Empty "+strconv.Itoa(i)); err != nil {
			return err
		}
		at, err := w.file.NewSheet(name)
		if err != nil {
			return err
		}
		w.file.SetActiveSheet(at)
	}
	if o.Sheet != "" && w.file.SetSheetName(name, o.Sheet) == nil {
		name = o.Sheet
	}
	if err := w.file.SetDocProps(&excelize.DocProperties{Creator: "Regulars"}); err != nil {
		return err
	}
	text, err := w.file.NewStyle(&excelize.Style{NumFmt: textFormat})
	if err != nil {
		return err
	}
	if w.stream, err = w.file.NewStreamWriter(name); err != nil {
		return err
	}
	return w.stream.SetColStyle(1, excelize.MaxColumns, text)
}

// Write writes one record. Characters that XML lacks become U+FFFD. It fails with
// Invalid too_many_rows or cell_too_long.
func (w *WorkbookWriter) Write(cells []string) error {
	if w.line > MaxSheetRows {
		return errs.New(errs.Invalid, "too_many_rows", "A workbook has at most %d rows. Choose CSV instead.", MaxSheetRows)
	}
	w.values = w.values[:0]
	for _, cell := range cells {
		switch {
		case cell == "":
			w.values = append(w.values, nil)
			continue
		case len(cell) > MaxCellUnits && unitsOf(cell) > MaxCellUnits:
			return errs.New(errs.Invalid, "cell_too_long", "A cell of a workbook has at most %d characters, and row %d has a longer one. Choose CSV instead.", MaxCellUnits, w.line)
		}
		w.values = append(w.values, cell)
	}
	at, err := excelize.CoordinatesToCellName(1, w.line)
	if err != nil {
		return err
	}
	w.line++
	return w.stream.SetRow(at, w.values)
}

// unitsOf counts the UTF-16 code units of a text.
func unitsOf(text string) int {
	n := utf8.RuneCountInString(text)
	for _, r := range text {
		if r > 0xffff {
			n++
		}
	}
	return n
}

// Flush writes the workbook to the underlying writer.
func (w *WorkbookWriter) Flush() error {
	if err := w.stream.Flush(); err != nil {
		return err
	}
	w.file.ZipWriter = func(io.Writer) excelize.ZipWriter { return zip.NewWriter(w.out) } // not through memory
	return w.file.Write(io.Discard)
}

// Close deletes the temporary file.
func (w *WorkbookWriter) Close() error { return w.file.Close() }
