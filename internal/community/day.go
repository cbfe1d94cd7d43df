package community

import "time"

const secondsOfDay = 24 * 60 * 60 // of a day without changes of the clock

// Zone returns the time zone of the community.
func (c Community) Zone() *time.Location {
	zone, err := time.LoadLocation(c.Settings.TimeZone)
	if err != nil { // the settings are validated; the zone was removed from the system
		return time.UTC
	}
	return zone
}

// Day returns the number of the day in the time zone of the community, since 1970.
func (c Community) Day(at time.Time) int64 {
	year, month, day := at.In(c.Zone()).Date()
	return DayOf(time.Date(year, month, day, 0, 0, 0, 0, time.UTC))
}

// DayOf returns the number of a day in UTC, since 1970.
func DayOf(date time.Time) int64 { return date.Unix() / secondsOfDay }

// DateOf returns the first instant in UTC of a day with a number of DayOf, to format it.
func DateOf(day int64) time.Time { return time.Unix(day*secondsOfDay, 0).UTC() }

// Days returns the days of many times. It is for one goroutine.
type Days struct {
	home  Community
	known map[int64]int64 // by quarter of an hour, with which the days of all zones begin
}

// NewDays returns the Days of a community.
func NewDays(home Community) *Days { return &Days{home, map[int64]int64{}} }

// Of is Community.Day for a time in Unix milliseconds.
func (d *Days) Of(ms int64) int64 {
	quarter := ms / (15 * time.Minute).Milliseconds()
	day, known := d.known[quarter]
	if !known {
		day = d.home.Day(time.UnixMilli(ms))
		d.known[quarter] = day
	}
	return day
}

// DayStart returns the first instant of the day with a number of Day.
func (c Community) DayStart(day int64) time.Time {
	year, month, date := DateOf(day).Date()
	return StartOfDay(year, month, date, c.Zone())
}

// StartOfDay returns the first instant of a day: the earlier one of two midnights,
// and later than midnight where a zone skips it.
func StartOfDay(year int, month time.Month, day int, zone *time.Location) time.Time {
	midnight := time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
	_, before := midnight.AddDate(0, 0, -1).In(zone).Zone()
	_, after := midnight.AddDate(0, 0, 1).In(zone).Zone()
	for _, offset := range []int{max(before, after), min(before, after)} {
		at := midnight.Add(-time.Duration(offset) * time.Second).In(zone)
		if at.Hour() == 0 && at.Minute() == 0 && at.Day() == midnight.Day() {
			return at
		}
	}
	begin, _ := midnight.Add(-time.Duration(before) * time.Second).In(zone).ZoneBounds()
	return begin
}
