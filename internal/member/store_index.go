package member

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/sqldb"
)

// filterable returns the indexed custom fields. They do not change until the
// transaction ends.
func filterable(ctx context.Context, tx *sqldb.Tx, communityID string) ([]field.Field, error) {
	if err := field.LockShared(ctx, tx, communityID); err != nil {
		return nil, err
	}
	return field.ListFilterable(ctx, tx, communityID)
}

// Document is the stored values of a member.
type Document struct{ UserID, Country, Text string }

func selectDocuments(ctx context.Context, q sqldb.Querier, communityID string, ids []string) ([]Document, error) {
	return sqldb.All(ctx, q, func(s sqldb.Scanner) (Document, error) {
		var d Document
		return d, s.Scan(&d.UserID, &d.Country, &d.Text)
	}, "SELECT user_id, country, fields FROM members WHERE community_id = $1 AND "+q.Dialect().In("user_id", "$2"), communityID, sqldb.Keys(ids))
}

// InsertEntries adds entries to the index of values.
func InsertEntries(ctx context.Context, tx *sqldb.Tx, communityID string, list []entry) error {
	slices.SortFunc(list, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.fieldID, b.fieldID), cmp.Compare(a.key, b.key), cmp.Compare(a.userID, b.userID))
	})
	list = slices.Compact(list) // choices that differ only in case
	return tx.InsertRows(ctx, sqldb.Rows{Table: "member_values", Columns: []string{"community_id", "field_id", "key", "user_id", "country"}, N: len(list), Fill: func(i int, row []any) {
		row[0], row[1], row[2], row[3], row[4] = communityID, list[i].fieldID, list[i].key, list[i].userID, list[i].country
	}})
}

// DeleteEntries deletes entries from the index of values.
func DeleteEntries(ctx context.Context, tx *sqldb.Tx, communityID string, list []entry) error {
	byField := map[string][][2]string{}
	for _, e := range list {
		byField[e.fieldID] = append(byField[e.fieldID], [2]string{e.key, e.userID})
	}
	for fieldID, pairs := range byField {
		packed, err := json.Marshal(pairs)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "DELETE FROM member_values WHERE community_id = $1 AND field_id = $2 AND "+tx.Dialect().InPairs("key", "user_id", "$3"),
			communityID, fieldID, string(packed)); err != nil {
			return err
		}
	}
	return nil
}

// keyTable is a table of keys by which members are found through a field.
type keyTable struct {
	name string
	key  string // its primary key
	used func(f field.Field) bool
}

var keyTables = []keyTable{
	{"member_values", "community_id, field_id, key, user_id", func(f field.Field) bool { return f.Filterable }},
	{"member_identifiers", "community_id, field_id, key", func(f field.Field) bool { return f.Identifier }},
}

// KeyBatch is the number of keys that one transaction deletes.
const KeyBatch = 5_000

// StaleKeys returns the tables with keys of a field that no longer needs them.
func StaleKeys(ctx context.Context, q sqldb.Querier, communityID string, f field.Field) (stale []keyTable, err error) {
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

func (t keyTable) DeleteSome(ctx context.Context, tx *sqldb.Tx, communityID, fieldID string) error {
	_, err := tx.Exec(ctx, fmt.Sprintf("DELETE FROM %s WHERE (%[2]s) IN (SELECT %[2]s FROM %[1]s WHERE community_id = $1 AND field_id = $2 LIMIT %[3]d)", t.name, t.key, KeyBatch), communityID, fieldID)
	return err
}
