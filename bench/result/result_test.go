package result_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/bench/result"
)

var machine = result.Machine{Processor: "Example <9000>", Cores: 2, MemoryGiB: 24, System: "linux/amd64", Go: "go1.26", DiskSync: 0.0021}

// newRun returns a run with one operation: medians by size on SQLite, with a floor.
func newRun(operation string, part result.Part, scan bool, medians map[int]float64) *result.Run {
	run := &result.Run{Class: machine.Class(), Machine: machine, Date: time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC), Commit: "abc123"}
	for _, size := range []int{10_000, 100_000, 1_000_000} {
		if medians[size] == 0 {
			continue
		}
		m := result.Measurement{Operation: operation, Part: part, Engine: "sqlite", Rows: 1_000, Members: size, Scan: scan, FloorOf: "the same by the shell & nothing else", Runs: []float64{medians[size] * 2, medians[size], medians[size]}, Commit: "abc123", Date: run.Date}
		if part == result.Rows {
			m.Rows, m.Members = size, 10_000
		}
		m.Summarize([]float64{0.001, 0.002, 0.003})
		run.Measurements = append(run.Measurements, m)
	}
	return run
}

func TestSummaryHasTheMedianAndItsRatioToTheFloor(t *testing.T) {
	m := result.Measurement{Runs: []float64{9, 1, 3, 5}}
	m.Summarize([]float64{1, 8, 2})
	if m.Median != 4 || m.Floor != 2 || m.Ratio != 2 || m.Unit != "s" {
		t.Errorf("summary %+v", m)
	}
}

func TestResultsAreReadAsTheyWereWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "results", machine.Class()+".json")
	if missing, err := result.Read(path); missing != nil || err != nil {
		t.Fatalf("a missing file: %v, %v", missing, err)
	}
	run := newRun("read a member", result.Members, false, map[int]float64{10_000: 0.001, 1_000_000: 0.0011})
	if err := run.Write(path); err != nil {
		t.Fatal(err)
	}
	read, err := result.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(run, read); d != "" {
		t.Error(d)
	}
	if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := result.Read(path); err == nil {
		t.Error("a damaged file is read without an error")
	}
}

func TestTheClassIsAFileNameThatIgnoresVersionAndDisk(t *testing.T) {
	other := machine
	other.Go, other.DiskSync = "go1.27", 1
	if class := machine.Class(); class != "example-9000-2-cores-24-gib-linux-amd64" || class != other.Class() {
		t.Errorf("classes %s and %s", class, other.Class())
	}
}

func TestGrowthWithMembersIsFoundUnlessTheOperationIsAScan(t *testing.T) {
	for _, c := range []struct {
		name  string
		part  result.Part
		scan  bool
		last  float64 // median at 1,000,000; at 10,000 it is 1 ms
		small bool    // sizes too close to judge
		grows bool
	}{
		{"constant", result.Members, false, 0.0012, false, false},
		{"logarithmic", result.Members, false, 0.0015, false, false},
		{"the root", result.Members, false, 0.010, false, true},
		{"linear", result.Members, false, 0.100, false, true},
		{"a scan", result.Members, true, 0.100, false, false},
		{"rows in proportion", result.Rows, false, 0.100, false, false},
		{"rows by more", result.Rows, false, 0.900, false, true},
		{"close sizes", result.Members, false, 0.100, true, false},
	} {
		run := newRun(c.name, c.part, c.scan, map[int]float64{10_000: 0.001, 1_000_000: c.last})
		if c.small {
			run.Measurements[1].Members = 30_000
		}
		s := run.Compare(nil)
		if len(s) != 1 || s[0].Grows() != c.grows || len(result.Findings(s)) > 0 != c.grows {
			t.Errorf("%s: exponent %f, grows: %t, want %t", c.name, s[0].Exponent(), s[0].Grows(), c.grows)
		}
	}
	noisy := newRun("one slow run", result.Members, false, map[int]float64{10_000: 0.001, 1_000_000: 0.001})
	noisy.Measurements[1].Runs = []float64{0.9, 0.9, 0.001}
	noisy.Measurements[1].Summarize(nil)
	if s := noisy.Compare(nil)[0]; s.Grows() {
		t.Errorf("slow runs beside a fast one: exponent %f", s.Exponent())
	}
	single := newRun("one size", result.Members, false, map[int]float64{10_000: 1}).Compare(nil)[0]
	if !math.IsNaN(single.Exponent()) || single.Grows() {
		t.Errorf("one size: exponent %f", single.Exponent())
	}
}

func TestARegressionIsMarkedOnTheSameClassOfMachineOnly(t *testing.T) {
	last := newRun("read a member", result.Members, false, map[int]float64{10_000: 0.0010, 100_000: 0.0010, 1_000_000: 0.0010})
	now := newRun("read a member", result.Members, false, map[int]float64{10_000: 0.0013, 100_000: 0.0011, 1_000_000: 0.0008})
	points := now.Compare(last)[0].Points
	for i, regressed := range []bool{true, false, false} {
		if points[i].Regressed() != regressed {
			t.Errorf("change %+.2f: regressed %t", points[i].Change, points[i].Regressed())
		}
	}
	if got := result.Findings(now.Compare(last)); len(got) != 1 || !strings.Contains(got[0].String(), "read a member, SQLite: 10k members: 1.3 ms, 1 ms in the last run (+30\u00a0%)") {
		t.Errorf("findings %q", got)
	}
	if text := page(t, now, last); !strings.Contains(text, "▲ +30\u00a0%") || !strings.Contains(text, "▲ slower") || strings.Contains(text, "▲ +10\u00a0%") || !strings.Contains(text, `class="line last"`) {
		t.Errorf("the page does not mark the regression:\n%s", text)
	}
	last.Class = "another"
	if points := now.Compare(last)[0].Points; points[0].Last != 0 || points[0].Regressed() {
		t.Errorf("another class of machine is compared: %+v", points[0])
	}
	if text := page(t, now, last); strings.Contains(text, "▲ slower") || !strings.Contains(text, "no earlier run of this class") {
		t.Errorf("the page compares with another class of machine:\n%s", text)
	}
}

func TestMeasurementsThatWereNotRepeatedAreKept(t *testing.T) {
	earlier := newRun("read a member", result.Members, false, map[int]float64{10_000: 1, 1_000_000: 2})
	now := newRun("read a member", result.Members, false, map[int]float64{10_000: 3, 100_000: 4})
	var medians []float64
	for _, m := range now.With(earlier).Measurements {
		medians = append(medians, m.Median)
	}
	if d := cmp.Diff([]float64{3, 4, 2}, medians); d != "" {
		t.Error(d)
	}
	earlier.Class = "another"
	if n := len(now.With(earlier).Measurements); n != 2 {
		t.Errorf("%d measurements together with another class of machine", n)
	}
}

// page returns the page of a run, which must be well-formed XML.
func page(t *testing.T, run, last *result.Run) string {
	t.Helper()
	var b bytes.Buffer
	if err := run.WritePage(&b, last); err != nil {
		t.Fatal(err)
	}
	in := xml.NewDecoder(bytes.NewReader(b.Bytes()))
	in.Entity = xml.HTMLEntity
	for {
		if _, err := in.Token(); errors.Is(err, io.EOF) {
			return strings.ReplaceAll(b.String(), "&#43;", "+")
		} else if err != nil {
			t.Fatalf("%v in\n%s", err, b.String())
		}
	}
}

func TestThePageHasAPlotAndATableForEachOperation(t *testing.T) {
	run := newRun(`read "a" <member>`, result.Members, false, map[int]float64{10_000: 0.001, 100_000: 0.002, 1_000_000: 0.1})
	rows := newRun("import", result.Rows, false, map[int]float64{10_000: 0.5, 100_000: 5})
	for _, m := range rows.Measurements {
		sqlite := m
		m.Engine = "postgres"
		m.Summarize(nil)
		run.Measurements = append(run.Measurements, sqlite, m)
	}
	run.Notes = []string{"1M rows on PostgreSQL: no time left"}
	text := page(t, run, nil)
	for _, want := range []string{
		"<title id=\"members-read-a-member-plot-title\">read &#34;a&#34; &lt;member&gt;</title>", "SQLite: 1 ms at 10k members, 100 ms at 1M, exponent 1.00",
		"▲ grows", `<a href="#members-read-a-member">`, `<article class="card" id="members-read-a-member"`, "1M rows on PostgreSQL: no time left", "the same by the shell &amp; nothing else", `class="mark postgres"`, `class="line floor sqlite"`, "exponent 1.00", "Example &lt;9000&gt;", "2.1 ms to sync",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page has no %q", want)
		}
	}
	if plots, tables := strings.Count(text, "<svg "), strings.Count(text, "<table>"); plots != 2 || tables != 2 {
		t.Errorf("%d plots and %d tables of 2 operations:\n%s", plots, tables, text)
	}
	if strings.Contains(text, "<script") {
		t.Error("the page has a script")
	}
}

func TestNumbersAreShort(t *testing.T) {
	for n, want := range map[int]string{999: "999", 10_000: "10k", 1_500: "1.5k", 1_000_000: "1M", 5_000_000: "5M"} {
		if got := result.Count(n); got != want {
			t.Errorf("%d is %q, want %q", n, got, want)
		}
	}
	for n, want := range map[float64]string{0: "–", 0.000_05: "50 µs", 0.001: "1 ms", 0.001_234: "1.23 ms", 0.02: "20 ms", 0.999_9: "1 s", 12.34: "12.3 s", 1200: "1200 s"} {
		if got := result.Duration(n); got != want {
			t.Errorf("%f is %q, want %q", n, got, want)
		}
	}
}
