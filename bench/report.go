//go:build linux

package main

import (
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/regulars/regulars/bench/result"
)

func seconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }

// quantile returns the quantile of values at part.
func quantile(values []time.Duration, part float64) time.Duration {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[min(len(sorted)-1, int(math.Ceil(part*float64(len(sorted))))-1)]
}

func median(values []time.Duration) time.Duration { return quantile(values, 0.5) }

// printTable prints an aligned Markdown table. Cells are separated by |.
func printTable(w io.Writer, header string, rows []string) error {
	out := tabwriter.NewWriter(w, 0, 0, 1, ' ', 0)
	line := strings.Repeat("|\t---\t", strings.Count(header, "|")+1)
	for i, row := range append([]string{header, ""}, rows...) {
		text := "| " + strings.ReplaceAll(row, "|", "\t| ") + "\t|"
		if i == 1 {
			text = strings.ReplaceAll(line, "|\t", "| ") + "|"
		}
		fmt.Fprintln(out, text)
	}
	fmt.Fprintln(out)
	return out.Flush()
}

func (b *bench) reportLoads(results []*loadResult) error {
	var rows []string
	for _, f := range results {
		floor, ours := median(walls(f.floor)), median(walls(f.ours))
		rows = append(rows, fmt.Sprintf("%s|%d|%s|%s|%s|%.2f|%s|%.2f|%.0f|%d MB", f.engine, f.file.rows, f.file.title(), seconds(floor), seconds(ours), ours.Seconds()/floor.Seconds(),
			bounds(f.file.rows), median(cpus(f.ours)).Seconds()/median(cpus(f.floor)).Seconds(), float64(f.file.rows)/ours.Seconds(), slices.Max(f.peak)))
	}
	return printTable(b.out, "engine|rows|file|floor|regulars|ratio|bound (aim)|ratio of processor time|rows/s|peak memory", rows)
}

// bounds returns the bound of the ratio and, in parentheses, the aim.
func bounds(rows int) string {
	if rows >= 1_000_000 {
		return "1.0 (0.7)"
	}
	return "1.5 (1.2)"
}

func (b *bench) reportLarge(results []*loadResult) error {
	var rows []string
	for _, f := range results {
		took := f.ours[0].wall
		rows = append(rows, fmt.Sprintf("%s|%d|%s|%.0f|%d MB", f.engine, f.file.rows, seconds(took), float64(f.file.rows)/took.Seconds(), f.peak[0]))
	}
	return printTable(b.out, "engine|rows|regulars|rows/s|peak memory", rows)
}

func (b *bench) reportCalls(list []*whileLoading) error {
	var rows, totals []string
	for _, w := range list {
		for _, c := range w.calls {
			rows = append(rows, fmt.Sprintf("%s|%s|%d|%s|%s|%s|%d", c.engine, c.what, len(c.durations), median(c.durations), quantile(c.durations, 0.99), quantile(c.durations, 1), c.refused))
		}
		totals = append(totals, fmt.Sprintf("%s|%s|%s|%.2f", w.engine, seconds(w.alone), seconds(w.beside), w.beside.Seconds()/w.alone.Seconds()))
	}
	if err := printTable(b.out, "engine|request while a file loads|calls|median|p99|longest|refused", rows); err != nil {
		return err
	}
	return printTable(b.out, "engine|import alone|with reads and writes|times", totals)
}

func (b *bench) reportAccepts(list []*acceptance) error {
	var rows []string
	for _, a := range list {
		rows = append(rows, fmt.Sprintf("%s|%d MB|%s|%s|%s", a.engine, a.bytes/1e6, seconds(median(a.sending)), median(a.answer), quantile(a.answer, 1)))
	}
	return printTable(b.out, "engine|file|sending it|answer after the last byte|longest", rows)
}

func (b *bench) reportThroughputs(list []*throughput) error {
	var rows []string
	for _, r := range list {
		rows = append(rows, fmt.Sprintf("%s|%d|%s|%.0f|%s|%s|%.0f|%.2f|%.0f", r.engine, r.members, r.what, r.ours.perSecond(), median(r.ours.durations), quantile(r.ours.durations, 0.99),
			r.health.perSecond(), r.ours.perSecond()/r.health.perSecond(), r.alone.perSecond()))
	}
	return printTable(b.out, "engine|members|request|a second|median|p99|/healthz a second|part of it|the database alone", rows)
}

// machine describes the machine.
func (b *bench) machine() (m result.Machine, err error) {
	m = result.Machine{Processor: "unknown processor", Cores: runtime.NumCPU(), System: runtime.GOOS + "/" + runtime.GOARCH, Go: runtime.Version()}
	info, _ := os.ReadFile("/proc/cpuinfo") // best effort
	for line := range strings.Lines(string(info)) {
		if name, value, found := strings.Cut(line, ":"); found && strings.TrimSpace(name) == "model name" {
			m.Processor = strings.TrimSpace(value)
			break
		}
	}
	info, _ = os.ReadFile("/proc/meminfo") // best effort
	if fields := strings.Fields(string(info)); len(fields) > 1 {
		kib, _ := strconv.Atoi(fields[1])
		m.MemoryGiB = (kib + 1<<19) >> 20
	}
	m.DiskSync, err = b.diskSync()
	return m, err
}

// heading describes the machine and the run.
func (b *bench) heading(m result.Machine) string {
	return fmt.Sprintf("%s, %d x %s, %d GiB, %s, median of %d", b.clock.Now().Format("2006-01-02 15:04 UTC"), m.Cores, m.Processor, m.MemoryGiB, m.Go, b.rounds)
}
