package console

import (
	"fmt"
	"strings"
	"time"

	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"github.com/regulars/regulars/internal/i18n"
)

// Reader is who looks at a page: how numbers are grouped and which zone and
// moment dates are told from. The zero Reader reads English in UTC.
type Reader struct {
	Language language.Tag   // how numbers are grouped
	Words    i18n.Printer   // in which the pages speak
	Zone     *time.Location // nil: UTC
	Now      time.Time
}

// languages are the ones whose number grouping differs in ways we know of;
// the first is for everybody else.
var languages = language.NewMatcher([]language.Tag{
	language.English, language.German, language.French, language.Spanish, language.Italian, language.Dutch, language.Polish,
	language.Portuguese, language.Swedish, language.Danish, language.Czech, language.MustParse("de-CH"), language.MustParse("en-IN"), language.Turkish, language.Vietnamese, language.Indonesian,
})

func readerFor(acceptLanguage string, zone *time.Location, now time.Time) Reader {
	tags, _, err := language.ParseAcceptLanguage(acceptLanguage)
	if err != nil || len(tags) == 0 {
		tags = []language.Tag{language.English}
	}
	tag, _, _ := languages.Match(tags...)
	return Reader{Language: tag, Words: i18n.For(i18n.Match(acceptLanguage)), Zone: zone, Now: now}
}

// T says a sentence in the reader's language: english is a constant, with
// verbs of fmt for args.
func (r Reader) T(english string, args ...any) string { return r.Words.T(english, args...) }

// Number groups the digits of n the way the reader does.
func (r Reader) Number(n int64) string {
	return message.NewPrinter(r.Language).Sprintf("%d", n)
}

// Count is a number and its noun: "1 row", "12,000 rows".
func (r Reader) Count(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return r.Number(n) + " " + many
}

// Size tells bytes as a person would.
func (r Reader) Size(bytes int64) string {
	if bytes < 1000 {
		return r.Count(bytes, "byte", "bytes")
	}
	v, unit := float64(bytes), ""
	for _, unit = range []string{"KB", "MB", "GB", "TB"} {
		v /= 1000
		if v < 999.5 {
			break
		}
	}
	if v < 9.95 {
		return message.NewPrinter(r.Language).Sprintf("%.1f", v) + " " + unit
	}
	return fmt.Sprintf("%.0f %s", v, unit)
}

// Ago tells a time, in Unix milliseconds, from now; older ones as a date.
func (r Reader) Ago(ms int64) string {
	t := r.at(ms)
	d := r.Now.Sub(t)
	switch {
	case d < 0 && d > -time.Minute, d >= 0 && d < 45*time.Second:
		return "just now"
	case d >= 0 && d < time.Hour:
		return fmt.Sprintf("%d min ago", max(1, int(d.Round(time.Minute).Minutes())))
	case d >= 0 && d < 24*time.Hour:
		return fmt.Sprintf("%d h ago", int(d.Hours()))
	case d >= 0 && d < 48*time.Hour:
		return "yesterday"
	case d >= 0 && d < 14*24*time.Hour:
		return fmt.Sprintf("%d days ago", int(d.Hours()/24))
	case d < 0 && d > -48*time.Hour:
		return "in " + r.Span(-d)
	}
	return t.Format("2 Jan 2006")
}

// Exact is the time in the community's zone, in full.
func (r Reader) Exact(ms int64) string {
	return r.at(ms).Format("Monday, 2 January 2006, 15:04:05 MST")
}

// Day is the date in the community's zone.
func (r Reader) Day(ms int64) string { return r.at(ms).Format("2 Jan 2006") }

func (r Reader) at(ms int64) time.Time {
	zone := r.Zone
	if zone == nil {
		zone = time.UTC
	}
	return time.UnixMilli(ms).In(zone)
}

// Span tells how long something takes.
func (r Reader) Span(d time.Duration) string {
	switch {
	case d < time.Second:
		return "under a second"
	case d < 100*time.Second:
		return r.Count(int64(d.Round(time.Second).Seconds()), "second", "seconds")
	case d < 100*time.Minute:
		return r.Count(int64(d.Round(time.Minute).Minutes()), "minute", "minutes")
	case d < 48*time.Hour:
		return r.Count(int64(d.Round(time.Hour).Hours()), "hour", "hours")
	}
	return r.Count(int64(d.Hours()/24), "day", "days")
}

// list joins words the way a sentence does.
func list(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}

// initials are at most two letters that stand for a name.
func initials(name string) string {
	var letters []rune
	for _, word := range strings.FieldsFunc(name, func(r rune) bool { return r == ' ' || r == '.' || r == '_' || r == '-' }) {
		letters = append(letters, []rune(strings.ToUpper(word))[0])
	}
	switch {
	case len(letters) == 0:
		return "?"
	case len(letters) > 2:
		letters = []rune{letters[0], letters[len(letters)-1]}
	}
	return string(letters)
}
