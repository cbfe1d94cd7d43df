package directory_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/directory"
	"github.com/regulars/regulars/internal/member/membertest"
	"github.com/regulars/regulars/internal/sqldb"
)

func TestAFilterAsksForValuesAndRangesOfAnyField(t *testing.T) {
	each(t, func(f *fixture) {
		f.OK(access.EnsureEveryoneRole(f.Context(), f.DB, f.Community))
		f.NewField(field.Input{Field: "points", Name: "Points", Type: field.Numerical})
		f.NewField(field.Input{Field: `$.od"d [0]`, Name: "Odd", Type: field.SingleLine})
		f.NewField(field.Input{Field: "born", Name: "Born", Type: field.Date, Filterable: true})
		f.NewField(field.Input{Field: "vegan", Name: "Vegan", Type: field.Boolean})
		f.NewField(field.Input{Field: "likes", Name: "Likes", Type: field.MultiSelect, Options: []string{"tea", "coffee"}})
		tag, err := f.Members.CreateTag(f.Context(), membertest.Command, f.Community, "vip")
		f.OK(err)
		type values = []member.FieldValue
		for name, given := range map[string]values{
			"ada": {{Field: "points", Value: 1.5}, {Field: "born", Value: "1815-12-10"}, {Field: "vegan", Value: true}, {Field: "likes", Value: "tea,coffee"}, {Field: "country", Value: "GB"}},
			"bob": {{Field: "points", Value: 10.0}, {Field: "Odd", Value: "x'y"}, {Field: "born", Value: "1990-01-01"}, {Field: "vegan", Value: false}, {Field: "country", Value: "JP"}},
			"cid": {{Field: "points", Value: -3.0}, {Field: "likes", Value: "tea"}, {Field: "country", Value: "GB"}},
		} {
			in := membertest.Input(name)
			in.Fields = given
			in.DisplayName = strings.ToUpper(name)
			made := f.Create(in)
			if name == "bob" {
				_, err := f.Members.Change(f.Context(), membertest.Command, f.Community, made.ID, values{{Field: "tag", Value: tag.Name}}, member.Source{Type: "api"})
				f.OK(err)
			}
		}
		for _, row := range []struct {
			filter map[string]any
			want   string
		}{
			{nil, "ada bob cid"},
			{map[string]any{"points": 1.5}, "ada"},
			{map[string]any{"points": map[string]any{"gte": -3.0, "lte": "1.50"}}, "ada cid"},
			{map[string]any{"points": map[string]any{"gt": -3.0}}, "ada bob"},
			{map[string]any{"points": map[string]any{"lt": 2.0}}, "ada cid"},
			{map[string]any{`$.od"d [0]`: "x'y"}, "bob"},
			{map[string]any{"Odd": map[string]any{"gte": "x"}}, "bob"},
			{map[string]any{"born": "10/12/1815"}, "ada"},
			{map[string]any{"born": map[string]any{"gte": "1990-01-01"}}, "bob"},
			{map[string]any{"vegan": true}, "ada"},
			{map[string]any{"vegan": "no"}, "bob"},
			{map[string]any{"likes": "tea"}, "ada cid"},
			{map[string]any{"likes": "coffee", "country": "United Kingdom"}, "ada"},
			{map[string]any{"email": " ADA@example.com"}, "ada"},
			{map[string]any{"username": map[string]any{"gte": "Bob"}}, "bob cid"},
			{map[string]any{"first_name": "Ada", "display_name": "CID"}, "cid"},
			{map[string]any{"tag": "vip"}, "bob"},
			{map[string]any{"role": "@all"}, "ada bob cid"},
			{map[string]any{"join_date": "2000-01-01"}, ""},
			{map[string]any{"join_date": map[string]any{"gte": "2000-01-01", "lte": "2999-12-31"}}, "ada bob cid"},
			{map[string]any{"external_id": map[string]any{"gte": "A"}}, ""},
		} {
			got := strings.Fields(f.Matching(row.filter))
			if diff := cmp.Diff(membertest.Sorted(strings.Fields(row.want)), membertest.Sorted(got)); diff != "" {
				f.Errorf("%v: %s", row.filter, diff)
			}
		}
	})
}

func TestAFilterByCountryAndAnIndexedValueFollowsWhoMoves(t *testing.T) {
	each(t, func(f *fixture) {
		type values = []member.FieldValue
		f.NewField(field.Input{Field: "plan", Name: "Plan", Type: field.SingleLine, Filterable: true})
		for name, country := range map[string]string{"ada": "GB", "bob": "GB", "cid": "JP"} {
			in := membertest.Input(name)
			in.Fields = values{{Field: "plan", Value: "free"}, {Field: "country", Value: country}}
			f.Create(in)
		}
		british := map[string]any{"plan": "free", "country": "GB"}
		if got := membertest.Sorted(strings.Fields(f.Matching(british))); !slices.Equal(got, []string{"ada", "bob"}) {
			f.Fatalf("before: %q", got)
		}
		for _, who := range []string{"bob", "cid"} {
			m, err := f.Members.Find(f.Context(), membertest.Command, f.Community, who)
			f.OK(err)
			country := map[string]string{"GB": "JP", "JP": "GB"}[m.Country]
			_, err = f.Members.Change(f.Context(), membertest.Command, f.Community, m.ID, values{{Field: "country", Value: country}}, member.Source{Type: "api"})
			f.OK(err)
		}
		if got := membertest.Sorted(strings.Fields(f.Matching(british))); !slices.Equal(got, []string{"ada", "cid"}) {
			f.Fatalf("after they moved: %q", got)
		}
	})
}

func TestWhatAFilterCannotAskForIsNamed(t *testing.T) {
	each(t, func(f *fixture) {
		f.NewField(field.Input{Field: "points", Name: "Points", Type: field.Numerical})
		_, err := f.FilterFields().Conditions(map[string]any{
			"no such": 1, "points": map[string]any{"gte": "many", "near": 5}, "country": map[string]any{"gte": "GB"}, "tag": "none", "role": []any{"x"},
			"join_date": "soon", "language": map[string]any{}, "last_name": "", "phone": true,
		})
		got := map[string]string{}
		for _, field := range errs.From(err).Fields {
			got[field.Field] = field.Code
		}
		want := map[string]string{
			"filter.no such": "unknown_field", "filter.points.gte": "invalid_number", "filter.points.near": "unknown_bound", "filter.country.gte": "no_range",
			"filter.tag": "unknown_tag", "filter.role": "wrong_type", "filter.join_date": "invalid_date", "filter.language": "no_bounds", "filter.last_name": "empty", "filter.phone": "wrong_type",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			f.Fatal(diff)
		}
	})
}

func TestPagesAndCursorsOfAFilterLeaveNobodyOut(t *testing.T) {
	each(t, func(f *fixture) {
		names := make([]string, 2*directory.MaxPage+7)
		for i := range names {
			names[i] = fmt.Sprintf("user-%04d", i)
		}
		f.People(names...)
		seen, cursor := map[string]bool{}, ""
		for parts := 1; ; parts++ {
			found, err := f.Members.Page(f.Context(), membertest.Command, f.Community, nil, directory.PageRequest{Cursor: cursor})
			f.OK(err)
			for _, m := range found.Members {
				seen[m.Username] = true
			}
			if cursor = found.Next; cursor == "" {
				if parts != 3 || len(seen) != len(names) {
					f.Fatalf("%d parts, %d people", parts, len(seen))
				}
				break
			}
		}
		clear(seen)
		for page := 1; page <= 3; page++ {
			found, err := f.Members.Page(f.Context(), membertest.Command, f.Community, nil, directory.PageRequest{Page: page})
			f.OK(err)
			for _, m := range found.Members {
				seen[m.Username] = true
			}
			if found.Total != int64(len(names)) {
				f.Fatalf("page %d: total %d", page, found.Total)
			}
		}
		if len(seen) != len(names) {
			f.Fatalf("%d people on the pages", len(seen))
		}
		if _, err := f.Members.Page(f.Context(), membertest.Command, f.Community, nil, directory.PageRequest{Cursor: "'; --"}); errs.KindOf(err) != errs.Invalid {
			f.Fatal(err)
		}
		n, err := sqldb.One(f.Context(), f.DB, "user", sqldb.Value[int], "SELECT count(*) FROM members")
		f.OK(err)
		if n != len(names) {
			f.Fatalf("%d members", n)
		}
	})
}
