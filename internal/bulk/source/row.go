package source

import (
	"strings"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/sheet"
	"github.com/regulars/regulars/internal/sheet/record"
	"github.com/regulars/regulars/internal/text"
)

// RowError is an error of a row.
type RowError struct {
	Column  string        `json:"column"` // header as in the file; "": the whole row
	Code    string        `json:"code"`
	Message errs.Sentence `json:"message"`
	Value   string        `json:"value"`
}

// NewRowError returns an error of a row. A long value is shortened to MaxShown
// characters.
func NewRowError(column, code string, message errs.Sentence, value string) *RowError {
	if shown := []rune(value); len(value) > MaxShown && len(shown) > MaxShown {
		value = string(shown[:MaxShown]) + "…"
	}
	return &RowError{Column: column, Code: code, Message: message, Value: value}
}

// MaxShown is the maximum number of characters of a value in an error.
const MaxShown = 200

const (
	clearToken   = "__CLEAR__"
	everyoneRole = "@all"
)

// Row is a row of the file, checked as far as that is possible without its
// member.
type Row struct {
	Line        int
	Pos         record.Pos
	Email       string
	EmailKey    string
	Username    string
	UsernameKey string
	UserRef     string // the user_id cell
	Reason      string // of entries; "": none
	Cells       []Cell
	Errors      []RowError
	Empty       bool
	Hidden      bool // in the spreadsheet
	Stale       bool // set if its change would differ from the plan of the dry run
}

// Cell is a cell with a new value of a field.
type Cell struct {
	Field  *field.Field
	Column *Column
	Text   string
	Value  any // nil: clear; Names of roles and tags; int64 before and posting.Change after the operation of an amount; else as the field stores it
	Op     Operation
}

// Names are roles or tags in a cell.
type Names []string

// Operation is an operation on a number.
type Operation byte

// The operations; a cell without one overwrites.
const (
	Overwrite Operation = iota
	add
	subtract // the value is already negated
)

var operations = map[string]Operation{"overwrite": Overwrite, "add": add, "subtract": subtract}

// trimCell removes what text.Trim does around a value, and the apostrophe of EscapeCell.
// Of several apostrophes it removes one.
func trimCell(cell string) string {
	value := text.Trim(cell)
	if value == "" || value[0] != '\'' {
		return value
	}
	rest := strings.TrimLeft(value, "'")
	switch {
	case rest != clearToken && !sheet.StartsFormula(rest):
		return value
	case rest == value[1:] && text.Trim(rest) != rest:
		return trimCell(rest) // white space that was escaped
	}
	return value[1:]
}

// Clears reports whether a cell clears its field. With an apostrophe the word is
// a value.
func Clears(cell string) bool { return text.Trim(cell) == clearToken }

// splitNames returns the names in a cell, normalised.
func splitNames(cell, separator string) Names {
	list := Names{}
	for name := range strings.SplitSeq(cell, separator) {
		if name = text.Name(trimCell(name)); name != "" && name != everyoneRole {
			list = append(list, name)
		}
	}
	return list
}

func (r *Row) fail(column, code string, message errs.Sentence, value string) {
	r.Errors = append(r.Errors, *NewRowError(column, code, message, value))
}

// Identifier is the first of the row's email, username, id and identifier.
func (r *Row) Identifier() string {
	switch {
	case r.Email != "":
		return r.Email
	case r.Username != "":
		return r.Username
	case r.UserRef != "":
		return r.UserRef
	}
	if s := r.IdentifierCell(); s != nil {
		return s.Text
	}
	return ""
}

// IdentifierCell is the first cell of a custom identifier field, nil if there is
// none.
func (r *Row) IdentifierCell() *Cell {
	for i := range r.Cells {
		if s := &r.Cells[i]; s.Field.Identifier && !s.Field.Default && s.Value != nil {
			return s
		}
	}
	return nil
}

// EscapeCell puts an apostrophe before a text that a spreadsheet would run as a
// formula, or that would not be read back unchanged.
func EscapeCell(text string) string {
	if escaped := EscapeText(text); escaped != text {
		return escaped
	}
	return sheet.EscapeFormula(text)
}

// EscapeText is EscapeCell for a text cell of a workbook, which is never run.
func EscapeText(text string) string {
	rest := strings.TrimLeft(text, "'")
	if rest == clearToken || rest != text && sheet.StartsFormula(rest) {
		return "'" + text
	}
	return text
}
