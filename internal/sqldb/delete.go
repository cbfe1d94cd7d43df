package sqldb

import (
	"context"
	"fmt"
	"strings"
)

const deleteBatchRows = 5_000

// DeleteBatches deletes the rows of a table that satisfy where, a bounded number
// in each transaction so that other writers can run in between. key lists the
// columns of a unique key, separated by commas. After an error the remaining
// rows are left; call it again.
func (db *DB) DeleteBatches(ctx context.Context, table, key, where string, args ...any) error {
	return db.deleteBatches(ctx, deleteBatchRows, table, key, where, args...)
}

func (db *DB) deleteBatches(ctx context.Context, rows int64, table, key, where string, args ...any) error {
	query := fmt.Sprintf("DELETE FROM %[1]s WHERE (%[2]s) IN (SELECT %[2]s FROM %[1]s WHERE %[3]s LIMIT %[4]d)", table, key, where, rows)
	for {
		deleted, err := db.Exec(ctx, query, args...)
		if err != nil || deleted < rows {
			return err
		}
	}
}

const deleteByColumnRows = 2_000 // per transaction

// keyedTable is a table and its primary key columns, separated by commas.
type keyedTable struct{ name, key string }

// DeleteByColumn deletes the rows with the value from every table that has the
// column, children before parents, in short transactions. After an error or a
// crash another call continues.
func (db *DB) DeleteByColumn(ctx context.Context, column, value string) error {
	for {
		tables, err := db.tablesWithColumn(ctx, column)
		if err != nil {
			return err
		}
		var deleted int64
		var blocked error
		for _, t := range tables {
			n, err := db.deleteFromTable(ctx, t, column, value)
			deleted += n
			if IsForeignKeyViolation(err) {
				blocked = fmt.Errorf("delete from %s: %w", t.name, err)
				continue
			}
			if err != nil {
				return err
			}
		}
		if deleted == 0 {
			return blocked
		}
	}
}

func (db *DB) deleteFromTable(ctx context.Context, t keyedTable, column, value string) (deleted int64, err error) {
	query := fmt.Sprintf("DELETE FROM %s WHERE (%s) IN (SELECT %s FROM %s WHERE %s = $1 LIMIT %d)", t.name, t.key, t.key, t.name, column, deleteByColumnRows)
	for {
		var n int64
		err := db.Tx(ctx, func(tx *Tx) (err error) {
			n, err = tx.Exec(ctx, query, value)
			return err
		}, WithoutGroupCommit)
		deleted += n
		if err != nil || n == 0 {
			return deleted, err
		}
	}
}

// tablesWithColumn reads the tables from the schema, so that a new table cannot
// be forgotten.
func (db *DB) tablesWithColumn(ctx context.Context, column string) ([]keyedTable, error) {
	query := db.dialect.pick(
		`SELECT t.name, (SELECT group_concat(name) FROM pragma_table_info(t.name) WHERE pk > 0)
		FROM sqlite_master t WHERE t.type = 'table' AND EXISTS (SELECT 1 FROM pragma_table_info(t.name) WHERE name = $1)
		ORDER BY t.name`,
		`SELECT t.relname, string_agg(k.attname, ',') FROM pg_class t
		JOIN pg_index i ON i.indrelid = t.oid AND i.indisprimary
		JOIN pg_attribute k ON k.attrelid = t.oid AND k.attnum = ANY (i.indkey)
		WHERE t.relnamespace = CAST(current_schema() AS regnamespace)
			AND EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = t.oid AND a.attname = $1 AND NOT a.attisdropped)
		GROUP BY t.relname ORDER BY t.relname`)
	return All(ctx, db, func(s Scanner) (keyedTable, error) {
		var t keyedTable
		err := s.Scan(&t.name, &t.key)
		t.key = strings.ReplaceAll(t.key, ",", ", ")
		return t, err
	}, query, column)
}
