package uitest_test

import (
	"testing"
	"time"

	"github.com/a-h/templ"

	"github.com/regulars/regulars/internal/stats"
	uioverview "github.com/regulars/regulars/internal/ui/overview"
)

// fixtureDays are the figures of days up to the day before another one.
func fixtureDays(n, ago int, total int64) (days []stats.MemberDay) {
	for i := range n {
		d := stats.MemberDay{Day: seenAt.AddDate(0, 0, i+1-n-ago).Format(time.DateOnly), Joined: int64(i*7%13 + i%5*9), Left: int64(i * 5 % 9)}
		if i%11 == 10 {
			d.Joined, d.Left = 0, 61
		}
		total += d.Joined - d.Left
		d.Total = total
		days = append(days, d)
	}
	return days
}

func fixtureOverview(period int) uioverview.View {
	before := fixtureDays(period, period, 11_800)
	days := fixtureDays(period, 0, before[period-1].Total)
	return uioverview.View{
		Page: fixturePage("Overview", "overview", ""), Here: "/c/x/overview",
		Members: uioverview.Members{Total: days[period-1].Total, Period: period, Days: days, Before: before},
	}
}

// overviewFixtures are the overview of a community of some age, of a new one, of
// one without figures, and a page of the installation.
func overviewFixtures() map[string]templ.Component {
	busy := fixtureOverview(30)
	busy.Jobs = []uioverview.Job{
		{Name: "spring-2026.csv", Link: "/c/x/bulk-jobs/y", Running: true, Percent: 62.4},
		{Name: "Maximiliane Oberbichler-Stadelbauer's members of the last hundred years.xlsx", Link: "/c/x/bulk-jobs/z", Running: true, Percent: -1},
		{Name: "autumn.csv", Link: "/c/x/bulk-jobs/w"},
	}
	fresh := busy
	fresh.Jobs = nil
	fresh.Members = uioverview.Members{Total: 3, Period: 30, Founded: seenAt.AddDate(0, 0, -1).Format(time.DateOnly), Before: make([]stats.MemberDay, 30)}
	for i := range 30 {
		fresh.Members.Days = append(fresh.Members.Days, stats.MemberDay{Day: seenAt.AddDate(0, 0, i-29).Format(time.DateOnly)})
	}
	fresh.Members.Days[28] = stats.MemberDay{Day: fresh.Members.Days[28].Day, Joined: 4, Left: 1, Total: 3}
	fresh.Members.Days[29].Total = 3
	for _, words := range [][2]string{{"Create fields", "Data of members beyond name, email and phone."}, {"Import members", "From a CSV or Excel file, with a preview of every change."}, {"Invite people", "By a link or by email."}, {"Create an API key", "For programs that read and change members."}} {
		fresh.Steps = append(fresh.Steps, uioverview.Step{Icon: "upload", Title: fixtureWords.T(words[0]), Text: fixtureWords.T(words[1]), Link: "/", Done: len(fresh.Steps) == 1})
	}
	none := fixtureOverview(30)
	none.Members = uioverview.Members{Period: 30}
	return map[string]templ.Component{
		"overview": uioverview.Page(busy), "overview-new": uioverview.Page(fresh), "overview-year": uioverview.Page(fixtureOverview(365)), "overview-none": uioverview.Page(none),
	}
}

func TestOverviewIsAccessible(t *testing.T) { checkGallery(t, overviewFixtures()) }
