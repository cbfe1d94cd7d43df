package sqldb

import (
	"context"
	"fmt"
	"strconv"
	"strings"
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

// openPostgres opens a pool without a connection.
func openPostgres(address string, opts Options) (*DB, error) {
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
	pool := stdlib.OpenDB(*config, stdlib.OptionAfterConnect(func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, settings)
		return err
	}))
	conns := opts.MaxConns
	if conns == 0 {
		conns = defaultConns
	}
	pool.SetMaxOpenConns(conns)
	pool.SetMaxIdleConns(conns)
	db := &DB{read: pool, write: pool, link: link, dialect: Postgres, notifier: newNotifier(), versions: newTableVersions()}
	db.notifier.startListening = db.startListening
	link.start()
	return db, nil
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
		{"plan_cache_mode", "force_custom_plan"},
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
