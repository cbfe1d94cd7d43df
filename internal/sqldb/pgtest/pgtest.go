// Package pgtest runs temporary PostgreSQL servers for tests. It needs the
// server programs, but no running service and no privileges. If the tests run
// as root, the server runs as an unprivileged user.
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

// sharedCluster is the cluster of this test process. The first test that needs
// it starts it; it ends with the process, see supervisorScript.
type sharedCluster struct {
	cluster   *Cluster
	databases atomic.Int64 // number of databases created
}

var startShared = sync.OnceValues(func() (*sharedCluster, error) {
	cluster, err := Start("")
	if err != nil {
		return nil, err
	}
	s := &sharedCluster{cluster: cluster}
	return s, s.createTemplate(context.Background())
})

// exec runs one statement on its own connection: the goroutines of a pool would
// fail the leak checks of callers.
func (s *sharedCluster) exec(ctx context.Context, statement string) error {
	conn, err := pgx.Connect(ctx, s.cluster.URL("postgres"))
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, statement)
	return errors.Join(err, conn.Close(ctx))
}

func (s *sharedCluster) createTemplate(ctx context.Context) error {
	if err := s.exec(ctx, "CREATE DATABASE migrated"); err != nil {
		return err
	}
	db, err := sqldb.Open(ctx, s.cluster.URL("migrated"), sqldb.Options{})
	if err != nil {
		return err
	}
	return errors.Join(db.Migrate(ctx), db.Close())
}

// URL returns the address of a new, migrated database, dropped at the end of the
// test. The tests of a process share one cluster. Without the programs of
// PostgreSQL the test fails; check Programs first.
func URL(t testing.TB) string { return createDatabase(t, "migrated") }

// EmptyURL is URL for a database without a schema.
func EmptyURL(t testing.TB) string { return createDatabase(t, "template0") }

func createDatabase(t testing.TB, template string) string {
	t.Helper()
	s, err := startShared()
	if err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("test_%d", s.databases.Add(1))
	if err := s.exec(t.Context(), "CREATE DATABASE "+name+" TEMPLATE "+template+" STRATEGY FILE_COPY"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.exec(context.WithoutCancel(t.Context()), "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Error(err)
		}
	})
	return s.cluster.URL(name)
}
