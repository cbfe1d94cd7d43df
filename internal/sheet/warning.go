package sheet

import "github.com/regulars/regulars/internal/errs"

// The codes of warnings.
const (
	WarnEncodingGuessed   = "encoding_guessed"
	WarnLinesBeforeHeader = "lines_before_header"
	WarnSheetChosen       = "sheet_chosen"
)

// Warning is an assumption about a file that its user may want to check. No row
// fails because of it.
type Warning struct {
	Code      string        `json:"code"`
	Message   errs.Sentence `json:"message"`
	Count     int64         `json:"count" doc:"the number of lines, rows or columns concerned"`
	FirstLine int           `json:"firstLine" doc:"the line of the first one"`
}
