package bulk_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/directory"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// notState are the tables of a community without state of its members: logs and
// jobs.
var notState = []string{"bulk_jobs", "bulk_batches", "bulk_tags", "bulk_fields", "bulk_planned_tags", "deleted_fields", "jobs", "events", "event_sequences", "event_positions", "audit_log", "field_history", "rate_limit_counters", "outbox"}

// state returns all rows of the other tables, without the times of changes.
func (f *fixture) state() []string {
	f.Helper()
	var lines []string
	read := func(table string, columns []string, where string) {
		list := make([]string, len(columns))
		for i, c := range columns {
			list[i] = fmt.Sprintf("'%s=' || COALESCE(CAST(%s AS TEXT), 'NULL')", c, c)
		}
		rows, err := sqldb.All(f.Context(), f.db, sqldb.Value[string], "SELECT "+strings.Join(list, " || ' ' || ")+" FROM "+table+" WHERE "+where, f.community)
		f.ok(err)
		for _, row := range rows {
			lines = append(lines, table+": "+row)
		}
	}
	for table, columns := range f.tables() {
		if !slices.Contains(columns, "community_id") || slices.Contains(notState, table) {
			continue
		}
		columns = slices.DeleteFunc(slices.Clone(columns), func(c string) bool { return c == "updated_at" })
		if table == "member_counts" {
			total, err := sqldb.One(f.Context(), f.db, "community", sqldb.Value[int64], "SELECT CAST(COALESCE(sum(total), 0) AS BIGINT) FROM member_counts WHERE community_id = $1", f.community)
			f.ok(err)
			lines = append(lines, fmt.Sprint("member_counts: ", total))
			continue
		}
		read(table, columns, "community_id = $1")
	}
	accounts := slices.DeleteFunc(slices.Clone(f.tables()["accounts"]), func(c string) bool { return c == "updated_at" })
	read("accounts", accounts, "email_key LIKE '%.' || $1 || '.example'")
	slices.Sort(lines)
	return lines
}

func (f *fixture) tables() map[string][]string {
	if f.schema == nil {
		f.schema = sqldbtest.Tables(f.T, f.db)
	}
	return f.schema
}

// historiesEnd compares the last change of each field with the stored value.
func (f *fixture) historiesEnd(after string) {
	f.Helper()
	type last struct{ user, field, value string }
	list, err := sqldb.All(f.Context(), f.db, func(s sqldb.Scanner) (last, error) {
		var l last
		return l, s.Scan(&l.user, &l.field, &l.value)
	}, `SELECT user_id, field_id, new_value FROM field_history h WHERE community_id = $1 AND id = (SELECT max(id) FROM field_history x
		WHERE x.community_id = h.community_id AND x.user_id = h.user_id AND x.field_id = h.field_id)`, f.community)
	f.ok(err)
	fields, err := f.fields.List(f.Context(), command, f.community)
	f.ok(err)
	ids := make([]string, len(list))
	for i := range list {
		ids[i] = list[i].user
	}
	people, err := member.Lookup(f.Context(), f.db, f.community, member.KeySet{IDs: ids}, false)
	f.ok(err)
	byID := map[string]*member.Record{}
	for _, r := range people {
		byID[r.ID] = r
	}
	for _, l := range list {
		at := slices.IndexFunc(fields, func(field field.Field) bool { return field.ID == l.field })
		value, err := field.DecodeValue([]byte(l.value))
		f.ok(err)
		if r := byID[l.user]; r == nil || !field.Equal(r.Get(&fields[at]), value) {
			f.Fatalf("after %s: the history of %s of %s ends with %s, the member has %+v", after, l.field, l.user, l.value, r)
		}
	}
}

// story is a random sequence of jobs and other changes of one community.
type story struct {
	*fixture
	*rapid.T
	log []string
}

func (s *story) pick(what string, from ...string) string {
	return rapid.SampledFrom(from).Draw(s.T, what)
}

func (s *story) email(n int) string { return fmt.Sprintf("e%d@x.%s.example", n, s.community) }

// maybe is empty more often than not.
func (s *story) maybe(what string, from ...string) string {
	if rapid.IntRange(0, 2).Draw(s.T, what+"?") > 0 {
		return ""
	}
	return s.pick(what, from...)
}

func (s *story) number(what string, to int) int { return rapid.IntRange(0, to).Draw(s.T, what) }

var storyFields = []field.Input{
	{Field: "level", Name: "Level", Type: field.Select, Options: []string{"Low", "High"}},
	{Field: "colours", Name: "Colours", Type: field.MultiSelect, Options: []string{"Red", "Blue", "Green"}, Filterable: true},
	{Field: "since", Name: "Since", Type: field.Date, Filterable: true},
	{Field: "vip", Name: "VIP", Type: field.Boolean},
	{Field: "card", Name: "Card", Type: field.SingleLine, Identifier: true},
	{Field: "pass", Name: "Pass", Type: field.Numerical, Identifier: true},
}

// values are the cells of a row for everything but the keys.
func (s *story) values() string {
	cells := []string{
		s.maybe("first name", "Ann", "Bob"), s.maybe("country", "DE", "FR", "Nowhere", "__CLEAR__"), s.maybe("role", "Gold", "Silver", `"Gold,Silver"`, "@all"),
		s.maybe("tag", "beta", `"beta,new"`, "new", "newer", "__CLEAR__"), s.maybe("plan", "p", "q", "__CLEAR__"), s.maybe("level", "Low", "High", "Middle"),
		s.maybe("colours", "Red", `"Red,Blue"`, "__CLEAR__"), s.maybe("since", "2026-01-02", "2026-02-03", "soon"), s.maybe("vip", "yes", "no", "__CLEAR__"),
		s.maybe("card", "c1", "c2", "c3", "__CLEAR__"), s.maybe("pass", "1", "2", "__CLEAR__"),
	}
	return strings.Join(cells, ",")
}

const storyColumns = "First Name,Country,Role,Tag,Plan,Level,Colours,Since,VIP,Card,Pass"

// movesFile moves usernames and identifiers, to new members too.
func (s *story) movesFile() string {
	text := "Email,Username,First Name,Last Name,Card\n"
	for range 2 + s.number("rows", 6) {
		text += fmt.Sprintf("%s,%s,F,L,%s\n", s.email(s.number("who", 7)), s.pick("username", s.usernames()[:6]...), s.pick("card", "", "c0", "c1", "c2", "c3", "c4", "__CLEAR__"))
	}
	return text
}

func (s *story) importFile() string {
	if s.number("moves", 2) == 0 {
		return s.movesFile()
	}
	text := "Email,Username,Last Name,Score," + storyColumns + "\n"
	for range 1 + s.number("rows", 7) {
		text += fmt.Sprintf("%s,%s,L,%s,%s\n", s.email(s.number("who", 7)), s.maybe("username", s.usernames()...), s.maybe("score", "1", "2.5", "x"), s.values())
	}
	return text
}

func (s *story) usernames() []string {
	names := make([]string, 9)
	for i := range names {
		names[i] = fmt.Sprintf("u%d-%s", i, s.community)
	}
	return names
}

func (s *story) updateFile() string {
	key := s.pick("key", "Email", "Username", "Card")
	columns := storyColumns
	if key == "Card" {
		columns = strings.Replace(columns, "Card", "Phone", 1)
	}
	text := key + ",Score_op,Score," + columns + "\n"
	for range 1 + s.number("rows", 5) {
		who := map[string]string{"Email": s.email(s.number("who", 7)), "Username": s.pick("username", s.usernames()...), "Card": s.pick("card", "c1", "c2", "c3")}[key]
		values := s.values()
		if key == "Card" {
			cells := strings.Split(values, ",")
			cells[len(cells)-2] = ""
			values = strings.Join(cells, ",")
		}
		text += fmt.Sprintf("%s,%s,%s,%s\n", who, s.pick("operator", "add", "subtract", "overwrite"), s.maybe("score", "1", "2.5"), values)
	}
	return text
}

// job runs one job, directly or as the plan of a dry run, and returns its id.
func (s *story) job() string {
	typ, text, o := bulk.Import, "", bulk.Options{Mode: s.pick("mode", bulk.Upsert, bulk.Upsert, bulk.CreateOnly, bulk.UpdateOnly), CreateTags: s.number("create tags", 1) == 0}
	if s.number("job", 2) == 0 {
		typ, text = bulk.Update, s.updateFile()
	} else {
		text = s.importFile()
	}
	o.DryRun = s.number("plan", 3) == 0
	done := s.run(typ, text, o)
	if o.DryRun {
		applied, err := s.bulk.Apply(s.Context(), command, s.community, done.JobID, "")
		s.ok(err)
		done = s.work(applied)
	}
	s.log = append(s.log, fmt.Sprintf("%s %s %+v %+v\n%s", typ, done.JobID, o, done.Counts, text))
	return done.JobID
}

// revertedChange changes a member by hand and reverts the changes.
func (s *story) revertedChange() {
	list, err := s.members.List(s.Context(), command, s.community, directory.Filter{Limit: 50, Sort: "email"})
	s.ok(err)
	if len(list.Members) == 0 {
		return
	}
	who := list.Members[s.number("member", len(list.Members)-1)]
	var made []member.HistoryRow
	for range 1 + s.number("changes", 2) {
		field := s.pick("field", "plan", "score", "colours", "card", "tag", "username")
		value := map[string]any{"plan": "hand", "score": "77", "colours": []any{"Green"}, "card": "c9", "tag": []any{"alpha"}, "username": "hand-" + s.community}[field]
		rows, err := s.members.Change(s.Context(), command, s.community, who.ID, []member.FieldValue{{Field: field, Value: value}}, member.Source{Type: "console"})
		if err == nil { // others have the card or the account
			made = append(made, rows...)
		}
	}
	for _, row := range slices.Backward(made) {
		_, err := s.members.Revert(s.Context(), command, s.community, row.ID)
		s.ok(err)
	}
	s.log = append(s.log, fmt.Sprintf("%d changes of %s by hand, reverted", len(made), who.Username))
}

// begin creates a community with members, one of them claimed and one also a
// member of another community.
func (s *story) begin() {
	f := s.fixture
	home, err := f.communities.Create(f.Context(), community.Input{Name: "Story"}, actor.Actor{})
	f.ok(err)
	other, err := f.communities.Create(f.Context(), community.Input{Name: "Other"}, actor.Actor{})
	f.ok(err)
	f.community = home.ID
	for _, in := range append([]field.Input{{Field: "plan", Name: "Plan", Type: field.SingleLine, Filterable: true}, {Field: "score", Name: "Score", Type: field.Numerical, Filterable: true}}, storyFields...) {
		f.field(in)
	}
	for _, tag := range []string{"beta", "alpha"} {
		_, err := f.members.CreateTag(f.Context(), command, f.community, tag)
		f.ok(err)
	}
	for _, title := range []string{"Gold", "Silver"} {
		_, err := f.auth.CreateRole(f.Context(), command, f.community, access.RoleInput{Title: title, Class: "#112233"})
		f.ok(err)
	}
	text := "Email,Username,First Name,Last Name,Plan,Card,Pass,Tag,Colours\n"
	for i := range 4 {
		text += fmt.Sprintf("%s,%s,F,L,old,c%d,%d,beta,Red\n", s.email(i), s.usernames()[i], i, i)
	}
	f.want(f.run(bulk.Import, text, bulk.Options{}), bulk.Completed, 4, 0, 0, 0, 0)
	_, err = f.db.Exec(f.Context(), "UPDATE accounts SET signed_in_at = 1 WHERE username_key = $1", s.usernames()[2])
	f.ok(err)
	f.community = other.ID
	elsewhere := strings.ReplaceAll("Email,Username,First Name,Last Name\nA,U3,F,L\nB,U7,F,L\n", "U", "u")
	elsewhere = strings.NewReplacer("A,u3", fmt.Sprintf("e3@x.%s.example,u3-%s", home.ID, home.ID), "B,u7", fmt.Sprintf("e7@x.%s.example,u7-%s", home.ID, home.ID)).Replace(elsewhere)
	f.run(bulk.Import, elsewhere, bulk.Options{})
	f.community = home.ID
}

// tell runs the story and undoes its jobs.
func (s *story) tell() (failure string) {
	s.begin()
	type chapter struct {
		job    string
		before []string
	}
	var chapters []chapter
	for range 1 + s.number("jobs", 4) {
		before := s.state()
		chapters = append(chapters, chapter{s.job(), before})
		s.historiesEnd("a job")
		for range s.number("by hand", 1) {
			s.revertedChange()
		}
	}
	for i, c := range slices.Backward(chapters) {
		undo, err := s.bulk.Undo(s.Context(), command, s.community, c.job, "")
		s.ok(err)
		undo = s.work(undo)
		s.historiesEnd("an undo")
		if d := cmp.Diff(c.before, s.state()); d != "" {
			return fmt.Sprintf("undo of job %d left:\n%s\n%s\ndetails %+v", i, d, strings.Join(s.log, "\n"), s.details(undo, bulk.DetailFilter{}))
		}
	}
	return ""
}

func TestJobsUndoneInReverseOrderRestoreEveryState(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		cases, failing := 25, false
		if db.Dialect() == sqldb.Postgres {
			cases = 8
		}
		f := newFixture(t, db, 3)
		sizes := []int{3, 40}
		rapid.Check(t, func(r *rapid.T) {
			if cases--; cases < 0 && !failing {
				return
			}
			f.bulk = f.withBatchRows(rapid.SampledFrom(sizes).Draw(r, "rows of a piece"))
			told := &story{fixture: f, T: r}
			if failure := told.tell(); failure != "" {
				failing = true
				r.Fatal(failure)
			}
		})
	})
}
