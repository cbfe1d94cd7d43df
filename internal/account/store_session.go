package account

import (
	"context"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/sqldb"
)

// activeSession is a session with the actor of its account.
type activeSession struct {
	actor             actor.Actor
	expiresAt, seenAt int64
}

func insertSession(ctx context.Context, q sqldb.Querier, s session) error {
	_, err := q.Exec(ctx, `INSERT INTO sessions
		(id, token_hash, account_id, community_id, user_id, host, key_id, user_agent, address, created_at, expires_at, seen_at)
		VALUES ($1, $2, NULLIF($3, ''), $4, $5, $6, $7, $8, $9, $10, $11, $10)`,
		s.id, s.tokenHash, s.accountID, s.communityID, s.memberID, s.host, s.keyID, s.info.UserAgent, s.info.Address, s.createdAt, s.expiresAt)
	return err
}

func sessionByHash(ctx context.Context, q sqldb.Querier, hash string) (activeSession, error) {
	scan := func(r sqldb.Scanner) (activeSession, error) {
		s := activeSession{actor: actor.Actor{Kind: actor.Session}}
		err := r.Scan(&s.actor.SessionID, &s.actor.AccountID, &s.actor.OnlyCommunity, &s.actor.MemberID, &s.actor.SignedInAt, &s.actor.Name, &s.actor.InstallationOwner, &s.actor.Language, &s.expiresAt, &s.seenAt)
		return s, err
	}
	return sqldb.One(ctx, q, "session", scan, `SELECT s.id, COALESCE(a.id, ''), s.community_id, s.user_id, s.created_at, COALESCE(a.username, ''), COALESCE(a.installation_owner, FALSE), COALESCE(a.language, ''), s.expires_at, s.seen_at
		FROM sessions s LEFT JOIN accounts a ON a.id = s.account_id WHERE s.token_hash = $1`, hash)
}

func touchSession(ctx context.Context, q sqldb.Querier, sessionID string, now int64) error {
	_, err := q.Exec(ctx, "UPDATE sessions SET seen_at = $1 WHERE id = $2 AND seen_at < $1", now, sessionID)
	return err
}

func deleteSession(ctx context.Context, q sqldb.Querier, hash string) error {
	_, err := q.Exec(ctx, "DELETE FROM sessions WHERE token_hash = $1", hash)
	return err
}

func listSessions(ctx context.Context, q sqldb.Querier, accountID string, now int64) ([]SessionView, error) {
	return sqldb.All(ctx, q, func(r sqldb.Scanner) (v SessionView, err error) {
		err = r.Scan(&v.ID, &v.CommunityID, &v.Host, &v.UserAgent, &v.Address, &v.CreatedAt, &v.ExpiresAt, &v.SeenAt)
		return v, err
	}, `SELECT id, community_id, host, user_agent, address, created_at, expires_at, seen_at
		FROM sessions WHERE account_id = $1 AND expires_at > $2 ORDER BY seen_at DESC, id DESC`, accountID, now)
}

func deleteSessionOf(ctx context.Context, q sqldb.Querier, accountID, sessionID string) (bool, error) {
	n, err := q.Exec(ctx, "DELETE FROM sessions WHERE COALESCE(account_id, '') = $1 AND id = $2", accountID, sessionID)
	return n > 0, err
}

// deleteSessionsOf deletes the sign-in flows of an account and all its sessions
// except one ("" for none).
func deleteSessionsOf(ctx context.Context, q sqldb.Querier, accountID, except string) error {
	if err := deleteFlowsOf(ctx, q, accountID); err != nil {
		return err
	}
	_, err := q.Exec(ctx, "DELETE FROM sessions WHERE account_id = $1 AND id <> $2", accountID, except)
	return err
}

// DeleteSessionsOfMembers deletes the limited sessions of members in a community, and
// the links to start them.
func DeleteSessionsOfMembers(ctx context.Context, tx *sqldb.Tx, communityID string, memberIDs []string) error {
	for _, table := range []string{"sessions", "one_time_links"} {
		_, err := tx.Exec(ctx, "DELETE FROM "+table+" WHERE community_id = $1 AND "+tx.Dialect().In("user_id", "$2"), communityID, sqldb.Keys(memberIDs))
		if err != nil {
			return err
		}
	}
	return nil
}

// DeleteSessionsOfKeys deletes the sign-in links of API keys and the sessions that
// they started.
func DeleteSessionsOfKeys(ctx context.Context, tx *sqldb.Tx, keyIDs []string) error {
	for _, table := range []string{"one_time_links", "sessions"} {
		_, err := tx.Exec(ctx, "DELETE FROM "+table+" WHERE key_id <> '' AND "+tx.Dialect().In("key_id", "$1"), sqldb.Keys(keyIDs))
		if err != nil {
			return err
		}
	}
	return nil
}

// ClaimSessions assigns the limited sessions of a member to the account that
// claimed the membership, in the caller's transaction.
func ClaimSessions(ctx context.Context, tx *sqldb.Tx, communityID, memberID, accountID string) error {
	_, err := tx.Exec(ctx, "UPDATE sessions SET account_id = $1 WHERE community_id = $2 AND user_id = $3", accountID, communityID, memberID)
	return err
}

func sessionStart(ctx context.Context, q sqldb.Querier, sessionID string) (int64, error) {
	return sqldb.One(ctx, q, "session", sqldb.Value[int64], "SELECT created_at FROM sessions WHERE id = $1", sessionID)
}

const flowColumns = "token_hash, kind, account_id, data, created_at, expires_at"

func scanFlow(s sqldb.Scanner) (signInFlow, error) {
	var one signInFlow
	err := s.Scan(&one.tokenHash, &one.kind, &one.accountID, &one.data, &one.createdAt, &one.expiresAt)
	return one, err
}

func insertFlow(ctx context.Context, q sqldb.Querier, s signInFlow) error {
	_, err := q.Exec(ctx, "INSERT INTO sign_in_steps ("+flowColumns+") VALUES ($1, $2, $3, $4, $5, $6)",
		s.tokenHash, s.kind, s.accountID, s.data, s.createdAt, s.expiresAt)
	return err
}

func loadFlow(ctx context.Context, q sqldb.Querier, hash string, kind flowKind) (signInFlow, error) {
	return sqldb.One(ctx, q, "step", scanFlow, "SELECT "+flowColumns+" FROM sign_in_steps WHERE token_hash = $1 AND kind = $2", hash, kind)
}

// deleteFlow deletes and returns a flow: of two concurrent calls one gets it.
func deleteFlow(ctx context.Context, tx *sqldb.Tx, hash string, kind flowKind) (signInFlow, error) {
	return sqldb.One(ctx, tx, "step", scanFlow,
		"DELETE FROM sign_in_steps WHERE token_hash = $1 AND kind = $2 RETURNING "+flowColumns, hash, kind)
}

func deleteFlowsOf(ctx context.Context, q sqldb.Querier, accountID string) error {
	_, err := q.Exec(ctx, "DELETE FROM sign_in_steps WHERE account_id = $1", accountID)
	return err
}
