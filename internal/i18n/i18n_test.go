package i18n_test

import (
	"testing"

	"golang.org/x/text/language"

	"github.com/regulars/regulars/internal/i18n"
)

func TestTheLanguageThatServesBestIsFound(t *testing.T) {
	for wanted, want := range map[string]language.Tag{
		"de-AT,en;q=0.5": language.German, "fr, es;q=0.8": language.Spanish, "ja": language.Japanese, "": language.English, "x y": language.English, "ko": language.English,
	} {
		if got := i18n.Match(wanted); got != want {
			t.Errorf("%q: %s, want %s", wanted, got, want)
		}
	}
}

func TestAnEarlierWishCountsMoreThanABetterMatch(t *testing.T) {
	if got := i18n.Match("", "en-GB", "ja"); got != language.English {
		t.Error(got)
	}
	if got := i18n.Match("", "fr", "ja"); got != language.Japanese {
		t.Error(got)
	}
}

func TestASentenceWithoutTranslationIsSaidInEnglish(t *testing.T) {
	p := i18n.For(language.German)
	if got := p.T("No one has said this to %s yet", "Ada"); got != "No one has said this to Ada yet" {
		t.Error(got)
	}
	if got := (i18n.Printer{}).Count(12000, "%d row nobody translates", "%d rows nobody translates"); got != "12,000 rows nobody translates" {
		t.Error(got)
	}
}

func TestWhatWasSaidInEnglishIsSaidAgain(t *testing.T) {
	german := i18n.For(language.German)
	for text, want := range map[string]string{
		"The file is empty.":                    "Die Datei ist leer.",
		`There is a tag "a % b" already.`:       `Ein Schlagwort "a % b" gibt es schon.`,
		"The header has more than 500 columns.": "Die Kopfzeile hat mehr als 500 Spalten.",
		"Nobody ever said this.":                "Nobody ever said this.",
		"":                                      "",
	} {
		if got := german.Retell(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	for text, want := range map[string]string{
		"A new member needs Email.":                                      "Für ein neues Mitglied fehlt noch: E-Mail.",
		"A new member needs Shirt.":                                      "Für ein neues Mitglied fehlt noch: Shirt.",
		`There is no tag "Email"; names are compared with their case.`:   `Es gibt kein Schlagwort "Email"; Groß- und Kleinschreibung zählt.`,
		`The value "x" does not fit any more. Only one can be chosen.`:   `Der Wert "x" passt nicht mehr. Es kann nur eines gewählt werden.`,
		`The value "x" does not fit any more. Email is one of a, b.`:     `Der Wert "x" passt nicht mehr. E-Mail ist eines von a, b.`,
		`The value "x" does not fit any more. Nobody ever said this one`: `Der Wert "x" passt nicht mehr. Nobody ever said this one`,
	} {
		if got := german.Retell(text, "Email", "Phone"); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	japanese, err := i18n.Catalogue(language.Japanese)
	if err != nil || japanese["%d values of %s belong to more than one member, for example %s."] == "" {
		t.Fatalf("the catalogue has other sentences now: %v", err)
	}
	got := i18n.For(language.Japanese).Retell("3 values of Bib belong to more than one member, for example 7.")
	if want := "Bib の値 3 件が複数のメンバーで重複しています(例: 7)。"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
