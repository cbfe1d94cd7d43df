package community

import (
	"regexp"
	"strings"
	"time"
	_ "time/tzdata" // time zones are the same on machines that have none
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"

	"github.com/regulars/regulars/internal/errs"
)

// Input is what a new community is made from.
type Input struct {
	Name string
	Settings
}

// Change is what Update changes; nil leaves a setting as it is.
type Change struct {
	Name, Accent, TimeZone, Language *string
	OpenBulkImport                   *bool
}

func (c Change) of(old Community) Input {
	in := Input{Name: old.Name, Settings: old.Settings}
	set(&in.Name, c.Name)
	set(&in.Accent, c.Accent)
	set(&in.TimeZone, c.TimeZone)
	set(&in.Language, c.Language)
	set(&in.OpenBulkImport, c.OpenBulkImport)
	return in
}

func set[T any](target, value *T) {
	if value != nil {
		*target = *value
	}
}

const maxName = 100

var colour = regexp.MustCompile(`^#[0-9a-f]{6}$`)

// normal returns the input as it is kept, or an error that names every wrong
// field.
func (in Input) normal() (Input, error) {
	var wrong []errs.Field
	check := func(ok bool, field, message string) {
		if !ok {
			wrong = append(wrong, errs.Field{Field: field, Code: "invalid", Message: message})
		}
	}
	in.Name = norm.NFC.String(strings.TrimSpace(in.Name))
	check(nameOK(in.Name), "name", "A name has 1 to 100 characters, none of them a control character.")

	in.Accent = strings.ToLower(withDefault(in.Accent, DefaultAccent))
	check(colour.MatchString(in.Accent), "accent", "A colour is written #rrggbb.")

	in.TimeZone = withDefault(in.TimeZone, DefaultTimeZone)
	_, err := time.LoadLocation(in.TimeZone)
	// "Local" would mean another place on each machine.
	check(err == nil && in.TimeZone != "Local", "timeZone", "A time zone is a name of the IANA database, such as Europe/Berlin.")

	tag, err := language.Parse(withDefault(in.Language, DefaultLanguage))
	check(err == nil && tag != language.Und, "language", "A language is a BCP 47 tag, such as en or pt-BR.")
	in.Language = tag.String()
	return in, errs.InvalidFields(wrong)
}

func nameOK(name string) bool {
	n := utf8.RuneCountInString(name)
	return n >= 1 && n <= maxName && utf8.ValidString(name) && !strings.ContainsFunc(name, unicode.IsControl)
}

func withDefault(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}
