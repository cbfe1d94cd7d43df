//go:build linux

package main

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

//go:embed floor_sqlite.sql
var floorSQLite string

//go:embed floor_postgres.sql
var floorPostgres string

// floor loads a file with the database's own shell and returns the shell's time.
func (b *bench) floor(ctx context.Context, s store, f loadFile) (t timing, err error) {
	script := floorSQLite
	if s.engine == postgres {
		script = floorPostgres
	}
	before, err := b.cpuTime(s.engine, nil)
	if err != nil {
		return t, err
	}
	began := b.clock.Now()
	cmd, _, err := s.shell(ctx, strings.ReplaceAll(script, "{{file}}", f.path))
	if err != nil {
		return t, err
	}
	t.wall = b.clock.Now().Sub(began)
	after, err := b.cpuTime(s.engine, nil)
	if err != nil {
		return t, err
	}
	t.cpu = after - before + cmd.UserTime() + cmd.SystemTime()
	_, out, err := s.shell(ctx, "SELECT count(*) FROM members;")
	if err != nil {
		return t, err
	}
	if loaded, err := strconv.Atoi(out); err != nil || loaded != f.rows+f.onto {
		return t, fmt.Errorf("the shell loaded %q of %d rows", out, f.rows+f.onto)
	}
	return t, nil
}

// shell runs a script in the shell of the store's engine and returns its output.
func (s store) shell(ctx context.Context, script string) (*os.ProcessState, string, error) {
	cmd := exec.CommandContext(ctx, "sqlite3", "-batch", "-bail", s.path)
	if s.engine == postgres {
		cmd = exec.CommandContext(ctx, "psql", "-qXAt", "-v", "ON_ERROR_STOP=1", s.url)
	}
	var complaints bytes.Buffer
	cmd.Stdin, cmd.Stderr = strings.NewReader(script), &complaints
	out, err := cmd.Output()
	if err != nil {
		return nil, "", fmt.Errorf("%s: %w: %s", cmd.Args[0], err, complaints.Bytes())
	}
	return cmd.ProcessState, strings.TrimSpace(string(out)), nil
}
