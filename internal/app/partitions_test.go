package app_test

import (
	"os"
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// partitionStatements returns the statements of docs/operations.md.
func partitionStatements(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(text), "### Partitions of members\n")
	_, section, begun := strings.Cut(section, "```sql\n")
	statements, _, ended := strings.Cut(section, "```")
	if !found || !begun || !ended {
		t.Fatal("docs/operations.md has no statements of partitions")
	}
	return statements
}

// TestImportIntoPartitionsOfMembers partitions the table of an installation with
// members and imports into it. The result is that of the plain table.
func TestImportIntoPartitionsOfMembers(t *testing.T) {
	for _, engine := range sqldbtest.Engines(t) {
		if engine != sqldb.Postgres {
			continue
		}
		chance := newGenerator(6)
		first, second := chance.seedFile(t, 1_000), chance.mixedFile(t, 5_000)
		var states [][]string
		for _, partitioned := range []bool{false, true} {
			n := newNode(t, engine)
			n.await(n.upload(first, "one").jobID)
			if partitioned {
				n.Stop()
				db := sqldbtest.Open(t, n.config.DatabaseURL)
				if _, err := db.Exec(t.Context(), partitionStatements(t)); err != nil {
					t.Fatal(err)
				}
				count, err := sqldb.One(t.Context(), db, "count", sqldb.Value[int], "SELECT count(*) FROM pg_inherits WHERE inhparent = 'members'::regclass")
				if err != nil || count != 64 {
					t.Fatalf("%d partitions, %v", count, err)
				}
				n.Restart()
			}
			jobID := n.upload(second, "two").jobID
			n.await(jobID)
			n.Stop()
			states = append(states, stateOf(t, n.config, n.community, jobID))
			if out := n.command("doctor"); strings.Contains(out, "FAILED") {
				t.Error(out)
			}
		}
		compareStates(t, states[1], states[0])
	}
}
