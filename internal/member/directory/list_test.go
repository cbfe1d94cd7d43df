package directory_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/directory"
	"github.com/regulars/regulars/internal/member/membertest"
	"github.com/regulars/regulars/internal/sqldb"
)

type fixture struct{ *membertest.Fixture }

func each(t *testing.T, test func(f *fixture)) {
	t.Helper()
	membertest.Each(t, func(f *membertest.Fixture) { test(&fixture{f}) })
}

func TestAListIsSearchedSortedAndPaged(t *testing.T) {
	each(t, func(f *fixture) {
		tag, err := f.Members.CreateTag(f.Context(), membertest.Command, f.Community, "vip")
		f.OK(err)
		f.People("bob", "_dog", "Ann", "cat")
		tagged := f.People("Éva")[0]
		tagged.TagIDs = []string{tag.ID}
		f.OK(f.DB.Tx(f.Context(), func(tx *sqldb.Tx) error {
			return member.Update(f.Context(), tx, f.Community, []*member.Record{tagged})
		}))
		tests := []struct {
			name   string
			filter directory.Filter
			want   []string
		}{
			{"newest first", directory.Filter{Limit: 10}, []string{"Éva", "cat", "Ann", "_dog", "bob"}},
			{"usernames sort alike on both engines", directory.Filter{Sort: "username", Limit: 10}, []string{"_dog", "Ann", "bob", "cat", "Éva"}},
			{"the other way round", directory.Filter{Sort: "-email", Limit: 2}, []string{"Éva", "cat"}},
			{"a page", directory.Filter{Sort: "username", Page: 2, Limit: 2}, []string{"bob", "cat"}},
			{"the beginning of a username in any case", directory.Filter{Search: "AN", Limit: 10}, []string{"Ann"}},
			{"an accent in any case", directory.Filter{Search: "éV", Limit: 10}, []string{"Éva"}},
			{"a part of the name", directory.Filter{Search: "b éli", Limit: 10}, []string{"bob"}},
			{"an underscore is no wildcard", directory.Filter{Search: "_", Limit: 10}, []string{"_dog"}},
			{"by tag", directory.Filter{TagID: tag.ID, Limit: 10}, []string{"Éva"}},
			{"nobody", directory.Filter{Search: "zzz", Limit: 10}, nil},
		}
		for _, test := range tests {
			if got := f.Usernames(test.filter); !cmp.Equal(got, test.want) {
				f.Errorf("%s: %v, want %v", test.name, got, test.want)
			}
		}
		list, err := f.Members.List(f.Context(), membertest.Command, f.Community, directory.Filter{Limit: 1})
		f.OK(err)
		if list.Total != 5 || list.TotalCapped {
			f.Errorf("total %d, capped %v", list.Total, list.TotalCapped)
		}
		if _, err := f.Members.List(f.Context(), membertest.Command, f.Community, directory.Filter{Sort: "shoe size"}); !errs.Is(err, "unknown_sort") {
			f.Errorf("sorting by shoe size: %v", err)
		}
		f.OK(f.Members.DeleteTag(f.Context(), membertest.Command, f.Community, tag.ID))
		if got := f.Usernames(directory.Filter{TagID: tag.ID, Limit: 10}); got != nil {
			f.Errorf("still tagged: %v", got)
		}
	})
}

func TestAMemberIsFoundByAnyOfTheirNames(t *testing.T) {
	each(t, func(f *fixture) {
		f.People("ann", "bob")
		ann, err := f.Members.Find(f.Context(), membertest.Command, f.Community, " ANN ")
		f.OK(err)
		for _, ref := range []string{ann.ID, fmt.Sprint(ann.Number), "Ann@Example.com"} {
			m, err := f.Members.Find(f.Context(), membertest.Command, f.Community, ref)
			if err != nil || m.ID != ann.ID {
				f.Errorf("%s found %s, %v", ref, m.Username, err)
			}
		}
		for _, ref := range []string{"", "nobody", "999999", id.New(clock.Clock{}.Now()), "x@y.z"} {
			if _, err := f.Members.Find(f.Context(), membertest.Command, f.Community, ref); !errs.Is(err, "user_not_found") {
				f.Errorf("%q: %v", ref, err)
			}
		}
		if _, err := f.Members.Find(f.Context(), membertest.Command, f.Elsewhere(), ann.ID); !errs.Is(err, "user_not_found") {
			f.Errorf("found in another community: %v", err)
		}
	})
}

func TestHistoryIsPagedAndSaysWhoAndFromWhat(t *testing.T) {
	each(t, func(f *fixture) {
		ann := f.People("ann")[0]
		fields, err := f.Fields.List(f.Context(), membertest.Command, f.Community)
		f.OK(err)
		for i := range 5 {
			change := member.Change{UserID: ann.ID, Field: &fields[0], Old: fmt.Sprint(i), New: fmt.Sprint(i + 1), RecordedAt: int64(i + 1)}
			f.OK(f.DB.Tx(f.Context(), func(tx *sqldb.Tx) error {
				return member.RecordChanges(f.Context(), tx, f.Community, []member.Change{change}, member.Source{Type: "import", ID: "job"}, "key:k")
			}))
		}
		var seen []string
		cursor := ""
		for {
			rows, next, err := f.Members.Histories(f.Context(), membertest.Command, f.Community, directory.HistoryFilter{UserID: ann.ID, Source: "import", Cursor: cursor, Limit: 2})
			f.OK(err)
			for _, h := range rows {
				seen = append(seen, fmt.Sprint(h.FieldName, " ", h.Old, ">", h.New, " ", h.Source, " ", h.Actor, " ", h.RecordedAt))
			}
			if cursor = next; next == "" {
				break
			}
		}
		if len(seen) != 5 || seen[0] != "First Name 4>5 {import job} key:k 5" || seen[4] != "First Name 0>1 {import job} key:k 1" {
			f.Fatalf("%q", seen)
		}
	})
}

func TestFieldsAreCheckedAndUnique(t *testing.T) {
	each(t, func(f *fixture) {
		tests := []struct {
			name string
			in   field.Input
			code string // "": made
		}{
			{"a select with options", field.Input{Field: "favourite drink", Name: "Favourite Drink", Type: field.Select, Options: []string{"Tea", "Coffee"}, DefaultValue: "tea"}, ""},
			{"an older name of a type", field.Input{Field: "points", Name: "Points", Type: "number", DefaultValue: 5.0}, ""},
			{"the same name", field.Input{Field: "drink", Name: "favourite_drink", Type: field.SingleLine}, "duplicate_field"},
			{"a field named as another's name", field.Input{Field: "FAVOURITE DRINK", Name: "X", Type: field.SingleLine}, "duplicate_field"},
			{"a name near a default one", field.Input{Field: "x", Name: "E-Mail", Type: field.SingleLine}, ""},
			{"a default field's name", field.Input{Field: "x", Name: "first name", Type: field.SingleLine}, "invalid_input"},
			{"no name, no type", field.Input{}, "invalid_input"},
			{"a select without options", field.Input{Field: "s", Name: "S", Type: field.Select}, "invalid_input"},
			{"options twice", field.Input{Field: "s", Name: "S", Type: field.Select, Options: []string{"a", "A"}}, "invalid_input"},
			{"a default that is no option", field.Input{Field: "s", Name: "S", Type: field.Select, Options: []string{"a"}, DefaultValue: "b"}, "invalid_input"},
			{"a date that identifies", field.Input{Field: "s", Name: "S", Type: field.Date, Identifier: true}, "invalid_input"},
		}
		for _, test := range tests {
			_, err := f.Fields.Create(f.Context(), membertest.Command, f.Community, test.in)
			if test.code == "" && err != nil || test.code != "" && !errs.Is(err, test.code) {
				f.Errorf("%s: %v, want %q", test.name, err, test.code)
			}
		}
		fields, err := f.Fields.List(f.Context(), membertest.Command, f.Community)
		f.OK(err)
		made := fields[len(fields)-3]
		if !fields[0].Default || made.Field != "favourite-drink" || made.DefaultValue != "Tea" || len(made.Options) != 2 {
			f.Fatalf("fields %+v", fields)
		}
		names, err := f.Fields.List(f.Context(), membertest.Command, f.Elsewhere())
		f.OK(err)
		if len(names) != 9 {
			f.Errorf("another community has %d fields, want the default ones", len(names))
		}
	})
}
