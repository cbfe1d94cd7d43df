// Package keyscan reads the rows of a table that have one of many keys, which are often
// neighbours.
package keyscan

import (
	"context"
	"errors"

	"github.com/regulars/regulars/internal/sqldb"
)

// Scan selects the rows of a table that satisfy Where, in which $1 is Arg,
// and have one of Keys in the first column. The column is unique among the
// rows that satisfy Where.
type Scan struct {
	Table   string
	Columns []string
	Where   string
	Arg     any
	Keys    []string // sorted, without duplicates
	Lock    bool     // lock the rows until the transaction ends
}

// Each calls row for each row, as sqldb.ScanStrings does.
func (k Scan) Each(ctx context.Context, q sqldb.Querier, row func(texts []string) error) error {
	if q.Dialect() == sqldb.SQLite && len(k.Keys) > 1 {
		done, err := k.scanRange(ctx, q, row)
		if err != nil {
			return err
		}
		k.Keys = k.Keys[done:]
	}
	if len(k.Keys) == 0 {
		return nil
	}
	rest := "FROM " + q.Dialect().FromKeys(k.Table, k.Columns[0], "$2") + " AND " + k.Where
	if lock := q.Dialect().Lock(); k.Lock && lock != "" {
		rest += " ORDER BY " + k.Columns[0] + " " + lock // a fixed order prevents deadlocks
	}
	return sqldb.ScanStrings(ctx, q, k.Columns, rest, []any{k.Arg, sqldb.Keys(k.Keys)}, row)
}

// gapBudget is the number of rows without a key that scanRange accepts in
// addition to two for each row with one.
const gapBudget = 32

var errTooSparse = errors.New("too many rows without a key")

// scanRange scans the range from the first key to the last and returns the
// number of keys that are finished. Keys of one request are often neighbours,
// and a step to the next row costs a fraction of a lookup. The scan stops early
// if the keys are too sparse.
func (k *Scan) scanRange(ctx context.Context, q sqldb.Querier, row func(texts []string) error) (done int, err error) {
	key, scanned := k.Columns[0], 0
	rest := "FROM " + k.Table + " WHERE " + k.Where + " AND " + key + " BETWEEN $2 AND $3 ORDER BY " + key
	err = sqldb.ScanStrings(ctx, q, k.Columns, rest, []any{k.Arg, k.Keys[0], k.Keys[len(k.Keys)-1]}, func(texts []string) error {
		for k.Keys[done] < texts[0] {
			done++
		}
		scanned++
		if k.Keys[done] == texts[0] {
			done++
			return row(texts)
		}
		if scanned > gapBudget+2*done {
			return errTooSparse
		}
		return nil
	})
	if errors.Is(err, errTooSparse) {
		return done, nil
	}
	return len(k.Keys), err
}
