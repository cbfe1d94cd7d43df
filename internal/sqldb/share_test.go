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

// TestWhoWritesAtOnceIsToldTheTruth has many write at the same time, some of
// whom fail, panic, break a key or are cancelled in the middle of a statement:
// a row is there exactly when its transaction was said to have succeeded.
func TestWhoWritesAtOnceIsToldTheTruth(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		run(t, db, "CREATE TABLE told (key key_text NOT NULL PRIMARY KEY)")
		run(t, db, "CREATE TABLE filler (n BIGINT NOT NULL)")
		var told sync.Map
		var group sync.WaitGroup
		for writer := range 12 {
			group.Go(func() {
				for n := range 40 {
					key := fmt.Sprintf("%d-%d", writer, n)
					told.Store(key, writeSomehow(t, db, key, writer+n) == nil)
				}
			})
		}
		group.Wait()
		there := map[string]bool{}
		list, err := sqldb.All(t.Context(), db, sqldb.Value[string], "SELECT key FROM told")
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range list {
			there[key] = true
		}
		told.Range(func(key, success any) bool {
			if there[key.(string)] != success.(bool) {
				t.Errorf("%s: told %t, there %t", key, success, there[key.(string)])
			}
			return true
		})
		if len(list) < 100 {
			t.Errorf("only %d rows", len(list))
		}
	})
}

// writeSomehow writes a key in a transaction that ends in one of several ways.
func writeSomehow(t *testing.T, db *sqldb.DB, key string, way int) (err error) {
	ctx := t.Context()
	defer func() {
		if caught := recover(); caught != nil {
			err = errStop
		}
	}()
	switch way % 8 {
	case 1:
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Duration(1+way%5)*time.Millisecond)
		defer cancel()
	case 2:
		ctx = sqldb.SafeLater(ctx)
	}
	return db.Tx(ctx, func(tx *sqldb.Tx) error {
		if _, err := tx.Exec(ctx, "INSERT INTO told (key) VALUES ($1)", key); err != nil {
			return err
		}
		switch way % 8 {
		case 1: // is likely to be interrupted
			_, err := tx.Exec(ctx, "INSERT INTO filler (n) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) SELECT i FROM n")
			return err
		case 3:
			return errStop
		case 4:
			panic("half way") //nolint:forbidigo // the panic is what is tested
		case 5:
			_, err := tx.Exec(ctx, "INSERT INTO told (key) VALUES ($1)", key)
			return err
		}
		return nil
	})
}

// TestACommitIsSharedByThoseWhoWait lets one hold the writer until others wait
// for it.
func TestACommitIsSharedByThoseWhoWait(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		if db.Dialect() == sqldb.Postgres {
			return // its transactions do not wait for each other
		}
		run(t, db, "CREATE TABLE seen (n BIGINT NOT NULL)")
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
					err = errors.New("somebody was told of a commit before the last of them")
				}
				_, failed := tx.Exec(t.Context(), "INSERT INTO seen (n) VALUES ($1)", n)
				return errors.Join(err, failed)
			})
			if err != nil {
				t.Error(err)
			}
			committed.Add(1)
		}
		waiting := db.Waits()
		write0 := func() {
			for range others {
				group.Go(func() { write(func() {}) })
			}
			for db.Waits() < waiting+others {
				runtime.Gosched() // until all of them wait
			}
		}
		write(write0)
		group.Wait()
		if n, err := sqldb.One(t.Context(), db, "row", sqldb.Value[int64], "SELECT count(DISTINCT n) FROM seen"); err != nil || n != others+1 {
			t.Errorf("%d different counts, %v", n, err)
		}
	})
}
