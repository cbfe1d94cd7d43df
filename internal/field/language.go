package field

import (
	"strings"
	"sync"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

// otherLanguages are tags of names that are not the one of CLDR.
var otherLanguages = map[string]string{
	"no": "Norwegian", "yue": "Cantonese", "nl-BE": "Flemish; Belgian Dutch", "es": "Castilian", "zh": "Mandarin; Mandarin Chinese",
	"fa": "Farsi", "fil": "Tagalog; Pilipino", "nb": "Bokmål", "nn": "Nynorsk", "zh-Hans": "Chinese Simplified", "zh-Hant": "Chinese Traditional",
	"ro": "Moldovan", "ht": "Haitian", "gd": "Gaelic", "ps": "Pushto", "si": "Sinhala; Sinhalese", "ug": "Uighur", "ky": "Kirghiz",
	"pt-BR": "Portuguese Brazilian", "gsw": "Swiss German",
}

// languages maps English names to BCP 47 tags.
var languages = sync.OnceValue(func() spelling {
	known := spelling{}
	names := display.English.Languages()
	add := func(code string) {
		if tag, err := language.Parse(code); err == nil {
			if name := names.Name(tag); name != "" {
				known.add(name, tag.String())
			}
		}
	}
	for tag, others := range otherLanguages {
		for name := range strings.SplitSeq(others, "; ") {
			known.add(name, tag)
		}
	}
	for _, code := range []string{"zh-Hans", "zh-Hant", "pt-BR", "pt-PT", "en-US", "en-GB", "es-419", "fil"} {
		add(code)
	}
	for a := 'a'; a <= 'z'; a++ {
		for b := 'a'; b <= 'z'; b++ {
			add(string([]rune{a, b}))
		}
	}
	return known
})

// kinds are what stands in brackets behind a language and is no country.
var kinds = spelling{
	"simplified": "Hans", "traditional": "Hant", "latin": "Latn", "cyrillic": "Cyrl", "arabic": "Arab", "devanagari": "Deva",
	"latin america": "419", "world": "001", "international": "001",
}

// languageTag reads an English name, also with a country or script in brackets
// behind it, or a BCP 47 tag. A tag has to be valid, which is more than well
// formed: its language, script, region and variants are in the registry. What
// the registry leaves to private use (x-klingon, qaa, the region XX) means
// nothing to anybody else and is refused, except XK, which CLDR made Kosovo; so
// is a tag without a language, such as und-DE.
func languageTag(text string) (any, *Problem) {
	if tag, ok := languages().of(text); ok {
		return tag, nil
	}
	if tag, ok := languageOf(text); ok {
		return tag, nil
	}
	if len(text) <= 35 {
		if tag, err := language.Parse(text); err == nil && registered(tag) {
			return tag.String(), nil
		}
	}
	return nil, Unfit("unknown_language", "Write the language's English name or its tag, such as German or de.")
}

// languageOf reads a name such as "Portuguese (Brazil)".
func languageOf(text string) (string, bool) {
	name, kind, ok := strings.Cut(text, "(")
	kind, closed := strings.CutSuffix(kind, ")")
	if !ok || !closed {
		return "", false
	}
	base, ok := languages().of(strings.TrimSpace(name))
	if !ok {
		return "", false
	}
	part, ok := kinds.of(kind)
	if !ok {
		part, ok = countries().of(kind)
	}
	if !ok {
		return "", false
	}
	tag, err := language.Parse(base + "-" + part)
	return tag.String(), err == nil
}

// registered reports whether no part of a tag is for private use, given that
// all of them are known.
func registered(tag language.Tag) bool {
	base, script, region := tag.Raw()
	name, writing := base.String(), script.String()
	switch {
	case name == "und" || len(name) == 3 && name >= "qaa" && name <= "qtz":
		return false
	case writing >= "Qaaa" && writing <= "Qabx":
		return false
	case region.String() == "ZZ": // none
		return !strings.Contains(strings.ToUpper(tag.String()), "-ZZ")
	}
	return region.IsCountry() || region.IsGroup() && !region.IsPrivateUse()
}
