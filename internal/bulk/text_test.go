package bulk_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/field"
)

// findings are the errors of a job's rows as "column code" by line.
func (f *fixture) findings(s bulk.Status) map[int][]string {
	f.Helper()
	found := map[int][]string{}
	for _, d := range f.details(s, bulk.DetailFilter{}) {
		for _, e := range d.Errors {
			found[d.Line] = append(found[d.Line], e.Column+" "+e.Code)
		}
	}
	return found
}

func (f *fixture) wantFindings(s bulk.Status, want map[int][]string) {
	f.Helper()
	if got := f.findings(s); !maps.EqualFunc(got, want, slices.Equal) {
		f.Errorf("findings %v, want %v", got, want)
	}
}

const peopleHeader = "First Name,Last Name,Username,Email\n"

func TestGarbledQuotesAreFindingsOfTheirRow(t *testing.T) {
	each(t, func(f *fixture) {
		file := peopleHeader +
			`Ada,"L \"Countess\" B",q1,q1@example.org` + "\n" +
			`Ada,L,q2,q2@example.org` + "\n" +
			`Ada,"L "Countess" B",q3,q3@example.org` + "\n" +
			`Ada,"L ""Countess"" B",q4,q4@example.org` + "\n" +
			`Ada,"Byron \"",q5,q5@example.org` + "\n" +
			`"Ada" , "King, of Lovelace"  ,q6,q6@example.org` + "\n" +
			`Ada,"5" disk",q7,q7@example.org` + "\n" +
			`Ada,5" disk,q8,q8@example.org` + "\n" +
			`Ada,"L "Countess, the first", B",q9,q9@example.org` + "\n"
		s := f.run(bulk.Import, file, bulk.Options{})
		f.want(s, bulk.CompletedWithErrors, 4, 0, 0, 0, 5)
		bad := []string{"Last Name bad_quoting"}
		f.wantFindings(s, map[int][]string{2: bad, 4: bad, 6: bad, 8: bad, 10: bad})
		for _, d := range f.details(s, bulk.DetailFilter{Outcome: "failed"}) {
			if d.Line == 2 && d.Errors[0].Value != `"L \"Countess\" B"` {
				f.Errorf("shown as %s", d.Errors[0].Value)
			}
		}
		if m := f.member("q6@example.org"); m.FirstName != "Ada" || m.LastName != "King, of Lovelace" {
			f.Errorf("with spaces around quotes: %q %q", m.FirstName, m.LastName)
		}
		if m := f.member("q4@example.org"); m.LastName != `L "Countess" B` {
			f.Errorf("with doubled quotes: %q", m.LastName)
		}
		if m := f.member("q8@example.org"); m.LastName != `5" disk` {
			f.Errorf("with a quote inside: %q", m.LastName)
		}
		failed := f.failedCSV(s)
		again := f.run(bulk.Import, failed, bulk.Options{})
		f.want(again, bulk.CompletedWithErrors, 0, 0, 0, 0, 5)
		corrected := strings.ReplaceAll(failed, `"""L ""Countess"" B"""`, `"L ""Countess"" B"`)
		f.want(f.run(bulk.Import, corrected, bulk.Options{}), bulk.CompletedWithErrors, 1, 0, 0, 0, 4)
		if m := f.member("q3@example.org"); m.LastName != `L "Countess" B` {
			f.Errorf("corrected: %q", m.LastName)
		}
	})
}

func TestAThousandsDotIsAmbiguousWhereSemicolonsSeparate(t *testing.T) {
	each(t, func(f *fixture) {
		f.field(field.Input{Field: "deposits", Name: "Lifetime Deposits", Type: field.Numerical})
		rows := "m0@example.org;A;L;mm0;12,50\nm1@example.org;A;L;mm1;1.250\nm2@example.org;A;L;mm2;-12.345\nm3@example.org;A;L;mm3;0.125\nm4@example.org;A;L;mm4;1.25\nm5@example.org;A;L;mm5;1250.375\n"
		file := "Email;First Name;Last Name;Username;Lifetime Deposits\n" + rows
		s := f.run(bulk.Import, file, bulk.Options{})
		f.want(s, bulk.CompletedWithErrors, 4, 0, 0, 0, 2)
		f.wantFindings(s, map[int][]string{3: {"Lifetime Deposits number_ambiguous"}, 4: {"Lifetime Deposits number_ambiguous"}})
		if got := f.member("m0@example.org").Values.Get("deposits"); field.EncodeJSON(got) != "12.5" {
			f.Errorf("%v, want 12.5", got)
		}
		s = f.run(bulk.Import, "Email;First Name;Last Name;Username;Lifetime Deposits\nm1@example.org;A;L;mm1;1.250\n", bulk.Options{Decimal: "."})
		f.want(s, bulk.Completed, 1, 0, 0, 0, 0)
		if got := f.member("m1@example.org").Values.Get("deposits"); field.EncodeJSON(got) != "1.25" {
			f.Errorf("%v, want 1.25", got)
		}
		s = f.run(bulk.Import, "Email,First Name,Last Name,Username,Lifetime Deposits\nm2@example.org,A,L,mm2,1.250\n", bulk.Options{})
		f.want(s, bulk.Completed, 1, 0, 0, 0, 0)
	})
}

func TestControlCharactersAreFindingsAndInvisibleMarksAreRemoved(t *testing.T) {
	each(t, func(f *fixture) {
		f.field(field.Input{Field: "notes", Name: "Notes", Type: field.MultiLine})
		file := "First Name,Last Name,Username,Email,Plan,Notes\n" +
			"Ada\a,L\x1b[31m,z6,z6@example.org,,\n" +
			"M\ufffdller,L,z7,z7@example.org,,\n" +
			"A,L,z8,z8@example.org,a\u2028b,\"x\ty\nz\"\n" +
			"A,L,z9,z9@example.org,,a\x01b\n" +
			"\ufeffBen,L\u200b,\u202abm1\u202c,\u200ebm1@example.org\u200f, \u2060gold\u00ad ,\"one\r\ntwo\u200b\"\n" +
			"A,L,bm\u200b2,bm2@example.org,,\n" +
			"A,L,bm3,bm3@exam\u200bple.org,,\n" +
			"Zo\u200de,L,bm4,bm4@example.org,,\n"
		s := f.run(bulk.Import, file, bulk.Options{})
		f.want(s, bulk.CompletedWithErrors, 2, 0, 0, 0, 6)
		f.wantFindings(s, map[int][]string{
			2: {"First Name bad_text", "Last Name bad_text"}, 3: {"First Name bad_text"}, 4: {"Plan bad_text"}, 6: {"Notes bad_text"},
			9: {"Username invalid_username"}, 10: {"Email invalid_email"},
		})
		for _, d := range f.details(s, bulk.DetailFilter{Outcome: "failed"}) {
			want := map[int]string{2: "U+0007", 3: "U+FFFD", 4: "U+2028", 6: "U+0001", 9: "U+200B", 10: "U+200B"}[d.Line]
			if !strings.Contains(d.Errors[0].Message.English, want) {
				f.Errorf("line %d: %s, want %s", d.Line, d.Errors[0].Message.English, want)
			}
		}
		m := f.member("bm1@example.org")
		if m.FirstName != "Ben" || m.LastName != "L" || m.Username != "bm1" || m.Values.Get("plan") != "gold" || m.Values.Get("notes") != "one\r\ntwo" {
			f.Errorf("%q %q %q %v", m.FirstName, m.LastName, m.Username, m.Values.Map())
		}
	})
}

func TestEmailsOfOneDomainInTwoFormsAreOneMember(t *testing.T) {
	each(t, func(f *fixture) {
		s := f.run(bulk.Import, peopleHeader+"A,L,zoe,zoe@münchen.example\n", bulk.Options{})
		f.want(s, bulk.Completed, 1, 0, 0, 0, 0)
		s = f.run(bulk.Import, peopleHeader+"B,L,zoe,zoe@xn--mnchen-3ya.example\nC,L,zoe,ZOE@MU\u0308NCHEN.example\n", bulk.Options{})
		f.want(s, bulk.Completed, 0, 2, 0, 0, 0)
		if m := f.member("zoe@xn--mnchen-3ya.example"); m.FirstName != "C" || m.Email != "zoe@münchen.example" {
			f.Errorf("%q %q", m.FirstName, m.Email)
		}
	})
}

func TestListsHaveTheSeparatorOfTheFile(t *testing.T) {
	each(t, func(f *fixture) {
		f.field(field.Input{Field: "interests", Name: "Interests", Type: field.MultiSelect, Options: []string{"Chess", "Go"}})
		for i, row := range [][2]string{{"", `"one, two"`}, {",", `"one, two"`}, {";", "one; two"}, {"|", "one|two|"}} {
			separator, list := row[0], row[1]
			name := "li" + letter(i)
			choices := strings.NewReplacer("one", "Chess", "two", "Go").Replace(list)
			s := f.run(bulk.Import, "First Name,Last Name,Username,Email,Tag,Interests\nA,L,"+name+","+name+"@example.org,"+list+","+choices+"\n", bulk.Options{ListSeparator: separator, CreateTags: true})
			if s.Status != bulk.Completed {
				f.Errorf("%q: %v", separator, f.findings(s))
				continue
			}
			m := f.member(name + "@example.org")
			if got := f.tagNames(m.ID); !slices.Equal(got, []string{"one", "two"}) || field.EncodeJSON(m.Values.Get("interests")) != `["Chess","Go"]` {
				f.Errorf("%q: %q %v", separator, got, m.Values.Map())
			}
		}
	})
}

func TestANewTagHasNoSeparator(t *testing.T) {
	each(t, func(f *fixture) {
		s := f.run(bulk.Import, "First Name,Last Name,Username,Email,Tag\nA,L,la,la@example.org,one; two\nA,L,lb,lb@example.org,one|two\nA,L,lc,lc@example.org,[one]\n", bulk.Options{CreateTags: true})
		f.want(s, bulk.CompletedWithErrors, 0, 0, 0, 0, 3)
		bad := []string{"Tag invalid_tag"}
		f.wantFindings(s, map[int][]string{2: bad, 3: bad, 4: bad})
		for _, name := range []string{"one;two", "one|two", "[one", "one,two"} {
			if _, err := f.members.CreateTag(f.Context(), command, f.community, name); err == nil {
				f.Errorf("%q was created", name)
			}
		}
	})
}
