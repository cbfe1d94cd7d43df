package sqldb_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// TestSQLiteUsesIndexesWithinACommunity asks for the plan of a query by the first columns of
// each index: none may read all rows of a community.
func TestSQLiteUsesIndexesWithinACommunity(t *testing.T) {
	db := sqldbtest.Open(t, sqldbtest.Address(t, sqldb.SQLite))
	type index struct{ table, name, columns, partial string }
	list, err := sqldb.All(t.Context(), db, func(s sqldb.Scanner) (i index, err error) {
		return i, s.Scan(&i.table, &i.name, &i.columns, &i.partial)
	}, `
		SELECT t.name, i.name, group_concat(c.name, ' ' ORDER BY c.seqno), COALESCE(substr(d.sql, instr(d.sql, ' WHERE ')), '')
		FROM sqlite_schema t JOIN pragma_index_list(t.name) i JOIN pragma_index_info(i.name) c JOIN sqlite_schema d ON d.name = i.name
		WHERE t.type = 'table' AND i.origin = 'c' AND instr(d.sql, ' WHERE ') * i.partial >= 0 GROUP BY t.name, i.name`)
	if err != nil || len(list) < 50 {
		t.Fatal(len(list), err)
	}
	for _, i := range list {
		columns := strings.Fields(i.columns)
		if columns[0] != "community_id" || len(columns) < 2 {
			continue
		}
		where := "community_id = 'a' AND " + columns[1] + " = 1"
		if strings.HasPrefix(i.partial, " WHERE ") {
			where += " AND " + strings.TrimPrefix(i.partial, " WHERE ")
		}
		plan, err := sqldb.One(t.Context(), db, "plan", func(s sqldb.Scanner) (detail string, err error) {
			var a, b, c int
			return detail, s.Scan(&a, &b, &c, &detail)
		}, fmt.Sprintf("EXPLAIN QUERY PLAN SELECT * FROM %s WHERE %s", i.table, where))
		if err != nil || strings.HasSuffix(plan, "(community_id=?)") || strings.HasPrefix(plan, "SCAN") {
			t.Errorf("%s: %s: %s, %v", i.name, where, plan, err)
		}
	}
}
