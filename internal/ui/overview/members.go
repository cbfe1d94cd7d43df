package overview

import (
	"strconv"
	"time"

	"github.com/regulars/regulars/internal/stats"
	"github.com/regulars/regulars/internal/ui"
	"github.com/regulars/regulars/internal/ui/plot"
)

// Members are the numbers of members in a period of days.
type Members struct {
	Total        int64
	Period       int               // days
	Days, Before []stats.MemberDay // of the period, and of the one before
	Founded      string            // day the community was created, YYYY-MM-DD
}

// Number is a number with the one of the period before.
type Number struct{ Label, Value, Before string }

// numbers are the numbers above the plot.
func (m Members) numbers(r ui.Reader) []Number {
	joined, left := sums(m.Days)
	joinedBefore, leftBefore := sums(m.Before)
	return []Number{
		{r.T("Members"), r.Number(m.Total), r.T("%[1]d days ago: %[2]s", m.Period, r.Number(atEnd(m.Before)))},
		{r.T("figure|Joined"), r.Number(joined), r.T("Previous %[1]d days: %[2]s", m.Period, r.Number(joinedBefore))},
		{r.T("figure|Left"), r.Number(left), r.T("Previous %[1]d days: %[2]s", m.Period, r.Number(leftBefore))},
	}
}

// sums are the members that joined and left.
func sums(days []stats.MemberDay) (joined, left int64) {
	for _, d := range days {
		joined, left = joined+d.Joined, left+d.Left
	}
	return joined, left
}

// atEnd is the number of members at the end of the last day.
func atEnd(days []stats.MemberDay) int64 {
	if len(days) == 0 {
		return 0
	}
	return days[len(days)-1].Total
}

// chart is the plot of the members on each day.
func (m Members) chart(r ui.Reader) plot.Chart {
	joined, left := sums(m.Days)
	c := plot.Chart{Ticks: m.ticks(r), Number: func(n float64) string { return r.Number(int64(max(n, -n))) }}
	if len(m.Days) == 0 {
		return c
	}
	var up, down []float64
	for _, d := range m.Days {
		c.Slots = append(c.Slots, r.T("%[1]s: %[2]s members, %[3]s joined, %[4]s left", dayName(r, d.Day), r.Number(d.Total), r.Number(d.Joined), r.Number(d.Left)))
		up, down = append(up, float64(d.Joined)), append(down, -float64(d.Left))
	}
	last := m.Days[len(m.Days)-1]
	c.Label = r.T("Members from %[1]s to %[2]s: %[3]s at the end, %[4]s joined, %[5]s left.", dayName(r, m.Days[0].Day), dayName(r, last.Day), r.Number(last.Total), r.Number(joined), r.Number(left))
	c.Lines = []plot.Line{{Name: r.T("Members"), Value: r.Number(last.Total), Values: m.totals(m.Days)}}
	if atEnd(m.Before) != 0 {
		c.Lines = append(c.Lines, plot.Line{Name: r.T("%d days before", m.Period), Value: r.Number(atEnd(m.Before)), Values: m.totals(m.Before), Faint: true})
	}
	c.Bars = []plot.Bars{
		{Name: r.T("figure|Joined"), Value: r.Number(joined), Values: up},
		{Name: r.T("figure|Left"), Value: r.Number(left), Values: down, Faint: true},
	}
	return c
}

// totals are the numbers of members at the end of each day; days before the
// community existed are gaps.
func (m Members) totals(days []stats.MemberDay) []float64 {
	totals := make([]float64, len(days))
	for i, d := range days {
		totals[i] = float64(d.Total)
		if d.Day < m.Founded && d == (stats.MemberDay{Day: d.Day}) {
			totals[i] = plot.Gap
		}
	}
	return totals
}

// ticksShown is the number of days named below the plot.
const ticksShown = 4

// ticks are days at equal distances, with the first and the last.
func (m Members) ticks(r ui.Reader) (ticks []plot.Tick) {
	n := min(ticksShown, len(m.Days))
	for i := range n {
		at := 0
		if n > 1 {
			at = i * (len(m.Days) - 1) / (n - 1)
		}
		ticks = append(ticks, plot.Tick{Slot: at, Text: dayName(r, m.Days[at].Day)})
	}
	return ticks
}

// dayName is a date YYYY-MM-DD for the reader.
func dayName(r ui.Reader, day string) string {
	return r.Day(r.DayStart(day, 0) + (12 * time.Hour).Milliseconds())
}

// before is the total of the day that many days earlier; "" without one.
func (m Members) before(r ui.Reader, i int) string {
	if i >= len(m.Before) {
		return ""
	}
	return r.Number(m.Before[i].Total)
}

// periodLink is the address of the page with another period.
func periodLink(p ui.Page, days int) string {
	return p.In("/overview") + "?days=" + strconv.Itoa(days)
}
