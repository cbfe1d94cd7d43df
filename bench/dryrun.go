//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
)

// rehearsed is one dry run on one engine, beside the floor of a file of as
// many rows.
type rehearsed struct {
	engine      string
	file        loadFile
	floor, ours took
	peak        int // MB
}

// dryRuns measures time and peak memory of dry runs: of a file of different
// people, and of one in which each comes again half the file later. Each has a
// server of its own, whose peak is that of the one dry run.
func (b *bench) dryRuns(ctx context.Context, sizes []int) ([]*rehearsed, error) {
	var figures []*rehearsed
	for _, rows := range sizes {
		plain := loadFile{path: filepath.Join(b.folder, "plain.csv"), rows: rows}
		twice := loadFile{path: filepath.Join(b.folder, "twice.csv"), rows: rows - rows%2, twice: true}
		for _, f := range []loadFile{plain, twice} {
			if err := writeFile(f.path, f.rows, math.MaxInt64, newPeople(false), f.distinct()); err != nil {
				return nil, err
			}
		}
		for _, engine := range b.engines {
			floor := &figure{engine: engine, file: plain}
			if err := b.floorRound(ctx, []*figure{floor}); err != nil {
				return nil, fmt.Errorf("%d rows on %s: %w", rows, engine, err)
			}
			for _, f := range []loadFile{plain, twice} {
				g := &rehearsed{engine: engine, file: f, floor: floor.floor[0]}
				if err := b.rehearse(ctx, g); err != nil {
					return nil, fmt.Errorf("dry run of %d rows on %s: %w", rows, engine, err)
				}
				b.say("%s, dry run of %d rows, %s: floor %s, regulars %s (cpu %s), peak %d MB", engine, f.rows, f.title(), seconds(g.floor.wall), seconds(g.ours.wall), seconds(g.ours.cpu), g.peak)
				figures = append(figures, g)
			}
		}
		if err := errors.Join(os.Remove(plain.path), os.Remove(twice.path)); err != nil {
			return nil, err
		}
	}
	return figures, nil
}

func (b *bench) rehearse(ctx context.Context, g *rehearsed) error {
	return b.serve(ctx, g.engine, func(v *server) (err error) {
		if err := b.rest(ctx, g.engine); err != nil {
			return err
		}
		v.form = map[string]string{"dryRun": "true"}
		if g.ours, err = b.load(ctx, g.engine, v, g.file); err != nil {
			return err
		}
		g.peak, err = v.peak()
		return err
	})
}

func (b *bench) reportDryRuns(list []*rehearsed) error {
	var rows []string
	for _, g := range list {
		rows = append(rows, strings.Join([]string{
			g.engine, fmt.Sprint(g.file.rows), g.file.title(), seconds(g.floor.wall), seconds(g.ours.wall),
			fmt.Sprintf("%.2f", g.ours.wall.Seconds()/g.floor.wall.Seconds()), seconds(g.ours.cpu), fmt.Sprint(g.peak, " MB"), "200 MiB",
		}, "|"))
	}
	return grid(b.out, "engine|rows|dry run of|floor|regulars|ratio|processor time|peak memory|bound", rows)
}
