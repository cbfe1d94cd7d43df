package sqldb

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/regulars/regulars/internal/sqldb/postgres"
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
	if t.onPostgres() && r.N <= fewRows {
		few := r.insertion()
		_, err := t.Exec(ctx, few.SQL, few.Args...)
		return err
	} else if t.onPostgres() {
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
	if t.onPostgres() && r.N <= fewRows {
		return errors.Join(t.queueUpdates(ctx, keys, r), t.send(ctx))
	} else if t.onPostgres() {
		return t.mergeRows(ctx, keys, r)
	}
	set, where := r.assignments(keys, func(i int) string { return fmt.Sprintf("c%d", i) })
	return t.bulkExec(ctx, "UPDATE OR FAIL "+r.Table+" SET "+set+" FROM row_source WHERE handle = $1 AND "+where, r)
}

// assignments returns the clauses of an UPDATE that sets the columns behind the keys to
// values, of which value returns the text by the number of the column.
func (r Rows) assignments(keys int, value func(i int) string) (set, where string) {
	var sets, wheres []string
	for i, column := range r.Columns {
		if i < keys {
			wheres = append(wheres, r.Table+"."+column+" = "+value(i))
		} else {
			sets = append(sets, column+" = "+value(i))
		}
	}
	return strings.Join(sets, ", "), strings.Join(wheres, " AND ")
}

// fewRows is the number of rows up to which PostgreSQL is faster without COPY.
const fewRows = 8

// QueueRows is InsertRows as Queue is Exec.
func (t *Tx) QueueRows(ctx context.Context, r Rows) error {
	if t.onPostgres() && r.N > 0 && r.N <= fewRows {
		few := r.insertion()
		return t.Queue(ctx, few.SQL, few.Args...)
	}
	return t.InsertRows(ctx, r)
}

// insertion returns one statement that inserts few rows.
func (r Rows) insertion() postgres.Statement {
	args := make([]any, r.N*len(r.Columns))
	groups := make([]string, r.N)
	for i, at := 0, 0; i < r.N; i, at = i+1, at+len(r.Columns) {
		r.Fill(i, args[at:at+len(r.Columns)])
		groups[i] = "(" + Placeholders(at+1, len(r.Columns)) + ")"
	}
	return postgres.Statement{SQL: "INSERT INTO " + r.Table + " (" + strings.Join(r.Columns, ", ") + ") VALUES " + strings.Join(groups, ", "), Args: args}
}

// QueueUpdates is UpdateRows as Queue is Exec.
func (t *Tx) QueueUpdates(ctx context.Context, keys int, r Rows) error {
	if t.onPostgres() && r.N <= fewRows {
		return t.queueUpdates(ctx, keys, r)
	}
	return t.UpdateRows(ctx, keys, r)
}

// queueUpdates is QueueUpdates with a statement for each row.
func (t *Tx) queueUpdates(ctx context.Context, keys int, r Rows) error {
	set, where := r.assignments(keys, func(i int) string { return fmt.Sprintf("$%d", i+1) })
	query := "UPDATE " + r.Table + " SET " + set + " WHERE " + where
	for i := range r.N {
		row := make([]any, len(r.Columns))
		r.Fill(i, row)
		if err := t.Queue(ctx, query, row...); err != nil {
			return err
		}
	}
	return nil
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
	set, where := r.assignments(keys, func(i int) string { return "s." + r.Columns[i] })
	if _, err := t.Exec(ctx, "UPDATE "+r.Table+" SET "+set+" FROM "+staged.Table+" s WHERE "+where); err != nil {
		return err
	}
	_, err := t.Exec(ctx, "DROP TABLE "+staged.Table)
	return err
}

func (t *Tx) copyRows(ctx context.Context, r Rows) error {
	if err := t.send(ctx); err != nil {
		return err
	}
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
	if t.onPostgres() {
		return All(ctx, t, Value[int64], fmt.Sprintf("SELECT nextval('%s') FROM generate_series(1, %d)", sequence, n))
	}
	last, err := One(ctx, t, "sequence", Value[int64], "UPDATE "+sequence+" SET last = last + $1 RETURNING last", int64(n))
	numbers := make([]int64, n)
	for i := range numbers {
		numbers[i] = last - int64(n-1-i)
	}
	return numbers, err
}
