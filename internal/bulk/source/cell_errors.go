package source

import (
	"slices"

	"github.com/regulars/regulars/internal/errs"
)

// maxCellErrors is the number of names or options of a cell with an error of their
// own.
const maxCellErrors = 20

// CellErrors are the errors of a cell with several names or options: one for each
// value. The zero CellErrors has none.
type CellErrors struct {
	List []RowError
	more bool
}

// Add adds the error of a name or option of a cell, unless it has one.
func (e *CellErrors) Add(column, code string, message errs.Sentence, value string) {
	added := NewRowError(column, code, message, value)
	switch {
	case e.more, slices.ContainsFunc(e.List, func(other RowError) bool { return other.Code == code && other.Value == added.Value }):
	case len(e.List) == maxCellErrors:
		e.more = true
		e.List = append(e.List, *NewRowError(column, code, errs.Constant("The cell has more values with errors than are listed."), ""))
	default:
		e.List = append(e.List, *added)
	}
}
