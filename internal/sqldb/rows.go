package sqldb

import (
	"context"
	"database/sql/driver"
	"errors"
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
// PostgreSQL, one prepared statement on SQLite. A row that violates a key
// fails the whole call (IsDuplicate); run it in a Savepoint to go on.
func (t *Tx) InsertRows(ctx context.Context, r Rows) error {
	if r.N == 0 {
		return nil
	}
	if t.dialect == Postgres {
		return t.copyRows(ctx, r)
	}
	marks := strings.Repeat("?, ", len(r.Columns)-1) + "?"
	return t.execRows(ctx, "INSERT INTO "+r.Table+" ("+strings.Join(r.Columns, ", ")+") VALUES ("+marks+")", 0, r)
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
			where = append(where, column+" = ?")
		} else {
			set = append(set, column+" = ?")
		}
	}
	return t.execRows(ctx, "UPDATE "+r.Table+" SET "+strings.Join(set, ", ")+" WHERE "+strings.Join(where, " AND "), keys, r)
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

// execRows runs one prepared statement per row on the driver's own
// connection: database/sql would cost a third of the time again. The first
// keys columns are its last parameters. These have no names, for the driver
// would look each up by its name, for each row.
func (t *Tx) execRows(ctx context.Context, query string, keys int, r Rows) error {
	return t.conn.Raw(func(raw any) (err error) {
		// A context that can be cancelled costs a goroutine per statement, so
		// the loop looks itself.
		calm := context.WithoutCancel(ctx)
		stmt, err := raw.(driver.ConnPrepareContext).PrepareContext(calm, query)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, stmt.Close()) }()
		exec := stmt.(driver.StmtExecContext)
		return r.eachRow(ctx, keys, func(args []driver.NamedValue) error {
			_, err := exec.ExecContext(calm, args)
			return err
		})
	})
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
