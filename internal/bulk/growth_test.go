package bulk_test

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"runtime/metrics"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

const measuredAlone = "REGULARS_TEST_MEASURED_ALONE"

// TestTheMemoryOfADryRunDoesNotGrowWithItsFile measures the heap in use in a
// process of its own, since other tests of this one use memory too.
func TestTheMemoryOfADryRunDoesNotGrowWithItsFile(t *testing.T) {
	if os.Getenv(measuredAlone) == "" {
		t.Parallel()
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v") //nolint:gosec // this test
		cmd.Env = append(os.Environ(), measuredAlone+"=1")
		out, err := cmd.CombinedOutput()
		t.Logf("%s", out)
		if err != nil {
			t.Fatal(err)
		}
		return
	}
	for _, engine := range sqldbtest.Engines(t) {
		t.Run(string(engine), func(t *testing.T) {
			f := newFixture(t, sqldbtest.Open(t, sqldbtest.Address(t, engine)), 250).withDryRuns(256<<10, 250)
			const (
				rows      = 10_000
				tolerance = 3 << 20 // 100 bytes per additional row; the defect was 2 KiB per row
			)
			f.peakOfDryRun(rows, rows) // the first run fills caches
			for _, kind := range []string{"different people", "each person twice, half the file apart"} {
				distinct := 1
				if kind != "different people" {
					distinct = 2
				}
				small, large := f.peakOfDryRun(rows, rows/distinct), f.peakOfDryRun(4*rows, 4*rows/distinct)
				for range 3 { // growth repeats; the noise of a single measurement does not
					if large <= small+tolerance {
						break
					}
					small = max(small, f.peakOfDryRun(rows, rows/distinct))
					large = min(large, f.peakOfDryRun(4*rows, 4*rows/distinct))
				}
				t.Logf("%s: %d KiB in use at %d rows, %d KiB at %d", kind, small>>10, rows, large>>10, 4*rows)
				if large > small+tolerance {
					t.Errorf("%s: the memory grows with the file", kind)
				}
			}
		})
	}
}

// peakOfDryRun returns the peak memory of a dry run of rows in which people
// repeat. A peak that later measurements do not reach was garbage.
func (f *fixture) peakOfDryRun(rows, distinct int) uint64 {
	f.Helper()
	var text strings.Builder
	text.WriteString("First Name,Last Name,Username,Email,Plan\n")
	for i := range rows {
		fmt.Fprintf(&text, "First,Last,user%[1]d,user%[1]d@example.com,%[2]d\n", i%distinct, i)
	}
	s, err := f.startUpload(f.Context(), f.input(bulk.Import, text.String(), bulk.Options{DryRun: true}))
	f.ok(err)
	text.Reset()
	done := make(chan error, 1)
	go func() { done <- f.bulk.RunHere(f.Context(), f.engine, f.community, s.JobID) }()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	var used []uint64
	for {
		runtime.GC()
		live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
		metrics.Read(live)
		used = append(used, live[0].Value.Uint64())
		select {
		case err := <-done:
			f.ok(err)
			s, err = f.bulk.Status(f.Context(), command, f.community, s.JobID)
			f.ok(err)
			f.want(s, bulk.Completed, int64(distinct), int64(rows-distinct), 0, 0, 0)
			return lasting(used)
		case <-tick.C:
		}
	}
}

// lasting is the highest level of five measurements in a row.
func lasting(used []uint64) (highest uint64) {
	const inARow = 5
	for i := range max(1, len(used)-inARow+1) {
		highest = max(highest, slices.Min(used[i:min(i+inARow, len(used))]))
	}
	return highest
}
