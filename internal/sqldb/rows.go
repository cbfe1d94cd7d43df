package sqldb

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// Rows is many rows for one table: fill writes the values of row i into row,
// in the order of the columns: string, bool, int64, int, float64, []byte or nil.
// JSON goes in as a string.
type Rows struct {
	Table   string
	Columns []string
	N       int
	Fill    func(i int, row []any)
}

// InsertRows inserts many rows in the fastest way the engine has: COPY on
// PostgreSQL, one statement that reads them from this program on SQLite. A row that violates a key
// fails the whole call (IsDuplicate); run it in a Savepoint to go on.
func (t *Tx) InsertRows(ctx context.Context, r Rows) error {
	if r.N == 0 {
		return nil
	}
	if t.dialect == Postgres {
		return t.copyRows(ctx, r)
	}
	// FAIL: the transaction, or its savepoint, is what takes rows back, so that
	// SQLite need not remember each page for this statement too.
	return t.give(ctx, "INSERT OR FAIL INTO "+r.Table+" ("+strings.Join(r.Columns, ", ")+") SELECT "+givenList(len(r.Columns))+" FROM given WHERE hand = $1", r)
}

// UpdateRows updates many rows by key: the first keys columns of r find a row,
// the others are set. Rows that do not exist are passed over.
func (t *Tx) UpdateRows(ctx context.Context, keys int, r Rows) error {
	if r.N == 0 {
		return nil
	}
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
	return t.give(ctx, "UPDATE OR FAIL "+r.Table+" SET "+strings.Join(set, ", ")+" FROM given WHERE hand = $1 AND "+strings.Join(where, " AND "), r)
}

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
		source := &copySource{rows: r, at: -1, row: make([]any, len(r.Columns))}
		_, err := raw.(*stdlib.Conn).Conn().CopyFrom(ctx, pgx.Identifier{r.Table}, r.Columns, source)
		return err
	})
}

type copySource struct {
	rows Rows
	at   int
	row  []any
}

func (s *copySource) Next() bool { s.at++; return s.at < s.rows.N }
func (s *copySource) Err() error { return nil }
func (s *copySource) Values() ([]any, error) {
	s.rows.Fill(s.at, s.row)
	return s.row, nil
}
