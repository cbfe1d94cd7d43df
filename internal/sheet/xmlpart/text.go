package xmlpart

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// FormatDecimal returns a number as the shortest decimal with 15 significant
// digits, the precision of a spreadsheet, without exponent or thousands
// separators. Whole numbers and other texts are unchanged.
func FormatDecimal(raw string) string {
	if strings.Trim(raw, "0123456789") == "" {
		return raw
	}
	f, err := strconv.ParseFloat(raw, 64)
	if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
		return raw
	}
	if rounded, err := strconv.ParseFloat(strconv.FormatFloat(f, 'g', 15, 64), 64); err == nil {
		f = rounded
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}

// FormatTime returns a time of day.
func FormatTime(t time.Time) string { return t.Format("15:04:05.999") }

// FormatDate returns a date in ISO 8601, without the time of day at midnight.
func FormatDate(t time.Time) string {
	if t.Equal(t.Truncate(24 * time.Hour)) {
		return t.Format(time.DateOnly)
	}
	return t.Format("2006-01-02T15:04:05.999Z")
}

// NormalizeDate converts an ISO date in a cell to the form of FormatDate.
func NormalizeDate(raw string) string {
	raw = strings.TrimSpace(raw)
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04", time.DateOnly} {
		if t, err := time.Parse(layout, raw); err == nil {
			return FormatDate(t.UTC())
		}
	}
	return raw
}
