// Package pgtest runs throw-away PostgreSQL servers for tests. It needs the
// server programs on the machine, no service and no rights: when root runs the
// tests the server runs as nobody.
package pgtest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/regulars/regulars/internal/sqldb"
)

// shared is the cluster of this test process, started by the first test that
// asks. It ends with the process, see keep.
type shared struct {
	cluster *Cluster
	made    atomic.Int64
}

var start = sync.OnceValues(func() (*shared, error) {
	cluster, err := Start("")
	if err != nil {
		return nil, err
	}
	s := &shared{cluster: cluster}
	return s, s.makeTemplate(context.Background())
})

// admin runs one statement on a connection of its own: a pool would leave
// goroutines that a leak check of the caller finds.
func (s *shared) admin(ctx context.Context, statement string) error {
	conn, err := pgx.Connect(ctx, s.cluster.URL("postgres"))
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, statement)
	return errors.Join(err, conn.Close(ctx))
}

func (s *shared) makeTemplate(ctx context.Context) error {
	if err := s.admin(ctx, "CREATE DATABASE migrated"); err != nil {
		return err
	}
	db, err := sqldb.Open(ctx, s.cluster.URL("migrated"), sqldb.Options{})
	if err != nil {
		return err
	}
	return errors.Join(db.Migrate(ctx), db.Close())
}

// URL returns the address of a fresh, migrated database that is dropped when
// the test ends. The cluster is shared by the tests of a process. The test
// fails when there is no PostgreSQL on the machine; ask Programs first.
func URL(t testing.TB) string { return address(t, "migrated") }

// EmptyURL is URL for a database without a schema.
func EmptyURL(t testing.TB) string { return address(t, "template0") }

func address(t testing.TB, template string) string {
	t.Helper()
	s, err := start()
	if err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("test_%d", s.made.Add(1))
	if err := s.admin(t.Context(), "CREATE DATABASE "+name+" TEMPLATE "+template+" STRATEGY FILE_COPY"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.admin(context.WithoutCancel(t.Context()), "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Error(err)
		}
	})
	return s.cluster.URL(name)
}
