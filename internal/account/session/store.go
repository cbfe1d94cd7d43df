package session

import (
	"context"
	"time"

	"github.com/regulars/regulars/internal/account/flow"
	"github.com/regulars/regulars/internal/account/link"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/cache"
	"github.com/regulars/regulars/internal/sqldb"
)

// activeSession is a session with the actor of its account.
type activeSession struct {
	actor             actor.Actor
	expiresAt, seenAt int64
}

func insertSession(ctx context.Context, q sqldb.Querier, s Session) error {
	_, err := q.Exec(ctx, `INSERT INTO sessions
		(id, token_hash, account_id, community_id, user_id, host, key_id, user_agent, address, created_at, expires_at, seen_at)
		VALUES ($1, $2, NULLIF($3, ''), $4, $5, $6, $7, $8, $9, $10, $11, $10)`,
		s.ID, s.TokenHash, s.AccountID, s.CommunityID, s.MemberID, s.Host, s.KeyID, s.Info.UserAgent, s.Info.Address, s.createdAt, s.expiresAt)
	return err
}

var cachedSessions = cache.New[activeSession](20_000, "sessions", "accounts") // by the hash of the token

func sessionByHash(ctx context.Context, q sqldb.Querier, hash string) (activeSession, error) {
	scan := func(r sqldb.Scanner) (activeSession, error) {
		s := activeSession{actor: actor.Actor{Kind: actor.Session}}
		err := r.Scan(&s.actor.SessionID, &s.actor.AccountID, &s.actor.OnlyCommunity, &s.actor.MemberID, &s.actor.SignedInAt, &s.actor.Name, &s.actor.InstallationOwner, &s.actor.Language, &s.expiresAt, &s.seenAt)
		return s, err
	}
	return cachedSessions.Get(q, hash, func() (activeSession, error) {
		return sqldb.One(ctx, q, "session", scan, `SELECT s.id, COALESCE(a.id, ''), s.community_id, s.user_id, s.created_at, COALESCE(a.username, ''), COALESCE(a.installation_owner, FALSE), COALESCE(a.language, ''), s.expires_at, s.seen_at
		FROM sessions s LEFT JOIN accounts a ON a.id = s.account_id WHERE s.token_hash = $1`, hash)
	})
}

func touchSession(ctx context.Context, q sqldb.Querier, sessionID string, now int64) error {
	_, err := q.Exec(ctx, "UPDATE sessions SET seen_at = $1 WHERE id = $2 AND seen_at < $1", now, sessionID)
	return err
}

func deleteSession(ctx context.Context, q sqldb.Querier, hash string) error {
	_, err := q.Exec(ctx, "DELETE FROM sessions WHERE token_hash = $1", hash)
	return err
}

func listSessions(ctx context.Context, q sqldb.Querier, accountID string, now int64) ([]View, error) {
	return sqldb.All(ctx, q, func(r sqldb.Scanner) (v View, err error) {
		err = r.Scan(&v.ID, &v.CommunityID, &v.Host, &v.UserAgent, &v.Address, &v.CreatedAt, &v.ExpiresAt, &v.SeenAt)
		return v, err
	}, `SELECT id, community_id, host, user_agent, address, created_at, expires_at, seen_at
		FROM sessions WHERE account_id = $1 AND expires_at > $2 ORDER BY seen_at DESC, id DESC`, accountID, now)
}

// expiriesOf returns when sessions end, by their ids, in Unix milliseconds.
func expiriesOf(ctx context.Context, q sqldb.Querier, ids []string) (map[string]int64, error) {
	expiries := make(map[string]int64, len(ids))
	_, err := sqldb.All(ctx, q, func(r sqldb.Scanner) (none struct{}, err error) {
		var sessionID string
		var expiresAt int64
		err = r.Scan(&sessionID, &expiresAt)
		expiries[sessionID] = expiresAt
		return none, err
	}, "SELECT id, expires_at FROM sessions WHERE "+q.Dialect().In("id", "$1"), sqldb.Keys(ids))
	return expiries, err
}

func deleteSessionOf(ctx context.Context, q sqldb.Querier, accountID, sessionID string) (bool, error) {
	n, err := q.Exec(ctx, "DELETE FROM sessions WHERE COALESCE(account_id, '') = $1 AND id = $2", accountID, sessionID)
	return n > 0, err
}

// DeleteOf deletes the sign-in flows of an account and all its sessions
// except one ("" for none).
func DeleteOf(ctx context.Context, q sqldb.Querier, accountID, except string) error {
	if err := flow.DeleteOf(ctx, q, accountID); err != nil {
		return err
	}
	_, err := q.Exec(ctx, "DELETE FROM sessions WHERE account_id = $1 AND id <> $2", accountID, except)
	return err
}

// DeleteOfMembers deletes the limited sessions of members in a community, and
// the links to start them.
func DeleteOfMembers(ctx context.Context, tx *sqldb.Tx, communityID string, memberIDs []string) error {
	_, err := tx.Exec(ctx, "DELETE FROM sessions WHERE community_id = $1 AND "+tx.Dialect().In("user_id", "$2"), communityID, sqldb.Keys(memberIDs))
	if err != nil {
		return err
	}
	return link.DeleteOfMembers(ctx, tx, communityID, memberIDs)
}

// DeleteOfKeys deletes the sign-in links of API keys and the sessions that
// they started.
func DeleteOfKeys(ctx context.Context, tx *sqldb.Tx, keyIDs []string) error {
	if err := link.DeleteOfKeys(ctx, tx, keyIDs); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, "DELETE FROM sessions WHERE key_id <> '' AND "+tx.Dialect().In("key_id", "$1"), sqldb.Keys(keyIDs))
	return err
}

// Claim assigns the limited sessions of a member to the account that
// claimed the membership, in the caller's transaction.
func Claim(ctx context.Context, tx *sqldb.Tx, communityID, memberID, accountID string) error {
	_, err := tx.Exec(ctx, "UPDATE sessions SET account_id = $1 WHERE community_id = $2 AND user_id = $3", accountID, communityID, memberID)
	return err
}

// StartedAt returns the start of a session in Unix milliseconds.
func StartedAt(ctx context.Context, q sqldb.Querier, sessionID string) (int64, error) {
	return sqldb.One(ctx, q, "session", sqldb.Value[int64], "SELECT created_at FROM sessions WHERE id = $1", sessionID)
}

// Sweep deletes the sessions that ended a month ago; until then their tokens are
// reported as expired.
func Sweep(ctx context.Context, db *sqldb.DB, now time.Time) error {
	return db.DeleteBatches(ctx, "sessions", "id", "expires_at < $1", now.AddDate(0, -1, 0).UnixMilli())
}
