package sheet

import (
	"errors"
	"io"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sheet/record"
	"github.com/regulars/regulars/internal/sheet/unpack"
)

// Contents are the numbers of rows of a file.
type Contents struct {
	Rows      int64   `json:"rows"`                // after the header
	Estimated bool    `json:"estimated,omitempty"` // Rows is an estimate
	Sheets    []Count `json:"sheets,omitempty"`    // of a workbook: those with cells
	More      int     `json:"more,omitempty"`      // sheets that Sheets does not list
}

// Count is the number of rows of a sheet.
type Count struct {
	Name   string `json:"name"`
	Number int    `json:"number"` // from 1
	Hidden bool   `json:"hidden,omitempty"`
	Rows   int64  `json:"rows"`           // with values, the header included; -1: not counted
	More   bool   `json:"more,omitempty"` // there are more than Rows
}

// Limits of Table.Count.
const (
	maxCountedRows  = 300_000  // of the selected sheet or text; the rest is estimated
	maxSheetRows    = 5_000    // of each sheet
	maxListedSheets = 100      // of a workbook
	maxCountedBytes = 64 << 20 // unpacked, of all sheets
)

// Count counts the rows after the header, then those of all sheets, within limits.
// The table must be at its start; rows that are read afterwards are undefined. A
// damaged part of the file is left out.
func (t *Table) Count() (c Contents, err error) {
	c.Rows, c.Estimated, err = t.countRows()
	book, ok := t.rows.(workbook)
	if err != nil || !ok {
		return c, err
	}
	left := int64(maxCountedBytes)
	book.LimitCells(1)
	for i, s := range book.Sheets() {
		switch {
		case !s.Table:
			continue
		case len(c.Sheets) == maxListedSheets:
			c.More++
			continue
		}
		counted := Count{Name: s.Name, Number: i + 1, Hidden: s.Hidden, Rows: -1}
		book.Select(i)
		if left > book.Overhead() {
			var read int64
			if counted.Rows, counted.More, read, err = countSheet(book, left); err != nil {
				return c, err
			}
			left -= max(read, book.Overhead())
		}
		c.Sheets = append(c.Sheets, counted)
	}
	return c, nil
}

// countRows counts the rows of the table up to a limit, and estimates the rest.
func (t *Table) countRows() (rows int64, estimated bool, err error) {
	var row record.Row
	for {
		err := t.Next(&row)
		if isEnd(err) || err != nil {
			return rows, false, ignoreEnd(err)
		}
		if rows++; rows < maxCountedRows {
			continue
		}
		done, total := t.Progress()
		return int64(float64(rows) * float64(total) / float64(max(done, 1))), true, nil
	}
}

// countSheet counts the rows of the selected sheet, and the bytes that were read.
func countSheet(book workbook, bytes int64) (rows int64, more bool, read int64, err error) {
	var row record.Row
	for rows < maxSheetRows && read < bytes {
		read = book.BytesRead()
		err := book.Next(&row)
		if isEnd(err) || err != nil {
			return rows, false, read, ignoreEnd(err)
		}
		rows++
	}
	err = book.Next(&row)
	return rows, !isEnd(err), book.BytesRead(), ignoreEnd(err)
}

// isEnd reports whether no more rows can be read.
func isEnd(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, unpack.ErrDamaged)
}

// ignoreEnd returns nil for the end of the rows and for parts of a file that are not
// readable.
func ignoreEnd(err error) error {
	if isEnd(err) || errs.From(err) != nil {
		return nil
	}
	return err
}
