package member_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sqldb"
)

func TestKeysOfAFieldAreDeletedInBatches(t *testing.T) {
	each(t, func(f *fixture) {
		ann := f.people("ann")[0]
		fld := f.define(field.Input{Field: "plan", Filterable: true, Identifier: true})
		other := f.define(field.Input{Field: "club", Filterable: true})
		f.ok(asError(f.change(ann, "plan", "gold")))
		f.ok(asError(f.change(ann, "club", "chess")))
		f.ok(f.db.Tx(f.Context(), func(tx *sqldb.Tx) error {
			return tx.InsertRows(f.Context(), sqldb.Rows{Table: "member_value", Columns: []string{"community_id", "field_id", "key", "user_id", "country"}, N: member.KeyBatch, Fill: func(i int, row []any) {
				row[0], row[1], row[2], row[3], row[4] = f.community, fld.ID, fmt.Sprintf("k%d", i), ann.ID, ""
			}})
		}))
		for _, query := range []string{
			"UPDATE user_fields SET filterable = FALSE, filled = FALSE, identifier = FALSE WHERE id = $1",
			`INSERT INTO field_work (community_id, field_id, kind, stage, target, position, done, total, error, actor, updated_at)
			SELECT community_id, id, 'unindex', '', '{}', '', 0, 0, '', '', 0 FROM user_fields WHERE id = $1`,
		} {
			_, err := f.db.Exec(f.Context(), query, fld.ID)
			f.ok(err)
		}
		if more, err := f.members.WorkOnce(f.Context(), f.community, fld.ID); err != nil || !more || len(f.index(fld)) != 1 {
			f.Errorf("the first batch left %d keys: %v %v", len(f.index(fld)), more, err)
		}
		f.ok(f.members.Sweep(f.Context())) // queues work without a job
		f.workFields()
		held, err := member.Identifiers(f.Context(), f.db, f.community, fld.ID, []string{"gold"})
		if left := f.index(fld); err != nil || len(left)+len(held) != 0 {
			f.Errorf("%d keys and %d identifiers are left: %v", len(left), len(held), err)
		}
		if d := cmp.Diff([]string{"chess ann"}, f.index(other)); d != "" {
			f.Error(d)
		}

		// Turned on again, the field has the keys of its values and no others.
		_, err = f.members.UpdateField(f.Context(), f.community, fld.ID, field.Update{Filterable: yes(true), Identifier: yes(true)})
		f.ok(err)
		if d := cmp.Diff([]string{"gold ann"}, f.index(fld)); d != "" {
			f.Error(d)
		}
	})
}
