//go:build linux

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/regulars/regulars/bench/result"
)

// growthOptions are the flags of the growth section.
type growthOptions struct {
	sizes     []int
	parts     []string
	match     *regexp.Regexp // of the operations against members
	limit     time.Duration  // of the whole section
	folder    string         // for the page and the JSON of this run
	saved     string         // folder of the committed JSON
	save      bool
	check     bool
	community int           // members of the community that files of several sizes are loaded into
	rows      int           // rows of the file that is loaded into communities of several sizes
	runs      int           // of each operation
	sampleFor time.Duration // shortest time of a run: quick operations are repeated
}

// everydayGrowth is the default of -growth.
const everydayGrowth = "10k,100k"

// The sizes above sqliteOnly are measured on SQLite only. Files of onceFrom rows or more
// are loaded once, not once per round.
const (
	sqliteOnly = 1_000_000
	onceFrom   = 1_000_000
)

// growthPoll is the interval of polls of a job, which bounds the precision of its time.
const growthPoll = 5 * time.Millisecond

// growth measures the time of operations against rows and against members.
type growth struct {
	*bench
	opts   growthOptions
	run    result.Run
	ends   time.Time
	took   map[string]partTime // by part and engine, of the last size
	failed []string
}

type partTime struct {
	size int
	took time.Duration
}

// growths measures each part at each size on each engine, and writes the page and the
// JSON even if it is interrupted.
func (b *bench) growths(ctx context.Context) error {
	g := &growth{bench: b, opts: b.growth, ends: b.clock.Now().Add(b.growth.limit), took: map[string]partTime{}}
	b.poll = growthPoll
	defer func() { b.poll = 0 }()
	m, err := b.machine()
	if err != nil {
		return err
	}
	g.run = result.Run{Class: m.Class(), Machine: m, Date: b.clock.Now(), Commit: commit(ctx)}
	bounded, cancel := context.WithDeadline(ctx, g.ends)
	defer cancel()
	for _, size := range slices.Sorted(slices.Values(g.opts.sizes)) {
		for _, part := range g.opts.parts {
			for _, engine := range g.engines {
				if ctx.Err() == nil {
					g.measurePart(bounded, result.Part(part), engine, size)
				}
			}
		}
	}
	return errors.Join(ctx.Err(), g.publish())
}

// measurePart measures one part at one size, if the time suffices. Errors are notes of
// the results.
func (g *growth) measurePart(ctx context.Context, part result.Part, engine string, size int) {
	what, key := fmt.Sprintf("%s %s on %s", result.Count(size), part, engine), string(part)+engine
	if engine == postgres && size > sqliteOnly {
		g.leaveOut("%s: sizes above %s are measured on SQLite only", what, result.Count(sqliteOnly))
		return
	}
	left := g.ends.Sub(g.clock.Now())
	if before := g.took[key]; before.size > 0 {
		if needed := time.Duration(float64(before.took) * float64(size) / float64(before.size)); needed > left {
			g.leaveOut("%s: needs about %s, and %s of -growth-time are left", what, needed.Round(time.Second), left.Round(time.Second))
			return
		}
	}
	g.logf("growth: %s, %s left", what, left.Round(time.Second))
	began := g.clock.Now()
	measure := g.measureMembers
	if part == result.Rows {
		measure = g.measureRows
	}
	if err := measure(ctx, engine, size); err != nil {
		g.fail("%s: %v", what, err)
	}
	g.took[key] = partTime{size, g.clock.Now().Sub(began)}
}

func (g *growth) leaveOut(format string, args ...any) {
	g.run.Notes = append(g.run.Notes, fmt.Sprintf(format, args...))
	g.logf("growth: left out: "+format, args...)
}

func (g *growth) fail(format string, args ...any) {
	g.failed = append(g.failed, fmt.Sprintf(format, args...))
	g.leaveOut(format, args...)
}

// add adds a measurement to the results.
func (g *growth) add(m result.Measurement, floor []float64) {
	m.Commit, m.Date = g.run.Commit, g.clock.Now()
	m.Summarize(floor)
	g.run.Measurements = append(g.run.Measurements, m)
	g.logf("growth: %s, %s %s: %s: %s, floor %s", m.Engine, result.Count(m.Size()), m.Part, m.Operation, result.Duration(m.Median), result.Duration(m.Floor))
}

// publish writes the results and prints the findings. With check, findings are an error.
func (g *growth) publish() error {
	saved := filepath.Join(g.opts.saved, g.run.Class+".json")
	last, err := result.Read(saved)
	if err != nil {
		return err
	}
	if err := g.run.Write(filepath.Join(g.opts.folder, g.run.Class+".json")); err != nil {
		return err
	}
	path := filepath.Join(g.opts.folder, "index.html")
	page, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := errors.Join(g.run.WritePage(page, last), page.Close()); err != nil {
		return err
	}
	fmt.Fprintf(g.out, "Growth: %s\n", path)
	findings := result.Findings(g.run.Compare(last))
	for _, finding := range findings {
		fmt.Fprintf(g.out, "* %s\n", finding)
	}
	fmt.Fprintf(g.out, "%d findings, %d left out\n\n", len(findings), len(g.run.Notes))
	if g.opts.save && len(g.failed) == 0 {
		if err := g.run.With(last).Write(saved); err != nil {
			return err
		}
	}
	if len(g.failed) > 0 {
		return fmt.Errorf("%d measurements failed, the first: %s", len(g.failed), g.failed[0])
	}
	if g.opts.check && len(findings) > 0 {
		return fmt.Errorf("%d findings, the first: %s", len(findings), findings[0])
	}
	return nil
}

// sample returns the mean time of calls of do in seconds. It repeats quick calls for
// sampleFor; prepare, if it is not nil, precedes each call and is not timed.
func (g *growth) sample(ctx context.Context, prepare, do func(context.Context) error) (float64, error) {
	var sum time.Duration
	for n := 1; ; n++ {
		if prepare != nil {
			if err := prepare(ctx); err != nil {
				return 0, fmt.Errorf("prepare: %w", err)
			}
		}
		began := g.clock.Now()
		if err := do(ctx); err != nil {
			return 0, err
		}
		if sum += g.clock.Now().Sub(began); sum >= g.opts.sampleFor {
			return sum.Seconds() / float64(n), nil
		}
	}
}

// Bounds of the disk's measurement.
const (
	syncRounds = 5
	syncWrites = 20
)

// diskSync returns the time to write and sync a page of a file.
func (b *bench) diskSync() (float64, error) {
	file, err := os.Create(filepath.Join(b.folder, "sync"))
	if err != nil {
		return 0, err
	}
	defer file.Close()
	var times []float64
	for range syncRounds {
		began := b.clock.Now()
		for range syncWrites {
			if _, err := file.WriteAt(make([]byte, 4096), 0); err != nil {
				return 0, err
			}
			if err := file.Sync(); err != nil {
				return 0, err
			}
		}
		times = append(times, b.clock.Now().Sub(began).Seconds()/syncWrites)
	}
	slices.Sort(times)
	return times[syncRounds/2], os.Remove(file.Name())
}

// commit is the commit of the working copy, with + if files differ from it.
func commit(ctx context.Context) string {
	git := func(args ...string) string {
		out, _ := exec.CommandContext(ctx, "git", args...).Output() // empty outside of a repository
		return strings.TrimSpace(string(out))
	}
	id := cmp.Or(git("rev-parse", "--short=10", "HEAD"), "unknown")
	if git("status", "--porcelain", "--untracked-files=no") != "" {
		id += "+"
	}
	return id
}

// parseSizes parses a list of sizes such as 10k,1M.
func parseSizes(name, list string) (all []int, err error) {
	for text := range strings.SplitSeq(list, ",") {
		digits, unit := strings.TrimRight(text, "kM"), 1
		switch text[len(digits):] {
		case "k":
			unit = 1_000
		case "M":
			unit = 1_000_000
		case "":
		default:
			return nil, fmt.Errorf("%s: %q is not a size such as 10k or 1M", name, text)
		}
		n, err := strconv.Atoi(digits)
		if err != nil || n < 1 {
			return nil, fmt.Errorf("%s: %q is not a size such as 10k or 1M", name, text)
		}
		all = append(all, n*unit)
	}
	return all, nil
}
