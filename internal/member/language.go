package member

import (
	"strings"
	"sync"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

// languages maps lower-case English names to BCP 47 tags.
var languages = sync.OnceValue(func() map[string]string {
	known := map[string]string{}
	names := display.English.Languages()
	add := func(code string) {
		if tag, err := language.Parse(code); err == nil {
			if name := names.Name(tag); name != "" {
				known[strings.ToLower(name)] = tag.String()
			}
		}
	}
	for a := 'a'; a <= 'z'; a++ {
		for b := 'a'; b <= 'z'; b++ {
			add(string([]rune{a, b}))
		}
	}
	for _, code := range []string{"zh-Hans", "zh-Hant", "pt-BR", "pt-PT", "en-US", "en-GB", "es-419", "fil"} {
		add(code)
	}
	known["mandarin"], known["farsi"], known["tagalog"] = "zh", "fa", "fil"
	return known
})

func languageTag(text string) (any, *Problem) {
	if tag, ok := languages()[strings.ToLower(text)]; ok {
		return tag, nil
	}
	if len(text) <= 35 {
		if tag, err := language.Parse(text); err == nil && tag != language.Und {
			return tag.String(), nil
		}
	}
	return nil, unfit("unknown_language", "Write the language's English name or its tag, such as German or de.")
}

// LanguageLabel is the English name of a BCP 47 tag; the tag itself when it
// has none.
func LanguageLabel(text string) string {
	tag, err := language.Parse(text)
	if err != nil {
		return text
	}
	return display.English.Tags().Name(tag)
}
