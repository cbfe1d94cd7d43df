package source

import (
	"unicode/utf8"

	"github.com/regulars/regulars/internal/bulk/posting"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/ledger"
)

// amount reads a cell with an amount. Its operation may be in a later column.
func (rd *Reader) amount(r *Row, c *Column, text string) {
	n, problem := posting.Parse(text, rd.formats)
	if problem != nil {
		rd.failValue(r, c, problem, text)
		return
	}
	r.Cells = append(r.Cells, Cell{Field: c.Field, Column: c, Text: text, Value: n})
}

// amounts replaces the amounts of a row by the changes of their operations.
func (rd *Reader) amounts(r *Row) {
	found := false
	for i := range r.Cells {
		s := &r.Cells[i]
		n, isAmount := s.Value.(int64)
		if !isAmount || posting.UnitOf(s.Field) == "" {
			continue
		}
		found = true
		var problem *field.Problem
		if s.Value, problem = changeOf(s, n); problem != nil {
			r.fail(s.Column.Header, problem.Code, problem.Said, s.Text)
		}
	}
	if c := rd.header.amount; c != nil && !found && !r.Empty && len(r.Errors) == 0 {
		r.fail(c.Header, "required", errs.Constant("The row has no amount."), "")
	}
}

// changeOf returns the change of a cell with an amount. In a file of premium currency no
// amount is over ledger.MaxAmount.
func changeOf(s *Cell, n int64) (posting.Change, *field.Problem) {
	switch {
	case s.Op != Overwrite:
		return posting.Added(n, s.Op == subtract)
	case s.Field == posting.Premium:
		return posting.Overwritten(n, ledger.MaxAmount)
	default:
		return posting.Overwritten(n, ledger.MaxBalance)
	}
}

// MaxReason is the greatest number of characters of a reason.
const MaxReason = 200

// reasons is a field for the texts of reasons.
var reasons = &field.Field{Type: field.SingleLine}

// reason reads a cell with the reason of an entry.
func (rd *Reader) reason(r *Row, c *Column, text string) {
	value, problem := rd.value(reasons, text)
	if problem == nil && utf8.RuneCountInString(value.(string)) > MaxReason {
		problem = field.Unfit("too_long", "A reason has at most %d characters.", MaxReason)
	}
	if problem != nil {
		r.fail(c.Header, problem.Code, problem.Said, text)
		return
	}
	r.Reason = value.(string)
}
