package field

import (
	"strings"
	"sync"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

// otherLanguages maps names beside those of CLDR to tags.
var otherLanguages = map[string]string{
	"no": "Norwegian", "yue": "Cantonese", "nl-BE": "Flemish; Belgian Dutch", "es": "Castilian", "zh": "Mandarin; Mandarin Chinese",
	"fa": "Farsi", "fil": "Tagalog; Pilipino", "nb": "Bokmål", "nn": "Nynorsk", "zh-Hans": "Chinese Simplified", "zh-Hant": "Chinese Traditional",
	"ro": "Moldovan", "ht": "Haitian", "gd": "Gaelic", "ps": "Pushto", "si": "Sinhala; Sinhalese", "ug": "Uighur", "ky": "Kirghiz",
	"pt-BR": "Portuguese Brazilian", "gsw": "Swiss German",
}

// languages maps English names to BCP 47 tags.
var languages = sync.OnceValue(func() nameIndex {
	known := nameIndex{}
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

// qualifiers are scripts and regions that may follow a language name in
// parentheses.
var qualifiers = nameIndex{
	"simplified": "Hans", "traditional": "Hant", "latin": "Latn", "cyrillic": "Cyrl", "arabic": "Arab", "devanagari": "Deva",
	"latin america": "419", "world": "001", "international": "001",
}

// languageTag parses an English name, optionally with a country or script in
// parentheses, or a BCP 47 tag. Language, script, region and variants of a tag
// must be registered. Private-use subtags (x-klingon, qaa, the region XX) are
// rejected, except XK (Kosovo), and so are tags without a language, such as
// und-DE.
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

// languageOf parses a name such as "Portuguese (Brazil)".
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
	part, ok := qualifiers.of(kind)
	if !ok {
		part, ok = countries().of(kind)
	}
	if !ok {
		return "", false
	}
	tag, err := language.Parse(base + "-" + part)
	return tag.String(), err == nil
}

// registered reports whether a tag with known subtags has no private-use ones.
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
