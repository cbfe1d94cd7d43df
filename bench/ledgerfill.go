//go:build linux

package main

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/sqldb"
)

const (
	filledHolders = 1_000
	filledAtOnce  = 50_000 // entries of one transaction
	queuedAtOnce  = 5_000  // entries of one row of the queue
)

// addEntries adds entries of erased members by the database alone, and waits until the
// server has sealed them.
func (b *bench) addEntries(ctx context.Context, d *direct, engine string) error {
	if b.entries == 0 {
		return nil
	}
	began := b.clock.Now()
	for from := 0; from < b.entries; from += filledAtOnce {
		n := min(filledAtOnce, b.entries-from)
		if err := d.db.Tx(ctx, func(tx *sqldb.Tx) error { return d.fillEntries(ctx, tx, from, n) }, sqldb.RelaxedSync); err != nil {
			return err
		}
	}
	if err := d.db.Tx(ctx, func(tx *sqldb.Tx) error { return d.fillBalances(ctx, tx, b.entries) }); err != nil {
		return err
	}
	for left := int64(1); left > 0; {
		if err := wait(ctx, time.Second); err != nil {
			return err
		}
		var err error
		if left, err = sqldb.One(ctx, d.db, "queue", sqldb.Value[int64], "SELECT COUNT(*) FROM ledger_unsealed"); err != nil {
			return err
		}
	}
	b.logf("%s: %d entries added and sealed in %s", engine, b.entries, seconds(b.clock.Now().Sub(began)))
	return nil
}

// fillEntries inserts n entries of 1 coin, and queues them.
func (d *direct) fillEntries(ctx context.Context, tx *sqldb.Tx, from, n int) error {
	ids, now := make([]string, n), d.clock.MS()
	for i := range ids {
		ids[i] = fmt.Sprintf("%024x", from+i+1)
	}
	columns := []string{
		"community_id", "id", "holder", "unit", "amount", "balance_after", "counter", "reason", "source_type", "source_id", "part", "lot_id", "expires_at", "reversal_of", "hold_id", "lots",
		"occurred_at", "created_at",
	}
	if err := tx.InsertRows(ctx, sqldb.Rows{Table: "ledger_entries", Columns: columns, N: n, Fill: func(i int, row []any) {
		row[0], row[1], row[2], row[3], row[4], row[5] = d.community, ids[i], filledHolder((from+i)%filledHolders), "coins", int64(1), int64((from+i)/filledHolders+1)
		row[6], row[7], row[8], row[9], row[10], row[11] = "issue", "Bench", "api", ids[i], int64(0), ids[i]
		row[12], row[13], row[14], row[15], row[16], row[17] = int64(0), "", "", `[["`+ids[i]+`",1]]`, now, now
	}}); err != nil {
		return err
	}
	for len(ids) > 0 {
		some := ids[:min(queuedAtOnce, len(ids))]
		packed, err := id.Pack(some)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "INSERT INTO ledger_unsealed (community_id, id, ids, entries) VALUES ($1, $2, $3, $4)", d.community, some[0], packed, len(some)); err != nil {
			return err
		}
		ids = ids[len(some):]
	}
	return nil
}

// fillBalances inserts the balances of n entries, and a lot for each.
func (d *direct) fillBalances(ctx context.Context, tx *sqldb.Tx, n int) error {
	for i := range filledHolders {
		holder, has := filledHolder(i), int64((n-i+filledHolders-1)/filledHolders)
		last := fmt.Sprintf("%024x", int(has-1)*filledHolders+i+1)
		if _, err := tx.Exec(ctx, "INSERT INTO ledger_balances (community_id, holder, unit, posted, held, last_id, next_due, entries) VALUES ($1, $2, 'coins', $3, 0, $4, $5, $3)",
			d.community, holder, has, last, int64(math.MaxInt64)); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "INSERT INTO ledger_lots (community_id, id, holder, unit, amount, remaining, held, expires_at, created_at, expiries) VALUES ($1, $2, $3, 'coins', $4, $4, 0, $5, 0, 0)",
			d.community, last, holder, has, int64(math.MaxInt64)); err != nil {
			return err
		}
	}
	return nil
}

func filledHolder(i int) string { return fmt.Sprintf("%032x", i) }
