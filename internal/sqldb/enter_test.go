package sqldb_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// More requests than connections have open transactions or wait for one; a job still has a
// connection, and a request that gives up leaves the line.
func TestRequestsLeaveConnectionsToOtherWork(t *testing.T) {
	if !slices.Contains(sqldbtest.Engines(t), sqldb.Postgres) {
		return
	}
	db, err := sqldb.Open(t.Context(), sqldbtest.Address(t, sqldb.Postgres), sqldb.Options{MaxConns: 5})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	const requests = 20
	began, end := make(chan struct{}, requests), make(chan struct{})
	var group sync.WaitGroup
	for range requests {
		group.Go(func() {
			if err := db.Tx(sqldb.Interactive(t.Context()), func(*sqldb.Tx) error {
				began <- struct{}{}
				<-end
				return nil
			}); err != nil {
				t.Error(err)
			}
		})
	}
	for range 4 {
		<-began
	}
	if err := db.Tx(t.Context(), func(tx *sqldb.Tx) error {
		_, err := tx.Exec(t.Context(), "SELECT 1")
		return err
	}); err != nil {
		t.Error(err)
	}
	ended, stop := context.WithCancel(sqldb.Interactive(t.Context()))
	stop()
	if err := db.Tx(ended, func(*sqldb.Tx) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("a request that gave up: %v", err)
	}
	close(end)
	group.Wait()
	if len(began) != requests-4 {
		t.Errorf("%d requests after the first four", len(began))
	}
}
