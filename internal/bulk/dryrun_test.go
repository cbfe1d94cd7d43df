package bulk_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/field"
)

// TestDryRunMatchesMembersByEachKey has rows that depend on rows of
// other batches without sharing a key with them.
func TestDryRunMatchesMembersByEachKey(t *testing.T) {
	others := ""
	for i := range 6 { // between any two rows: two batches
		others += fmt.Sprintf("F,L,other%[1]d,other%[1]d@example.com,x,,\n", i)
	}
	head := "First Name,Last Name,Username,Email,Plan,Number,Score\n"
	for name, rows := range map[string][2]string{
		"by email, then by username":           {",,,ann@example.com,silver,,", ",,ann,,silver,,"},
		"by username, then by email":           {",,ann,,silver,,", ",,,ann@example.com,silver,,"},
		"an identifier that was given away":    {",,,ann@example.com,,N9,", ",,,bob@example.com,,N1,"},
		"an identifier that was given up":      {",,ann,,,__CLEAR__,", "New,One,new,new@example.com,,N1,"},
		"a name that was given away":           {",,anna,ann@example.com,,,", "New,One,ann,new@example.com,,,"},
		"an identifier that only now is taken": {",,,ann@example.com,,N7,", ",,bob,,,N7,"},
	} {
		each(t, func(f *fixture) {
			f.field(field.Input{Field: "number", Name: "Number", Type: field.SingleLine, Identifier: true})
			f.run(bulk.Import, head+"Ann,Ash,ann,ann@example.com,gold,N1,\nBob,Birch,bob,bob@example.com,,N2,\n", bulk.Options{})
			text := head + rows[0] + "\n" + others + rows[1] + "\n" + strings.ReplaceAll(others, "other", "more") + rows[1] + "\n"
			plan := f.run(bulk.Import, text, bulk.Options{DryRun: true})
			applied, err := f.bulk.Apply(f.Context(), command, f.community, plan.JobID, "")
			f.ok(err)
			done := f.work(applied)
			if d := cmp.Diff(plan.Counts, done.Counts); d != "" {
				f.Errorf("%s: the plan and its run differ: %s\n%v", name, d, f.codes(done))
			}
		})
	}
}
