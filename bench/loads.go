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
	twice   bool // each person comes again half the file later
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

// pair are the two files of so many rows, in the order they are loaded.
func (b *bench) pair(rows int) ([]loadFile, error) {
	var list []loadFile
	for _, changed := range []bool{false, true} {
		f := loadFile{path: filepath.Join(b.folder, fmt.Sprintf("%d-%t.csv", rows, changed)), rows: rows, changed: changed}
		if _, err := os.Stat(f.path); err != nil {
			if err := writeFile(f.path, rows, math.MaxInt64, newPeople(changed), rows); err != nil {
				return nil, err
			}
		}
		list = append(list, f)
	}
	return list, nil
}

// took is how long something took on the wall, and how much processor time.
type took struct{ wall, cpu time.Duration }

// figure is what was measured of one file on one engine, a value a round.
type figure struct {
	engine      string
	file        loadFile
	floor, ours []took
	peak        []int // MB
}

func walls(list []took) (d []time.Duration) {
	for _, t := range list {
		d = append(d, t.wall)
	}
	return d
}

func cpus(list []took) (d []time.Duration) {
	for _, t := range list {
		d = append(d, t.cpu)
	}
	return d
}

// loads times each file on each engine, the bare load and ours in turns.
func (b *bench) loads(ctx context.Context) ([]*figure, error) {
	var figures []*figure
	for _, rows := range b.rows {
		files, err := b.pair(rows)
		if err != nil {
			return nil, err
		}
		byEngine := map[string][]*figure{}
		for _, engine := range b.engines {
			for _, f := range files {
				byEngine[engine] = append(byEngine[engine], &figure{engine: engine, file: f})
			}
			figures = append(figures, byEngine[engine]...)
		}
		for round := range b.rounds {
			for _, engine := range b.engines {
				if err := b.round(ctx, round, byEngine[engine]); err != nil {
					return nil, fmt.Errorf("%d rows on %s: %w", rows, engine, err)
				}
			}
		}
	}
	return figures, nil
}

// round measures once more. Who goes first changes with the round.
func (b *bench) round(ctx context.Context, round int, figures []*figure) error {
	steps := []func(context.Context, []*figure) error{b.floorRound, b.ourRound}
	if round%2 == 1 {
		slices.Reverse(steps)
	}
	for _, step := range steps {
		if err := step(ctx, figures); err != nil {
			return err
		}
	}
	for _, f := range figures {
		floor, ours := f.floor[round], f.ours[round]
		b.say("round %d, %s, %d rows, %s: floor %s (cpu %s), regulars %s (cpu %s), ratio %.2f, peak %d MB", round+1, f.engine, f.file.rows, f.file.title(),
			seconds(floor.wall), seconds(floor.cpu), seconds(ours.wall), seconds(ours.cpu), ours.wall.Seconds()/floor.wall.Seconds(), f.peak[round])
	}
	return nil
}

func (b *bench) floorRound(ctx context.Context, figures []*figure) (err error) {
	s, err := b.newStore(ctx, figures[0].engine)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.drop(ctx, s)) }()
	for _, f := range figures {
		if err := b.rest(ctx, s.engine); err != nil {
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

func (b *bench) ourRound(ctx context.Context, figures []*figure) error {
	return b.serve(ctx, figures[0].engine, func(v *server) error {
		for _, f := range figures {
			if err := b.rest(ctx, f.engine); err != nil {
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

// serve runs f beside a server on a fresh store.
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

// large loads one big file on each engine, for its memory.
func (b *bench) large(ctx context.Context, rows int) ([]*figure, error) {
	f := loadFile{path: filepath.Join(b.folder, "large.csv"), rows: rows}
	if err := writeFile(f.path, rows, math.MaxInt64, newPeople(false), rows); err != nil {
		return nil, err
	}
	var figures []*figure
	for _, engine := range b.engines {
		g := &figure{engine: engine, file: f}
		if err := b.ourRound(ctx, []*figure{g}); err != nil {
			return nil, fmt.Errorf("%d rows on %s: %w", rows, engine, err)
		}
		b.say("%s, %d rows: regulars %s, peak %d MB", engine, rows, seconds(g.ours[0].wall), g.peak[0])
		figures = append(figures, g)
	}
	return figures, os.Remove(f.path)
}
