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
	Language language.Tag   // how numbers are grouped in tables
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

// T says a sentence in the reader's language: english is a constant, with
// verbs of fmt for args.
func (r Reader) T(english string, args ...any) string { return r.Words.T(english, args...) }

// Number groups the digits of n the way the reader does.
func (r Reader) Number(n int64) string {
	return message.NewPrinter(r.Language).Sprintf("%d", n)
}

// Count is a number and its noun, "row" and "rows": "1 row", "12,000 rows". The
// nouns may be whole sentences with one %d for n.
func (r Reader) Count(n int64, one, many string) string {
	return r.Words.Count(n, counted(one), counted(many))
}

// counted is the sentence that counts a noun.
func counted(noun string) string {
	if strings.Contains(noun, "%") {
		return noun
	}
	return "%d " + noun
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
func (r Reader) Ago(ms int64) string { return r.Words.Ago(r.at(ms), r.Now) }

// Exact is the time in the community's zone, in full.
func (r Reader) Exact(ms int64) string { return r.Words.Exact(r.at(ms)) }

// Day is the date in the community's zone.
func (r Reader) Day(ms int64) string { return r.Words.Day(r.at(ms)) }

func (r Reader) at(ms int64) time.Time {
	zone := r.Zone
	if zone == nil {
		zone = time.UTC
	}
	return time.UnixMilli(ms).In(zone)
}

// Span tells how long something takes.
func (r Reader) Span(d time.Duration) string { return r.Words.Span(d) }

// sentences puts sentences one after another; empty ones are left out.
func (r Reader) sentences(said ...string) string { return r.Words.Sentences(said...) }

// List joins words the way a sentence does.
func (r Reader) List(words []string) string { return r.Words.List(words) }

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
