//go:build linux

package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/bench/result"
	"github.com/regulars/regulars/internal/app"
	"github.com/regulars/regulars/internal/sqldb/pgtest"
)

// asProgram makes the processes that a test starts from this program the server.
const asProgram = "BENCH_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		os.Exit(app.Main(os.Args[1:]))
	}
	if err := os.Setenv(asProgram, "1"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// newGrowth returns a run of the growth section with tiny sizes. It skips the test
// without the programs of the engines.
func newGrowth(t *testing.T, args ...string) *bench {
	t.Helper()
	programs := []string{"sqlite3", "psql"}
	if _, err := pgtest.Programs(); err != nil {
		programs = append(programs, "initdb")
	}
	for _, name := range programs {
		if _, err := exec.LookPath(name); err != nil {
			if os.Getenv("REGULARS_TEST_ALL") == "1" {
				t.Fatal(err)
			}
			t.Skip("left out: ", err)
		}
	}
	t.Parallel()
	folder := t.TempDir()
	b := &bench{out: new(bytes.Buffer), log: t.Output()}
	args = append([]string{
		"-binary", os.Args[0], "-rounds", "1", "-only", growthSection,
		"-growth-page", filepath.Join(folder, "page"), "-growth-results", filepath.Join(folder, "results"),
	}, args...)
	if err := b.parse(args); err != nil {
		t.Fatal(err)
	}
	b.growth.community, b.growth.rows, b.growth.runs, b.growth.sampleFor = 30, 20, 1, 0
	b.clusterArgs = []string{"-c", "fsync=off"}
	return b
}

// written returns the only JSON file in a folder.
func written(t *testing.T, folder string) (string, *result.Run) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil || len(files) != 1 {
		t.Fatalf("files in %s: %v, %v", folder, files, err)
	}
	run, err := result.Read(files[0])
	if err != nil {
		t.Fatal(err)
	}
	return files[0], run
}

func TestGrowthMeasuresEveryOperationOnBothEngines(t *testing.T) {
	b := newGrowth(t, "-growth", "60", "-save")
	if err := b.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, run := written(t, b.growth.folder)
	operations := map[string][]string{}
	for _, m := range run.Measurements {
		if len(m.Runs) != 1 || m.Unit != "s" || m.Commit == "" || m.Size() != 60 || m.FloorOf == "" && m.Operation != undoImport {
			t.Errorf("measurement %+v", m)
		}
		key := m.Engine + " " + string(m.Part)
		operations[key] = append(operations[key], m.Operation)
	}
	for part, least := range map[string]int{" members": 50, " rows": 8} {
		if n := len(operations[sqlite+part]); n < least {
			t.Errorf("%d operations against%s, want %d", n, part, least)
		}
		if d := cmp.Diff(operations[sqlite+part], operations[postgres+part]); d != "" {
			t.Errorf("%s: %s", part, d)
		}
	}
	if run.Machine.Cores == 0 || run.Class != run.Machine.Class() || len(run.Notes) > 0 {
		t.Errorf("machine %+v, notes %q", run.Machine, run.Notes)
	}
	page, err := os.ReadFile(filepath.Join(b.growth.folder, "index.html"))
	if err != nil {
		t.Fatal(err)
	}
	if plots := strings.Count(string(page), "<svg "); plots != len(operations[sqlite+" members"])+len(operations[sqlite+" rows"]) {
		t.Errorf("%d plots", plots)
	}
	_, saved := written(t, b.growth.saved)
	if d := cmp.Diff(run, saved); d != "" {
		t.Errorf("saved: %s", d)
	}
}

func TestGrowthIsComparedWithTheSavedResults(t *testing.T) {
	b := newGrowth(t, "-growth", "40", "-growth-parts", "rows", "-engines", sqlite, "-save")
	if err := b.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	path, saved := written(t, b.growth.saved)
	for i := range saved.Measurements {
		saved.Measurements[i].Median /= 1000
	}
	if err := saved.Write(path); err != nil {
		t.Fatal(err)
	}
	b.growth.save, b.growth.check = false, true
	if err := b.run(t.Context()); err == nil || !strings.Contains(err.Error(), "in the last run") {
		t.Errorf("a regression with -check: %v", err)
	}
	if _, unchanged := written(t, b.growth.saved); !cmp.Equal(saved, unchanged) {
		t.Error("results were saved without -save")
	}
}

func TestGrowthEndsInItsTimeAndLeavesOutTheRest(t *testing.T) {
	b := newGrowth(t, "-growth", "40,2M", "-growth-parts", "rows", "-growth-time", "2m", "-engines", sqlite)
	if err := b.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, run := written(t, b.growth.folder); len(run.Measurements) == 0 || len(run.Notes) != 1 || !strings.Contains(run.Notes[0], "are left") {
		t.Errorf("results: %+v", run)
	}
	b.growth.sizes, b.growth.limit = []int{50}, time.Millisecond
	if err := b.run(t.Context()); err == nil {
		t.Error("a run without time has no error")
	}
	if _, run := written(t, b.growth.folder); len(run.Measurements) != 0 || len(run.Notes) != 1 {
		t.Errorf("results without time: %+v", run)
	}
	g := &growth{bench: b, opts: b.growth}
	if g.measurePart(t.Context(), result.Rows, postgres, 2_000_000); len(g.run.Notes) != 1 || !strings.Contains(g.run.Notes[0], "on SQLite only") {
		t.Errorf("2M rows on PostgreSQL: %q", g.run.Notes)
	}
}

func TestSizesHaveUnits(t *testing.T) {
	sizes, err := parseSizes("-growth", "500,10k,5M")
	if err != nil || !slices.Equal(sizes, []int{500, 10_000, 5_000_000}) {
		t.Errorf("sizes %v, %v", sizes, err)
	}
	for _, wrong := range []string{"", "k", "10K", "0", "-1k", "10kM", "1k,"} {
		if sizes, err := parseSizes("-growth", wrong); err == nil {
			t.Errorf("%q is %v", wrong, sizes)
		}
	}
}
