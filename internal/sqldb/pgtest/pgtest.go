// Package pgtest runs throw-away PostgreSQL servers for tests. It needs the
// server programs on the machine, no service and no rights: when root runs the
// tests the server runs as nobody.
package pgtest

import (
	"context"
	"database/sql"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/regulars/regulars/internal/sqldb"
)

// shared is the cluster of this test process, started by the first test that
// asks. It ends with the process, see keep.
type shared struct {
	cluster *Cluster
	admin   *sql.DB
	made    atomic.Int64
}

var start = sync.OnceValues(func() (*shared, error) {
	cluster, err := Start("")
	if err != nil {
		return nil, err
	}
	s := &shared{cluster: cluster}
	if s.admin, err = sql.Open("pgx", cluster.URL("postgres")); err != nil {
		return nil, err
	}
	s.admin.SetMaxIdleConns(0) // an idle connection is a goroutine that leak checks would find
	return s, s.makeTemplate(context.Background())
})

func (s *shared) makeTemplate(ctx context.Context) error {
	if _, err := s.admin.ExecContext(ctx, "CREATE DATABASE migrated"); err != nil {
		return err
	}
	db, err := sqldb.Open(ctx, s.cluster.URL("migrated"), sqldb.Options{})
	if err != nil {
		return err
	}
	if err := db.Migrate(ctx); err != nil {
		return err
	}
	return db.Close()
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
	if _, err := s.admin.ExecContext(t.Context(), "CREATE DATABASE "+name+" TEMPLATE "+template+" STRATEGY FILE_COPY"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := s.admin.ExecContext(context.WithoutCancel(t.Context()), "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Error(err)
		}
	})
	return s.cluster.URL(name)
}
