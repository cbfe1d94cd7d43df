// Package clock is the only source of the current time, so that tests can
// control it.
package clock

import "time"

// Clock returns the current time. The zero Clock uses the system time.
type Clock struct{ now func() time.Time }

// At returns a Clock that calls now, for tests.
func At(now func() time.Time) Clock { return Clock{now} }

// Now returns the time in UTC, truncated to milliseconds, the precision of the
// database.
func (c Clock) Now() time.Time {
	if c.now == nil {
		return time.Now().UTC().Truncate(time.Millisecond)
	}
	return c.now().UTC().Truncate(time.Millisecond)
}

// MS returns Now in Unix milliseconds.
func (c Clock) MS() int64 { return c.Now().UnixMilli() }

var started = time.Now() // with a reading of the monotonic clock

// Monotonic returns the time since the start of the process. Unlike differences of Now,
// it does not change when the system clock is set.
func Monotonic() time.Duration { return time.Since(started) }

// Precise returns the system time with nanoseconds, for measurements that processes
// compare.
func Precise() time.Time { return time.Now() }

// Layout is the format of times on the wire: RFC 3339 in UTC with
// milliseconds.
const Layout = "2006-01-02T15:04:05.000Z"

// Format formats Unix milliseconds with Layout; 0 is "".
func Format(ms int64) string {
	if ms == 0 {
		return ""
	}
	return time.UnixMilli(ms).UTC().Format(Layout)
}

// Parse returns a time of the wire in Unix milliseconds; 0 for none or another text.
func Parse(text string) int64 {
	at, err := time.Parse(Layout, text)
	if err != nil {
		return 0
	}
	return at.UnixMilli()
}
