package field

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/nyaruka/phonenumbers"
)

func TestPhoneNumbersAreStoredAsE164(t *testing.T) {
	for _, test := range []struct{ given, country, want string }{
		{"+491511234567", "", "+491511234567"},
		{"+49 151 1234567", "", "+491511234567"},
		{"+49 (0)151 1234567", "", "+491511234567"},
		{"+49(0) 151-1234567", "US", "+491511234567"},
		{"+49 [0] 151 1234567", "", "+491511234567"},
		{"0049 (0) 151 1234567", "", "+491511234567"},
		{"0049 151 1234567", "DE", "+491511234567"},
		{"+49 0151 1234567", "", "+491511234567"},
		{"+44 (0)20 7946 0958", "", "+442079460958"},
		{"+31 (0)20 123 4567", "", "+31201234567"},
		{"+41 (0) 44 668 18 00", "", "+41446681800"},
		{"+34 (0)912 345 678", "", "+34912345678"},
		{"+352 (0)621 123 456", "", "+352621123456"},
		{"+39 (0)6 698 12345", "", "+390669812345"}, // the zero is part of Italian numbers
		{"+39 06 698 12345", "", "+390669812345"},
		{"+1 (212) 555-0123", "", "+12125550123"},
		{"(212) 555-0123", "US", "+12125550123"},
		{"1-212-555-0123", "US", "+12125550123"},
		{"011 49 151 1234567", "US", "+491511234567"},
		{"0049 151 1234567", "US", "+491511234567"},
		{"0151 1234567", "DE", "+491511234567"},
		{"0151/1234567", "DE", "+491511234567"},
		{"(0151) 123-4567", "DE", "+491511234567"},
		{"1 212 555 0123", "US", "+12125550123"},
		{"33 6 12 34 56 78", "FR", "+33612345678"},
		{"06 12 34 56 78", "FR", "+33612345678"},
		{"06.12.34.56.78", "FR", "+33612345678"},
		{"06 698 12345", "IT", "+390669812345"},
		{"(0)6 698 12345", "IT", "+390669812345"},
		{"(0)151 1234567", "DE", "+491511234567"},
		{"6 12 34 56 78", "FR", "+33612345678"},
		{"090-1234-5678", "JP", "+819012345678"},
		{"０９０−１２３４−５６７８", "JP", "+819012345678"},
		{"8 (912) 345-67-89", "RU", "+79123456789"},
		{"020 7946 0958", "GB", "+442079460958"},
		{"＋49 151 1234567", "", "+491511234567"},
		{"tel:+49-151-1234567", "", "+491511234567"},
		{"+800 1234 5678", "", "+80012345678"},
		{"+49\u00a0151\u00a01234567", "", "+491511234567"},
		{"+49 151\u20111234567", "", "+491511234567"},
	} {
		got, problem := ParsePhone(test.given, test.country)
		if problem != nil {
			t.Errorf("%q in %q: %v, want %s", test.given, test.country, problem.Said, test.want)
		} else if got != test.want {
			t.Errorf("%q in %q: %s, want %s", test.given, test.country, got, test.want)
		}
	}
}

func TestOtherTextsAreNoPhoneNumbers(t *testing.T) {
	for given, reason := range map[string]string{
		"0151 1234567":                        "default country",
		"12345":                               "default country",
		"+49 12":                              "too short",
		"+1 555 0100":                         "too short",
		"+4915112345678901234":                "too long",
		"+999 123456789":                      "country code",
		"+49 151 1234567 ext. 12":             "extension",
		"+49 151 1234567 x12":                 "extension",
		"+49 151 1234567;ext=12":              "extension",
		"+1 212 555 0123 #12":                 "extension",
		"+49 151\u200b1234567":                "U+200B",
		"+49 151 1234567, +49 151 7654321":    "one phone number",
		"+49 151 1234567 / +49 151 7654321":   "one phone number",
		"+1 800 FLOWERS":                      "digits only",
		"none":                                "digits only",
		"+":                                   "no such",
		"5/12/2026\n":                         "digits only",
		"+" + strings.Repeat("1", 2*maxPhone): "digits only",
	} {
		got, problem := ParsePhone(given, "")
		if problem == nil || problem.Code != "invalid_phone" || !strings.Contains(problem.Said.English, reason) {
			t.Errorf("%q: %q %v, want %q", given, got, problem, reason)
		}
	}
	for _, given := range []string{"0151 12", "1234567", "112"} {
		if got, problem := ParsePhone(given, "US"); problem == nil {
			t.Errorf("%q in the US: %s", given, got)
		}
	}
}

// TestPlainNumbersAreThoseOfTheParser compares both ways on numbers of all
// countries, whole and with other lengths and first digits.
func TestPlainNumbersAreThoseOfTheParser(t *testing.T) {
	r, plain := rand.New(rand.NewPCG(1, 2)), 0
	check := func(text, country string) {
		got, ok := plainPhone(text, country)
		if !ok {
			return
		}
		plain++
		if n := firstPossible(phoneReadings(text, country), country); n == nil || phonenumbers.Format(n, phonenumbers.E164) != got {
			t.Fatalf("%q in %q is %q, and the parser reads %v", text, country, got, n)
		}
	}
	for region := range phonenumbers.GetSupportedRegions() {
		code := strconv.Itoa(phonenumbers.GetCountryCodeForRegion(region))
		for range 100 {
			digits := strconv.FormatUint(r.Uint64(), 10)[:4+r.IntN(9)]
			check("+"+code+digits, "")
			check("+"+code+"0"+digits, "")
			check("+"+code+"00"+digits, "")
			check("+"+code+"0000"+digits[:4], "")
			check("+"+code+" (0) "+digits, "")
			check("+"+code+" (0)"+digits, region)
			check("0"+digits, region)
			check(digits, region)
			check("0"+code+digits, region)
		}
	}
	for code := range phonenumbers.GetSupportedCallingCodes() {
		check("+"+strconv.Itoa(code)+strconv.FormatUint(r.Uint64(), 10)[:10], "")
	}
	if plain < 10_000 {
		t.Errorf("only %d numbers were plain", plain)
	}
}

func TestNumbersOfAllCountriesAreRead(t *testing.T) {
	for region := range phonenumbers.GetSupportedRegions() {
		for _, kind := range []phonenumbers.PhoneNumberType{phonenumbers.MOBILE, phonenumbers.FIXED_LINE} {
			n := phonenumbers.GetExampleNumberForType(region, kind)
			if n == nil {
				continue
			}
			number := phonenumbers.Format(n, phonenumbers.E164)
			for _, text := range []string{number, phonenumbers.Format(n, phonenumbers.INTERNATIONAL), "00" + number[1:]} {
				if got, problem := ParsePhone(text, ""); problem != nil || got != number {
					t.Errorf("%s: %q %v, want %s", text, got, problem, number)
				}
			}
			national := phonenumbers.Format(n, phonenumbers.NATIONAL)
			if got, problem := ParsePhone(national, region); region != "AR" && (problem != nil || got != number) { // the parser does not read the mobile example of AR
				t.Errorf("%s in %s: %q %v, want %s", national, region, got, problem, number)
			}
		}
	}
}

func BenchmarkParsePhone(b *testing.B) {
	for _, of := range []struct{ name, given, country string }{
		{"e164", "+491511234567", ""}, {"spaces", "+49 151 1234567", ""}, {"trunk zero", "+49 (0)151 1234567", ""}, {"national", "0151 1234567", "DE"}, {"without prefix", "(212) 555-0123", "US"},
	} {
		b.Run(of.name, func(b *testing.B) {
			for b.Loop() {
				if _, problem := ParsePhone(of.given, of.country); problem != nil {
					b.Fatal(problem.Said)
				}
			}
		})
	}
}
