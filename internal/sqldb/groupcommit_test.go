package sqldb_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// TestConcurrentTransactionsReportTheirRealResult runs transactions of which
// some fail, panic, violate a key or are cancelled during a statement. A row
// exists exactly if its transaction returned nil.
func TestConcurrentTransactionsReportTheirRealResult(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		mustExec(t, db, "CREATE TABLE results (key key_text NOT NULL PRIMARY KEY)")
		mustExec(t, db, "CREATE TABLE filler (n BIGINT NOT NULL)")
		var results sync.Map
		var group sync.WaitGroup
		for writer := range 12 {
			group.Go(func() {
				for n := range 40 {
					key := fmt.Sprintf("%d-%d", writer, n)
					results.Store(key, writeKey(t, db, key, writer+n) == nil)
				}
			})
		}
		group.Wait()
		exists := map[string]bool{}
		list, err := sqldb.All(t.Context(), db, sqldb.Value[string], "SELECT key FROM results")
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range list {
			exists[key] = true
		}
		results.Range(func(key, success any) bool {
			if exists[key.(string)] != success.(bool) {
				t.Errorf("%s: success %t, exists %t", key, success, exists[key.(string)])
			}
			return true
		})
		if len(list) < 100 {
			t.Errorf("only %d rows", len(list))
		}
	})
}

// writeKey writes a key in a transaction; variant selects how it ends.
func writeKey(t *testing.T, db *sqldb.DB, key string, variant int) (err error) {
	ctx := t.Context()
	var options []sqldb.TxOption
	defer func() {
		if caught := recover(); caught != nil {
			err = errStop
		}
	}()
	switch variant % 8 {
	case 1:
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Duration(1+variant%5)*time.Millisecond)
		defer cancel()
	case 2:
		options = []sqldb.TxOption{sqldb.RelaxedSync}
	}
	return db.Tx(ctx, func(tx *sqldb.Tx) error {
		if _, err := tx.Exec(ctx, "INSERT INTO results (key) VALUES ($1)", key); err != nil {
			return err
		}
		switch variant % 8 {
		case 1: // likely to be cancelled
			_, err := tx.Exec(ctx, "INSERT INTO filler (n) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) SELECT i FROM n")
			return err
		case 3:
			return errStop
		case 4:
			panic("half way") //nolint:forbidigo // the test needs a panic
		case 5:
			_, err := tx.Exec(ctx, "INSERT INTO results (key) VALUES ($1)", key)
			return err
		}
		return nil
	}, options...)
}

// TestWaitingTransactionsShareACommit keeps one transaction open until the
// others wait.
func TestWaitingTransactionsShareACommit(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		if db.Dialect() == sqldb.Postgres {
			return // without group commit
		}
		mustExec(t, db, "CREATE TABLE seen (n BIGINT NOT NULL)")
		const others = 5
		var group sync.WaitGroup
		var committed atomic.Int64
		count := func(tx *sqldb.Tx) (int64, error) {
			return sqldb.One(t.Context(), tx, "row", sqldb.Value[int64], "SELECT count(*) FROM seen")
		}
		write := func(before func()) {
			err := db.Tx(t.Context(), func(tx *sqldb.Tx) error {
				before()
				n, err := count(tx)
				if err == nil && committed.Load() > 0 {
					err = errors.New("a transaction returned before the commit of the group")
				}
				_, failed := tx.Exec(t.Context(), "INSERT INTO seen (n) VALUES ($1)", n)
				return errors.Join(err, failed)
			})
			if err != nil {
				t.Error(err)
			}
			committed.Add(1)
		}
		startOthers := func() {
			for range others {
				group.Go(func() { write(func() {}) })
			}
			for db.WaitingWriters() < others {
				runtime.Gosched()
			}
		}
		write(startOthers)
		group.Wait()
		if n, err := sqldb.One(t.Context(), db, "row", sqldb.Value[int64], "SELECT count(DISTINCT n) FROM seen"); err != nil || n != others+1 {
			t.Errorf("%d different counts, %v", n, err)
		}
	})
}
