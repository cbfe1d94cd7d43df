//go:build linux

package main

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

//go:embed floor_sqlite.sql
var floorSQLite string

//go:embed floor_postgres.sql
var floorPostgres string

// floor loads a file with the database's own shell and returns how long the
// shell ran.
func (b *bench) floor(ctx context.Context, s store, file string, rows int) (time.Duration, error) {
	script := floorSQLite
	if s.engine == postgres {
		script = floorPostgres
	}
	began := b.clock.Now()
	if _, err := s.shell(ctx, strings.ReplaceAll(script, "{{file}}", file)); err != nil {
		return 0, err
	}
	took := b.clock.Now().Sub(began)
	out, err := s.shell(ctx, "SELECT count(*) FROM members;")
	if err != nil {
		return 0, err
	}
	if loaded, err := strconv.Atoi(out); err != nil || loaded != rows {
		return 0, fmt.Errorf("the shell loaded %q of %d rows", out, rows)
	}
	return took, nil
}

// shell gives a script to the shell of the store's engine and returns what it
// printed.
func (s store) shell(ctx context.Context, script string) (string, error) {
	cmd := exec.CommandContext(ctx, "sqlite3", "-batch", "-bail", s.path)
	if s.engine == postgres {
		cmd = exec.CommandContext(ctx, "psql", "-qXAt", "-v", "ON_ERROR_STOP=1", s.url)
	}
	var complaints bytes.Buffer
	cmd.Stdin, cmd.Stderr = strings.NewReader(script), &complaints
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w: %s", cmd.Args[0], err, complaints.Bytes())
	}
	return strings.TrimSpace(string(out)), nil
}
