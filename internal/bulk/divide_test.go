package bulk_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/roster"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// exec runs the statements that the engine needs.
func (f *fixture) exec(lite, postgres string) {
	f.Helper()
	statement := lite
	if f.db.Dialect() == sqldb.Postgres {
		statement = postgres
	}
	_, err := f.db.Exec(f.Context(), statement)
	f.ok(err)
}

// refuseMembers makes the database reject member rows that match a condition on
// NEW.
func (f *fixture) refuseMembers(condition string) {
	f.Helper()
	f.exec("SELECT 1", "CREATE FUNCTION refuse() RETURNS trigger AS $$ BEGIN IF "+condition+" THEN RAISE EXCEPTION 'refused'; END IF; RETURN NEW; END $$ LANGUAGE plpgsql")
	for _, event := range []string{"INSERT", "UPDATE"} {
		head := "CREATE TRIGGER refuse_" + event + " BEFORE " + event + " ON members FOR EACH ROW "
		f.exec(head+"WHEN "+condition+" BEGIN SELECT RAISE(ABORT, 'refused'); END", head+"EXECUTE FUNCTION refuse()")
	}
}

// uniquePhones adds a unique index on phone numbers.
func (f *fixture) uniquePhones() {
	f.Helper()
	const index = "CREATE UNIQUE INDEX one_phone ON members (phone) WHERE phone <> ''"
	f.exec(index, index)
}

const peopleHead = "Email,Username,First Name,Last Name,Phone\n"

// crew is a file of n people; those of the bad lines (from 2) have the last name
// Bad.
func crew(n int, bad ...int) string {
	var text strings.Builder
	text.WriteString(peopleHead)
	for line := 2; line < n+2; line++ {
		name := "Good"
		for _, one := range bad {
			if one == line {
				name = "Bad"
			}
		}
		fmt.Fprintf(&text, "m%d@example.com,m%d,M,%s,\n", line, line, name)
	}
	return text.String()
}

// wantConflicts checks that only the bad lines failed, that each line has one
// outcome in file order, and that the other people are members.
func (f *fixture) wantConflicts(s bulk.Status, n int, bad ...int) {
	f.Helper()
	failed := map[int]bool{}
	for _, line := range bad {
		failed[line] = true
	}
	rows := f.details(s, bulk.DetailFilter{Limit: 200})
	if len(rows) != n {
		f.Fatalf("%d outcomes of %d rows", len(rows), n)
	}
	for i, row := range rows {
		if row.Line != i+2 {
			f.Fatalf("outcome %d is of line %d", i, row.Line)
		}
		conflict := len(row.Errors) == 1 && row.Errors[0].Code == "conflict" && strings.Contains(row.Errors[0].Message.English, "import")
		if (row.Outcome == "failed") != failed[row.Line] || failed[row.Line] && !conflict {
			f.Errorf("line %d: %s %+v", row.Line, row.Outcome, row.Errors)
		}
	}
	if s.Counts.Read != int64(n) || s.Counts.Failed != int64(len(bad)) {
		f.Errorf("counts %+v", s.Counts)
	}
}

func eachOfSize(t *testing.T, batchRows int, test func(f *fixture)) {
	t.Helper()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) { test(newFixture(t, db, batchRows)) })
}

func TestRowsThatTheDatabaseRefusesFailAlone(t *testing.T) {
	all := []int{2, 3, 4, 5, 6, 7, 8, 9}
	eachOfSize(t, 8, func(f *fixture) {
		f.refuseMembers("NEW.last_name = 'Bad'")
		for _, bad := range [][]int{{5}, {2}, {9}, {21}, {2, 9, 10, 17, 21}, all} {
			s := f.run(bulk.Import, crew(20, bad...), bulk.Options{})
			f.wantConflicts(s, 20, bad...)
			if got := f.count(); got != int64(20-len(bad)) {
				f.Errorf("%v: %d members", bad, got)
			}
			undo, err := f.bulk.Undo(f.Context(), command, f.community, s.JobID, "")
			f.ok(err)
			f.want(f.work(undo), bulk.Completed, 0, int64(20-len(bad)), 0, 0, 0)
			if got := f.count(); got != 0 {
				f.Errorf("%v: %d members after the undo", bad, got)
			}
		}
	})
}

func TestRowsThatConflictOnlyTogetherFailAtTheSecond(t *testing.T) {
	eachOfSize(t, 8, func(f *fixture) {
		f.uniquePhones()
		lines := strings.SplitAfter(crew(10), "\n")
		for _, line := range []int{3, 8} { // in two halves of a batch
			lines[line-1] = strings.TrimSuffix(lines[line-1], "\n") + "+4915112345678\n"
		}
		s := f.run(bulk.Import, strings.Join(lines, ""), bulk.Options{})
		f.wantConflicts(s, 10, 8)
		if m := f.member("m3"); m.Phone != "+4915112345678" {
			f.Errorf("phone %q", m.Phone)
		}
	})
}

func TestUpdatesThatTheDatabaseRefusesFailAlone(t *testing.T) {
	eachOfSize(t, 8, func(f *fixture) {
		f.run(bulk.Import, crew(12), bulk.Options{})
		f.refuseMembers("NEW.last_name = 'Bad'")
		plan := f.run(bulk.Update, crew(12, 4, 11), bulk.Options{DryRun: true})
		f.want(plan, bulk.Completed, 0, 2, 10, 0, 0)
		apply, err := f.bulk.Apply(f.Context(), command, f.community, plan.JobID, "")
		f.ok(err)
		f.wantConflicts(f.work(apply), 12, 4, 11)
		f.wantConflicts(f.run(bulk.Update, crew(12, 2, 13), bulk.Options{}), 12, 2, 13)
	})
}

func TestAPlanIsAppliedWithoutTheRowsThatTheDatabaseRefuses(t *testing.T) {
	eachOfSize(t, 8, func(f *fixture) {
		plan := f.run(bulk.Import, crew(20, 2, 3, 9, 15), bulk.Options{DryRun: true})
		f.refuseMembers("NEW.last_name = 'Bad'")
		apply, err := f.bulk.Apply(f.Context(), command, f.community, plan.JobID, "")
		f.ok(err)
		f.wantConflicts(f.work(apply), 20, 2, 3, 9, 15)
	})
}

func TestAnUndoKeepsWhatTheDatabaseRefuses(t *testing.T) {
	eachOfSize(t, 8, func(f *fixture) {
		f.run(bulk.Import, crew(8, 3), bulk.Options{})
		s := f.run(bulk.Update, crew(8, 2, 4, 5, 6, 7, 8, 9), bulk.Options{}) // each line gets the other name
		f.want(s, bulk.Completed, 0, 8, 0, 0, 0)
		f.refuseMembers("NEW.last_name = 'Bad'")
		undo, err := f.bulk.Undo(f.Context(), command, f.community, s.JobID, "")
		f.ok(err)
		undo = f.work(undo)
		f.want(undo, bulk.CompletedWithErrors, 0, 7, 0, 0, 1)
		if codes := f.codes(undo); len(codes) != 1 || codes[3] != "conflict" {
			f.Errorf("codes %v", codes)
		}
		if f.member("m3").LastName != "Good" || f.member("m4").LastName != "Good" {
			f.Errorf("m3 %s, m4 %s", f.member("m3").LastName, f.member("m4").LastName)
		}
	})
}

// watcher calls found for each record of a log with the message.
type watcher struct {
	slog.Handler
	message string
	found   func()
}

func (w watcher) Handle(ctx context.Context, r slog.Record) error {
	if r.Message == w.message {
		w.found()
	}
	return w.Handler.Handle(ctx, r)
}

func TestADividedBatchResumesBetweenItsParts(t *testing.T) {
	eachOfSize(t, 16, func(f *fixture) {
		f.refuseMembers("NEW.last_name = 'Bad'")
		bad := []int{4, 7, 12, 19, 33}
		s, err := f.startUpload(f.Context(), f.input(bulk.Import, crew(40, bad...), bulk.Options{}))
		f.ok(err)
		stops := 0
		for range bad { // each attempt ends where it meets a row that is refused
			ctx, stop := context.WithCancel(f.Context())
			log := slog.New(watcher{slog.NewTextHandler(f.Output(), nil), "row violates a constraint", func() { stops++; stop() }})
			engine := jobs.New(f.db, clock.Clock{}, log, jobs.EngineOptions{})
			b := bulk.New(bulk.Deps{DB: f.db, Files: f.files, Scratch: f.files, Access: f.auth, Members: f.members, Clock: clock.Clock{}, Log: log, Limits: bulk.Limits{BatchRows: 16}}, engine)
			_ = b.RunHere(ctx, engine, f.community, s.JobID) // interrupted
			stop()
			seen, err := f.bulk.Status(f.Context(), command, f.community, s.JobID)
			f.ok(err)
			if c := seen.Counts; c.Read != c.Created+c.Failed || c.Created != f.count() {
				f.Fatalf("%+v with %d members", c, f.count())
			}
		}
		s = f.work(s)
		f.wantConflicts(s, 40, bad...)
		if stops == 0 || f.count() != 35 {
			f.Errorf("%d interruptions, %d members", stops, f.count())
		}
	})
}

func TestADividedBatchNeedsFewTransactions(t *testing.T) {
	const n = 64
	eachOfSize(t, n, func(f *fixture) {
		f.refuseMembers("NEW.last_name = 'Bad'")
		s := f.run(bulk.Import, crew(n, 30), bulk.Options{})
		f.wantConflicts(s, n, 30)
		// One part per level; each has an event, but the part that is the row.
		events, err := sqldb.One(f.Context(), f.db, "count", sqldb.Value[int64], "SELECT count(*) FROM events WHERE type = 'members.imported'")
		f.ok(err)
		if events < 2 || events > 6 {
			f.Errorf("%d parts of %d rows with one that is refused", events, n)
		}
		f.wantOutcomeRows(s, 1)
	})
}

// wantOutcomeRows checks the number of rows with the outcomes of a job.
func (f *fixture) wantOutcomeRows(s bulk.Status, most int) {
	f.Helper()
	pieces, err := sqldb.One(f.Context(), f.db, "count", sqldb.Value[int], "SELECT count(*) FROM bulk_batches WHERE job_id = $1", s.JobID)
	f.ok(err)
	stored, err := sqldb.One(f.Context(), f.db, "count", sqldb.Value[int], "SELECT batches FROM bulk_jobs WHERE id = $1", s.JobID)
	f.ok(err)
	if pieces > most || stored < pieces {
		f.Errorf("%d rows keep the outcomes (%d by the job), want at most %d", pieces, stored, most)
	}
}

func TestTheOutcomesOfManyRefusedRowsTakeFewRowsAndAreUndone(t *testing.T) {
	const n = 120
	eachOfSize(t, n, func(f *fixture) {
		f.refuseMembers("NEW.last_name = 'Bad'")
		before := f.dump()
		bad := []int{}
		for line := 2; line <= n; line += 2 {
			bad = append(bad, line)
		}
		s, err := f.startUpload(f.Context(), f.input(bulk.Import, crew(n, bad...), bulk.Options{}))
		f.ok(err)
		s = f.work(s)
		f.wantConflicts(s, n, bad...)
		f.wantOutcomeRows(s, 5) // about 120 parts, of which 32 share a row
		lines := []int{}
		for _, d := range f.details(s, bulk.DetailFilter{Limit: 7}) {
			lines = append(lines, d.Line)
		}
		if len(lines) != n || !slices.IsSorted(lines) {
			f.Errorf("%d details: %v", len(lines), lines)
		}
		undo, err := f.bulk.Undo(f.Context(), command, f.community, s.JobID, "")
		f.ok(err)
		if undo = f.work(undo); undo.Status != bulk.Completed || f.count() != 0 || f.dump() != before {
			f.Errorf("%s %+v, %d members left", undo.Status, undo.Counts, f.count())
		}
	})
}

func TestAValueThatIsTakenWhileItIsImportedNamesItsColumn(t *testing.T) {
	eachOfSize(t, 8, func(f *fixture) {
		f.field(field.Input{Field: "card", Name: "Card", Type: field.SingleLine, Identifier: true})
		// No lookup finds a holder of the key of line 3.
		const index = "CREATE UNIQUE INDEX one_card ON member_identifiers (substr(key, 1, 1)) WHERE key LIKE 'x%'"
		f.exec(index, index)
		s := f.run(bulk.Import, "Email,Username,First Name,Last Name,Card No\na@example.com,ua,A,A,x1\nb@example.com,ub,B,B,x2\nc@example.com,uc,C,C,y1\n",
			bulk.Options{Mapping: map[string]*string{"Card No": new("card")}})
		f.wantConflicts(s, 3, 3)
		rows := f.details(s, bulk.DetailFilter{Outcome: "failed"})
		if p := rows[0].Errors[0]; f.db.Dialect() == sqldb.Postgres && (p.Column != "Card No" || p.Value != "x2") {
			f.Errorf("%+v", p)
		}
	})
}

func TestConcurrentlyTakenUsernamesDoNotStopAnImport(t *testing.T) {
	eachOfSize(t, 4, func(f *fixture) {
		const n = 60
		var taken atomic.Int64
		done := make(chan struct{})
		go func() {
			defer close(done)
			for line := n + 1; line > 1; line -= 2 {
				_, err := f.members.Create(f.Context(), command, f.community, roster.CreateInput{
					FirstName: "T", LastName: "T", Username: fmt.Sprint("m", line), Email: fmt.Sprintf("t%d@example.com", line),
				})
				if err == nil {
					taken.Add(1)
				}
			}
		}()
		s := f.run(bulk.Import, crew(n), bulk.Options{})
		<-done
		rows := f.details(s, bulk.DetailFilter{Limit: 200})
		if len(rows) != n || s.Status == bulk.Failed || f.count() != s.Counts.Created+taken.Load() {
			f.Fatalf("%s %+v: %d outcomes, %d members, %d taken", s.Status, s.Counts, len(rows), f.count(), taken.Load())
		}
	})
}
