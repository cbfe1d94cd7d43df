package ui

import (
	"testing"

	"golang.org/x/text/language"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/i18n"
)

func TestStoredSentenceIsTranslatedWithItsArguments(t *testing.T) {
	german := i18n.For(language.German)
	for want, s := range map[string]errs.Sentence{
		"Die Datei ist leer.":      errs.Constant("The file is empty."),
		"Unknown text.":            errs.Constant("Unknown text."),
		"":                         {},
		`An unknown "x" of 1.200.`: errs.NewSentence("An unknown %q of %d.", "x", 1200),
		"Für ein neues Mitglied fehlt noch: E-Mail.": errs.NewSentence("A new member needs %s.", errs.Word("Email")),
		"Für ein neues Mitglied fehlt noch: Email.":  errs.NewSentence("A new member needs %s.", "Email"), // a custom field
		`Ein Schlagwort "a % b" gibt es schon.`:      errs.NewSentence("The tag %q already exists.", "a % b"),
		`Der Wert "x" passt nicht mehr. E-Mail ist eines von a, b.`: errs.NewSentence("The value %s no longer fits. %s", `"x"`,
			errs.NewSentence("%s is one of %s.", errs.Word("Email"), "a, b")),
	} {
		if got := german.Sentence(errs.ParseSentence(s.Stored())); got != want {
			t.Errorf("%q: %q, want %q", s, got, want)
		}
	}
}

func TestDamagedSentenceIsShownInEnglish(t *testing.T) {
	german := i18n.For(language.German)
	for text, want := range map[string]string{
		"An old text with %d.":             "An old text with %d.",
		`["An old text with %d."]`:         "An old text with %d.",
		`["An old %d of %s.","x"]`:         "An old %!d(string=x) of %!s(MISSING).",
		`["An old %s %s.",null,{"x":"y"}]`: "An old %!s(<nil>) map[x:y].",
		`["An old %[9]d %*d."`:             `["An old %[9]d %*d."`,
		`["An old %[9]d.",{"d":"x"}]`:      "An old %!d(BADINDEX).",
		`["An old %s.",["<b>%s</b>",[]]]`:  "An old <b>[]</b>.", // escaped by the page
	} {
		if got := german.Sentence(errs.ParseSentence(text)); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
	for _, text := range []string{`["%*d %*.*f %!",1e999,null,{"d":"x"},{"w":1}]`, `["%[1]*d%[99999999999]d",9999999]`} {
		_ = german.Sentence(errs.ParseSentence(text)) // must not panic
	}
}
