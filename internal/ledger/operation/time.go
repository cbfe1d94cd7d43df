package operation

import "time"

// parseDate returns the number of a day such as 2026-04-07.
func parseDate(value string) (day int64, ok bool) {
	at, err := time.Parse(time.DateOnly, value)
	return at.Unix() / (24 * 60 * 60), err == nil
}

// parseInstant returns an instant in Unix milliseconds.
func parseInstant(value string) (at int64, ok bool) {
	parsed, err := time.Parse(time.RFC3339Nano, value)
	return parsed.UnixMilli(), err == nil
}
