package sqldb

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/regulars/regulars/migrations"
)

// Rows are many rows of one table. Fill writes the values of row i into row, in
// the order of Columns: string, bool, int64, int, float64, []byte or nil. JSON
// is a string.
type Rows struct {
	Table   string
	Columns []string
	N       int
	Fill    func(i int, row []any)
}

// WithColumn returns the rows with one more column; its value in row i is
// values[i].
func (r Rows) WithColumn(column string, values []int64) Rows {
	columns := append(append(make([]string, 0, len(r.Columns)+1), r.Columns...), column)
	return Rows{Table: r.Table, Columns: columns, N: r.N, Fill: func(i int, row []any) {
		r.Fill(i, row[:len(row)-1])
		row[len(row)-1] = values[i]
	}}
}

// InsertRows inserts many rows: by COPY on PostgreSQL, by one INSERT ... SELECT
// on SQLite. A duplicate key fails the whole call (IsDuplicate); run it in a
// Savepoint to continue the transaction.
func (t *Tx) InsertRows(ctx context.Context, r Rows) error {
	if r.N == 0 {
		return nil
	}
	t.changed |= migrations.ChangedBy("INSERT INTO " + r.Table)
	if t.dialect == Postgres {
		return t.copyRows(ctx, r)
	}
	// OR FAIL: the caller rolls back to its savepoint, so SQLite needs no
	// statement journal.
	return t.bulkExec(ctx, "INSERT OR FAIL INTO "+r.Table+" ("+strings.Join(r.Columns, ", ")+") SELECT "+rowSourceColumnList(len(r.Columns))+" FROM row_source WHERE handle = $1", r)
}

// UpdateRows updates many rows: the first keys columns of r identify a row, the
// others are set. Missing rows are ignored.
func (t *Tx) UpdateRows(ctx context.Context, keys int, r Rows) error {
	if r.N == 0 {
		return nil
	}
	t.changed |= migrations.ChangedBy("UPDATE " + r.Table)
	if t.dialect == Postgres {
		return t.mergeRows(ctx, keys, r)
	}
	var set, where []string
	for i, column := range r.Columns {
		if i < keys {
			where = append(where, fmt.Sprintf("%s.%s = c%d", r.Table, column, i))
		} else {
			set = append(set, fmt.Sprintf("%s = c%d", column, i))
		}
	}
	return t.bulkExec(ctx, "UPDATE OR FAIL "+r.Table+" SET "+strings.Join(set, ", ")+" FROM row_source WHERE handle = $1 AND "+strings.Join(where, " AND "), r)
}

// mergeRows is UpdateRows on PostgreSQL: COPY into a temporary table, then
// UPDATE ... FROM.
func (t *Tx) mergeRows(ctx context.Context, keys int, r Rows) error {
	staged := r
	staged.Table = "staged_" + r.Table
	if _, err := t.Exec(ctx, "CREATE TEMP TABLE "+staged.Table+" ON COMMIT DROP AS SELECT "+strings.Join(r.Columns, ", ")+" FROM "+r.Table+" WITH NO DATA"); err != nil {
		return err
	}
	if err := t.copyRows(ctx, staged); err != nil {
		return err
	}
	var set, where []string
	for i, column := range r.Columns {
		if i < keys {
			where = append(where, r.Table+"."+column+" = s."+column)
		} else {
			set = append(set, column+" = s."+column)
		}
	}
	if _, err := t.Exec(ctx, "UPDATE "+r.Table+" SET "+strings.Join(set, ", ")+" FROM "+staged.Table+" s WHERE "+strings.Join(where, " AND ")); err != nil {
		return err
	}
	_, err := t.Exec(ctx, "DROP TABLE "+staged.Table)
	return err
}

func (t *Tx) copyRows(ctx context.Context, r Rows) error {
	return t.conn.Raw(func(raw any) error {
		source := &copySource{rows: r, index: -1, row: make([]any, len(r.Columns))}
		_, err := raw.(*stdlib.Conn).Conn().CopyFrom(ctx, pgx.Identifier{r.Table}, r.Columns, source)
		return err
	})
}

// copySource implements pgx.CopyFromSource.
type copySource struct {
	rows  Rows
	index int
	row   []any
}

func (s *copySource) Next() bool { s.index++; return s.index < s.rows.N }
func (s *copySource) Err() error { return nil }
func (s *copySource) Values() ([]any, error) {
	s.rows.Fill(s.index, s.row)
	return s.row, nil
}

// AllocateNumbers allocates n numbers of a sequence, in ascending order. A
// number is never allocated twice; a rollback may lose numbers.
func (t *Tx) AllocateNumbers(ctx context.Context, sequence string, n int) ([]int64, error) {
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
