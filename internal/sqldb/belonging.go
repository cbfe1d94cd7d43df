package sqldb

import (
	"context"
	"fmt"
	"strings"
)

// table is a table of the schema with the columns of its primary key.
type table struct{ name, key string }

// deletePiece is how many rows one transaction of DeleteRows takes at most.
const deletePiece = 2000

// DeleteRows deletes every row of every table that has the column and holds
// the value in it, in short transactions, rows that others refer to after
// those. It returns once no such row was left; calling it again goes on where
// an error or a crash ended it.
func (db *DB) DeleteRows(ctx context.Context, column, value string) error {
	for {
		tables, err := db.tablesWith(ctx, column)
		if err != nil {
			return err
		}
		var deleted int64
		var waiting error
		for _, t := range tables {
			n, err := db.deleteFrom(ctx, t, column, value)
			deleted += n
			if IsMissingParent(err) {
				waiting = fmt.Errorf("delete from %s: %w", t.name, err)
				continue
			}
			if err != nil {
				return err
			}
		}
		if deleted == 0 {
			return waiting
		}
	}
}

func (db *DB) deleteFrom(ctx context.Context, t table, column, value string) (deleted int64, err error) {
	query := fmt.Sprintf("DELETE FROM %s WHERE (%s) IN (SELECT %s FROM %s WHERE %s = $1 LIMIT %d)", t.name, t.key, t.key, t.name, column, deletePiece)
	for {
		var n int64
		err := db.Tx(ctx, func(tx *Tx) (err error) {
			n, err = tx.Exec(ctx, query, value)
			return err
		})
		deleted += n
		if err != nil || n == 0 {
			return deleted, err
		}
	}
}

// tablesWith reads from the schema itself which tables have a column: a list
// kept by hand would miss the next one.
func (db *DB) tablesWith(ctx context.Context, column string) ([]table, error) {
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
	return All(ctx, db, func(s Scanner) (table, error) {
		var t table
		err := s.Scan(&t.name, &t.key)
		t.key = strings.ReplaceAll(t.key, ",", ", ")
		return t, err
	}, query, column)
}
