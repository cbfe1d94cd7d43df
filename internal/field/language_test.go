package field

import "testing"

func TestALanguageIsANameOrAValidTag(t *testing.T) {
	for text, want := range map[string]string{
		"Norwegian": "no", "Norwegian Bokmal": "nb", "norwegian bokmål": "nb", "Cantonese": "yue", "Flemish": "nl-BE", "Castilian": "es",
		"Portuguese (Brazil)": "pt-BR", "English (UK)": "en-GB", "French (Canada)": "fr-CA", "english (united states of america)": "en-US",
		"Chinese (Simplified)": "zh-Hans", "Chinese (Traditional)": "zh-Hant", "Simplified Chinese": "zh-Hans", "Spanish (Latin America)": "es-419",
		"Serbian (Latin)": "sr-Latn", "Brazilian Portuguese": "pt-BR", "German": "de", "de": "de", "pt_BR": "pt-BR", "es-419": "es-419",
		"sq-XK": "sq-XK", "en-001": "en-001", "de-x-office": "de-x-office", "tlh": "tlh", "ca-valencia": "ca-valencia", "Mandarin": "zh",
		"Tagalog": "fil", "DE-at": "de-AT", "sr-Latn-RS": "sr-Latn-RS", "de-u-co-phonebk": "de-u-co-phonebk",
		"en-XX": "", "en-ZZ": "", "en-AA": "", "en-QM": "", "x-klingon": "", "qaa": "", "qtz-DE": "", "en-Qaaa": "", "und": "", "und-DE": "",
		"en-YY": "", "xx": "", "German (Atlantis)": "", "Klingonese (UK)": "", "(UK)": "", "": "",
	} {
		got, problem := languageTag(text)
		if problem == nil && got != want || problem != nil && want != "" {
			t.Errorf("%q is %v, want %q", text, got, want)
		}
	}
}
