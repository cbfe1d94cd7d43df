package roster_test

import (
	"testing"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/membertest"
)

func TestNationalPhoneNumbersHaveTheCountryOfTheMemberOrTheCommunity(t *testing.T) {
	each(t, func(f *fixture) {
		f.Define(field.Input{Field: "desk", Type: field.Phone})
		in := membertest.Input("ada")
		in.Fields = []member.FieldValue{{Field: "phone", Value: "0151 1234567"}}
		if codes := f.refused(in); codes["customFields[0]"] != "invalid_phone" {
			f.Errorf("without a country: %v", codes)
		}
		home := community.New(community.Deps{DB: f.DB, Clock: f.Clock})
		_, err := home.Update(f.Context(), f.Community, community.Change{DefaultCountry: new("DE")}, actor.Actor{})
		f.OK(err)
		in.Fields = append(in.Fields, member.FieldValue{Field: "desk", Value: "+49 (0)30 123456"})
		if m := f.Create(in); m.Phone != "+491511234567" || m.Values.Get("desk") != "+4930123456" {
			f.Errorf("of the community: %q %v", m.Phone, m.Values.Map())
		}
		in = membertest.Input("bob")
		in.Fields = []member.FieldValue{{Field: "phone", Value: "06 12 34 56 78"}, {Field: "country", Value: "France"}}
		if m := f.Create(in); m.Phone != "+33612345678" {
			f.Errorf("of the new member: %q", m.Phone)
		}
		ann := f.Unclaimed("ann")[0]
		phone := func() string {
			m, err := f.Members.Find(f.Context(), membertest.Command, f.Community, ann.ID)
			f.OK(err)
			return m.Phone
		}
		for _, change := range []struct {
			field, value, phone string
		}{{"phone", "030 123456", "+4930123456"}, {"country", "JP", "+4930123456"}, {"phone", "090-1234-5678", "+819012345678"}} {
			if code := f.Change(ann, change.field, change.value); code != "" {
				f.Errorf("%s: %s", change.value, code)
			}
			if got := phone(); got != change.phone {
				f.Errorf("%s: %s, want %s", change.value, got, change.phone)
			}
		}
		_, err = f.Members.Change(f.Context(), membertest.Command, f.Community, ann.ID, []member.FieldValue{{Field: "phone", Value: "(212) 555-0123"}, {Field: "country", Value: "US"}}, member.Source{Type: "api"})
		f.OK(err)
		if got := phone(); got != "+12125550123" {
			f.Errorf("of the country in the same request: %s", got)
		}
	})
}
