package job

import (
	"encoding/json"

	"github.com/regulars/regulars/internal/bulk/source"
	"github.com/regulars/regulars/internal/errs"
)

// Bounds of Options.Values.
const (
	maxValueColumns = 1_000
	maxValues       = 10_000
	maxValueLength  = 1_000     // bytes of a text
	maxValueBytes   = 256 << 10 // of all texts
)

func parseValues(o *Options, text string) *errs.Field {
	if err := json.Unmarshal([]byte(text), &o.Values); err != nil {
		return &errs.Field{Field: "values", Code: "invalid_json", Message: `Write the values as JSON: {"header": {"text in the file": "text to read instead"}}, "" for an empty cell.`}
	}
	return CheckValues(o.Values)
}

// CheckValues returns the error of values beyond the bounds, nil within them.
func CheckValues(v source.Values) *errs.Field {
	count, bytes := 0, 0
	for header, texts := range v {
		count, bytes = count+len(texts), bytes+len(header)
		for from, to := range texts {
			bytes += len(from) + len(to)
			if max(len(from), len(to)) > maxValueLength {
				return new(errs.Wrong("values", "too_long", "A text has at most %d bytes.", maxValueLength))
			}
			if source.ValueKey(from) == "" {
				return new(errs.Wrong("values", "empty_value", "An empty cell cannot be mapped. Name a text of the file."))
			}
		}
	}
	if len(v) > maxValueColumns || count > maxValues || bytes > maxValueBytes {
		return new(errs.Wrong("values", "too_many", "Map at most %[1]d values of %[2]d columns, with %[3]d bytes together.", maxValues, maxValueColumns, maxValueBytes))
	}
	return nil
}
