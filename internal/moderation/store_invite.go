package moderation

import (
	"context"

	"github.com/regulars/regulars/internal/sqldb"
)

const inviteColumns = "community_id, code, max_uses, uses, expires_at, revoked_at, created_by, created_by_name, created_at, role_id, email, id"

func scanInvite(s sqldb.Scanner) (Invite, error) {
	var i Invite
	err := s.Scan(&i.CommunityID, &i.Code, &i.MaxUses, &i.Uses, &i.ExpiresAt, &i.RevokedAt, &i.CreatedBy, &i.CreatedByName, &i.CreatedAt, &i.RoleID, &i.Email, &i.ID)
	return i, err
}

func insertInvite(ctx context.Context, tx *sqldb.Tx, i Invite, emailKey string) error {
	_, err := tx.Exec(ctx, "INSERT INTO invites ("+inviteColumns+", email_key) VALUES ("+sqldb.Placeholders(1, 13)+")",
		i.CommunityID, i.Code, i.MaxUses, i.Uses, i.ExpiresAt, i.RevokedAt, i.CreatedBy, i.CreatedByName, i.CreatedAt, i.RoleID, i.Email, i.ID, emailKey)
	return err
}

// openInvite is the condition of invites that can be used at $2.
const openInvite = "revoked_at = 0 AND (expires_at = 0 OR expires_at > $2) AND (max_uses = 0 OR uses < max_uses)"

func countOpenInvites(ctx context.Context, q sqldb.Querier, communityID string, now int64) (int, error) {
	return sqldb.One(ctx, q, "invite", sqldb.Value[int], "SELECT count(*) FROM invites WHERE community_id = $1 AND "+openInvite, communityID, now)
}

func inviteByCode(ctx context.Context, q sqldb.Querier, code string) (Invite, error) {
	return sqldb.One(ctx, q, "invite", scanInvite, "SELECT "+inviteColumns+" FROM invites WHERE code = $1", code)
}

func lockInvite(ctx context.Context, tx *sqldb.Tx, communityID, code string) (Invite, error) {
	return sqldb.One(ctx, tx, "invite", scanInvite,
		"SELECT "+inviteColumns+" FROM invites WHERE community_id = $1 AND code = $2 "+tx.Dialect().Lock(), communityID, code)
}

// selectInvites starts after the invite of the cursor. Invites of one request have
// one time and random codes, so their ids order them.
func selectInvites(ctx context.Context, q sqldb.Querier, communityID, cursor string, limit int) (invites []Invite, next string, err error) {
	invites, err = sqldb.All(ctx, q, scanInvite, "SELECT "+inviteColumns+` FROM invites i WHERE community_id = $1
		AND ($2 = '' OR EXISTS (SELECT 1 FROM invites c WHERE c.community_id = $1 AND c.code = $2 AND i.id < c.id))
		ORDER BY id DESC LIMIT $3`, communityID, cursor, int64(limit+1))
	if len(invites) > limit {
		invites = invites[:limit]
		next = invites[limit-1].Code
	}
	return invites, next, err
}

// usesShown is the number of members listed for each invite.
const usesShown = 20

func selectUses(ctx context.Context, q sqldb.Querier, communityID string, invites []Invite) ([]InviteUse, error) {
	codes := make([]string, len(invites))
	for i, invite := range invites {
		codes[i] = invite.Code
	}
	return sqldb.All(ctx, q, func(s sqldb.Scanner) (InviteUse, error) {
		var u InviteUse
		err := s.Scan(&u.Code, &u.ID, &u.Number, &u.Username, &u.UsedAt)
		return u, err
	}, `SELECT u.code, m.user_id, m.number, m.username, u.used_at FROM (
			SELECT code, user_id, used_at, row_number() OVER (PARTITION BY code ORDER BY used_at DESC, user_id) AS place
			FROM invite_uses WHERE community_id = $1 AND `+q.Dialect().In("code", "$2")+`) u
		JOIN members m ON m.community_id = $1 AND m.user_id = u.user_id WHERE u.place <= $3 ORDER BY u.code, u.place`, communityID, sqldb.Keys(codes), int64(usesShown))
}

func setRevoked(ctx context.Context, tx *sqldb.Tx, i Invite, now int64) error {
	_, err := tx.Exec(ctx, "UPDATE invites SET revoked_at = $1, email = '', email_key = '' WHERE community_id = $2 AND code = $3", now, i.CommunityID, i.Code)
	return err
}

// countUse counts a use of an open invite and reports whether it was open. The
// row is locked, so concurrent calls are counted one by one.
func countUse(ctx context.Context, tx *sqldb.Tx, communityID, code string, now int64) (bool, error) {
	n, err := tx.Exec(ctx, "UPDATE invites SET uses = uses + 1 WHERE community_id = $1 AND code = $3 AND "+openInvite, communityID, now, code)
	return n > 0, err
}

func insertUse(ctx context.Context, tx *sqldb.Tx, communityID, code, memberID string, now int64) error {
	_, err := tx.Exec(ctx, `INSERT INTO invite_uses (community_id, code, user_id, used_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (community_id, code, user_id) DO UPDATE SET used_at = excluded.used_at`, communityID, code, memberID, now)
	return err
}

// clearInviteRole removes a deleted role from the invites that assign it.
func clearInviteRole(ctx context.Context, tx *sqldb.Tx, communityID, roleID string) error {
	_, err := tx.Exec(ctx, "UPDATE invites SET role_id = '' WHERE community_id = $1 AND role_id = $2", communityID, roleID)
	return err
}

// revokeMailed revokes the open invites that were mailed to an address.
func revokeMailed(ctx context.Context, tx *sqldb.Tx, communityID, emailKey string, now int64) error {
	_, err := tx.Exec(ctx, "UPDATE invites SET revoked_at = $2 WHERE community_id = $1 AND email_key = $3 AND email_key <> '' AND "+openInvite, communityID, now, emailKey)
	return err
}

// mailedTo returns the spellings of an address that invites were mailed to.
func mailedTo(ctx context.Context, q sqldb.Querier, communityID, emailKey string) ([]string, error) {
	return sqldb.All(ctx, q, sqldb.Value[string],
		"SELECT DISTINCT email FROM invites WHERE community_id = $1 AND email_key = $2 AND email_key <> ''", communityID, emailKey)
}

// forgetMailed erases addresses from the invites that were mailed to them.
func forgetMailed(ctx context.Context, tx *sqldb.Tx, communityID string, emailKeys []string) error {
	_, err := tx.Exec(ctx, "UPDATE invites SET email = '', email_key = '' WHERE community_id = $1 AND email_key <> '' AND "+tx.Dialect().In("email_key", "$2"), communityID, sqldb.Keys(emailKeys))
	return err
}

func deleteUsesOf(ctx context.Context, tx *sqldb.Tx, communityID string, userIDs []string) error {
	_, err := tx.Exec(ctx, "DELETE FROM invite_uses WHERE community_id = $1 AND "+tx.Dialect().In("user_id", "$2"), communityID, sqldb.Keys(userIDs))
	return err
}

// eraseInviteNames erases the names of actors from the invites they created.
func eraseInviteNames(ctx context.Context, tx *sqldb.Tx, communityID string, refs []string) error {
	_, err := tx.Exec(ctx, "UPDATE invites SET created_by_name = '' WHERE community_id = $1 AND "+tx.Dialect().In("created_by", "$2"), communityID, sqldb.Keys(refs))
	return err
}
