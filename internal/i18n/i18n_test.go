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

func TestASentenceWithoutTranslationIsSaidInEnglish(t *testing.T) {
	p := i18n.For(language.German)
	if got := p.T("No one has said this to %s yet", "Ada"); got != "No one has said this to Ada yet" {
		t.Error(got)
	}
	if got := (i18n.Printer{}).Count(12000, "%d row nobody translates", "%d rows nobody translates"); got != "12,000 rows nobody translates" {
		t.Error(got)
	}
}
