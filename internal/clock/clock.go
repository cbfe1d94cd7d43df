// Package clock is the only place that asks for the time, so that a test can
// decide it.
package clock

import "time"

// Clock tells the time. The zero Clock is the system's.
type Clock struct{ now func() time.Time }

// At returns a Clock that asks now; tests use it to move time by hand.
func At(now func() time.Time) Clock { return Clock{now} }

// Now is the time in UTC, cut to milliseconds: what the database keeps.
func (c Clock) Now() time.Time {
	if c.now == nil {
		return time.Now().UTC().Truncate(time.Millisecond)
	}
	return c.now().UTC().Truncate(time.Millisecond)
}

// MS is Now in Unix milliseconds.
func (c Clock) MS() int64 { return c.Now().UnixMilli() }

// Layout is how the wire shows a time: RFC 3339 in UTC with milliseconds.
const Layout = "2006-01-02T15:04:05.000Z"

// Format shows Unix milliseconds on the wire; 0 is "".
func Format(ms int64) string {
	if ms == 0 {
		return ""
	}
	return time.UnixMilli(ms).UTC().Format(Layout)
}
