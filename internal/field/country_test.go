package field

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

func TestACountryHasManyNames(t *testing.T) {
	for code, names := range map[string]string{
		"AE": "UAE; United Arab Emirates",
		"AG": "Antigua and Barbuda; Antigua & Barbuda",
		"AX": "Åland Islands; Aland Islands",
		"BA": "Bosnia and Herzegovina; bosnia-herzegovina",
		"BN": "Brunei Darussalam; Brunei",
		"BO": "Bolivia (Plurinational State of); Bolivia",
		"BS": "Bahamas; The Bahamas; Bahamas (the)",
		"CD": "Democratic Republic of the Congo; Congo, Democratic Republic of the; Congo (the Democratic Republic of the); DR Congo; D.R. Congo; Congo - Kinshasa",
		"CG": "Congo; Congo (the); Republic of the Congo; Congo-Brazzaville",
		"CI": "Côte d'Ivoire; Côte d’Ivoire; Cote d'Ivoire; COTE D'IVOIRE; Co\u0302te dʼIvoire; Cote dIvoire; Ivory Coast",
		"CV": "Cabo Verde; Cape Verde",
		"CW": "Curacao; Curaçao",
		"CZ": "Czechia; Czech Republic; The Czech Republic",
		"DE": "Germany; germany; GERMANY; de; DE; De",
		"GB": "United Kingdom of Great Britain and Northern Ireland; UK; U.K.; Great Britain; The United Kingdom; England",
		"GM": "The Gambia; Gambia; Gambia, The",
		"GW": "Guinea Bissau; Guinea-Bissau",
		"IE": "Republic of Ireland; Ireland",
		"IR": "Iran (Islamic Republic of); Iran, Islamic Republic of; Iran",
		"KN": "St Kitts and Nevis; Saint Kitts & Nevis; St. Kitts & Nevis",
		"KP": "Democratic People's Republic of Korea; Korea (the Democratic People’s Republic of); North Korea",
		"KR": "Korea, Republic of; Korea (Republic of); Korea (the Republic of); Republic of Korea; South Korea; Korea",
		"LA": "Lao People's Democratic Republic; Laos",
		"MD": "Republic of Moldova; Moldova",
		"MK": "North Macedonia; Macedonia",
		"MM": "Myanmar; Burma; Myanmar (Burma)",
		"NL": "Netherlands; The Netherlands; Netherlands (the); Holland",
		"PS": "State of Palestine; Palestine, State of; Palestine",
		"RE": "Réunion; Reunion",
		"RU": "Russian Federation; The Russian Federation; Russia",
		"ST": "Sao Tome and Principe; São Tomé & Príncipe; ST",
		"SY": "Syrian Arab Republic; Syria",
		"SZ": "Eswatini; Swaziland; eSwatini",
		"TL": "East Timor; Timor-Leste; Timor Leste",
		"TR": "Türkiye; Turkiye; Turkey",
		"TZ": "United Republic of Tanzania; Tanzania, United Republic of; Tanzania",
		"US": "United States of America; The United States; USA; U.S.A.; US; U.S.; usa",
		"VA": "Holy See; The Holy See; Vatican City",
		"VE": "Venezuela (Bolivarian Republic of); Venezuela",
		"VN": "Viet Nam; Vietnam; viet-nam",
	} {
		for name := range strings.SplitSeq(names, "; ") {
			got, problem := country(name)
			if problem != nil || got != code {
				t.Errorf("%q is %v, want %s", name, got, code)
			}
		}
	}
	for _, name := range []string{"", "the", "The", ".", "&", "and", "Atlantis", "Republic", "XX", "ZZ", "Republic of", "Saint", strings.Repeat("é", 5_000)} {
		if got, problem := country(name); problem == nil {
			t.Errorf("%q is %v", name, got)
		}
	}
}

func TestNoTwoCountriesFoldToOneKey(t *testing.T) {
	keys := map[string]string{}
	for name, code := range countryNames() {
		key := string(normalize(nil, name))
		if other, ok := keys[key]; ok && other != code {
			t.Errorf("%q of %s and of %s", key, code, other)
		}
		if key == "" {
			t.Errorf("%q of %s folds to nothing", name, code)
		}
		keys[key] = code
	}
	if codes := slices.Compact(slices.Sorted(maps.Values(keys))); len(codes) < 249 {
		t.Errorf("only %d countries are known", len(codes))
	}
}

func TestAUsualNameIsFoundWithoutAnAllocation(t *testing.T) {
	for _, name := range []string{"Germany", "germany", "DE", "Côte d’Ivoire", "GERMANY", "The Gambia"} {
		if n := testing.AllocsPerRun(100, func() { countries().of(name) }); n > 0 {
			t.Errorf("%q takes %v allocations", name, n)
		}
	}
}
