package member

import (
	"context"
	"fmt"

	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/sqldb"
)

// keyTable holds keys by which members are found through a field.
type keyTable struct {
	name string
	key  string // its primary key
	used func(f field.Field) bool
}

var keyTables = []keyTable{
	{"member_value", "community_id, field_id, key, user_id", func(f field.Field) bool { return f.Filterable }},
	{"member_identifiers", "community_id, field_id, key", func(f field.Field) bool { return f.Identifier }},
}

// keyBatch is how many keys one transaction deletes.
const keyBatch = 5_000

// staleKeys are the tables with keys of a field that is not found by them.
func staleKeys(ctx context.Context, q sqldb.Querier, communityID string, f field.Field) (stale []keyTable, err error) {
	for _, t := range keyTables {
		if t.used(f) {
			continue
		}
		there, err := sqldb.One(ctx, q, "keys", sqldb.Value[bool],
			"SELECT EXISTS (SELECT 1 FROM "+t.name+" WHERE community_id = $1 AND field_id = $2)", communityID, f.ID)
		if err != nil {
			return nil, err
		}
		if there {
			stale = append(stale, t)
		}
	}
	return stale, nil
}

// dropKeys deletes the next stale keys of the field, and begins what follows
// when there are none.
func (p *piece) dropKeys(ctx context.Context, tx *sqldb.Tx) (more bool, err error) {
	stale, err := staleKeys(ctx, tx, p.communityID, *p.field)
	if err != nil {
		return false, err
	}
	if len(stale) > 0 {
		return true, stale[0].deleteSome(ctx, tx, p.communityID, p.fieldID)
	}
	if p.kind == field.DropKeys {
		return startWork(ctx, tx, p.fieldWork, *p.field, p.now)
	}
	p.stage = ""
	return true, saveWork(ctx, tx, p.fieldWork, p.now)
}

// dropTaken deletes the next keys that work which was given up had taken, and
// reports whether there may be more.
func dropTaken(ctx context.Context, tx *sqldb.Tx, communityID, fieldID string) (more bool, err error) {
	f, err := field.LoadByID(ctx, tx, communityID, fieldID)
	if err != nil {
		return false, err
	}
	stale, err := staleKeys(ctx, tx, communityID, f)
	if err != nil || len(stale) == 0 {
		return false, err
	}
	return true, stale[0].deleteSome(ctx, tx, communityID, fieldID)
}

func (t keyTable) deleteSome(ctx context.Context, tx *sqldb.Tx, communityID, fieldID string) error {
	_, err := tx.Exec(ctx, fmt.Sprintf("DELETE FROM %s WHERE (%[2]s) IN (SELECT %[2]s FROM %[1]s WHERE community_id = $1 AND field_id = $2 LIMIT %[3]d)", t.name, t.key, keyBatch), communityID, fieldID)
	return err
}
