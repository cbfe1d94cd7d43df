package job

import (
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sheet"
)

// warnHiddenRows is the code of the warning of hidden rows.
const warnHiddenRows = "hidden_rows"

// AllWarnings returns the warnings of opening the file, then those of the rows that
// were read. It is never nil.
func (j *Job) AllWarnings() []sheet.Warning {
	list := append([]sheet.Warning{}, j.Warnings...)
	if h := j.Hidden; h.Rows > 0 {
		list = append(list, sheet.Warning{Code: warnHiddenRows, Message: hiddenRows(j), Count: h.Rows, FirstLine: h.FirstLine})
	}
	return list
}

// hiddenRows is the message of hidden_rows.
func hiddenRows(j *Job) errs.Sentence {
	skip := errs.NewOption("hiddenRows=skip", "Skip hidden rows")
	switch {
	case j.DryRun && j.Hidden.Rows == 1:
		return errs.NewSentence("1 hidden row is imported too. To leave it out, use %s.", skip)
	case j.DryRun:
		return errs.NewSentence("%d hidden rows are imported too. To leave them out, use %s.", j.Hidden.Rows, skip)
	case j.Hidden.Rows == 1:
		return errs.NewSentence("1 hidden row was imported. To leave it out, use %s.", skip)
	}
	return errs.NewSentence("%d hidden rows were imported. To leave them out, use %s.", j.Hidden.Rows, skip)
}
