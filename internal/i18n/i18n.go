// Package i18n says the product's sentences in the languages it knows. The key
// of a sentence is the sentence in English, as it stands in the code; the
// catalogue holds one file of translations for each other language.
package i18n

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"sync"

	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// Languages are the languages the product speaks; the first is for everybody
// else.
var Languages = []language.Tag{language.English, language.German, language.Spanish, language.Japanese}

//go:embed catalogue/*.json
var files embed.FS

// sentences are the translations of each language but English.
var sentences = sync.OnceValue(func() map[language.Tag]map[string]string {
	known := map[language.Tag]map[string]string{}
	for _, tag := range Languages[1:] {
		translations, err := Catalogue(tag)
		if err != nil {
			panic(err) //nolint:forbidigo // the files are ours and tested
		}
		known[tag] = translations
	}
	return known
})

// Catalogue returns the translations of a language by the English sentence; of
// English itself there are none.
func Catalogue(tag language.Tag) (map[string]string, error) {
	text, err := fs.ReadFile(files, "catalogue/"+tag.String()+".json")
	if err != nil {
		return nil, fmt.Errorf("read catalogue: %w", err)
	}
	translations := map[string]string{}
	if err := json.Unmarshal(text, &translations); err != nil {
		return nil, fmt.Errorf("read catalogue of %s: %w", tag, err)
	}
	return translations, nil
}

var matcher = language.NewMatcher(Languages)

// Match returns the language that serves best whoever wants one of wanted, the
// first above all. Each is a BCP 47 tag or a whole Accept-Language header;
// what is neither is passed over.
func Match(wanted ...string) language.Tag {
	for _, one := range wanted {
		tags, _, err := language.ParseAcceptLanguage(one)
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

// Printer says sentences in one language. The zero Printer speaks English.
type Printer struct{ tag language.Tag }

// For returns the Printer of one of Languages.
func For(tag language.Tag) Printer { return Printer{tag} }

// Language is the language of the printer.
func (p Printer) Language() language.Tag {
	if p.tag == language.Und {
		return language.English
	}
	return p.tag
}

// T says a sentence; english is a constant with verbs of fmt for args (%s, %d,
// %[2]s), and only with args is a % a verb. Numbers are grouped as the language
// does. A sentence without a translation is said in English.
func (p Printer) T(english string, args ...any) string {
	said := sentences()[p.Language()][english]
	if said == "" {
		said = english
	}
	if len(args) == 0 {
		return said
	}
	return message.NewPrinter(p.Language()).Sprintf(said, args...)
}

// Count says one for 1 and many for every other n; both have one %d for n.
func (p Printer) Count(n int64, one, many string) string {
	if n == 1 {
		return p.T(one, n)
	}
	return p.T(many, n)
}

// Key marks a constant as a sentence that is said later, by T of a variable. It
// returns it as it is.
func Key(english string) string { return english }
