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

// dryRunResult is the result of one dry run and the floor of a file with as many
// rows.
type dryRunResult struct {
	engine      string
	file        loadFile
	floor, ours timing
	peak        int // MB
}

// dryRuns measures time and peak memory of dry runs of a file of distinct people,
// and of a file that repeats each person in its second half. Each dry run has its
// own server.
func (b *bench) dryRuns(ctx context.Context, sizes []int) ([]*dryRunResult, error) {
	var results []*dryRunResult
	for _, rows := range sizes {
		plain := loadFile{path: filepath.Join(b.folder, "plain.csv"), rows: rows}
		twice := loadFile{path: filepath.Join(b.folder, "twice.csv"), rows: rows - rows%2, twice: true}
		for _, f := range []loadFile{plain, twice} {
			if err := writeFile(f.path, f.rows, math.MaxInt64, newGenerator(false), f.distinct()); err != nil {
				return nil, err
			}
		}
		for _, engine := range b.engines {
			floor := &loadResult{engine: engine, file: plain}
			if err := b.floorRound(ctx, []*loadResult{floor}); err != nil {
				return nil, fmt.Errorf("%d rows on %s: %w", rows, engine, err)
			}
			for _, f := range []loadFile{plain, twice} {
				g := &dryRunResult{engine: engine, file: f, floor: floor.floor[0]}
				if err := b.measureDryRun(ctx, g); err != nil {
					return nil, fmt.Errorf("dry run of %d rows on %s: %w", rows, engine, err)
				}
				b.logf("%s, dry run of %d rows, %s: floor %s, regulars %s (cpu %s), peak %d MB", engine, f.rows, f.title(), seconds(g.floor.wall), seconds(g.ours.wall), seconds(g.ours.cpu), g.peak)
				results = append(results, g)
			}
		}
		if err := errors.Join(os.Remove(plain.path), os.Remove(twice.path)); err != nil {
			return nil, err
		}
	}
	return results, nil
}

func (b *bench) measureDryRun(ctx context.Context, g *dryRunResult) error {
	return b.serve(ctx, g.engine, func(v *server) (err error) {
		if err := b.settle(ctx, g.engine); err != nil {
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

func (b *bench) reportDryRuns(list []*dryRunResult) error {
	var rows []string
	for _, g := range list {
		rows = append(rows, strings.Join([]string{
			g.engine, fmt.Sprint(g.file.rows), g.file.title(), seconds(g.floor.wall), seconds(g.ours.wall),
			fmt.Sprintf("%.2f", g.ours.wall.Seconds()/g.floor.wall.Seconds()), seconds(g.ours.cpu), fmt.Sprint(g.peak, " MB"), "200 MiB",
		}, "|"))
	}
	return printTable(b.out, "engine|rows|dry run of|floor|regulars|ratio|processor time|peak memory|bound", rows)
}
