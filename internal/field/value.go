package field

import (
	"cmp"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/text"
)

// Problem is the reason why a text is not a value of a field.
type Problem struct {
	Code string
	Said errs.Sentence
}

// Unfit returns a Problem with the sentence of format and args, as for
// errs.NewSentence.
func Unfit(code, format string, args ...any) *Problem {
	return &Problem{code, errs.NewSentence(format, args...)}
}

// At returns the problem as an error of a field of an input.
func (p *Problem) At(field string) errs.Field { return p.Said.Field(field, p.Code) }

// Formats are the notations of a file.
type Formats struct {
	Decimal    string // "." or ","; "": both, unless it is ambiguous
	Typed      bool   // numbers may also use ".", as workbooks store them
	DateFormat string // one of DateFormats; "": ISO 8601 only
	Semicolon  bool   // the cells are separated by ;, as where the decimal sign is a comma
	List       string // separates choices, roles and tags in a cell; "": a comma
	Country    string // alpha-2, of national phone numbers; "": international ones only
}

// ListSeparator separates choices, roles and tags in a cell.
func (f Formats) ListSeparator() string { return cmp.Or(f.List, ",") }

// DateFormats are the layouts that a file may name.
var DateFormats = map[string]string{"DD/MM/YYYY": "2/1/2006", "MM/DD/YYYY": "1/2/2006", "DD.MM.YYYY": "2.1.2006"}

// Longest values, in characters.
const (
	MaxName = 50 // first, last and display names
	maxLine = 1_000
	maxText = 20_000
)

// FromText parses a cell or form field into a string, json.Number, bool or
// []string. text is trimmed and not empty. Roles and tags are resolved elsewhere.
func (f *Field) FromText(text string, formats Formats) (any, *Problem) {
	switch f.Type {
	case MultiLine:
		return f.text(text, maxText)
	case Numerical:
		switch {
		case formats.Typed && strings.Contains(text, "."):
			return number(text, ".")
		case formats.Decimal == "" && formats.Semicolon && mayGroup(text, "."):
			return nil, ambiguous()
		}
		return number(text, formats.Decimal)
	case Boolean:
		return boolean(text)
	case Date:
		return ParseDate(text, formats.DateFormat)
	case Select:
		return f.Option(text)
	case MultiSelect:
		return f.choices(strings.Split(text, formats.ListSeparator()))
	case Email:
		display, _, problem := account.CheckEmail(text)
		return Reject(display, "invalid_email", problem)
	case Phone:
		number, problem := ParsePhone(text, formats.Country)
		if problem != nil {
			return nil, problem
		}
		return number, nil
	case Country:
		return country(text)
	case Language:
		return languageTag(text)
	case URL:
		return address(text)
	case SingleLine, RoleList, TagList, TierName, BadgeList:
	}
	if f.Field == FirstName || f.Field == LastName {
		return f.text(OneLine(text), MaxName)
	}
	return f.text(OneLine(text), maxLine)
}

// FromJSON is FromText for a decoded JSON value: numbers, booleans and arrays may
// also be texts. Phone numbers are international.
func (f *Field) FromJSON(v any) (any, *Problem) { return f.FromJSONIn(v, "") }

// FromJSONIn is FromJSON with the country of national phone numbers.
func (f *Field) FromJSONIn(v any, country string) (any, *Problem) {
	switch v := v.(type) {
	case string:
		return f.FromText(text.Trim(v), Formats{Decimal: ".", Country: country})
	case json.Number:
		if f.Type == Numerical {
			return number(v.String(), ".")
		}
	case float64:
		if f.Type == Numerical {
			return number(EncodeJSON(v), ".")
		}
	case bool:
		if f.Type == Boolean {
			return v, nil
		}
	case []any:
		if f.Type != MultiSelect {
			return nil, f.wrongType()
		}
		texts := make([]string, len(v))
		for i, item := range v {
			text, ok := item.(string)
			if !ok {
				return nil, f.wrongType()
			}
			texts[i] = text
		}
		return f.choices(texts)
	}
	return nil, f.wrongType()
}

func (f *Field) wrongType() *Problem {
	return Unfit("wrong_type", "A %s value is expected.", errs.Word(f.Type))
}

func (f *Field) text(s string, limit int) (any, *Problem) {
	if len(s) > limit && utf8.RuneCountInString(s) > limit {
		return nil, Unfit("too_long", "%s has at most %d characters.", f.Label(), limit)
	}
	if r := text.FirstUnreadable(s, f.Type == MultiLine); r == utf8.RuneError {
		return nil, Unfit("bad_text", "The value contains a replacement character (U+FFFD) in place of lost text. Correct it.")
	} else if r != 0 {
		return nil, Unfit("bad_text", "The value contains the control character %s. Delete it.", text.CodePoint(r))
	}
	if !norm.NFC.IsNormalString(s) {
		s = norm.NFC.String(s)
	}
	return s, nil
}

// Option returns the option that a text names, or a problem.
func (f *Field) Option(given string) (any, *Problem) {
	given = text.Name(given) // as options are stored
	for _, option := range f.Options {
		if option == given {
			return option, nil
		}
	}
	for _, option := range f.Options {
		if strings.EqualFold(option, given) {
			return option, nil
		}
	}
	return nil, Unfit("unknown_option", "%s is one of %s.", f.Name, strings.Join(shortened(f.Options), ", "))
}

// UnknownOptions returns the parts of a cell that are no options of a field with
// several choices; none for another field.
func (f *Field) UnknownOptions(text string, formats Formats) (unknown []string) {
	if f.Type != MultiSelect {
		return nil
	}
	for part := range strings.SplitSeq(text, formats.ListSeparator()) {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		if _, problem := f.Option(part); problem != nil {
			unknown = append(unknown, part)
		}
	}
	return unknown
}

// choices returns options in the order of the field, without duplicates.
func (f *Field) choices(texts []string) (any, *Problem) {
	chosen := map[string]bool{}
	for _, text := range texts {
		text = strings.TrimSpace(text)
		if text == "" {
			continue
		}
		option, problem := f.Option(text)
		if problem != nil {
			return nil, problem
		}
		chosen[option.(string)] = true
	}
	list := []string{}
	for _, option := range f.Options {
		if chosen[option] {
			list = append(list, option)
		}
	}
	return list, nil
}

func shortened(options []string) []string {
	if len(options) > 12 {
		return append(slices.Clone(options[:12]), "…")
	}
	return options
}

func boolean(text string) (any, *Problem) {
	switch strings.ToLower(text) {
	case "true", "yes", "y", "1", "on":
		return true, nil
	case "false", "no", "n", "0", "off":
		return false, nil
	}
	return nil, Unfit("invalid_boolean", "Write true or false, yes or no, 1 or 0.")
}

var isoLayouts = []string{time.DateOnly, time.RFC3339Nano, "2006-01-02T15:04:05", time.DateTime, "2006-01-02 15:04"}

// ParseDate parses a calendar day, which has no time zone. A time of day is
// ignored.
func ParseDate(text, format string) (any, *Problem) {
	layouts, own := isoLayouts, DateFormats[format]
	if own != "" {
		layouts = slices.Concat([]string{own, own + " 15:04", own + " 15:04:05"}, isoLayouts)
	}
	for _, layout := range layouts {
		if day, err := time.Parse(layout, text); err == nil && day.Year() > 0 && day.Year() < 10_000 {
			return day.Format(time.DateOnly), nil
		}
	}
	if own != "" {
		return nil, Unfit("invalid_date", "Write the date as %s or YYYY-MM-DD.", format)
	}
	return nil, Unfit("invalid_date", "Write the date as YYYY-MM-DD.")
}

func address(text string) (any, *Problem) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || len(text) > 2_000 || strings.ContainsAny(text, " \t\n") {
		return nil, Unfit("invalid_url", "Write the whole address, beginning with https:// or http://.")
	}
	return text, nil
}

// OneLine replaces line breaks with spaces.
func OneLine(s string) string {
	if !strings.ContainsAny(s, "\r\n") {
		return s
	}
	return strings.NewReplacer("\r\n", " ", "\n", " ", "\r", " ").Replace(s)
}

// Reject returns value, or the problem with the constant sentence why.
func Reject(value, code, why string) (any, *Problem) {
	if why != "" {
		return nil, &Problem{code, errs.Constant(why)}
	}
	return value, nil
}

// Accepts reports whether a stored value is still valid; nil (unset) always is.
func (f *Field) Accepts(value any) bool {
	if value == nil || f.Default {
		return true
	}
	_, problem := f.FromJSON(Plain(value))
	return problem == nil
}

// Equal reports whether two values of a field are the same; nil is unset.
func Equal(a, b any) bool {
	switch a := a.(type) {
	case []string:
		b, ok := b.([]string)
		return ok && slices.Equal(a, b)
	default:
		if _, list := b.([]string); list {
			return false
		}
		return a == b
	}
}

// FilterValue converts a value with which those of members are compared. For a field of
// several choices it is one of them.
func (f *Field) FilterValue(given any) (any, *Problem) {
	text, isText := given.(string)
	switch {
	case f.Type == MultiSelect && isText:
		return f.Option(strings.TrimSpace(text))
	case f.Type == MultiSelect:
		return nil, Unfit("wrong_type", "One of the field's options is expected.")
	case f.Type == Date && isText:
		return ParseDate(strings.TrimSpace(text), "DD/MM/YYYY")
	case isText && strings.TrimSpace(text) == "":
		return nil, Unfit("empty", "A value is expected.")
	}
	return f.FromJSON(given)
}

// Compare compares single values of a field as filters do: numbers by size, texts ignoring
// case.
func Compare(a, b any) int {
	one, ok := a.(string)
	other, both := b.(string)
	if ok && both {
		return strings.Compare(sqldb.CaseFold(one), sqldb.CaseFold(other))
	}
	return slices.Compare(Keys(a), Keys(b))
}

// Ranges reports whether filters can compare values of the field by order.
func (f *Field) Ranges() bool {
	switch f.Type {
	case Boolean, Select, MultiSelect, RoleList, TagList, TierName, BadgeList, Country, Language:
		return false
	default:
		return true
	}
}

// Plain converts a value to the types of encoding/json.
func Plain(value any) any {
	list, ok := value.([]string)
	if !ok {
		return value
	}
	items := make([]any, len(list))
	for i, text := range list {
		items[i] = text
	}
	return items
}
