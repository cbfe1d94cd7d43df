// Package i18n translates the texts of the product. The key of a text is its
// English form in the code, preceded by a context if the form has two meanings
// ("verb|Open"). The catalogue of another language has one file for each area,
// and "common" for the texts of several areas.
package i18n

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"strings"
	"sync"

	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// Languages are the supported languages; the first is the default.
var Languages = []language.Tag{language.English, language.German, language.Spanish, language.Japanese}

//go:embed catalogue
var files embed.FS

// catalogues are the translations by language, without English.
var catalogues = sync.OnceValue(func() map[language.Tag]map[string]string {
	all := map[language.Tag]map[string]string{}
	for _, tag := range Languages[1:] {
		translations, err := Catalogue(tag)
		if err != nil {
			panic(err) //nolint:forbidigo // embedded and tested
		}
		all[tag] = translations
	}
	return all
})

// Catalogue returns the translations of a language by key. English has no
// catalogue.
func Catalogue(tag language.Tag) (map[string]string, error) {
	translations := map[string]string{}
	paths, err := fs.Glob(files, "catalogue/"+tag.String()+"/*.json")
	if err != nil {
		return nil, fmt.Errorf("find catalogue: %w", err)
	}
	for _, path := range paths {
		text, err := fs.ReadFile(files, path)
		if err != nil {
			return nil, fmt.Errorf("read catalogue: %w", err)
		}
		if err := json.Unmarshal(text, &translations); err != nil {
			return nil, fmt.Errorf("read catalogue %s: %w", path, err)
		}
	}
	return translations, nil
}

var matcher = language.NewMatcher(Languages)

// Match returns the best supported language for the preferences, the most
// important first. Each is a BCP 47 tag or an Accept-Language header; invalid ones
// are ignored.
func Match(preferences ...string) language.Tag {
	for _, preference := range preferences {
		tags, _, err := language.ParseAcceptLanguage(preference)
		if err != nil {
			continue
		}
		for _, tag := range tags {
			if _, index, confidence := matcher.Match(tag); confidence > language.No {
				return Languages[index]
			}
		}
	}
	return Languages[0]
}

// Printer prints texts in one language. The zero Printer prints English.
type Printer struct{ tag language.Tag }

// For returns the Printer of a language in Languages.
func For(tag language.Tag) Printer { return Printer{tag} }

// Language returns the language of p.
func (p Printer) Language() language.Tag {
	if p.tag == language.Und {
		return language.English
	}
	return p.tag
}

// T returns the translation of a key, or its English form if there is none. If
// args are given, the text is a format of fmt (%s, %d, %[2]s), and numbers are
// grouped as usual in the language.
func (p Printer) T(key string, args ...any) string {
	translated := catalogues()[p.Language()][key]
	if translated == "" {
		translated = English(key)
	}
	if len(args) == 0 {
		return translated
	}
	return message.NewPrinter(p.Language()).Sprintf(translated, args...)
}

// Count returns T(one, n) if n is 1, else T(many, n).
func (p Printer) Count(n int64, one, many string) string {
	if n == 1 {
		return p.T(one, n)
	}
	return p.T(many, n)
}

// Key marks a constant as the key of a text that is translated later, and returns
// it unchanged.
func Key(key string) string { return key }

// English returns the English form of a key: what follows its context of lower
// case letters.
func English(key string) string {
	context, english, found := strings.Cut(key, "|")
	if !found || context == "" || strings.Trim(context, "abcdefghijklmnopqrstuvwxyz") != "" {
		return key
	}
	return english
}
