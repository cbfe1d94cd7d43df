package field

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"
	"pgregory.net/rapid"
)

func TestACellMeansWhatItsFieldSays(t *testing.T) {
	plan := Field{Field: "plan", Name: "Plan", Type: Select, Options: []string{"Free", "Gold"}}
	likes := Field{Field: "likes", Name: "Likes", Type: MultiSelect, Options: []string{"Tea", "Cake", "Chess"}}
	of := func(t Type) Field { return Field{Field: "x", Name: "X", Type: t} }
	first := DefaultFields()[0]
	tests := []struct {
		name  string
		field Field
		text  string
		f     Formats
		want  any    // nil: refused
		code  string // of the refusal
	}{
		{"a line break in a line becomes a space", of(SingleLine), "a\r\nb", Formats{}, "a b", ""},
		{"a line break in a text stays", of(MultiLine), "a\nb", Formats{}, "a\nb", ""},
		{"text is kept in NFC", of(SingleLine), "Zoe\u0308", Formats{}, "Zoë", ""},
		{"a name has at most 50 characters", first, strings.Repeat("é", 51), Formats{}, nil, "too_long"},
		{"a name of 50 characters is taken", first, strings.Repeat("é", 50), Formats{}, strings.Repeat("é", 50), ""},
		{"-5 is minus five", of(Numerical), "-5", Formats{}, json.Number("-5"), ""},
		{"zeros that say nothing go", of(Numerical), "0001.500", Formats{}, json.Number("1.5"), ""},
		{"minus zero is zero", of(Numerical), "-0.00", Formats{}, json.Number("0"), ""},
		{"a lone comma is the decimal sign", of(Numerical), "3,14", Formats{}, json.Number("3.14"), ""},
		{"a comma that looks like a thousand is ambiguous", of(Numerical), "1,234", Formats{}, nil, "number_ambiguous"},
		{"minus does not make it less ambiguous", of(Numerical), "-12,345", Formats{}, nil, "number_ambiguous"},
		{"zero point something is never a thousand", of(Numerical), "0,123", Formats{}, json.Number("0.123"), ""},
		{"the decimal sign settles it", of(Numerical), "1,234", Formats{Decimal: ","}, json.Number("1.234"), ""},
		{"a thousands sign is refused", of(Numerical), "1,234", Formats{Decimal: "."}, nil, "invalid_number"},
		{"both signs are refused", of(Numerical), "1,234.5", Formats{}, nil, "invalid_number"},
		{"an exponent is refused", of(Numerical), "1e5", Formats{}, nil, "invalid_number"},
		{"a word is refused", of(Numerical), "many", Formats{}, nil, "invalid_number"},
		{"15 digits are taken", of(Numerical), "123456789012.345", Formats{}, json.Number("123456789012.345"), ""},
		{"16 digits are refused", of(Numerical), "1234567890123.456", Formats{}, nil, "number_too_long"},
		{"yes is true", of(Boolean), "Yes", Formats{}, true, ""},
		{"0 is false", of(Boolean), "0", Formats{}, false, ""},
		{"perhaps is refused", of(Boolean), "perhaps", Formats{}, nil, "invalid_boolean"},
		{"an ISO date", of(Date), "2024-02-29", Formats{}, "2024-02-29", ""},
		{"RFC 3339 keeps its day", of(Date), "2024-02-29T23:30:00-05:00", Formats{}, "2024-02-29", ""},
		{"a day that does not exist", of(Date), "2023-02-29", Formats{}, nil, "invalid_date"},
		{"a German day and time", of(Date), "07.04.2026 08:05", Formats{DateFormat: "DD.MM.YYYY"}, "2026-04-07", ""},
		{"a German day, time and seconds", of(Date), "7.4.2026 23:59:59", Formats{DateFormat: "DD.MM.YYYY"}, "2026-04-07", ""},
		{"an American day and time", of(Date), "04/07/2026 9:30", Formats{DateFormat: "MM/DD/YYYY"}, "2026-04-07", ""},
		{"a British day and time", of(Date), "07/04/2026 09:30:01", Formats{DateFormat: "DD/MM/YYYY"}, "2026-04-07", ""},
		{"an ISO day and time beside a format", of(Date), "2026-04-07 09:30", Formats{DateFormat: "DD/MM/YYYY"}, "2026-04-07", ""},
		{"an hour that does not exist", of(Date), "07.04.2026 24:05", Formats{DateFormat: "DD.MM.YYYY"}, nil, "invalid_date"},
		{"a time in another notation", of(Date), "07.04.2026, 8 Uhr", Formats{DateFormat: "DD.MM.YYYY"}, nil, "invalid_date"},
		{"31/12 needs its format", of(Date), "31/12/2024", Formats{}, nil, "invalid_date"},
		{"31/12 with its format", of(Date), "31/12/2024", Formats{DateFormat: "DD/MM/YYYY"}, "2024-12-31", ""},
		{"months first", of(Date), "12/31/2024", Formats{DateFormat: "MM/DD/YYYY"}, "2024-12-31", ""},
		{"dots", of(Date), "1.2.2024", Formats{DateFormat: "DD.MM.YYYY"}, "2024-02-01", ""},
		{"an option in another case is the option", plan, "gold", Formats{}, "Gold", ""},
		{"an unknown option", plan, "Silver", Formats{}, nil, "unknown_option"},
		{"choices in the field's order, once", likes, "Chess, tea,Tea", Formats{}, []string{"Tea", "Chess"}, ""},
		{"an unknown choice", likes, "Tea, Beer", Formats{}, nil, "unknown_option"},
		{"a phone number sheds its dress", of(Phone), "+49 (30) 123-456.7", Formats{}, "+49301234567", ""},
		{"a phone number needs its country", of(Phone), "030 1234567", Formats{}, nil, "invalid_phone"},
		{"a phone number is not endless", of(Phone), "+1234567890123456", Formats{}, nil, "invalid_phone"},
		{"a country by code", of(Country), "de", Formats{}, "DE", ""},
		{"a country by name", of(Country), "Germany", Formats{}, "DE", ""},
		{"a country by another name", of(Country), "United States of America", Formats{}, "US", ""},
		{"no country", of(Country), "Atlantis", Formats{}, nil, "unknown_country"},
		{"a language by name", of(Language), "German", Formats{}, "de", ""},
		{"a language by tag", of(Language), "pt-br", Formats{}, "pt-BR", ""},
		{"no language", of(Language), "Klingonese", Formats{}, nil, "unknown_language"},
		{"an address", of(URL), "https://example.com/a?b=c", Formats{}, "https://example.com/a?b=c", ""},
		{"a script is no address", of(URL), "javascript:alert(1)", Formats{}, nil, "invalid_url"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, problem := test.field.FromText(test.text, test.f)
			if test.want == nil {
				if problem == nil || problem.Code != test.code {
					t.Fatalf("got %v, %v, want problem %s", got, problem, test.code)
				}
				return
			}
			if problem != nil || !cmp.Equal(got, test.want) {
				t.Fatalf("got %#v, %v, want %#v", got, problem, test.want)
			}
			again, problem := test.field.FromText(fmt.Sprint(shownText(got)), Formats{Decimal: "."})
			if problem != nil || !cmp.Equal(again, got) {
				t.Fatalf("%#v read again is %#v, %v", got, again, problem)
			}
		})
	}
}

func TestTheExampleOfANumberIsTaken(t *testing.T) {
	for _, test := range []struct{ text, sign, example string }{
		{"1.5", ",", "1234,5"}, {"1e5", ",", "1234,5"}, {"1,5", ".", "1234.5"}, {"1,234.5", "", "1234.5"}, {"many", "", "1234.5"},
	} {
		_, problem := number(test.text, test.sign)
		want := "Write a plain number such as " + test.example + ": no thousands signs, no exponent."
		if problem == nil || problem.Code != "invalid_number" || problem.Said.English != want {
			t.Errorf("%s with %q: %v, want %s", test.text, test.sign, problem, want)
			continue
		}
		if got, problem := number(test.example, test.sign); problem != nil || got != json.Number("1234.5") {
			t.Errorf("%s with %q: %v, %v", test.example, test.sign, got, problem)
		}
	}
}

func shownText(v any) any {
	if list, ok := v.([]string); ok {
		return strings.Join(list, ",")
	}
	return v
}

func TestNumbersAreDecimalsAndKeepTheirValue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := decimal.New(rapid.Int64Range(-99_999_999, 99_999_999).Draw(t, "a"), rapid.Int32Range(-6, 2).Draw(t, "a scale"))
		b := decimal.New(rapid.Int64Range(-99_999_999, 99_999_999).Draw(t, "b"), rapid.Int32Range(-6, 2).Draw(t, "b scale"))
		x, problem := number(a.StringFixed(7), ".")
		if problem != nil {
			t.Fatalf("%s: %v", a, problem)
		}
		if x.(json.Number).String() != a.String() {
			t.Fatalf("%s became %s", a, x)
		}
		y, _ := number(b.String(), "")
		sum, problem := AddNumbers(x, y.(json.Number))
		if problem != nil {
			if len(strings.Trim(a.Add(b).Coefficient().String(), "-0")) < maxDigits {
				t.Fatalf("%s + %s: %v", a, b, problem)
			}
			return
		}
		if sum.(json.Number).String() != a.Add(b).String() {
			t.Fatalf("%s + %s = %s", a, b, sum)
		}
		back, problem := AddNumbers(sum, Negated(y.(json.Number)))
		if problem != nil || back != x {
			t.Fatalf("%s + %s - %s = %v (%v)", a, b, b, back, problem)
		}
	})
}

func TestHeadersCompareWithoutCaseSpaceOrDash(t *testing.T) {
	for _, same := range [][2]string{{"First Name", "first_name"}, {" FIRST-NAME ", "first name"}, {"Last\u00a0Name", "last_name"}, {"É", "é"}} {
		if HeaderKey(same[0]) != HeaderKey(same[1]) {
			t.Errorf("%q and %q differ: %q, %q", same[0], same[1], HeaderKey(same[0]), HeaderKey(same[1]))
		}
	}
	if HeaderKey("FirstName") == HeaderKey("First Name") {
		t.Error("words run together are another name")
	}
}
