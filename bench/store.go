//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/regulars/regulars/internal/sqldb/pgtest"
)

const (
	sqlite   = "sqlite"
	postgres = "postgres"
)

// store is the storage of one server or of one bare load.
type store struct {
	engine string
	folder string
	path   string // the database file of a bare load on SQLite
	url    string // the database on PostgreSQL
}

// newStore creates an empty store. The caller drops it.
func (b *bench) newStore(ctx context.Context, engine string) (store, error) {
	b.stores++
	folder, err := os.MkdirTemp(b.folder, "store-")
	s := store{engine: engine, folder: folder, path: filepath.Join(folder, "floor.db")}
	if err != nil || engine == sqlite {
		return s, err
	}
	name := fmt.Sprintf("bench_%d", b.stores)
	s.url = b.cluster.url(name)
	_, _, err = b.cluster.admin().shell(ctx, "CREATE DATABASE "+name+";")
	return s, err
}

func (b *bench) drop(ctx context.Context, s store) error {
	err := os.RemoveAll(s.folder)
	if s.engine == postgres {
		name := strings.TrimPrefix(strings.SplitN(s.url, "?", 2)[0], "postgres://postgres@/")
		_, _, dropped := b.cluster.admin().shell(context.WithoutCancel(ctx), "DROP DATABASE "+name+" WITH (FORCE);")
		err = errors.Join(err, dropped)
	}
	return err
}

// settle flushes pending writes, so that a run does not pay for the previous one.
func (b *bench) settle(ctx context.Context, engine string) error {
	syscall.Sync()
	if engine != postgres {
		return nil
	}
	_, _, err := b.cluster.admin().shell(ctx, "CHECKPOINT;")
	return err
}

// cluster is a temporary PostgreSQL server with default settings and those in addition,
// reachable by a Unix socket only.
type cluster struct {
	folder  string
	process *exec.Cmd
	stdin   io.Closer
}

// stopWithInput stops the server when its standard input closes, also if this process is
// killed.
const stopWithInput = `"$@" >>log 2>&1 </dev/null & read -r _; kill -INT $!; wait $!`

func startCluster(ctx context.Context, settings ...string) (_ *cluster, err error) {
	programs, err := pgtest.Programs()
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "regulars-bench-pg-")
	if err != nil {
		return nil, err
	}
	c := &cluster{folder: folder}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.stop())
		}
	}()
	if os.Geteuid() == 0 {
		if err := os.Chown(folder, nobodyID, nobodyID); err != nil {
			return nil, err
		}
	}
	create := c.command(exec.CommandContext(ctx, filepath.Join(programs, "initdb"), "-D", "data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"))
	if out, err := create.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w: %s", err, out)
	}
	args := append([]string{"-c", stopWithInput, "stopWithInput", filepath.Join(programs, "postgres"), "-D", "data", "-k", folder, "-c", "listen_addresses="}, settings...)
	c.process = c.command(exec.Command("/bin/sh", args...)) //nolint:noctx // stops with its input
	if c.stdin, err = c.process.StdinPipe(); err != nil {
		return nil, err
	}
	if err := c.process.Start(); err != nil {
		return nil, err
	}
	if err := c.waitReady(ctx); err != nil {
		return nil, err
	}
	return c, c.fillLog(ctx)
}

// fillLog creates the segments of the write-ahead log that a server in use has and writes
// again: to create one stops all commits for about 60 ms.
func (c *cluster) fillLog(ctx context.Context) error {
	const segments = 40 // of 16 MB
	fill := strings.Repeat("SELECT pg_logical_emit_message(false, 'fill', ''), pg_switch_wal();\n", segments)
	_, _, err := c.admin().shell(ctx, fill+"CHECKPOINT;")
	return err
}

// nobodyID is the user id of the server if the benchmark runs as root, which
// PostgreSQL refuses.
const nobodyID = 65534

// command prepares cmd to run in the cluster's folder, isolated from Ctrl-C.
func (c *cluster) command(cmd *exec.Cmd) *exec.Cmd {
	cmd.Dir, cmd.SysProcAttr = c.folder, &syscall.SysProcAttr{Setpgid: true}
	if os.Geteuid() == 0 {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: nobodyID, Gid: nobodyID}
	}
	return cmd
}

func (c *cluster) waitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		_, _, err := c.admin().shell(ctx, "SELECT 1;")
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("PostgreSQL does not answer: %w", err)
		}
	}
}

func (c *cluster) url(database string) string {
	return "postgres://postgres@/" + database + "?sslmode=disable&host=" + url.QueryEscape(c.folder)
}

func (c *cluster) admin() store { return store{engine: postgres, url: c.url("postgres")} }

func (c *cluster) stop() error {
	var err error
	if c.stdin != nil {
		err = errors.Join(c.stdin.Close(), c.process.Wait())
	}
	return errors.Join(err, os.RemoveAll(c.folder))
}
