//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// loadFile is a file of members on disk.
type loadFile struct {
	path    string
	rows    int
	changed bool
	twice   bool // repeats each person in its second half
	onto    int  // members of a floor's database before
}

func (f loadFile) title() string {
	switch {
	case f.changed:
		return "changed on top"
	case f.twice:
		return "everyone twice"
	}
	return "fresh"
}

// distinct is the number of people in the file.
func (f loadFile) distinct() int {
	if f.twice {
		return f.rows / 2
	}
	return f.rows
}

// pair returns the fresh and the changed file, creating them if necessary.
func (b *bench) pair(rows int) ([]loadFile, error) {
	var list []loadFile
	for _, changed := range []bool{false, true} {
		f := loadFile{path: filepath.Join(b.folder, fmt.Sprintf("%d-%t.csv", rows, changed)), rows: rows, changed: changed}
		if _, err := os.Stat(f.path); err != nil {
			if err := writeFile(f.path, rows, math.MaxInt64, newGenerator(changed), rows); err != nil {
				return nil, err
			}
		}
		list = append(list, f)
	}
	return list, nil
}

// timing is the wall time and processor time of a run.
type timing struct{ wall, cpu time.Duration }

// loadResult has the results of one file on one engine, one per round.
type loadResult struct {
	engine      string
	file        loadFile
	floor, ours []timing
	peak        []int // MB
}

func walls(list []timing) (d []time.Duration) {
	for _, t := range list {
		d = append(d, t.wall)
	}
	return d
}

func cpus(list []timing) (d []time.Duration) {
	for _, t := range list {
		d = append(d, t.cpu)
	}
	return d
}

// loads measures each file on each engine, alternating floor and server.
func (b *bench) loads(ctx context.Context) ([]*loadResult, error) {
	var results []*loadResult
	for _, rows := range b.rows {
		files, err := b.pair(rows)
		if err != nil {
			return nil, err
		}
		byEngine := map[string][]*loadResult{}
		for _, engine := range b.engines {
			for _, f := range files {
				byEngine[engine] = append(byEngine[engine], &loadResult{engine: engine, file: f})
			}
			results = append(results, byEngine[engine]...)
		}
		for round := range b.rounds {
			for _, engine := range b.engines {
				if err := b.round(ctx, round, byEngine[engine]); err != nil {
					return nil, fmt.Errorf("%d rows on %s: %w", rows, engine, err)
				}
			}
		}
	}
	return results, nil
}

// round runs one round. The order alternates between rounds.
func (b *bench) round(ctx context.Context, round int, results []*loadResult) error {
	steps := []func(context.Context, []*loadResult) error{b.floorRound, b.ourRound}
	if round%2 == 1 {
		slices.Reverse(steps)
	}
	for _, step := range steps {
		if err := step(ctx, results); err != nil {
			return err
		}
	}
	for _, f := range results {
		floor, ours := f.floor[round], f.ours[round]
		b.logf("round %d, %s, %d rows, %s: floor %s (cpu %s), regulars %s (cpu %s), ratio %.2f, peak %d MB", round+1, f.engine, f.file.rows, f.file.title(),
			seconds(floor.wall), seconds(floor.cpu), seconds(ours.wall), seconds(ours.cpu), ours.wall.Seconds()/floor.wall.Seconds(), f.peak[round])
	}
	return nil
}

func (b *bench) floorRound(ctx context.Context, results []*loadResult) (err error) {
	s, err := b.newStore(ctx, results[0].engine)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.drop(ctx, s)) }()
	for _, f := range results {
		if err := b.settle(ctx, s.engine); err != nil {
			return err
		}
		t, err := b.floor(ctx, s, f.file)
		if err != nil {
			return err
		}
		f.floor = append(f.floor, t)
	}
	return nil
}

func (b *bench) ourRound(ctx context.Context, results []*loadResult) error {
	return b.serve(ctx, results[0].engine, func(v *server) error {
		for _, f := range results {
			if err := b.settle(ctx, f.engine); err != nil {
				return err
			}
			t, err := b.load(ctx, f.engine, v, f.file)
			if err != nil {
				return err
			}
			peak, err := v.peak()
			if err != nil {
				return err
			}
			f.ours, f.peak = append(f.ours, t), append(f.peak, peak)
		}
		return nil
	})
}

// serve runs f with a server on a new store.
func (b *bench) serve(ctx context.Context, engine string, f func(*server) error) (err error) {
	s, err := b.newStore(ctx, engine)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.drop(ctx, s)) }()
	v, err := b.start(ctx, s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, v.stop()) }()
	return f(v)
}

// large measures the memory of loading one large file on each engine.
func (b *bench) large(ctx context.Context, rows int) ([]*loadResult, error) {
	f := loadFile{path: filepath.Join(b.folder, "large.csv"), rows: rows}
	if err := writeFile(f.path, rows, math.MaxInt64, newGenerator(false), rows); err != nil {
		return nil, err
	}
	var results []*loadResult
	for _, engine := range b.engines {
		g := &loadResult{engine: engine, file: f}
		if err := b.ourRound(ctx, []*loadResult{g}); err != nil {
			return nil, fmt.Errorf("%d rows on %s: %w", rows, engine, err)
		}
		b.logf("%s, %d rows: regulars %s, peak %d MB", engine, rows, seconds(g.ours[0].wall), g.peak[0])
		results = append(results, g)
	}
	return results, os.Remove(f.path)
}
