package progress

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/ledger"
	"github.com/regulars/regulars/internal/ledger/economy"
	"github.com/regulars/regulars/internal/ui"
	"github.com/regulars/regulars/internal/ui/plot"
)

// EconomyView is the economy of a community in a period.
type EconomyView struct {
	ui.Page
	economy.Summary
}

// periods are the numbers of days that the page shows.
var periods = []int{30, 90, 365}

func (h *handlers) showEconomy(v *ui.Request) error {
	days, _ := strconv.Atoi(v.URL.Query().Get("days"))
	if !slices.Contains(periods, days) {
		days = periods[0]
	}
	var view EconomyView
	var err error
	if view.Summary, err = h.Economy.Summary(v.Context(), v.Actor, v.Community.ID, days); err != nil {
		return err
	}
	slices.SortFunc(view.Units, func(a, b economy.Unit) int { return place(a.Unit) - place(b.Unit) })
	if view.Page, err = h.Page(v, i18n.Key("Economy"), "economy", i18n.Key("What members earned and spent, of all entries of the ledger.")); err != nil {
		return err
	}
	return ui.Render(v, http.StatusOK, EconomyPage(view))
}

// place is the place of a unit on pages.
func place(unit ledger.Unit) int {
	return slices.IndexFunc(units, func(c ui.Choice) bool { return c.Value == string(unit) })
}

// dayName is a day of the summary for the reader.
func (v EconomyView) dayName(slot int) string {
	day := time.Unix((v.First+int64(slot))*24*60*60, 0).UTC().Format(time.DateOnly)
	return v.Reader.Day(v.Reader.DayStart(day, 0) + (12 * time.Hour).Milliseconds())
}

// ticksShown is the number of days named below a plot.
const ticksShown = 4

// chart is the plot of what was issued and spent on each day.
func (v EconomyView) chart(u economy.Unit) plot.Chart {
	number := v.Reader.Number
	c := plot.Chart{Number: func(n float64) string { return number(int64(max(n, -n))) }}
	var up, down []float64
	for slot, d := range u.Days {
		c.Slots = append(c.Slots, v.T("%[1]s: %[2]s issued, %[3]s spent, %[4]s expired", v.dayName(slot), number(d.Issued), number(d.Spent), number(d.Expired)))
		up, down = append(up, float64(d.Issued)), append(down, -float64(d.Spent+d.Expired))
	}
	for i := range ticksShown {
		slot := i * (len(u.Days) - 1) / (ticksShown - 1)
		c.Ticks = append(c.Ticks, plot.Tick{Slot: slot, Text: v.dayName(slot)})
	}
	c.Label = v.T("%[1]s from %[2]s to %[3]s: %[4]s issued, %[5]s spent, %[6]s expired.", v.T(ui.LabelOf(units, string(u.Unit))), v.dayName(0), v.dayName(len(u.Days)-1), number(u.Issued), number(u.Spent), number(u.Expired))
	c.Lines = []plot.Line{{Name: v.T("Outstanding"), Value: number(u.Outstanding), Values: outstanding(u)}}
	c.Bars = []plot.Bars{{Name: v.T("Issued"), Value: number(u.Issued), Values: up}, {Name: v.T("Spent or expired"), Value: number(u.Spent + u.Expired), Values: down, Faint: true}}
	return c
}

// outstanding are the balances of all members at the end of each day.
func outstanding(u economy.Unit) []float64 {
	values, at := make([]float64, len(u.Days)), u.Outstanding
	for slot := len(u.Days) - 1; slot >= 0; slot-- {
		values[slot] = float64(at)
		at -= u.Days[slot].Issued - u.Days[slot].Spent - u.Days[slot].Expired
	}
	return values
}

// expires reports whether amounts of a unit may end.
func expires(u economy.Unit) bool { return u.Unit != ledger.XP }
