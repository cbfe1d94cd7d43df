package overview

import (
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/stats"
	"github.com/regulars/regulars/internal/ui"
)

var reader = ui.Reader{Now: time.Date(2026, 4, 7, 9, 30, 0, 0, time.UTC), Zone: time.UTC}

func TestNumbersAreOfThePeriodAndTheOneBefore(t *testing.T) {
	m := Members{
		Total: 12_345, Period: 30,
		Days:   []stats.MemberDay{{Day: "2026-04-06", Joined: 1_000, Left: 2, Total: 12_300}, {Day: "2026-04-07", Joined: 50, Left: 5, Total: 12_345}},
		Before: []stats.MemberDay{{Day: "2026-04-04", Joined: 7, Left: 9, Total: 11_300}, {Day: "2026-04-05", Joined: 2, Total: 11_302}},
	}
	want := []Number{{"Members", "12,345", "30 days ago: 11,302"}, {"Joined", "1,050", "Previous 30 days: 9"}, {"Left", "7", "Previous 30 days: 9"}}
	if got := m.numbers(reader); !reflect.DeepEqual(got, want) {
		t.Errorf("%v", got)
	}
	want = []Number{{"Members", "0", "30 days ago: 0"}, {"Joined", "0", "Previous 30 days: 0"}, {"Left", "0", "Previous 30 days: 0"}}
	if got := (Members{Period: 30}).numbers(reader); !reflect.DeepEqual(got, want) {
		t.Errorf("without days: %v", got)
	}
}

func TestChartOfMembers(t *testing.T) {
	if c := (Members{Period: 30}).chart(reader); len(c.Slots) != 0 || len(c.Lines) != 0 || len(c.Ticks) != 0 {
		t.Errorf("without days: %+v", c)
	}
	one := Members{Period: 30, Days: []stats.MemberDay{{Day: "2026-04-07", Joined: 2, Left: 3, Total: 11}}}.chart(reader)
	if len(one.Slots) != 1 || one.Slots[0] != "7 Apr 2026: 11 members, 2 joined, 3 left" || len(one.Ticks) != 1 || len(one.Lines) != 1 {
		t.Errorf("of one day: %+v", one)
	}
	if len(one.Bars) != 2 || one.Bars[0].Values[0] != 2 || one.Bars[1].Values[0] != -3 {
		t.Errorf("members that left are not below zero: %+v", one.Bars)
	}
	year := Members{Period: 365, Before: []stats.MemberDay{{Day: "2026-04-06", Total: 5}}}
	for i := range 365 {
		year.Days = append(year.Days, stats.MemberDay{Day: reader.Now.AddDate(0, 0, i-364).Format(time.DateOnly), Total: int64(i)})
	}
	c := year.chart(reader)
	if len(c.Lines) != 2 || !c.Lines[1].Faint || c.Lines[1].Value != "5" || c.Lines[0].Value != "364" {
		t.Errorf("the period before is missing: %+v", c.Lines)
	}
	var days []string
	for _, tick := range c.Ticks {
		days = append(days, tick.Text)
	}
	if want := []string{"8 Apr 2025", "7 Aug 2025", "6 Dec 2025", "7 Apr 2026"}; !reflect.DeepEqual(days, want) {
		t.Errorf("days below the chart: %v", days)
	}
}

func TestDaysBeforeTheCommunityAreGaps(t *testing.T) {
	m := Members{Founded: "2026-04-05"}
	got := m.totals([]stats.MemberDay{{Day: "2026-04-03"}, {Day: "2026-04-04", Left: 1, Total: -1}, {Day: "2026-04-05"}, {Day: "2026-04-06", Total: 4}})
	if !math.IsNaN(got[0]) || got[1] != -1 || got[2] != 0 || got[3] != 4 {
		t.Errorf("%v", got)
	}
}
