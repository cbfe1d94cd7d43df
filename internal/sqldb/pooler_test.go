package sqldb_test

import (
	"context"
	"net"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// pooler is a connection pooler like PgBouncer. In session mode a client has a
// connection to the server until it ends, in transaction mode for each transaction.
type pooler struct {
	server  string // address
	session bool

	mu   sync.Mutex
	idle []*pgconn.HijackedConn // the latest used last
}

// startPooler returns the address of a database behind a pooler.
func startPooler(t *testing.T, server string, session bool) string {
	t.Helper()
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	query := u.Query()
	query.Set("host", folder)
	u.RawQuery = query.Encode()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "unix", filepath.Join(folder, ".s.PGSQL.5432"))
	if err != nil {
		t.Fatal(err)
	}
	p := &pooler{server: server, session: session}
	var running sync.WaitGroup
	t.Cleanup(func() {
		_ = listener.Close()
		running.Wait()
		for _, conn := range p.idle {
			_ = conn.Conn.Close()
		}
	})
	running.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			running.Go(func() {
				defer func() { _ = client.Close() }()
				_ = p.serve(context.WithoutCancel(t.Context()), client) // the client disconnected
			})
		}
	})
	return u.String()
}

func (p *pooler) acquire(ctx context.Context) (*pgconn.HijackedConn, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if last := len(p.idle) - 1; last >= 0 {
		conn := p.idle[last]
		p.idle = p.idle[:last]
		return conn, nil
	}
	conn, err := pgconn.Connect(ctx, p.server)
	if err != nil {
		return nil, err
	}
	return conn.Hijack()
}

func (p *pooler) release(conn *pgconn.HijackedConn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.idle = append(p.idle, conn)
}

// serve forwards the messages of a client.
func (p *pooler) serve(ctx context.Context, client net.Conn) error {
	backend := pgproto3.NewBackend(client, client)
	if _, err := backend.ReceiveStartupMessage(); err != nil {
		return err
	}
	backend.Send(&pgproto3.AuthenticationOk{})
	for name, value := range map[string]string{"standard_conforming_strings": "on", "client_encoding": "UTF8", "server_version": "15.0"} {
		backend.Send(&pgproto3.ParameterStatus{Name: name, Value: value})
	}
	backend.Send(&pgproto3.BackendKeyData{ProcessID: 1 << 30, SecretKey: []byte("1234")})
	backend.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
	if err := backend.Flush(); err != nil {
		return err
	}
	var server *pgconn.HijackedConn
	defer func() {
		if server != nil {
			_ = server.Conn.Close()
		}
	}()
	for {
		message, err := backend.Receive()
		if err != nil {
			return err
		}
		if _, ended := message.(*pgproto3.Terminate); ended {
			return nil
		}
		if server == nil {
			if server, err = p.acquire(ctx); err != nil {
				return err
			}
		}
		server.Frontend.Send(message)
		if err := server.Frontend.Flush(); err != nil {
			return err
		}
		switch message.(type) {
		case *pgproto3.Query, *pgproto3.Sync:
		default:
			continue
		}
		status, err := answer(backend, server)
		if err != nil {
			return err
		}
		if status == 'I' && !p.session {
			p.release(server)
			server = nil
		}
	}
}

// answer forwards the messages of the server until it is ready.
func answer(backend *pgproto3.Backend, server *pgconn.HijackedConn) (status byte, err error) {
	for {
		message, err := server.Frontend.Receive()
		if err != nil {
			return 0, err
		}
		backend.Send(message)
		if ready, ok := message.(*pgproto3.ReadyForQuery); ok {
			return ready.TxStatus, backend.Flush()
		}
	}
}

func TestPoolerInTransactionModeIsRefused(t *testing.T) {
	t.Parallel()
	address := postgresOnly(t)
	if address == "" {
		return
	}
	db, err := sqldb.Open(t.Context(), startPooler(t, address, false), sqldb.Options{})
	if err == nil {
		_ = db.Close()
		t.Fatal("opened")
	}
	if !strings.Contains(err.Error(), "connection pooler in transaction mode") || !strings.Contains(err.Error(), "session mode") {
		t.Error(err)
	}
}

func TestPoolerInSessionModeIsUsed(t *testing.T) {
	t.Parallel()
	address := postgresOnly(t)
	if address == "" {
		return
	}
	db := sqldbtest.Open(t, startPooler(t, address, true))
	if err := db.Migrate(t.Context()); err != nil {
		t.Error(err)
	}
}
