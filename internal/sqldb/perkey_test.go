package sqldb_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// The range alone looks as selective as the keys to PostgreSQL, which has no statistics of
// a new table.
func TestPerKeyReadsEachKeyByTheIndex(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		mustExec(t, db, "CREATE TABLE days (community_id key_text NOT NULL, holder key_text NOT NULL, day BIGINT NOT NULL, PRIMARY KEY (community_id, holder, day))")
		for i := range 300 {
			mustExec(t, db, "INSERT INTO days (community_id, holder, day) VALUES ('c', $1, $2)", string(rune('a'+i/20)), i%20)
		}
		query := "SELECT holder FROM " + db.Dialect().PerKey("days", "holder", "community_id = $1 AND day BETWEEN $3 AND $4", "$2") + " ORDER BY holder"
		args := []any{"c", sqldb.Keys([]string{"b", "d", "none"}), 5, 6}
		found, err := sqldb.All(t.Context(), db, sqldb.Value[string], query, args...)
		if err != nil || !slices.Equal(found, []string{"b", "b", "d", "d"}) {
			t.Errorf("%v, %v", found, err)
		}
		if db.Dialect() == sqldb.SQLite {
			return
		}
		plan, err := sqldb.All(t.Context(), db, sqldb.Value[string], "EXPLAIN "+query, args...)
		if text := strings.Join(plan, "\n"); err != nil || !strings.Contains(text, "(holder = wanted.wanted_key)") {
			t.Errorf("%s, %v", text, err)
		}
	})
}
