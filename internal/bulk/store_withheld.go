package bulk

import (
	"context"
	"slices"

	"github.com/regulars/regulars/internal/sqldb"
)

// memberNames are the names of a member in a file.
type memberNames struct {
	id, emailKey, usernameKey string
	number                    int64
}

func namesOfMembers(ctx context.Context, q sqldb.Querier, communityID string, userIDs []string) ([]memberNames, error) {
	return sqldb.All(ctx, q, func(s sqldb.Scanner) (n memberNames, err error) {
		err = s.Scan(&n.id, &n.emailKey, &n.usernameKey, &n.number)
		return n, err
	}, "SELECT user_id, email_key, username_key, number FROM members WHERE community_id = $1 AND "+q.Dialect().In("user_id", "$2"), communityID, sqldb.Keys(userIDs))
}

// insertWithheld stores subjects, or their later time.
func insertWithheld(ctx context.Context, tx *sqldb.Tx, communityID string, subjects []string, now int64) error {
	slices.Sort(subjects)
	subjects = slices.Compact(subjects)
	_, err := tx.Exec(ctx, "DELETE FROM bulk_erasures WHERE community_id = $1 AND "+tx.Dialect().In("identifier_hash", "$2"), communityID, sqldb.Keys(subjects))
	if err != nil {
		return err
	}
	return tx.InsertRows(ctx, sqldb.Rows{Table: "bulk_erasures", Columns: []string{"community_id", "identifier_hash", "erased_at"}, N: len(subjects), Fill: func(i int, row []any) {
		row[0], row[1], row[2] = communityID, subjects[i], now
	}})
}

// selectWithheld returns the subjects that were erased, or declined a
// membership, since a time.
func selectWithheld(ctx context.Context, q sqldb.Querier, communityID string, since int64, subjects []string) (map[string]bool, error) {
	list, err := sqldb.All(ctx, q, sqldb.Value[string],
		"SELECT identifier_hash FROM bulk_erasures WHERE community_id = $1 AND erased_at >= $2 AND "+q.Dialect().In("identifier_hash", "$3")+
			" UNION ALL SELECT email_hash FROM member_declines WHERE community_id = $1 AND declined_at >= $2 AND "+q.Dialect().In("email_hash", "$3"),
		communityID, since, sqldb.Keys(subjects))
	found := make(map[string]bool, len(list))
	for _, s := range list {
		found[s] = true
	}
	return found, err
}

// hasWithheld reports whether a person was erased, or declined a membership, since a
// time.
func hasWithheld(ctx context.Context, q sqldb.Querier, communityID string, since int64) (bool, error) {
	return sqldb.One(ctx, q, "erasure", sqldb.Value[bool], `SELECT EXISTS (SELECT 1 FROM bulk_erasures WHERE community_id = $1 AND erased_at >= $2)
		OR EXISTS (SELECT 1 FROM member_declines WHERE community_id = $1 AND declined_at >= $2)`, communityID, since)
}

func deleteWithheld(ctx context.Context, tx *sqldb.Tx, before int64) error {
	_, err := tx.Exec(ctx, "DELETE FROM bulk_erasures WHERE erased_at < $1", before)
	return err
}
