package member

import (
	"context"

	"github.com/regulars/regulars/internal/sqldb"
)

func upsertVisit(ctx context.Context, q sqldb.Querier, communityID, memberID string, v Visit) error {
	_, err := q.Exec(ctx, `INSERT INTO member_visits (community_id, user_id, seen_at, signed_in_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (community_id, user_id) DO UPDATE SET
			seen_at = CASE WHEN excluded.seen_at > member_visits.seen_at THEN excluded.seen_at ELSE member_visits.seen_at END,
			signed_in_at = CASE WHEN excluded.signed_in_at > member_visits.signed_in_at THEN excluded.signed_in_at ELSE member_visits.signed_in_at END`,
		communityID, memberID, v.SeenAt, v.SignedInAt)
	return err
}

func visitRows(ctx context.Context, q sqldb.Querier, communityID, memberID string) ([]Visit, error) {
	return sqldb.All(ctx, q, func(s sqldb.Scanner) (v Visit, err error) {
		err = s.Scan(&v.SeenAt, &v.SignedInAt)
		return v, err
	},
		"SELECT seen_at, signed_in_at FROM member_visits WHERE community_id = $1 AND user_id = $2", communityID, memberID)
}
