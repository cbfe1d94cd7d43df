package ui

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/collate"
	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
	"golang.org/x/text/message"

	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/i18n"
)

// CountryName is the name of an ISO 3166 code; other texts are unchanged.
func (r Reader) CountryName(code string) string {
	region, err := language.ParseRegion(code)
	if code == "" || err != nil {
		return code
	}
	if name := display.Regions(r.Words.Language()).Name(region); name != "" {
		return name
	}
	return code
}

// Countries are all countries with a name, in the order of the language.
func (r Reader) Countries() []Choice {
	var choices []Choice
	for _, code := range field.CountryCodes() {
		if name := r.CountryName(code); name != code {
			choices = append(choices, Choice{Value: code, Label: name})
		}
	}
	r.Sort(choices)
	return choices
}

// Sort sorts choices by their labels, in the order of the language.
func (r Reader) Sort(choices []Choice) {
	order := collate.New(r.Words.Language())
	slices.SortStableFunc(choices, func(a, b Choice) int { return order.CompareString(a.Label, b.Label) })
}

// LanguageName is the name of a BCP 47 tag; other texts are unchanged.
func (r Reader) LanguageName(tag string) string {
	parsed, err := language.Parse(tag)
	if tag == "" || err != nil {
		return tag
	}
	if name := display.Tags(r.Words.Language()).Name(parsed); name != "" {
		return name
	}
	return tag
}

// Value is a value of a field for a person; "" is no value.
func (r Reader) Value(value any) string {
	switch t := value.(type) {
	case nil:
		return ""
	case string:
		return t
	case bool:
		if t {
			return r.T("Yes")
		}
		return r.T("No")
	case json.Number:
		return t.String()
	case []string:
		return strings.Join(t, r.T(", "))
	case []any:
		parts := make([]string, len(t))
		for i := range t {
			parts[i] = r.Value(t[i])
		}
		return strings.Join(parts, r.T(", "))
	}
	raw, err := json.Marshal(value)
	if err != nil {
		return ""
	}
	return string(raw)
}

// FirstN returns the first n elements, or all.
func FirstN[T any](s []T, n int) []T { return s[:min(n, len(s))] }

// Remaining returns the number of elements after the first n.
func Remaining[T any](s []T, n int) int { return max(0, len(s)-n) }

// Plural is the form of a noun for n, for Pager.
func Plural(n int64, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// DayStart is the start of a day in the reader's zone, plus some days, in Unix
// milliseconds; 0 for an invalid date.
func (r Reader) DayStart(text string, later int) int64 {
	zone := r.Zone
	if zone == nil {
		zone = time.UTC
	}
	day, err := time.ParseInLocation(time.DateOnly, text, zone)
	if err != nil {
		return 0
	}
	return day.AddDate(0, 0, later).UnixMilli()
}

// FieldValue is a value of a field for a person.
func (r Reader) FieldValue(fieldID string, value any) string {
	text := r.Value(value)
	switch fieldID {
	case field.CountryName:
		return r.CountryName(text)
	case field.LanguageName:
		return r.LanguageName(text)
	}
	return text
}

// Reader formats texts, numbers and times for a person. The zero Reader is
// English in UTC.
type Reader struct {
	Language language.Tag   // how numbers are grouped in tables
	Words    i18n.Printer   // language of the pages
	Zone     *time.Location // nil: UTC
	Now      time.Time
}

// T translates a sentence: english is a constant, with verbs of fmt for args.
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

// Size formats a number of bytes with a unit.
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

// Ago is a time in Unix milliseconds relative to now; old ones as a date.
func (r Reader) Ago(ms int64) string { return r.Words.Ago(r.at(ms), r.Now) }

// Exact is the time in the community's zone, in full.
func (r Reader) Exact(ms int64) string { return r.Words.Exact(r.at(ms)) }

// Day is the date in the community's zone.
func (r Reader) Day(ms int64) string { return r.Words.Day(r.at(ms)) }

// Date is the day as DayStart reads it; "" for 0.
func (r Reader) Date(ms int64) string {
	if ms == 0 {
		return ""
	}
	return r.at(ms).Format(time.DateOnly)
}

// Clock is the hour and minute.
func (r Reader) Clock(ms int64) string { return r.at(ms).Format("15:04") }

func (r Reader) at(ms int64) time.Time {
	zone := r.Zone
	if zone == nil {
		zone = time.UTC
	}
	return time.UnixMilli(ms).In(zone)
}

// Span formats a duration.
func (r Reader) Span(d time.Duration) string { return r.Words.Span(d) }

// Sentences puts sentences one after another; empty ones are left out.
func (r Reader) Sentences(said ...string) string { return r.Words.Sentences(said...) }

// List joins words the way a sentence does.
func (r Reader) List(words []string) string { return r.Words.List(words) }

// Initials are at most two letters of a name.
func Initials(name string) string {
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
