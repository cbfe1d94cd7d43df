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

func TestContextOfAKeyIsNotShown(t *testing.T) {
	for key, want := range map[string]string{"verb|Open": "Open", "a | b": "a | b", "|x": "|x", "Yes|No": "Yes|No", "Open": "Open"} {
		if got := (i18n.Printer{}).T(key); got != want {
			t.Errorf("%q: %q, want %q", key, got, want)
		}
	}
	if got := i18n.For(language.German).T("verb|Import"); got != "Importieren" {
		t.Error(got)
	}
}
