package bulk_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// Each member gets the card of the next one; the last member wants a card that
// its holder keeps.
func TestALongChainOfExchangesThatBreaksIsDecidedInFewRounds(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		const people = 6_000
		f := newFixture(t, db, people+1)
		f.field(field.Input{Field: "card", Name: "Card", Type: field.SingleLine, Identifier: true})
		var first, second strings.Builder
		first.WriteString("First Name,Last Name,Username,Email,card\nKeeper,K,keeper,keeper@example.com,kept\n")
		second.WriteString("Email,card\n")
		for i := range people {
			fmt.Fprintf(&first, "F%d,L,user%d,user%d@example.com,card%d\n", i, i, i, i)
			wanted := fmt.Sprintf("card%d", i+1)
			if i == people-1 {
				wanted = "kept"
			}
			fmt.Fprintf(&second, "user%d@example.com,%s\n", i, wanted)
		}
		f.run(bulk.Import, first.String(), bulk.Options{})
		started := time.Now()
		f.want(f.run(bulk.Update, second.String(), bulk.Options{DryRun: true}), bulk.Completed, 0, 0, 0, 0, people)
		if took := time.Since(started); took > 30*time.Second {
			t.Errorf("took %s", took)
		}
	})
}
