// Package postgres opens pools of connections to PostgreSQL that survive failures of
// the network.
package postgres

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

const (
	defaultConns = 20
	// defaultIdleTx is below the default lease of a job: another node can have the
	// rows of a silent one by then.
	defaultIdleTx = 20 * time.Second
)

// Options are the settings of a pool. Zero values are the defaults.
type Options struct {
	MaxConns int           // 0 means 20
	IdleTx   time.Duration // see sqldb.Options; 0 means 20 s
	PlanAge  time.Duration // how long plans are used again in requests; 0 means 2 s
}

// Pool is a pool of connections. While the server does not answer, its statements
// fail within seconds.
type Pool struct {
	*sql.DB
	link    *link
	inLine  chan struct{} // see Enter
	planAge time.Duration // 0: the address decides how plans are chosen
}

// Open opens a pool without a connection. Connections fail if the address leads to a
// connection pooler in transaction mode.
func Open(address string, opts Options) (*Pool, error) {
	config, err := pgx.ParseConfig(address)
	if err != nil {
		return nil, err
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = answerTimeout
	}
	link := newLink(config)
	config.DialFunc = link.dial
	settings := sessionSettings(config.RuntimeParams, opts.IdleTx)
	var checked atomic.Bool // no pooler in transaction mode
	pool := stdlib.OpenDB(*config, stdlib.OptionAfterConnect(func(ctx context.Context, conn *pgx.Conn) error {
		err := func() error {
			if !checked.Load() {
				if err := checkPooler(ctx, conn, link.config); err != nil {
					return err
				}
				checked.Store(true)
			}
			_, err := conn.Exec(ctx, settings)
			return err
		}()
		if err != nil {
			_ = conn.Close(ctx) // the driver does not
		}
		return err
	}))
	conns := opts.MaxConns
	if conns == 0 {
		conns = defaultConns
	}
	pool.SetMaxOpenConns(conns)
	pool.SetMaxIdleConns(conns)
	link.start()
	p := &Pool{pool, link, make(chan struct{}, max(1, conns-conns/reservedPart)), 0}
	if config.RuntimeParams[planCacheMode] == "" {
		p.planAge = cmp.Or(opts.PlanAge, defaultPlanAge)
	}
	return p, nil
}

// reservedPart is the part of the connections that requests leave to background work: one
// of five.
const reservedPart = 5

// Enter waits until a transaction, if it is one of a request, may ask for a connection.
// Otherwise jobs and events would wait behind all requests while there are more than the
// database can answer. The caller calls leave after the transaction.
func (p *Pool) Enter(ctx context.Context, request bool) (leave func(), err error) {
	if !request {
		return func() {}, nil
	}
	select {
	case p.inLine <- struct{}{}:
		return func() { <-p.inLine }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Close closes all connections. Running statements fail.
func (p *Pool) Close() error {
	p.link.close()
	return p.DB.Close()
}

// sessionSettings returns the statements that configure a new connection. A
// parameter in the address of the database has precedence.
func sessionSettings(inAddress map[string]string, idleTx time.Duration) string {
	if idleTx == 0 {
		idleTx = defaultIdleTx
	}
	var text strings.Builder
	for _, s := range []struct{ name, value string }{
		// A generic plan made while a table was empty would scan it entirely after
		// an import.
		{planCacheMode, "force_custom_plan"}, // except in requests, see Begin
		// To start helping processes takes 30 to 50 ms. PostgreSQL starts them for searches that
		// run for less than 1 ms, because it expects a prefix in 2 % of all rows.
		{"max_parallel_workers_per_gather", "0"},
		// The server frees the locks of a node that it can no longer reach.
		{"idle_in_transaction_session_timeout", strconv.FormatInt(idleTx.Milliseconds(), 10)},
		{"tcp_keepalives_idle", "10"},
		{"tcp_keepalives_interval", "5"},
		{"tcp_keepalives_count", "3"},
		{"tcp_user_timeout", "25000"},
	} {
		if inAddress[s.name] == "" {
			fmt.Fprintf(&text, "SET %s = '%s';", s.name, s.value)
		}
	}
	return text.String()
}

// errTransactionPooler is the error of a connection to a pooler that cannot be used.
var errTransactionPooler = errors.New("the address of the database leads to a connection pooler in transaction mode: " +
	"notifications between nodes, the lock of migrations and the settings of a connection need session mode. " +
	"Set the pooler to session mode (PgBouncer: pool_mode = session), or connect to PostgreSQL directly")

// poolerProbes is the number of transactions that are open at the same time to find a
// pooler in transaction mode.
const poolerProbes = 5

// checkPooler fails with errTransactionPooler if another session can use the process
// of PostgreSQL that served conn while conn is open. The process differs from the
// one of the handshake only behind a pooler.
func checkPooler(ctx context.Context, conn *pgx.Conn, config *pgx.ConnConfig) (err error) {
	process, err := serverProcess(ctx, conn)
	if err != nil || process == conn.PgConn().PID() {
		return err
	}
	for range poolerProbes {
		other, err := pgx.ConnectConfig(ctx, config)
		if err != nil {
			return err
		}
		defer func() { _ = other.Close(ctx) }()
		if _, err := other.Exec(ctx, "BEGIN"); err != nil {
			return err
		}
		found, err := serverProcess(ctx, other)
		if err != nil {
			return err
		}
		if found == process {
			return errTransactionPooler
		}
	}
	return nil
}

// serverProcess returns the process of PostgreSQL that answers on a connection. It
// leaves no prepared statement.
func serverProcess(ctx context.Context, conn *pgx.Conn) (uint32, error) {
	results, err := conn.PgConn().Exec(ctx, "SELECT pg_backend_pid()").ReadAll()
	if err != nil {
		return 0, err
	}
	pid, err := strconv.ParseUint(string(results[0].Rows[0][0]), 10, 32)
	return uint32(pid), err
}
