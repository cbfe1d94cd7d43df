package sqldb

import (
	"context"
	"fmt"
)

// Numbers takes n numbers from a sequence, in ascending order. No transaction
// gets a number twice; those of one that rolls back may be lost.
func (t *Tx) Numbers(ctx context.Context, sequence string, n int) ([]int64, error) {
	if n == 0 {
		return nil, nil
	}
	if t.dialect == Postgres {
		return All(ctx, t, Value[int64], fmt.Sprintf("SELECT nextval('%s') FROM generate_series(1, %d)", sequence, n))
	}
	last, err := One(ctx, t, "sequence", Value[int64], "UPDATE "+sequence+" SET last = last + $1 RETURNING last", int64(n))
	numbers := make([]int64, n)
	for i := range numbers {
		numbers[i] = last - int64(n-1-i)
	}
	return numbers, err
}

// With returns the rows with one more column, whose value in row i is values[i].
func (r Rows) With(column string, values []int64) Rows {
	columns := append(append(make([]string, 0, len(r.Columns)+1), r.Columns...), column)
	return Rows{Table: r.Table, Columns: columns, N: r.N, Fill: func(i int, row []any) {
		r.Fill(i, row[:len(row)-1])
		row[len(row)-1] = values[i]
	}}
}
