package sheet

import "github.com/regulars/regulars/internal/errs"

// Warning is an assumption about a file that its user may want to check. No row
// fails because of it.
type Warning struct {
	Code      string        `json:"code"` // encoding_guessed, lines_before_header, sheet_chosen
	Message   errs.Sentence `json:"message"`
	Count     int64         `json:"count" doc:"the number of lines, rows or columns concerned"`
	FirstLine int           `json:"firstLine" doc:"the line of the first one; 0: the whole file"`
}

// Warnings are the assumptions that Open made about encoding, sheet and header.
// Rows that are read later do not change them.
func (t *Table) Warnings() []Warning { return t.warnings }

func (t *Table) warn(code string, count int64, firstLine int, message errs.Sentence) {
	t.warnings = append(t.warnings, Warning{Code: code, Message: message, Count: count, FirstLine: firstLine})
}
