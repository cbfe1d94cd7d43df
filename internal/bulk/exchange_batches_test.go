package bulk_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/bulk"
)

// Rows of different batches exchange keys as those of one batch do.
func TestRowsOfDifferentBatchesExchangeKeys(t *testing.T) {
	const others = "x@x.example,xx,\ny@x.example,yy,\nz@x.example,zz,\n"
	for _, c := range []struct{ name, text, codes string }{
		{"usernames", "a@x.example,bb,\n" + others + "b@x.example,aa,\n", "map[]"},
		{"identifiers", "a@x.example,,c2\n" + others + "b@x.example,,c1\n", "map[]"},
		{"both", "a@x.example,bb,c2\n" + others + "b@x.example,aa,c1\n", "map[]"},
		{"keys that their holder gave up before", "b@x.example,b2,c9\n" + others + "a@x.example,bb,c2\n", "map[]"},
		{"keys that their holder releases in a failed row", "a@x.example,bb,c2\n" + others + "b@x.example,b 2,c9\n", "map[2:identity_conflict 6:invalid_username]"},
		{"keys that their holder gives another value later", "a@x.example,bb,c2\n" + others + "b@x.example,bb,c9\n", "map[2:identity_conflict]"},
	} {
		eachWithCards(t, func(f *fixture) {
			f.run(bulk.Import, "Email,Username,First Name,Last Name\nx@x.example,xx,F,L\ny@x.example,yy,F,L\nz@x.example,zz,F,L\n", bulk.Options{})
			before := f.state()
			f.run(bulk.Import, "Email,Username,Card\n"+strings.ReplaceAll(c.text, others, ""), bulk.Options{}) // in one batch
			want := f.holders()
			f.undo(f.latest())
			f.same(before)

			f.bulk = f.withBatchRows(3)
			text := "Email,Username,Card\n" + c.text
			plan := f.run(bulk.Import, text, bulk.Options{DryRun: true})
			applied, err := f.bulk.Apply(f.Context(), command, f.community, plan.JobID, "")
			f.ok(err)
			done := f.work(applied)
			if planned, got := fmt.Sprint(f.codes(plan)), fmt.Sprint(f.codes(done)); planned != c.codes || got != c.codes || plan.Counts != done.Counts {
				t.Errorf("%s: planned %s, got %s, want %s; %+v, %+v", c.name, planned, got, c.codes, plan.Counts, done.Counts)
			}
			f.undo(done)
			f.same(before)
			done = f.run(bulk.Import, text, bulk.Options{})
			if got := fmt.Sprint(f.codes(done)); got != c.codes || plan.Counts != done.Counts {
				t.Errorf("%s: without a plan %s, want %s; %+v, %+v", c.name, got, c.codes, plan.Counts, done.Counts)
			}
			if d := cmp.Diff(want, f.holders()); d != "" {
				t.Errorf("%s: %s", c.name, d)
			}
		})
	}
}

// TestExchangesAmongNewMembers has rows of new members, which are written in
// groups, before and between the rows that exchange names.
func TestExchangesAmongNewMembers(t *testing.T) {
	eachWithCards(t, func(f *fixture) {
		f.bulk = f.withBatchRows(3)
		var text strings.Builder
		text.WriteString("Email,Username,First Name,Last Name\n")
		fill := func(name string, rows int) {
			for n := range rows {
				fmt.Fprintf(&text, "%s%d@x.example,%s%d,F,L\n", name, n, name, n)
			}
		}
		fill("before", 20)
		text.WriteString("a@x.example,bb,A,L\n")
		fill("between", 40)
		text.WriteString("b@x.example,aa,B,L\n")
		fill("after", 10)
		before := f.state()
		s := f.run(bulk.Import, text.String(), bulk.Options{})
		f.want(s, bulk.Completed, 70, 2, 0, 0, 0)
		if a, b := f.member("a@x.example"), f.member("b@x.example"); a.Username != "bb" || b.Username != "aa" {
			t.Errorf("%s and %s", a.Username, b.Username)
		}
		f.undo(s)
		f.same(before)
	})
}

func TestOnlyMembersWhoExchangeKeysAreJoinedFarApart(t *testing.T) {
	far := strings.Repeat("x@x.example,xx,\n", 2_400)
	for _, c := range []struct{ text, codes string }{
		{"a@x.example,bb,\n" + far + "b@x.example,aa,\n", "map[]"},
		{"a@x.example,,c2\n" + far + "b@x.example,,c1\n", "map[]"},
		{"a@x.example,bb,\n" + far + "b@x.example,b2,\n", "map[2:identity_conflict]"},
		{"a@x.example,,c2\n" + far + "b@x.example,,c9\n", "map[2:identifier_taken]"},
	} {
		eachWithCards(t, func(f *fixture) {
			f.bulk = f.withBatchRows(200)
			f.run(bulk.Import, "Email,Username,First Name,Last Name\nx@x.example,xx,F,L\n", bulk.Options{})
			plan := f.run(bulk.Import, "Email,Username,Card\n"+c.text, bulk.Options{DryRun: true})
			done := f.run(bulk.Import, "Email,Username,Card\n"+c.text, bulk.Options{})
			if planned, got := fmt.Sprint(f.codes(plan)), fmt.Sprint(f.codes(done)); planned != c.codes || got != c.codes {
				t.Errorf("planned %s, got %s, want %s", planned, got, c.codes)
			}
		})
	}
}

func TestARowThatGivesAPersonAnotherUsernameNamesTheFirstOne(t *testing.T) {
	const others = "F,L,xx,x@x.example\nF,L,yy,y@x.example\nF,L,zz,z@x.example\n"
	for _, batches := range []string{"", others} {
		eachWithCards(t, func(f *fixture) {
			f.bulk = f.withBatchRows(3)
			text := peopleHeader + "Eve,One,eve1,evex@example.org\n" + batches + "Eva,Two,eve2,evex@example.org\nEva,Three,eve1,EVEX@example.org\n"
			plan := f.run(bulk.Import, text, bulk.Options{DryRun: true})
			for range 2 {
				s := f.run(bulk.Import, text, bulk.Options{})
				if s.Counts.Failed != 1 || len(f.findings(plan)) != 1 {
					t.Fatalf("%v, planned %v", f.findings(s), f.findings(plan))
				}
				d := f.details(s, bulk.DetailFilter{Outcome: "failed"})[0]
				if e := d.Errors[0]; e.Code != "person_repeated" || e.Column != "Username" || !strings.Contains(e.Message.English, "Line 2 ") || e.Value != "eve2" {
					t.Errorf("line %d: %+v", d.Line, e)
				}
				if m := f.member("evex@example.org"); m.Username != "eve1" || m.LastName != "Three" {
					t.Errorf("%s %s", m.Username, m.LastName)
				}
			}
		})
	}
}

// latest is the newest job.
func (f *fixture) latest() bulk.Status {
	f.Helper()
	list, _, err := f.bulk.List(f.Context(), command, f.community, bulk.ListFilter{})
	f.ok(err)
	return list[0]
}

// A divided batch does not separate the rows of an exchange, at any position of
// the rejected row.
func TestDividedBatchKeepsExchanges(t *testing.T) {
	eachWithCards(t, func(f *fixture) {
		var fill strings.Builder
		fill.WriteString("Email,Username,First Name,Last Name\n")
		for n := range 8 {
			fmt.Fprintf(&fill, "f%d@x.example,f%d,F,Good\n", n, n)
		}
		f.run(bulk.Import, fill.String(), bulk.Options{})
		f.refuseMembers("NEW.last_name = 'Bad'")
		before := f.state()
		rows := func(bad ...int) (lines []string) {
			for n := range 8 {
				last := "Good"
				for _, one := range bad {
					if one == n {
						last = "Bad"
					}
				}
				lines = append(lines, fmt.Sprintf("f%d@x.example,f%d,,%s\n", n, n, last))
			}
			return lines
		}
		const a, b, c = "a@x.example,bb,c2,L\n", "b@x.example,cc,c3,L\n", "c@x.example,aa,c1,L\n"
		for name, lines := range map[string][]string{
			"in the middle":              {a, b, c},
			"around the refused row":     {a, "3", b, "6", c},
			"from the first to the last": {a, "4", b, "8", c},
		} {
			all := rows(2)
			text, at := "", 0
			for _, part := range lines {
				if end := 0; len(part) == 1 {
					_, err := fmt.Sscan(part, &end)
					f.ok(err)
					text += strings.Join(all[at:end], "")
					at = end
					continue
				}
				text += part
			}
			text = "Email,Username,Card,Last Name\n" + text + strings.Join(all[at:], "")
			plan := f.run(bulk.Import, text, bulk.Options{DryRun: true})
			apply, err := f.bulk.Apply(f.Context(), command, f.community, plan.JobID, "")
			f.ok(err)
			for _, run := range []func() bulk.Status{func() bulk.Status { return f.work(apply) }, func() bulk.Status { return f.run(bulk.Import, text, bulk.Options{}) }} {
				s := run()
				f.want(s, bulk.CompletedWithErrors, 0, 3, 7, 0, 1)
				for line, code := range f.codes(s) {
					if code != "conflict" {
						t.Errorf("%s, line %d: %s", name, line, code)
					}
				}
				if got := f.holders(); got["bb of a@x.example"] != "c2" || got["cc of b@x.example"] != "c3" || got["aa of c@x.example"] != "c1" {
					t.Errorf("%s: %v", name, got)
				}
				f.undo(s)
				f.same(before)
			}
		}
	})
}

// Circles of members exchange keys, also where their rows are in different batches.
func TestCirclesAcrossBatches(t *testing.T) {
	const x, y, z = "x@x.example,xx,\n", "y@x.example,yy,\n", "z@x.example,zz,\n"
	for _, c := range []struct{ name, text, codes string }{
		{"three usernames", "a@x.example,bb,\n" + x + y + "b@x.example,cc,\n" + y + z + x + "c@x.example,aa,\n", "map[]"},
		{"three usernames in the other direction", "a@x.example,cc,\n" + x + y + "b@x.example,aa,\n" + y + z + x + "c@x.example,bb,\n", "map[]"},
		{"three identifiers", "a@x.example,,c2\n" + x + y + "b@x.example,,c3\n" + y + z + x + "c@x.example,,c1\n", "map[]"},
		{"two in the first batch", "a@x.example,bb,\n" + "c@x.example,aa,\n" + x + y + z + x + "b@x.example,cc,\n", "map[]"},
		{"the second batch closes it twice", "a@x.example,bb,c3\n" + x + y + "b@x.example,cc,c1\n" + "c@x.example,aa,c2\n", "map[]"},
		{"a row of the circle fails", "a@x.example,bb,\n" + x + y + "b@x.example,cc,\n" + y + z + "c@x.example,a a,\n", "map[2:identity_conflict 5:identity_conflict 8:invalid_username]"},
		{"not a circle", "a@x.example,bb,\n" + x + y + "b@x.example,cc,\n" + y + z + "c@x.example,xx,\n", "map[2:identity_conflict 5:identity_conflict 8:identity_conflict]"},
		{"a circle behind the row", "x@x.example,aa,\n" + y + z + "a@x.example,bb,\n" + y + z + "b@x.example,cc,\n" + y + z + "c@x.example,aa,\n", "map[2:identity_conflict]"},
	} {
		eachWithCards(t, func(f *fixture) {
			f.run(bulk.Import, "Email,Username,First Name,Last Name\nx@x.example,xx,F,L\ny@x.example,yy,F,L\nz@x.example,zz,F,L\n", bulk.Options{})
			before := f.state()
			f.bulk = f.withBatchRows(3)
			text := "Email,Username,Card\n" + c.text
			plan := f.run(bulk.Import, text, bulk.Options{DryRun: true})
			applied, err := f.bulk.Apply(f.Context(), command, f.community, plan.JobID, "")
			f.ok(err)
			done := f.work(applied)
			holders := f.holders()
			if planned, got := fmt.Sprint(f.codes(plan)), fmt.Sprint(f.codes(done)); planned != c.codes || got != c.codes || plan.Counts != done.Counts {
				t.Errorf("%s: planned %s, got %s, want %s; %+v, %+v", c.name, planned, got, c.codes, plan.Counts, done.Counts)
			}
			f.undo(done)
			f.same(before)
			done = f.run(bulk.Import, text, bulk.Options{})
			if got := fmt.Sprint(f.codes(done)); got != c.codes || plan.Counts != done.Counts {
				t.Errorf("%s: without a plan %s, want %s; %+v, %+v", c.name, got, c.codes, plan.Counts, done.Counts)
			}
			if d := cmp.Diff(holders, f.holders()); d != "" {
				t.Errorf("%s: %s", c.name, d)
			}
		})
	}
}
