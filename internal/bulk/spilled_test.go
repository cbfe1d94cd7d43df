package bulk_test

import (
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// withDryRuns is the fixture with another memory limit of dry runs, on the same
// database and folder.
func (f *fixture) withDryRuns(bytes int64, batchRows int) *fixture {
	again := *f
	log := slog.New(slog.NewTextHandler(f.Output(), nil))
	again.engine = jobs.New(f.db, clock.Clock{}, log, jobs.EngineOptions{})
	again.bulk = bulk.New(bulk.Deps{
		DB: f.db, Files: f.files, Scratch: f.files, Access: f.auth, Members: f.members, Mail: f.mail, Log: log, Limits: bulk.Limits{BatchRows: batchRows, DryRuns: bytes},
	}, again.engine)
	return &again
}

const (
	everythingInMemory = 1 << 40
	nothingInMemory    = 1
)

// outcomes are the stored records of a job.
func (f *fixture) outcomes(s bulk.Status) string {
	f.Helper()
	list, err := sqldb.All(f.Context(), f.db, sqldb.Value[[]byte], "SELECT outcomes FROM bulk_batches WHERE community_id = $1 AND job_id = $2 ORDER BY number", f.community, s.JobID)
	f.ok(err)
	return fmt.Sprintf("%x", list)
}

// exchangeFile draws rows of few people who exchange usernames and identifiers;
// some fail.
func exchangeFile(suffix string) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		pick := func(name string, choices ...string) string { return rapid.SampledFrom(choices).Draw(t, name) }
		var text strings.Builder
		text.WriteString("First Name,Last Name,Username,Email,Plan,Number,Score,Tag\n")
		for range rapid.IntRange(20, 60).Draw(t, "rows") {
			person := func(name string) string { return fmt.Sprint(rapid.IntRange(0, 7).Draw(t, name), suffix) }
			email, username := "e"+person("email")+"@example.com", "u"+person("username")
			switch rapid.IntRange(0, 5).Draw(t, "named by") {
			case 0:
				email = ""
			case 1, 2:
				username = ""
			case 3:
				username = "u" + email[1:strings.IndexByte(email, '@')]
			}
			number := pick("number", "", "", "N"+person("number"), "__CLEAR__")
			fmt.Fprintf(&text, "%s,L,%s,%s,%s,%s,%s,%s\n", pick("first name", "F", "G", ""), username, email,
				pick("plan", "gold", "Grüße", "", "__CLEAR__"), number, pick("score", "", "1.5", "2", "x"), pick("tag", "", "beta", "new", "a;b"))
		}
		return text.String()
	})
}

// TestDryRunHasTheSameResultWithTemporaryFiles compares the outcomes of two dry
// runs, and of applying them.
func TestDryRunHasTheSameResultWithTemporaryFiles(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		for seed := range 12 {
			suffix := fmt.Sprint("s", seed)
			f := newFixture(t, db, 3)
			f.field(field.Input{Field: "number", Name: "Number", Type: field.SingleLine, Identifier: true})
			files := exchangeFile(suffix)
			f.run(bulk.Import, files.Example(seed), bulk.Options{})
			text, typ := files.Example(1000+seed), bulk.Import
			if seed%3 == 2 {
				typ = bulk.Update
			}
			o := bulk.Options{DryRun: true, CreateTags: typ == bulk.Import}
			spilled, kept := f.withDryRuns(nothingInMemory, 3), f.withDryRuns(everythingInMemory, 3)
			plan, other := spilled.run(typ, text, o), kept.run(typ, text, o)
			if plan.Counts != other.Counts || f.outcomes(plan) != f.outcomes(other) {
				t.Fatalf("seed %d: %s", seed, cmp.Diff(f.details(other, bulk.DetailFilter{}), f.details(plan, bulk.DetailFilter{})))
			}
			if left := f.unfinished(); len(left) > 0 {
				t.Fatalf("seed %d: temporary files are left: %v", seed, left)
			}
			applied, err := f.bulk.Apply(f.Context(), command, f.community, plan.JobID, "")
			f.ok(err)
			if done := f.work(applied); done.Counts != plan.Counts {
				t.Fatalf("seed %d: the plan and its run differ: %s\n%v", seed, cmp.Diff(plan.Counts, done.Counts), f.codes(done))
			}
		}
	})
}

// unfinished are the temporary files in the folder.
func (f *fixture) unfinished() []string {
	f.Helper()
	names, err := filepath.Glob(filepath.Join(f.folder, "*", "*"))
	f.ok(err)
	return names
}
