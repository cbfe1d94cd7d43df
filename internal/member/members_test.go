package member_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

type fixture struct {
	*testing.T
	db        *sqldb.DB
	fields    *field.Fields
	members   *member.Members
	community string
}

func each(t *testing.T, test func(f *fixture)) {
	t.Helper()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		c, err := community.New(db, clock.Clock{}).Create(t.Context(), community.Input{Name: "Test"})
		if err != nil {
			t.Fatal(err)
		}
		test(&fixture{t, db, field.New(db, clock.Clock{}), member.New(db, clock.Clock{}), c.ID})
	})
}

func (f *fixture) ok(err error) {
	f.Helper()
	if err != nil {
		f.Fatal(err)
	}
}

// people adds members named after their usernames and returns their records.
func (f *fixture) people(usernames ...string) []*member.Record {
	f.Helper()
	return f.insert(true, usernames...)
}

// unclaimed is people without accounts.
func (f *fixture) unclaimed(usernames ...string) []*member.Record {
	f.Helper()
	return f.insert(false, usernames...)
}

func (f *fixture) insert(claimed bool, usernames ...string) []*member.Record {
	f.Helper()
	var records []*member.Record
	for _, name := range usernames {
		email := name + "@example.com"
		r := &member.Record{ID: id.New(clock.Clock{}.Now()), Email: email, EmailKey: account.EmailKey(email), Username: name, UsernameKey: account.UsernameKey(name), State: member.Active, FirstName: name, LastName: "Éli", JoinedAt: 1, UpdatedAt: 1}
		records = append(records, r)
	}
	f.ok(f.db.Tx(f.Context(), func(tx *sqldb.Tx) error {
		for _, r := range records {
			if !claimed {
				break
			}
			numbers, err := account.AllocateNumbers(f.Context(), tx, 1)
			if err != nil {
				return err
			}
			r.AccountID, r.Number = r.ID, numbers[0]
			_, err = tx.Exec(f.Context(), `INSERT INTO accounts (number, id, email, email_key, username, username_key, created_at, updated_at, email_verified_at)
				VALUES ($1, $2, $3, $4, $5, $6, 1, 1, 1)`, r.Number, r.ID, r.Email, r.EmailKey, r.Username, r.UsernameKey)
			if err != nil {
				return err
			}
		}
		return member.Insert(f.Context(), tx, f.community, records)
	}))
	return records
}

func (f *fixture) names(filter member.Filter) (names []string) {
	f.Helper()
	list, err := f.members.List(f.Context(), f.community, filter)
	f.ok(err)
	for _, m := range list.Members {
		names = append(names, m.Username)
	}
	return names
}

func TestAListIsSearchedSortedAndPaged(t *testing.T) {
	each(t, func(f *fixture) {
		tag, err := f.members.CreateTag(f.Context(), f.community, "vip")
		f.ok(err)
		f.people("bob", "_dog", "Ann", "cat")
		tagged := f.people("Éva")[0]
		tagged.TagIDs = []string{tag.ID}
		f.ok(f.db.Tx(f.Context(), func(tx *sqldb.Tx) error {
			return member.Update(f.Context(), tx, f.community, []*member.Record{tagged})
		}))
		tests := []struct {
			name   string
			filter member.Filter
			want   []string
		}{
			{"newest first", member.Filter{Limit: 10}, []string{"Éva", "cat", "Ann", "_dog", "bob"}},
			{"usernames sort alike on both engines", member.Filter{Sort: "username", Limit: 10}, []string{"_dog", "Ann", "bob", "cat", "Éva"}},
			{"the other way round", member.Filter{Sort: "-email", Limit: 2}, []string{"Éva", "cat"}},
			{"a page", member.Filter{Sort: "username", Page: 2, Limit: 2}, []string{"bob", "cat"}},
			{"the beginning of a username in any case", member.Filter{Search: "AN", Limit: 10}, []string{"Ann"}},
			{"an accent in any case", member.Filter{Search: "éV", Limit: 10}, []string{"Éva"}},
			{"a part of the name", member.Filter{Search: "b éli", Limit: 10}, []string{"bob"}},
			{"an underscore is no wildcard", member.Filter{Search: "_", Limit: 10}, []string{"_dog"}},
			{"by tag", member.Filter{TagID: tag.ID, Limit: 10}, []string{"Éva"}},
			{"nobody", member.Filter{Search: "zzz", Limit: 10}, nil},
		}
		for _, test := range tests {
			if got := f.names(test.filter); !cmp.Equal(got, test.want) {
				f.Errorf("%s: %v, want %v", test.name, got, test.want)
			}
		}
		list, err := f.members.List(f.Context(), f.community, member.Filter{Limit: 1})
		f.ok(err)
		if list.Total != 5 || list.TotalCapped {
			f.Errorf("total %d, capped %v", list.Total, list.TotalCapped)
		}
		if _, err := f.members.List(f.Context(), f.community, member.Filter{Sort: "shoe size"}); !errs.Is(err, "unknown_sort") {
			f.Errorf("sorting by shoe size: %v", err)
		}
		f.ok(f.members.DeleteTag(f.Context(), f.community, tag.ID))
		if got := f.names(member.Filter{TagID: tag.ID, Limit: 10}); got != nil {
			f.Errorf("still tagged: %v", got)
		}
	})
}

func TestAMemberIsFoundByAnyOfTheirNames(t *testing.T) {
	each(t, func(f *fixture) {
		f.people("ann", "bob")
		ann, err := f.members.Find(f.Context(), f.community, " ANN ")
		f.ok(err)
		for _, ref := range []string{ann.ID, fmt.Sprint(ann.Number), "Ann@Example.com"} {
			m, err := f.members.Find(f.Context(), f.community, ref)
			if err != nil || m.ID != ann.ID {
				f.Errorf("%s found %s, %v", ref, m.Username, err)
			}
		}
		for _, ref := range []string{"", "nobody", "999999", id.New(clock.Clock{}.Now()), "x@y.z"} {
			if _, err := f.members.Find(f.Context(), f.community, ref); !errs.Is(err, "user_not_found") {
				f.Errorf("%q: %v", ref, err)
			}
		}
		if _, err := f.members.Find(f.Context(), id.New(clock.Clock{}.Now()), ann.ID); !errs.Is(err, "user_not_found") {
			f.Errorf("found in another community: %v", err)
		}
	})
}

func TestHistoryIsPagedAndSaysWhoAndFromWhat(t *testing.T) {
	each(t, func(f *fixture) {
		ann := f.people("ann")[0]
		fields, err := f.fields.List(f.Context(), f.community)
		f.ok(err)
		for i := range 5 {
			change := member.Change{UserID: ann.ID, Field: &fields[0], Old: fmt.Sprint(i), New: fmt.Sprint(i + 1), RecordedAt: int64(i + 1)}
			f.ok(f.db.Tx(f.Context(), func(tx *sqldb.Tx) error {
				return member.RecordChanges(f.Context(), tx, f.community, []member.Change{change}, member.Source{Type: "import", ID: "job"}, "key:k")
			}))
		}
		var seen []string
		cursor := ""
		for {
			rows, next, err := f.members.Histories(f.Context(), f.community, member.HistoryFilter{UserID: ann.ID, Source: "import", Cursor: cursor, Limit: 2})
			f.ok(err)
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
			_, err := f.fields.Create(f.Context(), f.community, test.in)
			if test.code == "" && err != nil || test.code != "" && !errs.Is(err, test.code) {
				f.Errorf("%s: %v, want %q", test.name, err, test.code)
			}
		}
		fields, err := f.fields.List(f.Context(), f.community)
		f.ok(err)
		made := fields[len(fields)-3]
		if !fields[0].Default || made.Field != "favourite-drink" || made.DefaultValue != "Tea" || len(made.Options) != 2 {
			f.Fatalf("fields %+v", fields)
		}
		names, err := f.fields.List(f.Context(), id.New(clock.Clock{}.Now()))
		f.ok(err)
		if len(names) != 9 {
			f.Errorf("another community has %d fields, want the default ones", len(names))
		}
	})
}
