package bulk_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sqldb"
)

// spellings differ from "Team Lead" and "Café" in what cleaning removes.
var spellings = []string{"Team  Lead", "Team\u00a0Lead", "Team\nLead", " Team Lead\t", "Cafe\u0301", "Café "}

func (f *fixture) tagNames(ref string) []string {
	f.Helper()
	names, err := f.members.Names(f.Context(), command, f.community)
	f.ok(err)
	m := f.member(ref)
	return names.TagsOf(&m)
}

func TestNamesInCellsAreLookedUpAsTheyAreStored(t *testing.T) {
	each(t, func(f *fixture) {
		for _, name := range []string{"Team Lead", "Café"} {
			_, err := f.members.CreateTag(f.Context(), command, f.community, name)
			f.ok(err)
			_, err = f.auth.CreateRole(f.Context(), command, f.community, access.RoleInput{Title: name})
			f.ok(err)
		}
		f.field(field.Input{Field: "size", Name: "Shirt Size", Type: field.Select, Options: []string{"Team Lead", "Café"}})
		f.field(field.Input{Field: "interests", Name: "Interests", Type: field.MultiSelect, Options: []string{"Team Lead", "Café"}})
		for _, o := range []bulk.Options{{CreateTags: true, DryRun: true}, {CreateTags: true}, {}} {
			var text strings.Builder
			text.WriteString("Email,Username,First Name,Last Name,Role,Tag,Shirt\u00a0Size,Interests\n")
			for i, name := range spellings {
				cell := `"` + name + `"`
				text.WriteString(strings.Join([]string{letter(i) + "@example.com", "user" + letter(i), "A", "B", cell, cell, cell, cell}, ",") + "\n")
			}
			s := f.run(bulk.Import, text.String(), o)
			if s.Status != bulk.Completed || s.Counts.Failed != 0 || s.Counts.Read != int64(len(spellings)) {
				f.Fatalf("%s %+v %v", s.Status, s.Counts, f.codes(s))
			}
		}
		tags, err := f.members.Tags(f.Context(), command, f.community)
		f.ok(err)
		if len(tags) != 3 {
			f.Errorf("tags %+v, want beta, Café and Team Lead only", tags)
		}
		for i, name := range spellings {
			want := "Team Lead"
			if strings.HasPrefix(name, "Caf") {
				want = "Café"
			}
			m := f.member(letter(i) + "@example.com")
			if got := f.tagNames(m.ID); !slices.Equal(got, []string{want}) || len(m.RoleIDs) != 1 || m.Values.Get("size") != want {
				f.Errorf("%q: tags %q roles %v fields %v", name, got, m.RoleIDs, m.Values.Map())
			}
		}
	})
}

func letter(i int) string { return string(rune('a' + i)) }

func TestCreateTagsCleansNamesAndCreatesEachOnce(t *testing.T) {
	each(t, func(f *fixture) {
		file := "Email,Username,First Name,Last Name,Tag\n" +
			"a@example.com,ua,A,B,New  Tag\nb@example.com,ub,A,B,New\u00a0Tag\nc@example.com,uc,A,B,new tag\n" +
			"d@example.com,ud,A,B,\"New\nTag, New Tag\"\n"
		dry := f.run(bulk.Import, file, bulk.Options{CreateTags: true, DryRun: true})
		f.want(dry, bulk.Completed, 4, 0, 0, 0, 0)
		s := f.run(bulk.Import, file, bulk.Options{CreateTags: true})
		f.want(s, bulk.Completed, 4, 0, 0, 0, 0)
		for ref, want := range map[string]string{"a@example.com": "New Tag", "b@example.com": "New Tag", "c@example.com": "new tag", "d@example.com": "New Tag"} {
			if got := f.tagNames(ref); !slices.Equal(got, []string{want}) {
				f.Errorf("%s: tags %q, want %q", ref, got, want)
			}
		}
	})
}

func TestCreateTagsRefusesNamesThatLookLikeLists(t *testing.T) {
	each(t, func(f *fixture) {
		f.ok(f.db.Tx(f.Context(), func(tx *sqldb.Tx) error { // of a version that accepted such names
			return member.InsertTags(f.Context(), tx, f.community, []member.Tag{{ID: id.New(time.Now()), Name: "old;tag", CreatedAt: 1}})
		}))
		file := "Email,Username,First Name,Last Name,Tag\n" +
			"a@example.com,ua,A,B,vip;gold\nb@example.com,ub,A,B,vip|gold\nc@example.com,uc,A,B,\"[\"\"vip\"\"]\"\n" +
			"d@example.com,ud,A,B,old;tag\n"
		for _, dry := range []bool{true, false} {
			s := f.run(bulk.Import, file, bulk.Options{CreateTags: true, DryRun: dry})
			if s.Counts.Failed != 3 || s.Counts.Created != 1 {
				f.Fatalf("dry run %t: %+v", dry, s.Counts)
			}
			for line, codes := range f.codes(s) {
				if codes != "invalid_tag" {
					f.Errorf("line %d: %s, want invalid_tag", line, codes)
				}
			}
		}
	})
}

func TestMappingNamesHeadersAsTheyAreCleaned(t *testing.T) {
	each(t, func(f *fixture) {
		s := f.run(bulk.Import, "Email,Username,First Name,Last Name,\"Abo\nPlan\"\na@example.com,ua,A,B,gold\n",
			bulk.Options{Mapping: map[string]*string{"Abo Plan": new("plan")}})
		f.want(s, bulk.Completed, 1, 0, 0, 0, 0)
		if m := f.member("a@example.com"); m.Values.Get("plan") != "gold" {
			f.Errorf("fields %v", m.Values.Map())
		}
	})
}
