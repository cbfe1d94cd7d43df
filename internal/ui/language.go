package ui

import (
	"context"
	"net/http"
	"strings"

	"github.com/a-h/templ"
	"golang.org/x/text/language"

	"github.com/regulars/regulars/internal/i18n"
)

type wordsKey struct{}

// WithPrinter returns a context with the language of pages.
func WithPrinter(ctx context.Context, words i18n.Printer) context.Context {
	return context.WithValue(ctx, wordsKey{}, words)
}

// PrinterOf returns the language of a request; English without one.
func PrinterOf(ctx context.Context) i18n.Printer {
	words, _ := ctx.Value(wordsKey{}).(i18n.Printer)
	return words // without one: English
}

// T is Page.T for the pieces of a page that know no Page.
func T(ctx context.Context, english string, args ...any) string {
	return PrinterOf(ctx).T(english, args...)
}

// T translates a sentence, see Page.T.
func (v *Request) T(english string, args ...any) string {
	return PrinterOf(v.Context()).T(english, args...)
}

// chooseLanguage sets the language of a request: of the person, else of the
// browser, else of the community.
func (v *Request) chooseLanguage() {
	wanted := append([]string{v.Actor.Language, v.Header.Get("Accept-Language")}, v.Community.Settings.Languages...)
	v.Request = v.WithContext(WithPrinter(v.Context(), i18n.For(i18n.Match(wanted...))))
}

// withLanguage returns a request with a language in its context: the browser's,
// unless one has been chosen.
func withLanguage(r *http.Request) *http.Request {
	if _, chosen := r.Context().Value(wordsKey{}).(i18n.Printer); chosen {
		return r
	}
	return r.WithContext(WithPrinter(r.Context(), i18n.For(i18n.Match(r.Header.Get("Accept-Language")))))
}

// Slot is the place in a sentence where Sentence puts its nth piece, from 0.
func Slot(n int) string { return string(rune(firstSlot + n)) }

const (
	firstSlot = 0xE000 // characters that no language uses
	lastSlot  = 0xE0FF
)

// Sentence is a sentence with components such as links in its slots. Languages
// may order them differently.
func Sentence(text string, pieces ...templ.Component) templ.Component {
	var parts []templ.Component
	for text != "" {
		at := strings.IndexFunc(text, func(r rune) bool { return r >= firstSlot && r <= lastSlot })
		if at < 0 {
			parts = append(parts, Text(text))
			break
		}
		parts = append(parts, Text(text[:at]))
		r := []rune(text[at:])[0]
		if n := int(r) - firstSlot; n < len(pieces) {
			parts = append(parts, pieces[n])
		}
		text = text[at+len(string(r)):]
	}
	return templ.Join(parts...)
}

// numbers is the language of number formats: of the browser, unless the person has
// chosen another language.
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

// languages have different grouping of digits; the first is the default.
var languages = language.NewMatcher([]language.Tag{
	language.English, language.German, language.French, language.Spanish, language.Italian, language.Dutch, language.Polish,
	language.Portuguese, language.Swedish, language.Danish, language.Czech, language.MustParse("de-CH"), language.MustParse("en-IN"), language.Turkish, language.Vietnamese, language.Indonesian,
})
