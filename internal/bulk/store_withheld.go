package bulk

import (
	"context"

	"github.com/regulars/regulars/internal/sqldb"
)

// keepsFiles reports whether a community has jobs or drafts with a kept file.
func keepsFiles(ctx context.Context, q sqldb.Querier, communityID string) (bool, error) {
	n, err := sqldb.One(ctx, q, "job", sqldb.Value[int],
		"SELECT count(*) FROM (SELECT 1 FROM bulk_jobs WHERE community_id = $1 AND file_id <> '' LIMIT 1) AS found", communityID)
	return n > 0, err
}

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

func insertWithheld(ctx context.Context, tx *sqldb.Tx, communityID string, subjects []string, now int64) error {
	for _, s := range subjects {
		_, err := tx.Exec(ctx, `INSERT INTO bulk_withheld (community_id, subject, erased_at) VALUES ($1, $2, $3)
			ON CONFLICT (community_id, subject) DO UPDATE SET erased_at = excluded.erased_at`, communityID, s, now)
		if err != nil {
			return err
		}
	}
	return nil
}

// selectWithheld returns those of some subjects that were erased, or declined
// to be members, at a time or later.
func selectWithheld(ctx context.Context, q sqldb.Querier, communityID string, since int64, subjects []string) (map[string]bool, error) {
	list, err := sqldb.All(ctx, q, sqldb.Value[string],
		"SELECT subject FROM bulk_withheld WHERE community_id = $1 AND erased_at >= $2 AND "+q.Dialect().In("subject", "$3")+
			" UNION ALL SELECT email_hash FROM member_declines WHERE community_id = $1 AND declined_at >= $2 AND "+q.Dialect().In("email_hash", "$3"),
		communityID, since, sqldb.Keys(subjects))
	found := make(map[string]bool, len(list))
	for _, s := range list {
		found[s] = true
	}
	return found, err
}

// oldestKept returns the time of the oldest job with a kept file, now if there
// is none.
func oldestKept(ctx context.Context, q sqldb.Querier, now int64) (int64, error) {
	return sqldb.One(ctx, q, "job", sqldb.Value[int64], "SELECT COALESCE(MIN(created_at), $1) FROM bulk_jobs WHERE file_id <> ''", now)
}

func deleteWithheld(ctx context.Context, tx *sqldb.Tx, before int64) error {
	_, err := tx.Exec(ctx, "DELETE FROM bulk_withheld WHERE erased_at < $1", before)
	return err
}
