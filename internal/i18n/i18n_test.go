package i18n_test

import (
	"testing"

	"golang.org/x/text/language"

	"github.com/regulars/regulars/internal/i18n"
)

func TestMatchReturnsTheBestLanguage(t *testing.T) {
	for wanted, want := range map[string]language.Tag{
		"de-AT,en;q=0.5": language.German, "fr, es;q=0.8": language.Spanish, "ja": language.Japanese, "": language.English, "x y": language.English, "ko": language.English,
	} {
		if got := i18n.Match(wanted); got != want {
			t.Errorf("%q: %s, want %s", wanted, got, want)
		}
	}
}

func TestEarlierPreferenceWinsOverABetterMatch(t *testing.T) {
	if got := i18n.Match("", "en-GB", "ja"); got != language.English {
		t.Error(got)
	}
	if got := i18n.Match("", "fr", "ja"); got != language.Japanese {
		t.Error(got)
	}
}

func TestTextWithoutTranslationIsEnglish(t *testing.T) {
	p := i18n.For(language.German)
	if got := p.T("Untranslated text for %s", "Ada"); got != "Untranslated text for Ada" {
		t.Error(got)
	}
	if got := (i18n.Printer{}).Count(12000, "%d untranslated row", "%d untranslated rows"); got != "12,000 untranslated rows" {
		t.Error(got)
	}
}

func TestRetellTranslatesFormattedTexts(t *testing.T) {
	german := i18n.For(language.German)
	for text, want := range map[string]string{
		"The file is empty.":                    "Die Datei ist leer.",
		`There is a tag "a % b" already.`:       `Ein Schlagwort "a % b" gibt es schon.`,
		"The header has more than 500 columns.": "Die Kopfzeile hat mehr als 500 Spalten.",
		"Unknown text.":                         "Unknown text.",
		"":                                      "",
	} {
		if got := german.Retell(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	for text, want := range map[string]string{
		"A new member needs Email.":                                    "Für ein neues Mitglied fehlt noch: E-Mail.",
		"A new member needs Shirt.":                                    "Für ein neues Mitglied fehlt noch: Shirt.",
		`There is no tag "Email"; names are compared with their case.`: `Es gibt kein Schlagwort "Email"; Groß- und Kleinschreibung zählt.`,
		`The value "x" does not fit any more. Only one can be chosen.`: `Der Wert "x" passt nicht mehr. Es kann nur eines gewählt werden.`,
		`The value "x" does not fit any more. Email is one of a, b.`:   `Der Wert "x" passt nicht mehr. E-Mail ist eines von a, b.`,
		`The value "x" does not fit any more. Unknown text`:            `Der Wert "x" passt nicht mehr. Unknown text`,
	} {
		if got := german.Retell(text, "Email", "Phone"); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	japanese, err := i18n.Catalogue(language.Japanese)
	if err != nil || japanese["%d values of %s belong to more than one member, for example %s."] == "" {
		t.Fatalf("the catalogue lacks the text of this test: %v", err)
	}
	got := i18n.For(language.Japanese).Retell("3 values of Bib belong to more than one member, for example 7.")
	if want := "Bib の値 3 件が複数のメンバーで重複しています(例: 7)。"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
