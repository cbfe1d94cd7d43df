package i18n

import (
	"time"

	"github.com/regulars/regulars/internal/errs"
)

// Sentence returns s in the language of the printer. Options have the labels of
// pages.
func (p Printer) Sentence(s errs.Sentence) string {
	if len(s.Args) == 0 {
		return p.T(s.English)
	}
	args := make([]any, len(s.Args))
	for i, arg := range s.Args {
		switch arg := arg.(type) {
		case errs.Word:
			args[i] = p.T(string(arg))
		case errs.Option:
			args[i] = p.T("“%s”", p.T(string(arg.Label)))
		case errs.Sentence:
			args[i] = p.Sentence(arg)
		case time.Duration:
			args[i] = p.Span(arg)
		default:
			args[i] = arg
		}
	}
	return p.T(s.Format, args...)
}
