package member

import (
	"context"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
)

func insertMailLink(ctx context.Context, tx *sqldb.Tx, hash string, l mailLink) error {
	_, err := tx.Exec(ctx, "INSERT INTO member_links (token_hash, community_id, user_id, email, email_hash, invite_code, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)",
		hash, l.communityID, l.memberID, l.email, l.emailHash, l.inviteCode, l.createdAt)
	return err
}

// loadMailLink fails with Gone "link_expired" for a link that is not there.
func loadMailLink(ctx context.Context, q sqldb.Querier, hash string) (mailLink, error) {
	l, err := sqldb.One(ctx, q, "link", func(s sqldb.Scanner) (l mailLink, err error) {
		err = s.Scan(&l.communityID, &l.memberID, &l.email, &l.emailHash, &l.inviteCode, &l.createdAt)
		return l, err
	}, "SELECT community_id, user_id, email, email_hash, invite_code, created_at FROM member_links WHERE token_hash = $1", hash)
	if errs.KindOf(err) == errs.NotFound {
		err = errLinkExpired()
	}
	return l, err
}

// lastInvited returns when the newest link was mailed to each of some members,
// in Unix milliseconds; members without one are absent.
func lastInvited(ctx context.Context, q sqldb.Querier, communityID string, memberIDs []string) (map[string]int64, error) {
	type row struct {
		memberID string
		at       int64
	}
	found, err := sqldb.All(ctx, q, func(s sqldb.Scanner) (r row, err error) {
		err = s.Scan(&r.memberID, &r.at)
		return r, err
	}, "SELECT user_id, MAX(created_at) FROM member_links WHERE community_id = $1 AND "+q.Dialect().In("user_id", "$2")+" GROUP BY user_id", communityID, sqldb.Keys(memberIDs))
	last := make(map[string]int64, len(found))
	for _, r := range found {
		last[r.memberID] = r.at
	}
	return last, err
}
