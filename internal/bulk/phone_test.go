package bulk_test

import (
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/field"
)

func TestPhoneNumbersOfAFileAreReadWithTheirCountry(t *testing.T) {
	each(t, func(f *fixture) {
		_, err := f.communities.Update(f.Context(), f.community, community.Change{DefaultCountry: new("fr")}, command)
		f.ok(err)
		f.field(field.Input{Field: "desk", Name: "Desk", Type: field.Phone})
		file := "First Name,Last Name,Username,Email,Phone,Country,Desk\n" +
			"A,L,ph1,ph1@example.org,+49 (0)151 1234567,,0049 30 123456\n" +
			"A,L,ph2,ph2@example.org,0151 1234567,Germany,030/123456\n" +
			"A,L,ph3,ph3@example.org,06 12 34 56 78,,\n" +
			"A,L,ph4,ph4@example.org,(212) 555-0123,us,212-555-0123\n" +
			"A,L,ph5,ph5@example.org,+49 12,,\n" +
			"A,L,ph6,ph6@example.org,+49 151 1234567 ext 5,,\n" +
			"A,L,ph7,ph7@example.org,,,+49 151\u200b1234567\n"
		s := f.run(bulk.Import, file, bulk.Options{})
		f.want(s, bulk.CompletedWithErrors, 4, 0, 0, 0, 3)
		for ref, want := range map[string][2]string{
			"ph1": {"+491511234567", "+4930123456"}, "ph2": {"+491511234567", "+4930123456"}, "ph3": {"+33612345678", ""}, "ph4": {"+12125550123", "+12125550123"},
		} {
			m := f.member(ref + "@example.org")
			desk, _ := m.Values.Get("desk").(string)
			if got := [2]string{m.Phone, desk}; got != want {
				f.Errorf("%s: %q, want %q", ref, got, want)
			}
		}
		for _, d := range f.details(s, bulk.DetailFilter{Outcome: "failed"}) {
			e := d.Errors[0]
			reason := map[int]string{6: "too short", 7: "extension", 8: "U+200B"}[d.Line]
			if e.Code != "invalid_phone" || e.Column == "" || e.Value == "" || !strings.Contains(e.Message.English, reason) {
				f.Errorf("line %d: %+v, want %q", d.Line, e, reason)
			}
		}
		s = f.run(bulk.Import, "First Name,Last Name,Username,Email,Phone\nA,L,ph8,ph8@example.org,090-1234-5678\n", bulk.Options{DefaultCountry: "JP"})
		f.want(s, bulk.Completed, 1, 0, 0, 0, 0)
		if m := f.member("ph8@example.org"); m.Phone != "+819012345678" {
			f.Errorf("with the country of the file: %q", m.Phone)
		}
	})
}

func TestADryRunAndItsPlanReadPhoneNumbersAlike(t *testing.T) {
	each(t, func(f *fixture) {
		change := func(country string) {
			_, err := f.communities.Update(f.Context(), f.community, community.Change{DefaultCountry: &country}, command)
			f.ok(err)
		}
		change("DE")
		dry := f.run(bulk.Import, "First Name,Last Name,Username,Email,Phone\nA,L,ph1,ph1@example.org,0151 1234567\n", bulk.Options{DryRun: true})
		f.want(dry, bulk.Completed, 1, 0, 0, 0, 0)
		change("FR")
		if d := f.details(dry, bulk.DetailFilter{}); !strings.Contains(field.EncodeJSON(d), "+491511234567") {
			f.Errorf("details %+v", d)
		}
		change("DE")
		s, err := f.bulk.Apply(f.Context(), command, f.community, dry.JobID, "")
		f.ok(err)
		f.want(f.work(s), bulk.Completed, 1, 0, 0, 0, 0)
	})
}
