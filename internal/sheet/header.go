package sheet

import (
	"errors"
	"io"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sheet/record"
	"github.com/regulars/regulars/internal/sheet/unpack"
)

// headerLines is the number of lines among which the header is searched.
const headerLines = 20

// Options in sentences.
var (
	encodingOption = errs.NewOption("encoding", "Encoding")
	headerOption   = errs.NewOption("headerLine", "Header line")
)

// foundHeader is the result of a search for the header.
type foundHeader struct {
	row       record.Row // the header, or else the first record that is not a blank line
	any       bool       // there is such a record
	fits      bool       // the row fits
	above     int64      // number of records above a header that fits
	firstLine int        // line of the first of them
	passed    bool       // records after the row have been read
}

// findHeader searches the header from the current position. It returns io.EOF
// with the result if the rows ended.
func (t *Table) findHeader(opts Options) (found foundHeader, err error) {
	t.rows.LimitCells(MaxColumns + 1)
	var row record.Row
	for {
		if err := t.rows.Next(&row); err != nil {
			return found, err
		}
		if len(row.Cells) == 0 && row.Problem == "" {
			continue
		}
		within := row.Line <= headerLines
		fits := opts.Fits != nil && within && row.Problem == "" && len(row.Cells) <= MaxColumns && opts.Fits(row.Cells)
		switch {
		case fits:
			found.row, found.any, found.fits, found.passed = cloned(&row), true, true, false
			return found, nil
		case !found.any:
			found.row, found.any = cloned(&row), true
		default:
			found.passed = true
		}
		if opts.Fits == nil || !within {
			return found, nil
		}
		if !isBlank(row.Cells) {
			if found.above++; found.firstLine == 0 {
				found.firstLine = row.Line
			}
		}
	}
}

// cloned copies what later rows overwrite.
func cloned(row *record.Row) record.Row {
	kept := *row
	kept.Cells = append([]string(nil), row.Cells...)
	kept.Raw, kept.Shown, kept.CellProblems = nil, nil, nil
	return kept
}

// readHeader finds the header and moves to the row after it.
func (t *Table) readHeader(opts Options) error {
	found, err := t.headerAt(opts)
	if err != nil {
		return err
	}
	row := &found.row
	if err := checkHeader(row); err != nil {
		return err
	}
	t.header, t.detected.HeaderLine, t.start = row.Cells, row.Line, row.End
	if found.fits && found.above > 0 {
		t.warn("lines_before_header", found.above, found.firstLine, linesAbove(found.above, row.Line))
	}
	t.rows.LimitCells(len(t.header) + MaxColumns)
	if found.passed {
		return unpack.WrapDamaged(t.rows.Seek(t.start))
	}
	return nil
}

// headerAt returns the header at the requested line, or the detected one.
func (t *Table) headerAt(opts Options) (foundHeader, error) {
	if opts.HeaderLine > 0 {
		opts.Fits = nil
		if err := t.rows.SeekLine(opts.HeaderLine); err != nil && !errors.Is(err, io.EOF) {
			return foundHeader{}, unpack.WrapDamaged(err)
		}
	}
	found, err := t.findHeader(opts)
	if err != nil && !errors.Is(err, io.EOF) && !found.any {
		return found, unpack.WrapDamaged(err)
	}
	found.passed = found.passed || err != nil
	switch {
	case opts.HeaderLine > 0 && (!found.any || found.row.Line != opts.HeaderLine):
		return found, errs.New(errs.Invalid, "no_header", "Line %d has no header. Set %s to the line that names the columns.", opts.HeaderLine, headerOption)
	case !found.any:
		return found, errs.New(errs.Invalid, "no_header", "The file has no header line; its first line must name the columns.")
	}
	return found, nil
}

// checkHeader checks that a record can be a header.
func checkHeader(row *record.Row) error {
	switch {
	case row.Problem == record.TooLong:
		return errs.New(errs.Invalid, "bad_header", "The header on line %d is longer than %d bytes; shorten the names of the columns.", row.Line, record.MaxSize)
	case row.Problem != "":
		return errs.New(errs.Invalid, "bad_header", "The header on line %d cannot be read (%s). Correct it, or set the encoding with %s.", row.Line, row.Problem, encodingOption)
	case len(row.Cells) > MaxColumns:
		return errs.New(errs.Invalid, "too_many_columns", "The header has more than %d columns.", MaxColumns)
	case isBlank(row.Cells):
		return errs.New(errs.Invalid, "no_header", "The header on line %d names no column.", row.Line)
	}
	return nil
}

func linesAbove(count int64, line int) errs.Sentence {
	if count == 1 {
		return errs.NewSentence("The header is on line %d. One line above it is not imported. If another line names the columns, set %s.", line, headerOption)
	}
	return errs.NewSentence("The header is on line %d. %d lines above it are not imported. If another line names the columns, set %s.", line, count, headerOption)
}

func isBlank(cells []string) bool {
	for _, c := range cells {
		for i := range len(c) {
			if c[i] != ' ' && c[i] != '\t' {
				return false
			}
		}
	}
	return true
}
