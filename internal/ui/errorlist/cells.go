package errorlist

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/bulk/correction"
	"github.com/regulars/regulars/internal/ui"
)

// CellView is the input of a cell with an error.
type CellView struct {
	Line, Cell int
	Column     string
	Text       string // the saved correction, else the text of the check
}

func (c CellView) name() string { return strconv.Itoa(c.Line) + "-" + strconv.Itoa(c.Cell) }

// field is the name of a form field of the cell.
func (c CellView) field(kind string) string { return kind + "-" + c.name() }

func (c CellView) multiline() bool { return strings.Contains(c.Text, "\n") }

// label names the input for screen readers.
func (c CellView) label(r ui.Reader) string { return r.T("%[1]s on line %[2]d", c.Column, c.Line) }

// Corrections are the corrected cells of a draft.
type Corrections struct {
	Pending int64 // that the check does not have
	texts   map[[2]int]string
}

// NewCorrections returns the corrected cells of a draft.
func NewCorrections(list []bulk.Correction, pending int64) Corrections {
	c := Corrections{Pending: pending, texts: make(map[[2]int]string, len(list))}
	for _, one := range list {
		c.texts[[2]int{one.Line, one.Cell}] = one.Text
	}
	return c
}

// Cells returns the inputs of a failed row.
func (c Corrections) Cells(d bulk.Detail) (cells []CellView) {
	if d.Outcome != "failed" || d.Withheld {
		return nil
	}
	for _, one := range d.Cells {
		if utf8.RuneCountInString(one.Text) > correction.MaxText {
			continue
		}
		cell := CellView{Line: d.Line, Cell: one.Cell, Column: one.Column, Text: one.Text}
		if text, saved := c.texts[[2]int{d.Line, one.Cell}]; saved {
			cell.Text = text
		}
		cells = append(cells, cell)
	}
	return cells
}

// pendingText says how many corrections the next check reads.
func (c Corrections) pendingText(r ui.Reader) string {
	return r.Count(c.Pending, "%d correction is saved for the next check.", "%d corrections are saved for the next check.")
}
