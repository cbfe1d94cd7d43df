package source

import (
	"slices"

	"github.com/regulars/regulars/internal/sheet/record"
)

// Correction is the text to read instead of a cell of a file.
type Correction struct {
	Line int // of the row
	Cell int // index of the column, from 0
	Text string
}

// SetCorrections sets the texts to read instead of cells.
func (l *Header) SetCorrections(list []Correction) {
	l.corrections = nil
	for _, c := range list {
		if c.Cell < 0 || c.Cell >= len(l.Columns) {
			continue
		}
		if l.corrections == nil {
			l.corrections = map[int][]Correction{}
		}
		l.corrections[c.Line] = append(l.corrections[c.Line], c)
	}
}

// Correct replaces the corrected cells of a row. A row that is damaged as a whole is
// unchanged.
func (l *Header) Correct(row *record.Row) {
	if l.corrections == nil || row.Problem != "" {
		return
	}
	for _, c := range l.corrections[row.Line] {
		for len(row.Cells) <= c.Cell {
			row.Cells = append(row.Cells, "")
		}
		row.Cells[c.Cell] = c.Text
		row.Shown = slices.DeleteFunc(row.Shown, func(s record.ShownText) bool { return s.Index == c.Cell })
		row.CellProblems = slices.DeleteFunc(row.CellProblems, func(p record.CellProblem) bool { return p.Index == c.Cell })
	}
}

// IndexOf returns the index of the first column with a header, -1 without one.
func (l *Header) IndexOf(header string) int {
	return slices.IndexFunc(l.Columns, func(c Column) bool { return c.Header == header && header != "" })
}
