package app_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

const newFieldRows = 6_000

// TestNewFieldsOfAKilledImportAreCreatedOnceAndUndone kills the program during the
// check, the run and the undo of an import that creates fields. The check creates
// none, the run creates each once with the choices of the check, and the undo leaves
// none.
func TestNewFieldsOfAKilledImportAreCreatedOnceAndUndone(t *testing.T) {
	for _, engine := range sqldbtest.Engines(t) {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			n := newNode(t, engine)
			n.chance = rand.New(rand.NewPCG(rand.Uint64(), 0))
			var file strings.Builder
			file.WriteString("Email,Username,First Name,Last Name,Shirt,Visits,Sports\n")
			for i := range newFieldRows {
				fmt.Fprintf(&file, "m%[1]d@example.com,m%[1]d,A,B,size %[1]d,%[1]d,sport %[2]d;Sport %[3]d\n", i, i%7, i%300)
			}
			plan := n.post(importPath, []byte(file.String()), "check", "communityId", n.community, "dryRun", "true", "listSeparator", ";", "createFields", `{"Shirt":"single-line-text","Visits":"numerical","Sports":"multi-select"}`)
			n.killDuringJob(plan, newFieldRows, 0, 0.2)
			checked := n.await(plan)
			if checked.Counts.Created != newFieldRows || checked.Creates == nil {
				t.Fatalf("check: %+v", checked)
			}
			if sports := checked.Creates.Fields[1]; len(sports.Options) != 300 {
				t.Errorf("%s will have %d choices", sports.Name, len(sports.Options))
			}
			n.wantStored(map[string]int{"field_definitions": 4, "members": 0}) // those of the node

			run := n.order(plan, "apply")
			n.killDuringJob(run, newFieldRows, 0, 0, 0.1, 0.3, 0.6)
			done := n.await(run)
			if done.Counts.Created != newFieldRows {
				t.Fatalf("run: %+v", done.Counts)
			}
			n.wantStored(map[string]int{"field_definitions": 7, "bulk_fields": 3, "members": newFieldRows})

			undo := n.undo(run)
			n.killDuringJob(undo, newFieldRows, 0, 0, 0.2, 0.5, 0.9)
			if done := n.await(undo); done.Counts.Updated != newFieldRows || done.Kept != 0 {
				t.Fatalf("undo: %+v", done)
			}
			t.Logf("%d kills", n.kills)
			if n.kills < 4 {
				t.Error("the test is too tame")
			}
			n.wantStored(map[string]int{"field_definitions": 4, "bulk_fields": 0, "deleted_fields": 3, "members": 0})
		})
	}
}

// wantStored stops the server, counts the rows of its community in tables and starts
// it again.
func (n *node) wantStored(want map[string]int) {
	n.t.Helper()
	n.Stop()
	n.withDatabase(func(db *sqldb.DB) error {
		for table, rows := range want {
			got, err := sqldb.One(n.t.Context(), db, "count", sqldb.Value[int], "SELECT count(*) FROM "+table+" WHERE community_id = $1", n.community)
			if err != nil || got != rows {
				n.t.Errorf("%s has %d rows, want %d %v", table, got, rows, err)
			}
		}
		return nil
	})
	n.Restart()
}
