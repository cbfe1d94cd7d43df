package member

import (
	"strings"
	"sync"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

// otherCountries are names people write that are not the first English name.
var otherCountries = map[string]string{
	"usa": "US", "u.s.a.": "US", "u.s.": "US", "united states of america": "US", "america": "US",
	"uk": "GB", "great britain": "GB", "england": "GB", "scotland": "GB", "wales": "GB", "northern ireland": "GB",
	"holland": "NL", "the netherlands": "NL", "czech republic": "CZ", "turkey": "TR", "türkiye": "TR",
	"republic of korea": "KR", "korea": "KR", "russian federation": "RU", "viet nam": "VN", "uae": "AE",
	"ivory coast": "CI", "cape verde": "CV", "burma": "MM", "macedonia": "MK", "swaziland": "SZ",
	"hong kong": "HK", "macau": "MO", "macao": "MO", "palestine": "PS", "vatican": "VA", "bosnia": "BA",
}

// countries maps lower-case English names and alpha-2 codes to alpha-2 codes.
var countries = sync.OnceValue(func() map[string]string {
	known := map[string]string{}
	names := display.English.Regions()
	for a := 'A'; a <= 'Z'; a++ {
		for b := 'A'; b <= 'Z'; b++ {
			code := string([]rune{a, b})
			region, err := language.ParseRegion(code)
			if err != nil || !region.IsCountry() || region.Canonicalize().String() != code { // UK is another name of GB
				continue
			}
			known[strings.ToLower(code)] = code
			name := strings.ToLower(names.Name(region))
			known[name] = code
			known[strings.NewReplacer("&", "and", "st.", "saint").Replace(name)] = code
		}
	}
	for name, code := range otherCountries {
		known[name] = code
	}
	return known
})

func country(text string) (any, *Problem) {
	if code, ok := countries()[strings.ToLower(text)]; ok {
		return code, nil
	}
	return nil, unfit("unknown_country", "Write the country's English name or its two-letter code (ISO 3166).")
}

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

// CountryLabel is the English name of an alpha-2 code; the code itself when it
// has none.
func CountryLabel(code string) string {
	region, err := language.ParseRegion(code)
	if err != nil {
		return code
	}
	return display.English.Regions().Name(region)
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
