package fieldchange_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/fieldchange"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/membertest"
	"github.com/regulars/regulars/internal/sqldb"
)

func TestKeysOfAFieldAreDeletedInBatches(t *testing.T) {
	each(t, func(f *fixture) {
		ann := f.People("ann")[0]
		fld := f.Define(field.Input{Field: "plan", Filterable: true, Identifier: true})
		other := f.Define(field.Input{Field: "club", Filterable: true})
		f.OK(membertest.AsError(f.Change(ann, "plan", "gold")))
		f.OK(membertest.AsError(f.Change(ann, "club", "chess")))
		f.OK(f.DB.Tx(f.Context(), func(tx *sqldb.Tx) error {
			return tx.InsertRows(f.Context(), sqldb.Rows{Table: "member_values", Columns: []string{"community_id", "field_id", "key", "user_id", "country"}, N: fieldchange.KeyBatch, Fill: func(i int, row []any) {
				row[0], row[1], row[2], row[3], row[4] = f.Community, fld.ID, fmt.Sprintf("k%d", i), ann.ID, ""
			}})
		}))
		for _, query := range []string{
			"UPDATE field_definitions SET filterable = FALSE, indexed = FALSE, identifier = FALSE WHERE id = $1",
			`INSERT INTO field_jobs (community_id, field_id, kind, stage, target, position, done, total, error, actor, updated_at)
			SELECT community_id, id, 'unindex', '', '{}', '', 0, 0, '', '', 0 FROM field_definitions WHERE id = $1`,
		} {
			_, err := f.DB.Exec(f.Context(), query, fld.ID)
			f.OK(err)
		}
		if more, err := f.FieldChanges.WorkOnce(f.Context(), f.Community, fld.ID); err != nil || !more || len(f.index(fld)) != 1 {
			f.Errorf("the first batch left %d keys: %v %v", len(f.index(fld)), more, err)
		}
		f.OK(f.FieldChanges.Sweep(f.Context())) // queues work without a job
		f.workFields()
		held, err := member.Identifiers(f.Context(), f.DB, f.Community, fld.ID, []string{"gold"})
		if left := f.index(fld); err != nil || len(left)+len(held) != 0 {
			f.Errorf("%d keys and %d identifiers are left: %v", len(left), len(held), err)
		}
		if d := cmp.Diff([]string{"chess ann"}, f.index(other)); d != "" {
			f.Error(d)
		}

		// Turned on again, the field has the keys of its values and no others.
		_, err = f.FieldChanges.UpdateField(f.Context(), membertest.Command, f.Community, fld.ID, field.Update{Filterable: yes(true), Identifier: yes(true)})
		f.OK(err)
		if d := cmp.Diff([]string{"gold ann"}, f.index(fld)); d != "" {
			f.Error(d)
		}
	})
}
