package jobmember

import (
	"context"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
)

// load returns the state of a list; zero without one.
func load(ctx context.Context, q sqldb.Querier, communityID, jobID string) (progress, error) {
	p, err := sqldb.One(ctx, q, "member_list", func(s sqldb.Scanner) (p progress, err error) {
		return p, s.Scan(&p.next, &p.listed, &p.complete)
	}, "SELECT next_batch, listed_rows, complete FROM bulk_member_lists WHERE community_id = $1 AND job_id = $2", communityID, jobID)
	if errs.KindOf(err) == errs.NotFound {
		return progress{}, nil
	}
	return p, err
}

func save(ctx context.Context, tx *sqldb.Tx, communityID, jobID string, p progress) error {
	_, err := tx.Exec(ctx, `INSERT INTO bulk_member_lists (community_id, job_id, next_batch, listed_rows, complete) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (community_id, job_id) DO UPDATE SET next_batch = excluded.next_batch, listed_rows = excluded.listed_rows, complete = excluded.complete`,
		communityID, jobID, p.next, p.listed, p.complete)
	return err
}

// insert adds members to a list. Those that it has and those that do not exist are
// left out.
func insert(ctx context.Context, tx *sqldb.Tx, communityID, jobID string, userIDs []string) error {
	_, err := tx.Exec(ctx, `INSERT INTO bulk_members (community_id, job_id, user_id) SELECT community_id, CAST($2 AS TEXT), user_id FROM members
		WHERE community_id = $1 AND `+tx.Dialect().In("user_id", "$3")+" ON CONFLICT (community_id, job_id, user_id) DO NOTHING", communityID, jobID, sqldb.Keys(userIDs))
	return err
}

// Delete deletes the list of a job.
func Delete(ctx context.Context, tx *sqldb.Tx, communityID, jobID string) error {
	for _, table := range []string{"bulk_members", "bulk_member_lists"} {
		if _, err := tx.Exec(ctx, "DELETE FROM "+table+" WHERE community_id = $1 AND job_id = $2", communityID, jobID); err != nil {
			return err
		}
	}
	return nil
}
