package apply

import (
	"errors"
	"slices"
	"strings"

	"github.com/regulars/regulars/internal/bulk/posting"
	"github.com/regulars/regulars/internal/bulk/source"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/sqldb"
)

// rejectedError is a constraint violation, or a refusal of the ledger, caused by the rows
// of a batch.
type rejectedError struct{ error }

func (e rejectedError) Unwrap() error { return e.error }

// Rejected wraps the constraint violations and refusals that the same rows may cause again.
func Rejected(err error) error {
	if _, refused := errors.AsType[*posting.RefusedError](err); refused || sqldb.IsConstraint(err) {
		return rejectedError{err}
	}
	return err
}

// IsRejected reports whether an error was wrapped by Rejected.
func IsRejected(err error) bool {
	_, ok := errors.AsType[rejectedError](err)
	return ok
}

const (
	conflictOfValue = "Another change took this value, or the database refuses it. Choose another value and import the row again."
	conflictOfRow   = "The database refuses this row: its values contradict a rule, or another change at the same time. Compare the row with the members it names, correct it and import it again."
)

// conflict is the error of a row that violates a constraint, with its column if
// the constraint has one.
func conflict(r *source.Row, cause error) source.RowError {
	if s := violating(r, sqldb.Constraint(cause)); s != nil {
		return *source.NewRowError(s.Column.Header, "conflict", errs.Constant(conflictOfValue), s.Text)
	}
	return *source.NewRowError("", "conflict", errs.Constant(conflictOfRow), r.Identifier())
}

// violating returns the cell that violates a constraint, nil if it is not
// certain.
func violating(r *source.Row, constraint string) *source.Cell {
	own := func(s *source.Cell) bool { return s.Field.Identifier && !s.Field.Default && s.Value != nil }
	var belongs func(*source.Cell) bool
	switch {
	case strings.Contains(constraint, "username"):
		belongs = func(s *source.Cell) bool { return s.Field.Default && s.Field.Field == field.Username }
	case strings.HasPrefix(constraint, "tags"):
		belongs = func(s *source.Cell) bool { return s.Field.Type == field.TagList }
	case strings.HasPrefix(constraint, "member_identifiers"):
		belongs = own
	default:
		return nil
	}
	i := slices.IndexFunc(r.Cells, func(s source.Cell) bool { return belongs(&s) })
	if i < 0 || slices.ContainsFunc(r.Cells[i+1:], func(s source.Cell) bool { return belongs(&s) }) {
		return nil // none or several
	}
	return &r.Cells[i]
}
