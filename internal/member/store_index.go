package member

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"

	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/sqldb"
)

// filterable are the custom fields whose values the index keeps. They stay as
// they are until the transaction ends.
func filterable(ctx context.Context, tx *sqldb.Tx, communityID string) ([]field.Field, error) {
	if err := field.LockShared(ctx, tx, communityID); err != nil {
		return nil, err
	}
	return field.ListFilterable(ctx, tx, communityID)
}

type document struct{ userID, country, text string }

func selectDocuments(ctx context.Context, q sqldb.Querier, communityID string, ids []string) ([]document, error) {
	return sqldb.All(ctx, q, func(s sqldb.Scanner) (document, error) {
		var d document
		return d, s.Scan(&d.userID, &d.country, &d.text)
	}, "SELECT user_id, country, fields FROM members WHERE community_id = $1 AND "+q.Dialect().In("user_id", "$2"), communityID, sqldb.Keys(ids))
}

func insertEntries(ctx context.Context, tx *sqldb.Tx, communityID string, list []entry) error {
	slices.SortFunc(list, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.fieldID, b.fieldID), cmp.Compare(a.key, b.key), cmp.Compare(a.userID, b.userID))
	})
	list = slices.Compact(list) // two choices that differ in case only
	return tx.InsertRows(ctx, sqldb.Rows{Table: "member_value", Columns: []string{"community_id", "field_id", "key", "user_id", "country"}, N: len(list), Fill: func(i int, row []any) {
		row[0], row[1], row[2], row[3], row[4] = communityID, list[i].fieldID, list[i].key, list[i].userID, list[i].country
	}})
}

func deleteEntries(ctx context.Context, tx *sqldb.Tx, communityID string, list []entry) error {
	byField := map[string][][2]string{}
	for _, e := range list {
		byField[e.fieldID] = append(byField[e.fieldID], [2]string{e.key, e.userID})
	}
	for fieldID, pairs := range byField {
		packed, err := json.Marshal(pairs)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "DELETE FROM member_value WHERE community_id = $1 AND field_id = $2 AND "+tx.Dialect().InPairs("key", "user_id", "$3"),
			communityID, fieldID, string(packed)); err != nil {
			return err
		}
	}
	return nil
}
