package member

import (
	"context"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
)

func insertMailLink(ctx context.Context, tx *sqldb.Tx, hash string, l MailLink) error {
	_, err := tx.Exec(ctx, "INSERT INTO member_links (token_hash, community_id, user_id, email, email_hash, invite_code, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)",
		hash, l.CommunityID, l.MemberID, l.Email, l.EmailHash, l.InviteCode, l.createdAt)
	return err
}

// LoadMailLink returns a link, or Gone "link_expired".
func LoadMailLink(ctx context.Context, q sqldb.Querier, hash string) (MailLink, error) {
	l, err := sqldb.One(ctx, q, "link", func(s sqldb.Scanner) (l MailLink, err error) {
		err = s.Scan(&l.CommunityID, &l.MemberID, &l.Email, &l.EmailHash, &l.InviteCode, &l.createdAt)
		return l, err
	}, "SELECT community_id, user_id, email, email_hash, invite_code, created_at FROM member_links WHERE token_hash = $1", hash)
	if errs.KindOf(err) == errs.NotFound {
		err = ErrLinkExpired()
	}
	return l, err
}

// LastInvited returns when the newest link was mailed to members, in Unix
// milliseconds; members without one are absent.
func LastInvited(ctx context.Context, q sqldb.Querier, communityID string, memberIDs []string) (map[string]int64, error) {
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

// ForgetMailedLinks erases addresses from the links of invites that were mailed
// to them.
func ForgetMailedLinks(ctx context.Context, tx *sqldb.Tx, communityID string, emailKeys []string) error {
	hashes := make([]string, len(emailKeys))
	for i, key := range emailKeys {
		hashes[i] = AddressHash(communityID, key)
	}
	_, err := tx.Exec(ctx, "UPDATE member_links SET email = '' WHERE community_id = $1 AND invite_code <> '' AND "+tx.Dialect().In("email_hash", "$2"), communityID, sqldb.Keys(hashes))
	return err
}

// ForgetInviteLinks erases the address from the links of an invite that was
// mailed to it.
func ForgetInviteLinks(ctx context.Context, tx *sqldb.Tx, communityID, email, inviteCode string) error {
	_, err := tx.Exec(ctx, "UPDATE member_links SET email = '' WHERE community_id = $1 AND email_hash = $2 AND invite_code = $3",
		communityID, AddressHash(communityID, account.EmailKey(email)), inviteCode)
	return err
}
