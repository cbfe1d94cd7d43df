package sqldb_test

import (
	"context"
	"net"
	"net/url"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/pgtest"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// network forwards connections to a PostgreSQL server until it is cut. A cut ends no
// connection, and new ones have no answer.
type network struct {
	address string

	mu   sync.Mutex
	open *sync.Cond
	cut  bool
}

// startNetwork returns a network in front of the server of an address.
func startNetwork(t *testing.T, address string) *network {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	const socket = ".s.PGSQL.5432"
	query, folder := u.Query(), t.TempDir()
	server := filepath.Join(query.Get("host"), socket)
	query.Set("host", folder)
	u.RawQuery = query.Encode()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "unix", filepath.Join(folder, socket))
	if err != nil {
		t.Fatal(err)
	}
	n := &network{address: u.String()}
	n.open = sync.NewCond(&n.mu)
	var running sync.WaitGroup
	t.Cleanup(func() {
		_ = listener.Close()
		n.set(false)
		running.Wait()
	})
	running.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			running.Go(func() { n.forward(t, client, server) })
		}
	})
	return n
}

func (n *network) set(cut bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.cut = cut
	n.open.Broadcast()
}

func (n *network) wait() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for n.cut {
		n.open.Wait()
	}
}

func (n *network) forward(t *testing.T, client net.Conn, path string) {
	n.wait()
	server, err := (&net.Dialer{}).DialContext(context.WithoutCancel(t.Context()), "unix", path)
	if err != nil {
		_ = client.Close()
		return
	}
	var both sync.WaitGroup
	both.Go(func() { n.copy(server, client) })
	n.copy(client, server)
	both.Wait()
}

// copy also delays the end of a connection until the network is restored.
func (n *network) copy(to, from net.Conn) {
	buffer := make([]byte, 32<<10)
	for {
		count, err := from.Read(buffer)
		n.wait()
		if count > 0 {
			if _, err := to.Write(buffer[:count]); err != nil {
				break
			}
		}
		if err != nil {
			break
		}
	}
	_ = to.Close()
	_ = from.Close()
}

// postgresOnly returns the address of a database, "" without PostgreSQL.
func postgresOnly(t *testing.T) string {
	t.Helper()
	for _, engine := range sqldbtest.Engines(t) {
		if engine == sqldb.Postgres {
			return pgtest.URL(t)
		}
	}
	return ""
}

// TestStatementsFailSoonWhenTheNetworkIsCut cuts the network during a statement, on
// an idle connection and before a new one.
func TestStatementsFailSoonWhenTheNetworkIsCut(t *testing.T) {
	t.Parallel()
	address := postgresOnly(t)
	if address == "" {
		return
	}
	n := startNetwork(t, address)
	db := sqldbtest.Open(t, n.address)
	signals := listen(t, db, "jobs")
	begun := make(chan struct{})
	failed := make(chan error, 3)
	go func() {
		failed <- db.Tx(t.Context(), func(tx *sqldb.Tx) error {
			if _, err := tx.Exec(t.Context(), "SELECT 1"); err != nil {
				return err
			}
			close(begun)
			_, err := tx.Exec(t.Context(), "SELECT pg_sleep(120)")
			return err
		})
	}()
	<-begun
	n.set(true)
	for range 2 {
		go func() {
			_, err := db.Exec(t.Context(), "SELECT 1")
			failed <- err
		}()
	}
	late := time.After(40 * time.Second)
	for range 3 {
		select {
		case err := <-failed:
			if !sqldb.IsUnavailable(err) {
				t.Errorf("failed with %v", err)
			}
		case <-late:
			t.Fatal("a statement waits for the network")
		}
	}
	if _, err := db.Exec(t.Context(), "SELECT 1"); !sqldb.IsUnavailable(err) {
		t.Errorf("during the cut: %v", err)
	}
	n.set(false)
	for _, err := db.Exec(t.Context(), "SELECT 1"); err != nil; _, err = db.Exec(t.Context(), "SELECT 1") {
		if !sqldb.IsUnavailable(err) {
			t.Fatal(err)
		}
	}
	other := sqldbtest.Open(t, address)
	awaitSignal(t, other, signals)
}

// awaitSignal sends signals until one arrives.
func awaitSignal(t *testing.T, from *sqldb.DB, signals <-chan string) {
	t.Helper()
	tick, late := time.NewTicker(50*time.Millisecond), time.After(20*time.Second)
	defer tick.Stop()
	for {
		signal(t, from, "jobs", "again", nil)
		select {
		case got := <-signals:
			if got == "again" {
				return
			}
		case <-tick.C:
		case <-late:
			t.Fatal("no signal arrives after the cut")
		}
	}
}

// TestLongStatementsAreNotCut runs a statement for longer than a probe waits for an
// answer.
func TestLongStatementsAreNotCut(t *testing.T) {
	t.Parallel()
	if address := postgresOnly(t); address != "" {
		if _, err := sqldbtest.Open(t, address).Exec(t.Context(), "SELECT pg_sleep(9)"); err != nil {
			t.Error(err)
		}
	}
}

// TestServerFreesTheLocksOfASilentProcess locks a row and then sends nothing.
func TestServerFreesTheLocksOfASilentProcess(t *testing.T) {
	t.Parallel()
	address := postgresOnly(t)
	if address == "" {
		return
	}
	silent, err := sqldb.Open(t.Context(), address, sqldb.Options{IdleTx: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	other := sqldbtest.Open(t, address)
	err = silent.Tx(t.Context(), func(tx *sqldb.Tx) error {
		if err := tx.LockExclusive(t.Context(), "row"); err != nil {
			return err
		}
		if err := other.Tx(t.Context(), func(tx *sqldb.Tx) error { return tx.LockExclusive(t.Context(), "row") }); err != nil {
			return err
		}
		_, err := tx.Exec(t.Context(), "SELECT 1")
		return err
	})
	if !sqldb.IsUnavailable(err) {
		t.Errorf("the transaction of the silent process: %v", err)
	}
	if err := silent.Close(); err != nil {
		t.Error(err)
	}
}
