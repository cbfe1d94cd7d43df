package console

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/a-h/templ"
	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/member"
)

type wordsKey struct{}

// speaking returns a context whose pages speak with words.
func speaking(ctx context.Context, words i18n.Printer) context.Context {
	return context.WithValue(ctx, wordsKey{}, words)
}

func wordsOf(ctx context.Context) i18n.Printer {
	words, _ := ctx.Value(wordsKey{}).(i18n.Printer)
	return words // without one: English
}

// T is Page.T for the pieces of a page that know no Page.
func T(ctx context.Context, english string, args ...any) string {
	return wordsOf(ctx).T(english, args...)
}

// T says a sentence in the language of the visitor, see Page.T.
func (v *visit) T(english string, args ...any) string {
	return wordsOf(v.Context()).T(english, args...)
}

// speak chooses the language of a visit: what the person has chosen, else what
// the browser asks for, else the community's.
func (v *visit) speak() {
	wanted := append([]string{v.actor.Language, v.Header.Get("Accept-Language")}, v.community.Settings.Languages...)
	v.Request = v.WithContext(speaking(v.Context(), i18n.For(i18n.Match(wanted...))))
}

// heard is a request whose context knows a language: where no visit has chosen
// one, what the browser asks for.
func heard(r *http.Request) *http.Request {
	if _, chosen := r.Context().Value(wordsKey{}).(i18n.Printer); chosen {
		return r
	}
	return r.WithContext(speaking(r.Context(), i18n.For(i18n.Match(r.Header.Get("Accept-Language")))))
}

// choices are c with their labels in the reader's language.
func (p Page) choices(c []Choice) []Choice {
	said := make([]Choice, len(c))
	for i := range c {
		said[i] = Choice{c[i].Value, p.T(c[i].Label)}
	}
	return said
}

// slot is the place in a sentence where Sentence puts its nth piece, from 0.
func slot(n int) string { return string(rune(firstSlot + n)) }

const (
	firstSlot = 0xE000 // characters that no language uses
	lastSlot  = 0xE0FF
)

// Sentence is a sentence whose slots hold pieces of a page: links, code. The
// pieces may stand in another order in another language.
func Sentence(text string, pieces ...templ.Component) templ.Component {
	var parts []templ.Component
	for text != "" {
		at := strings.IndexFunc(text, func(r rune) bool { return r >= firstSlot && r <= lastSlot })
		if at < 0 {
			parts = append(parts, plain(text))
			break
		}
		parts = append(parts, plain(text[:at]))
		r := []rune(text[at:])[0]
		if n := int(r) - firstSlot; n < len(pieces) {
			parts = append(parts, pieces[n])
		}
		text = text[at+len(string(r)):]
	}
	return templ.Join(parts...)
}

// country is the name of an ISO 3166 code; what is none stays as it is.
func (r Reader) country(code string) string {
	region, err := language.ParseRegion(code)
	if code == "" || err != nil {
		return code
	}
	if name := display.Regions(r.Words.Language()).Name(region); name != "" {
		return name
	}
	return code
}

// language is the name of a BCP 47 tag; what is none stays as it is.
func (r Reader) language(tag string) string {
	parsed, err := language.Parse(tag)
	if tag == "" || err != nil {
		return tag
	}
	if name := display.Tags(r.Words.Language()).Name(parsed); name != "" {
		return name
	}
	return tag
}

// fieldName is what people call a field: those that every community has are
// called so in each language.
func fieldName(ctx context.Context, isDefault bool, name string) string {
	if !isDefault {
		return name
	}
	return T(ctx, name)
}

// changedField is fieldName for a row of a history.
func changedField(ctx context.Context, row member.HistoryRow) string {
	return fieldName(ctx, !id.Valid(row.FieldID), row.FieldName)
}

// value is a value of a field for a person; "" is no value.
func (r Reader) value(value any) string {
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
			parts[i] = r.value(t[i])
		}
		return strings.Join(parts, r.T(", "))
	}
	raw, err := json.Marshal(value)
	if err != nil {
		return ""
	}
	return string(raw)
}

// numbers is how a reader groups digits: as the browser asks for, unless the
// pages speak another language because the person has chosen it.
func numbers(acceptLanguage string, words i18n.Printer, chosen bool) language.Tag {
	tags, _, err := language.ParseAcceptLanguage(acceptLanguage)
	if err != nil || len(tags) == 0 {
		return words.Language()
	}
	tag, _, _ := languages.Match(tags...)
	spoken, _ := words.Language().Base()
	if asked, _ := tag.Base(); chosen && asked != spoken {
		return words.Language()
	}
	return tag
}
