package pgtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5"
)

// Cluster is a PostgreSQL server of its own, reachable by a unix socket only.
// It is durable against the end of its processes, not against a power cut.
type Cluster struct {
	dir       string
	temporary bool
	keeper    *exec.Cmd
	orders    io.WriteCloser
}

// keep starts the server and waits for the name of a signal to end it with.
// The end of its input means that the test process is gone, however it went:
// then the server must not stay, nor a temporary folder.
const keep = `
dir=$1 temporary=$2
shift 2
trap '' HUP INT TERM
"$@" >>"$dir/log" 2>&1 </dev/null &
if read -r signal; then
	kill -"$signal" $!
	wait $!
	exit 0
fi
kill -QUIT $!
wait $!
if [ "$temporary" = true ]; then rm -rf "$dir"; fi
`

// Start runs a cluster whose data is in dir, and makes it there when dir is
// empty. An unprivileged user must be able to reach dir, and its path be
// short (a socket lives there). With dir "" the folder is a temporary one that
// Stop removes.
func Start(dir string) (*Cluster, error) {
	c := &Cluster{dir: dir}
	if dir == "" {
		made, err := os.MkdirTemp("", "pgtest-")
		if err != nil {
			return nil, err
		}
		c.dir, c.temporary = made, true
	}
	err := giveAway(c.dir)
	if _, missing := os.Stat(c.data()); err == nil && missing != nil {
		err = c.create()
	}
	if err == nil {
		err = c.Restart()
	}
	if err != nil {
		return nil, errors.Join(err, c.Stop())
	}
	return c, nil
}

func (c *Cluster) data() string { return filepath.Join(c.dir, "data") }

func (c *Cluster) create() error {
	programs, err := Programs()
	if err != nil {
		return err
	}
	// A collation that sorts for people shows where a query leans on the
	// order of bytes without saying so.
	cmd := exec.Command(filepath.Join(programs, "initdb"), "-D", c.data(), "-U", "postgres", "-A", "trust", "-E", "UTF8", //nolint:noctx // ends by itself
		"--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en", "--no-sync", "--no-instructions")
	cmd.Dir = c.dir
	setAside(cmd)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, bytes.TrimSpace(out))
	}
	return nil
}

// URL is the address of a database of the cluster; postgres exists always.
func (c *Cluster) URL(db string) string {
	return "postgres://postgres@/" + db + "?sslmode=disable&host=" + url.QueryEscape(c.dir)
}

// Restart starts the server again after Kill and returns once it answers. A
// server that was killed recovers first.
func (c *Cluster) Restart() error {
	programs, err := Programs()
	if err != nil {
		return err
	}
	c.keeper = exec.Command("/bin/sh", "-c", keep, "keep", c.dir, fmt.Sprint(c.temporary), //nolint:noctx // lives as long as the process
		filepath.Join(programs, "postgres"), "-D", c.data(), "-k", c.dir, "-c", "listen_addresses=",
		"-c", "fsync=off", "-c", "full_page_writes=off", "-c", "wal_level=minimal", "-c", "max_wal_senders=0",
		"-c", "max_connections=300", "-c", "shared_buffers=64MB", "-c", "jit=off", "-c", "max_wal_size=512MB")
	c.keeper.Dir = c.dir
	setAside(c.keeper)
	if c.orders, err = c.keeper.StdinPipe(); err != nil {
		return err
	}
	if err := c.keeper.Start(); err != nil {
		return err
	}
	return c.await()
}

// await returns when the server answers, or with its log.
func (c *Cluster) await() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		conn, err := pgx.Connect(ctx, c.URL("postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			log, _ := os.ReadFile(filepath.Join(c.dir, "log")) // best effort: the error is the answer
			return fmt.Errorf("the cluster does not answer: %w: %s", err, log)
		}
	}
}

// Kill ends the server like a crash: nothing is written, every connection
// breaks, what was committed is found again by Restart.
func (c *Cluster) Kill() error { return c.end("QUIT") }

// Stop ends the server in order. The Cluster is of no use afterwards if its
// folder was a temporary one.
func (c *Cluster) Stop() error {
	err := c.end("INT")
	if c.temporary {
		err = errors.Join(err, os.RemoveAll(c.dir))
	}
	return err
}

func (c *Cluster) end(signal string) error {
	if c.orders == nil {
		return nil
	}
	_, err := io.WriteString(c.orders, signal+"\n")
	err = errors.Join(err, c.keeper.Wait())
	c.orders = nil
	return err
}
