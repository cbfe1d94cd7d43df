package wire

import (
	"time"

	"github.com/regulars/regulars/internal/errs"
)

// ParseTime parses a time, or a day to which day is added, as Unix milliseconds; "" is 0.
// It appends an error of the field name to wrong.
func ParseTime(name, text string, day time.Duration, wrong *[]errs.Field) int64 {
	if text == "" {
		return 0
	}
	if at, err := time.Parse(time.DateOnly, text); err == nil {
		return at.Add(day).UnixMilli()
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		*wrong = append(*wrong, errs.Field{Field: name, Code: "invalid_time", Message: "Send a time such as 2026-04-07T08:50:16.000Z, or a day such as 2026-04-07."})
		return 0
	}
	return at.UnixMilli()
}
