package bulk_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/directory"
	"github.com/regulars/regulars/internal/roster"
	"github.com/regulars/regulars/internal/sqldb"
)

// indexed is the index of values beside what the members' rows say: a line for
// each value, by field, and the numbers in the order of their keys.
func (f *fixture) indexed() (index, rows map[string][]string, numbers []string) {
	f.Helper()
	type line struct{ field, key, user string }
	list, err := sqldb.All(f.Context(), f.db, func(s sqldb.Scanner) (line, error) {
		var l line
		return l, s.Scan(&l.field, &l.key, &l.user)
	}, `SELECT COALESCE(f.field, 'gone'), v.key, v.user_id FROM member_values v LEFT JOIN field_definitions f ON f.community_id = v.community_id AND f.id = v.field_id
		WHERE v.community_id = $1 ORDER BY v.field_id, v.key, v.user_id`, f.community)
	f.ok(err)
	documents, err := sqldb.All(f.Context(), f.db, func(s sqldb.Scanner) ([2]string, error) {
		var d [2]string
		return d, s.Scan(&d[0], &d[1])
	}, "SELECT user_id, fields FROM members WHERE community_id = $1", f.community)
	f.ok(err)
	fields, err := f.fields.List(f.Context(), command, f.community)
	f.ok(err)
	values := map[string]map[string]any{}
	rows = map[string][]string{}
	for _, d := range documents {
		decoder := json.NewDecoder(strings.NewReader(d[1]))
		decoder.UseNumber()
		var custom map[string]any
		f.ok(decoder.Decode(&custom))
		values[d[0]] = custom
		for _, field := range fields {
			if field.Default || !field.Filterable || custom[field.Field] == nil {
				continue
			}
			choices, several := custom[field.Field].([]any)
			if !several {
				choices = []any{custom[field.Field]}
			}
			for _, choice := range choices {
				rows[field.Field] = append(rows[field.Field], strings.ToLower(fmt.Sprint(choice))+" "+d[0])
			}
		}
	}
	index = map[string][]string{}
	for _, l := range list {
		if l.field == "score" { // its key is not its text
			number := fmt.Sprint(values[l.user]["score"])
			numbers = append(numbers, number)
			l.key = number
		}
		index[l.field] = append(index[l.field], l.key+" "+l.user)
	}
	for _, lines := range []map[string][]string{index, rows} {
		for field := range lines {
			slices.Sort(lines[field])
		}
	}
	return index, rows, numbers
}

func (f *fixture) checkIndex(after string) {
	f.Helper()
	index, rows, numbers := f.indexed()
	if d := cmp.Diff(rows, index); d != "" {
		f.Fatalf("after %s: %s", after, d)
	}
	if !slices.IsSortedFunc(numbers, func(a, b string) int { return decimal.RequireFromString(a).Cmp(decimal.RequireFromString(b)) }) {
		f.Fatalf("after %s: keys order numbers as %v", after, numbers)
	}
}

// doings are the ways in which values change.
type doings struct {
	*fixture
	*rand.Rand
	jobs []string // that can be undone
	made int
}

func (d *doings) score() string {
	return []string{"", "0", "-1", "-1.25", "-1.2", "-12", "-0.003", "0.02", "7", "10", "9.99", "1000000", "-1000000", "999999999999999"}[d.IntN(14)]
}

func (d *doings) plan() string {
	return []string{"", "gold", "Gold", "ÄRGER", "silver", strings.Repeat("x", 190) + "y"}[d.IntN(6)]
}

func (d *doings) colours() string { return []string{"", "Red", "Blue", `"Red,Blue"`}[d.IntN(4)] }

func (d *doings) file(rows int) string {
	text := "First Name,Last Name,Username,Email,Plan,Score,Colours\n"
	for range rows {
		n := d.IntN(12)
		text += fmt.Sprintf("A,B,u%d,u%d@example.com,%s,%s,%s\n", n, n, d.plan(), d.score(), d.colours())
	}
	return text
}

// one is one of the active members, "" without any.
func (d *doings) one() string {
	list, err := d.members.List(d.Context(), command, d.community, directory.Filter{Limit: 50})
	d.ok(err)
	if len(list.Members) == 0 {
		return ""
	}
	return list.Members[d.IntN(len(list.Members))].ID
}

// some does one thing and says what.
func (d *doings) some() string {
	who, ctx := d.one(), d.Context()
	what := d.IntN(11)
	if who == "" && what > 1 {
		what = 0
	}
	switch what {
	case 0, 1:
		s := d.run(bulk.Import, d.file(1+d.IntN(7)), bulk.Options{})
		d.jobs = append(d.jobs, s.JobID)
		return "import"
	case 2:
		d.run(bulk.Update, "username,Score_op,Score,Plan\nu1,add,1.5,__CLEAR__\nu2,subtract,20,silver\n", bulk.Options{})
		return "update"
	case 3:
		if len(d.jobs) == 0 {
			return "nothing"
		}
		last := len(d.jobs) - 1
		s, err := d.bulk.Undo(ctx, command, d.community, d.jobs[last], "")
		d.ok(err)
		d.jobs = d.jobs[:last]
		d.work(s)
		return "undo"
	case 4:
		_, err := d.members.Change(ctx, command, d.community, who, []member.FieldValue{{Field: "plan", Value: d.plan()}, {Field: "score", Value: d.score()}}, member.Source{Type: "console"})
		d.ok(err)
		return "change"
	case 5:
		d.made++
		name := fmt.Sprint("new", d.made)
		_, err := d.members.Create(ctx, command, d.community, roster.CreateInput{
			FirstName: "N", LastName: "N", Username: name, Email: name + "@example.com", Fields: []member.FieldValue{{Field: "plan", Value: d.plan()}},
		})
		d.ok(err)
		return "create"
	case 6:
		d.ok(d.members.Delete(ctx, command, d.community, []string{who}))
		if d.IntN(2) == 0 {
			d.ok(d.members.Restore(ctx, command, d.community, []string{who}))
			return "delete and restore"
		}
		return "delete"
	case 7:
		d.late += 31 * 24 * time.Hour
		d.ok(d.members.Sweep(ctx))
		return "erase"
	case 8:
		rows, _, err := d.members.Histories(ctx, command, d.community, directory.HistoryFilter{UserID: who, Limit: 100})
		d.ok(err)
		_, _ = d.members.Revert(ctx, command, d.community, rows[d.IntN(len(rows))].ID) // one that cannot be reverted changes nothing
		return "revert"
	case 9:
		options, replace := []string{"Blue", "Red"}, map[string]*string{}
		if d.IntN(2) == 0 {
			options, replace = []string{"Red", "Blue", "Green"}, map[string]*string{"Red": &options[0]}
		}
		_, err := d.changes.UpdateField(ctx, command, d.community, "colours", field.Update{Options: options, Replace: replace})
		d.ok(err)
		return "other options"
	}
	on := d.IntN(2) == 0
	_, err := d.changes.UpdateField(ctx, command, d.community, "plan", field.Update{Filterable: &on})
	d.ok(err)
	return fmt.Sprint("filterable: ", on)
}

func TestTheIndexOfValuesIsExactWhateverChangesThem(t *testing.T) {
	for seed := range uint64(3) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			each(t, func(f *fixture) {
				f.field(field.Input{Field: "colours", Name: "Colours", Type: field.MultiSelect, Options: []string{"Red", "Blue"}, Filterable: true, DefaultValue: "Red"})
				on := true
				for _, name := range []string{"plan", "score"} {
					_, err := f.changes.UpdateField(f.Context(), command, f.community, name, field.Update{Filterable: &on})
					f.ok(err)
				}
				d := &doings{fixture: f, Rand: rand.New(rand.NewPCG(seed, 7))}
				log := []string{}
				for range 40 {
					log = append(log, d.some())
					f.checkIndex(strings.Join(log, ", "))
				}
			})
		})
	}
}

func TestImportWaitsForAFieldJob(t *testing.T) {
	each(t, func(f *fixture) {
		fields, err := f.fields.List(f.Context(), command, f.community)
		f.ok(err)
		plan := fields[len(fields)-2].ID
		_, err = f.db.Exec(f.Context(), `INSERT INTO field_jobs (community_id, field_id, kind, stage, target, position, done, total, error, actor, updated_at)
			VALUES ($1, $2, 'convert', 'check', '{}', '', 0, 0, '', '', 0)`, f.community, plan)
		f.ok(err)
		s, err := f.startUpload(f.Context(), f.input(bulk.Import, people, bulk.Options{}))
		f.ok(err)
		done := make(chan error, 1)
		go func() { done <- f.bulk.RunHere(f.Context(), f.engine, f.community, s.JobID) }()
		for waits := false; !waits; {
			waits, err = sqldb.One(f.Context(), f.db, "job", sqldb.Value[bool], "SELECT EXISTS (SELECT 1 FROM jobs WHERE state = 'waiting' AND attempt <= 1)")
			f.ok(err)
		}
		if n := f.count(); n != 0 {
			f.Errorf("%d members were made", n)
		}
		_, err = f.db.Exec(f.Context(), "DELETE FROM field_jobs WHERE community_id = $1", f.community)
		f.ok(err)
		f.ok(<-done)
		if s, err = f.bulk.Status(f.Context(), command, f.community, s.JobID); err != nil || s.Status != bulk.Completed {
			f.Fatalf("%+v %v", s, err)
		}
	})
}
