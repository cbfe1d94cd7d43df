package sqldbtest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/sqldb"
)

// Tables returns the columns of every table of the schema by table name, without those
// that SQLite has in place of an index.
func Tables(t testing.TB, db *sqldb.DB) map[string][]string {
	t.Helper()
	query := `SELECT m.name, p.name FROM sqlite_master m, pragma_table_info(m.name) p WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name NOT LIKE 'message_words_found%'`
	if db.Dialect() == sqldb.Postgres {
		query = `SELECT table_name, column_name FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name) WHERE table_schema = current_schema() AND table_type = 'BASE TABLE'`
	}
	found, err := sqldb.All(t.Context(), db, func(s sqldb.Scanner) (column [2]string, err error) {
		return column, s.Scan(&column[0], &column[1])
	}, query)
	if err != nil {
		t.Fatal(err)
	}
	tables := map[string][]string{}
	for _, column := range found {
		tables[column[0]] = append(tables[column[0]], column[1])
	}
	for _, columns := range tables {
		slices.Sort(columns)
	}
	return tables
}

// Dump returns all rows of all tables as sorted lines, for comparison. It leaves
// out table_versions, which counts changes, and the excluded tables ("jobs") and columns ("sessions.seen_at"), which must
// exist.
func Dump(t testing.TB, db *sqldb.DB, excluded ...string) []string {
	t.Helper()
	tables := Tables(t, db)
	for _, name := range excluded {
		table, column, isColumn := strings.Cut(name, ".")
		if columns := tables[table]; len(columns) == 0 || isColumn && !slices.Contains(columns, column) {
			t.Errorf("excluded from the dump, but not in the schema: %s", name)
		}
	}
	var lines []string
	for table, columns := range tables {
		columns = slices.DeleteFunc(columns, func(c string) bool { return slices.Contains(excluded, table+"."+c) })
		if table == "table_versions" || slices.Contains(excluded, table) || len(columns) == 0 {
			continue
		}
		for i, column := range columns {
			columns[i] = fmt.Sprintf("'%s=' || COALESCE(CAST(%s AS TEXT), 'NULL')", column, column)
		}
		rows, err := sqldb.All(t.Context(), db, sqldb.Value[string], "SELECT "+strings.Join(columns, " || ' ' || ")+" FROM "+table)
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows {
			lines = append(lines, table+": "+row)
		}
	}
	slices.Sort(lines)
	return lines
}
