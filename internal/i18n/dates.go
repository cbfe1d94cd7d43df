package i18n

import (
	"slices"
	"strings"
	"time"

	"golang.org/x/text/language"
)

// calendar has the date formats of a language.
type calendar struct {
	months, short []string
	weekdays      []string
	day, full     string // patterns of Printer.date
}

var calendars = map[language.Tag]calendar{
	language.English: {
		months:   strings.Fields("January February March April May June July August September October November December"),
		short:    strings.Fields("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"),
		weekdays: strings.Fields("Sunday Monday Tuesday Wednesday Thursday Friday Saturday"),
		day:      "{d} {m} {y}", full: "{weekday}, {d} {month} {y}, {time}",
	},
	language.German: {
		months:   strings.Fields("Januar Februar März April Mai Juni Juli August September Oktober November Dezember"),
		short:    strings.Fields("Jan. Feb. März Apr. Mai Juni Juli Aug. Sept. Okt. Nov. Dez."),
		weekdays: strings.Fields("Sonntag Montag Dienstag Mittwoch Donnerstag Freitag Samstag"),
		day:      "{d}. {m} {y}", full: "{weekday}, {d}. {month} {y}, {time}",
	},
	language.Spanish: {
		months:   strings.Fields("enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre"),
		short:    strings.Fields("ene feb mar abr may jun jul ago sept oct nov dic"),
		weekdays: strings.Fields("domingo lunes martes miércoles jueves viernes sábado"),
		day:      "{d} {m} {y}", full: "{weekday}, {d} de {month} de {y}, {time}",
	},
	language.Japanese: {
		months:   strings.Fields("1月 2月 3月 4月 5月 6月 7月 8月 9月 10月 11月 12月"),
		short:    strings.Fields("1月 2月 3月 4月 5月 6月 7月 8月 9月 10月 11月 12月"),
		weekdays: strings.Fields("日 月 火 水 木 金 土"),
		day:      "{y}年{m}{d}日", full: "{y}年{month}{d}日({weekday}) {time}",
	},
}

// Day returns the date of t in its zone, such as "2 Jan 2006".
func (p Printer) Day(t time.Time) string { return p.date(t, calendars[p.Language()].day) }

// Exact returns weekday, date, time to the second and zone.
func (p Printer) Exact(t time.Time) string { return p.date(t, calendars[p.Language()].full) }

func (p Printer) date(t time.Time, pattern string) string {
	c := calendars[p.Language()]
	month := int(t.Month()) - 1
	return strings.NewReplacer("{d}", t.Format("2"), "{y}", t.Format("2006"), "{m}", c.short[month], "{month}", c.months[month],
		"{weekday}", c.weekdays[t.Weekday()], "{time}", t.Format("15:04:05 MST")).Replace(pattern)
}

// List joins words as in "a, b and c".
func (p Printer) List(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	comma := p.T(", ")
	return p.T("%[1]s and %[2]s", strings.Join(words[:len(words)-1], comma), words[len(words)-1])
}

// Sentences joins the sentences that are not empty.
func (p Printer) Sentences(sentences ...string) string {
	separator := " "
	if p.Language() == language.Japanese {
		separator = ""
	}
	return strings.Join(slices.DeleteFunc(sentences, func(s string) bool { return s == "" }), separator)
}

// Ago returns the time from t to now in words, such as "5 min ago" or "in 3
// hours", or the date if it is two weeks ago or two days ahead.
func (p Printer) Ago(t, now time.Time) string {
	d := now.Sub(t)
	switch {
	case d < 0 && d > -time.Minute, d >= 0 && d < 45*time.Second:
		return p.T("just now")
	case d >= 0 && d < time.Hour:
		return p.T("%d min ago", max(1, int(d.Round(time.Minute).Minutes())))
	case d >= 0 && d < 24*time.Hour:
		return p.T("%d h ago", int(d.Hours()))
	case d >= 0 && d < 48*time.Hour:
		return p.T("yesterday")
	case d >= 0 && d < 14*24*time.Hour:
		return p.T("%d days ago", int(d.Hours()/24))
	case d < 0 && d > -48*time.Hour:
		return p.T("in %s", p.Span(-d))
	}
	return p.Day(t)
}

// Span returns a duration in words, such as "3 hours".
func (p Printer) Span(d time.Duration) string {
	switch {
	case d < time.Second:
		return p.T("under a second")
	case d < 100*time.Second:
		return p.Count(int64(d.Round(time.Second).Seconds()), "%d second", "%d seconds")
	case d < 100*time.Minute:
		return p.Count(int64(d.Round(time.Minute).Minutes()), "%d minute", "%d minutes")
	case d < 48*time.Hour:
		return p.Count(int64(d.Round(time.Hour).Hours()), "%d hour", "%d hours")
	}
	return p.Count(int64(d.Hours()/24), "%d day", "%d days")
}
