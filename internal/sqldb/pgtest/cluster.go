package pgtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5"
)

// Cluster is a PostgreSQL server that listens only on a Unix socket, or also on
// 127.0.0.1. Its data survives a crash of its processes, but not a power failure.
type Cluster struct {
	dir        string
	temporary  bool
	port       int // of 127.0.0.1; 0: none
	supervisor *exec.Cmd
	signals    io.WriteCloser // names of signals for the supervisor to send
}

// supervisorScript starts the server and reads the name of the signal to stop
// it with. End of file means that the test process has ended in any way: the
// script stops the server and removes a temporary directory.
const supervisorScript = `
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

// Start runs the cluster in dir, and creates it first if dir is empty. dir
// must be accessible to an unprivileged user and its path short, because it
// contains a socket. If dir is "", the cluster uses a temporary directory, in
// memory if there is room, that Stop removes.
func Start(dir string) (*Cluster, error) { return start(&Cluster{dir: dir}) }

// StartTCP is Start for a temporary cluster that also listens on 127.0.0.1, for
// tests with a network that fails.
func StartTCP() (*Cluster, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // ends at once
	if err != nil {
		return nil, err
	}
	port := listener.Addr().(*net.TCPAddr).Port //nolint:forcetypeassert // of a TCP listener
	if err := listener.Close(); err != nil {
		return nil, err
	}
	return start(&Cluster{port: port})
}

func start(c *Cluster) (*Cluster, error) {
	if c.dir == "" {
		temp, err := os.MkdirTemp(tempDir(), "pgtest-")
		if err != nil {
			return nil, err
		}
		c.dir, c.temporary = temp, true
	}
	err := chownToServer(c.dir)
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
	// A linguistic collation exposes queries that rely on bytewise order by
	// mistake.
	cmd := exec.Command(filepath.Join(programs, "initdb"), "-D", c.data(), "-U", "postgres", "-A", "trust", "-E", "UTF8", //nolint:noctx // ends by itself
		"--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en", "--no-sync", "--no-instructions")
	cmd.Dir = c.dir
	setServerUser(cmd)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, bytes.TrimSpace(out))
	}
	return nil
}

// URL returns the address of a database of the cluster. The database "postgres"
// always exists.
func (c *Cluster) URL(db string) string {
	address := "postgres://postgres@/" + db + "?sslmode=disable&host=" + url.QueryEscape(c.dir)
	if c.port != 0 {
		address += fmt.Sprintf("&port=%d", c.port)
	}
	return address
}

// TCPAddress returns the host and port of a cluster of StartTCP.
func (c *Cluster) TCPAddress() string { return fmt.Sprintf("127.0.0.1:%d", c.port) }

// Restart starts the server after Kill and returns once it has recovered and
// answers.
func (c *Cluster) Restart() error {
	programs, err := Programs()
	if err != nil {
		return err
	}
	listen := []string{"-c", "listen_addresses="}
	if c.port != 0 {
		listen = []string{"-c", "listen_addresses=127.0.0.1", "-c", fmt.Sprintf("port=%d", c.port)}
	}
	arguments := append([]string{
		"-c", supervisorScript, "supervisor", c.dir, fmt.Sprint(c.temporary), filepath.Join(programs, "postgres"), "-D", c.data(), "-k", c.dir,
		"-c", "fsync=off", "-c", "full_page_writes=off", "-c", "wal_level=minimal", "-c", "max_wal_senders=0",
		"-c", "max_connections=300", "-c", "shared_buffers=64MB", "-c", "jit=off", "-c", "max_wal_size=512MB",
	}, listen...)
	c.supervisor = exec.Command("/bin/sh", arguments...) //nolint:noctx // lives as long as the process
	c.supervisor.Dir = c.dir
	setServerUser(c.supervisor)
	if c.signals, err = c.supervisor.StdinPipe(); err != nil {
		return err
	}
	if err := c.supervisor.Start(); err != nil {
		return err
	}
	return c.waitUntilReady()
}

// waitUntilReady returns once the server answers. Its error contains the log.
func (c *Cluster) waitUntilReady() error {
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
			log, _ := os.ReadFile(filepath.Join(c.dir, "log")) // best effort
			return fmt.Errorf("the PostgreSQL server does not answer: %w: %s", err, log)
		}
	}
}

// Kill stops the server as a crash would: it breaks every connection without a
// checkpoint. Restart recovers the committed transactions.
func (c *Cluster) Kill() error { return c.stopWith("QUIT") }

// Stop shuts the server down and removes a temporary directory.
func (c *Cluster) Stop() error {
	err := c.stopWith("INT")
	if c.temporary {
		err = errors.Join(err, os.RemoveAll(c.dir))
	}
	return err
}

func (c *Cluster) stopWith(signal string) error {
	if c.signals == nil {
		return nil
	}
	_, err := io.WriteString(c.signals, signal+"\n")
	err = errors.Join(err, c.supervisor.Wait())
	c.signals = nil
	return err
}
