package account

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
)

// session is a row of sessions.
type session struct {
	id, tokenHash string
	accountID     string // "": of an unclaimed member
	communityID   string // the only one it works in, "": all
	memberID      string // whose it is there
	host          string // the system that began it, "": the person
	keyID         string // the API key whose link began it, "": none
	info          SessionInfo

	createdAt, expiresAt int64
}

// seen is a session with the account it belongs to.
type seen struct {
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

func sessionByHash(ctx context.Context, q sqldb.Querier, hash string) (seen, error) {
	scan := func(r sqldb.Scanner) (seen, error) {
		s := seen{actor: actor.Actor{Kind: actor.Session}}
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

// deleteSessionsOf ends all sessions of an account but one, "" for none, and
// sign-ins that are on their way.
func deleteSessionsOf(ctx context.Context, q sqldb.Querier, accountID, but string) error {
	if err := deleteStepsOf(ctx, q, accountID); err != nil {
		return err
	}
	_, err := q.Exec(ctx, "DELETE FROM sessions WHERE account_id = $1 AND id <> $2", accountID, but)
	return err
}

// DeleteSessionsIn ends the sessions that other systems started in a community
// for members, and the links to such sessions.
func DeleteSessionsIn(ctx context.Context, tx *sqldb.Tx, communityID string, memberIDs []string) error {
	for _, table := range []string{"sessions", "one_time_links"} {
		_, err := tx.Exec(ctx, "DELETE FROM "+table+" WHERE community_id = $1 AND "+tx.Dialect().In("user_id", "$2"), communityID, sqldb.Keys(memberIDs))
		if err != nil {
			return err
		}
	}
	return nil
}

// EndSessionsOfKeys deletes the sign-in links of keys and the sessions that
// began with them.
func EndSessionsOfKeys(ctx context.Context, tx *sqldb.Tx, keyIDs []string) error {
	for _, table := range []string{"one_time_links", "sessions"} {
		_, err := tx.Exec(ctx, "DELETE FROM "+table+" WHERE key_id <> '' AND "+tx.Dialect().In("key_id", "$1"), sqldb.Keys(keyIDs))
		if err != nil {
			return err
		}
	}
	return nil
}

func claimSessions(ctx context.Context, tx *sqldb.Tx, communityID, memberID, accountID string) error {
	_, err := tx.Exec(ctx, "UPDATE sessions SET account_id = $1 WHERE community_id = $2 AND user_id = $3", accountID, communityID, memberID)
	return err
}

// login is an account and how it signs in; empty when there is none.
type login struct {
	account      Account // ID and Email only
	passwordHash string
}

func findLogin(ctx context.Context, q sqldb.Querier, name string) (login, error) {
	if !utf8.ValidString(name) || strings.ContainsRune(name, 0) {
		return login{}, nil // PostgreSQL would not even look
	}
	column, key := "username_key", UsernameKey(name)
	if strings.Contains(name, "@") {
		column, key = "email_key", EmailKey(name)
	}
	scan := func(r sqldb.Scanner) (l login, err error) {
		err = r.Scan(&l.account.ID, &l.account.Email, &l.passwordHash)
		return l, err
	}
	l, err := sqldb.One(ctx, q, "account", scan, "SELECT id, email, password_hash FROM accounts WHERE "+column+" = $1", key)
	if errs.KindOf(err) == errs.NotFound {
		return login{}, nil
	}
	return l, err
}

func noteSignIn(ctx context.Context, tx *sqldb.Tx, accountID string, now int64) (Account, error) {
	return sqldb.One(ctx, tx, "account", scanAccount,
		"UPDATE accounts SET signed_in_at = $1 WHERE id = $2 RETURNING "+accountColumns, now, accountID)
}

// replaceHash keeps a password that was changed since old was read.
func replaceHash(ctx context.Context, q sqldb.Querier, accountID, old, hash string) error {
	_, err := q.Exec(ctx, "UPDATE accounts SET password_hash = $1 WHERE id = $2 AND password_hash = $3", hash, accountID, old)
	return err
}

// lockPassword returns the hash of a password that nobody else changes until
// the transaction ends.
func lockPassword(ctx context.Context, tx *sqldb.Tx, accountID string) (string, error) {
	return sqldb.One(ctx, tx, "account", sqldb.Value[string], "SELECT password_hash FROM accounts WHERE id = $1 "+tx.Dialect().Lock(), accountID)
}

func updatePassword(ctx context.Context, tx *sqldb.Tx, accountID, hash string, now int64) error {
	_, err := tx.Exec(ctx, "UPDATE accounts SET password_hash = $1, updated_at = $2 WHERE id = $3", hash, now, accountID)
	return err
}

// failures are the failed sign-ins of a subject.
type failures struct{ count, lastAt int64 }

func loadFailures(ctx context.Context, q sqldb.Querier, subject string) (failures, error) {
	return queryFailures(ctx, q, subject, "")
}

func lockedFailures(ctx context.Context, tx *sqldb.Tx, subject string) (failures, error) {
	return queryFailures(ctx, tx, subject, tx.Dialect().Lock())
}

func queryFailures(ctx context.Context, q sqldb.Querier, subject, lock string) (failures, error) {
	scan := func(r sqldb.Scanner) (f failures, err error) {
		err = r.Scan(&f.count, &f.lastAt)
		return f, err
	}
	f, err := sqldb.One(ctx, q, "subject", scan, "SELECT failures, last_at FROM sign_in_failures WHERE subject = $1 "+lock, subject)
	if errs.KindOf(err) == errs.NotFound {
		return failures{}, nil
	}
	return f, err
}

// ensureFailures makes the row that lockedFailures locks.
func ensureFailures(ctx context.Context, tx *sqldb.Tx, subject string) error {
	_, err := tx.Exec(ctx, "INSERT INTO sign_in_failures (subject, failures, last_at) VALUES ($1, 0, 0) ON CONFLICT (subject) DO NOTHING", subject)
	return err
}

// countFailure starts from one when the last failure was before forgotten.
func countFailure(ctx context.Context, tx *sqldb.Tx, subject string, now, forgotten int64) error {
	_, err := tx.Exec(ctx, `UPDATE sign_in_failures
		SET failures = CASE WHEN last_at <= $1 THEN 1 ELSE failures + 1 END, last_at = $2 WHERE subject = $3`,
		forgotten, now, subject)
	return err
}

// lowerFailures takes n failures off a subject.
func lowerFailures(ctx context.Context, tx *sqldb.Tx, subject string, n int64) error {
	_, err := tx.Exec(ctx, "UPDATE sign_in_failures SET failures = CASE WHEN failures > CAST($1 AS BIGINT) THEN failures - CAST($1 AS BIGINT) ELSE 0 END WHERE subject = $2", n, subject)
	return err
}

// setLastFailure moves the last failure of a subject back to now.
func setLastFailure(ctx context.Context, q sqldb.Querier, subject string, now int64) error {
	_, err := q.Exec(ctx, "UPDATE sign_in_failures SET last_at = $1 WHERE subject = $2 AND last_at > $1", now, subject)
	return err
}

func deleteFailures(ctx context.Context, tx *sqldb.Tx, subject string) error {
	_, err := tx.Exec(ctx, "DELETE FROM sign_in_failures WHERE subject = $1", subject)
	return err
}

func sweep(ctx context.Context, db *sqldb.DB, now time.Time) error {
	forget := accountPatience.forget
	for _, old := range []struct {
		table, key, where string
		times             []any
	}{
		{"sessions", "id", "expires_at < $1", []any{now.AddDate(0, -1, 0).UnixMilli()}},
		{"one_time_links", "token_hash", "expires_at < $1", []any{now.UnixMilli()}},
		{"registrations", "token_hash", "expires_at < $1", []any{now.UnixMilli()}},
		{"email_changes", "account_id", "expires_at < $1", []any{now.UnixMilli()}},
		{"sign_in_steps", "token_hash", "expires_at < $1", []any{now.UnixMilli()}},
		{"sign_in_failures", "subject", "last_at < $1 OR last_at > $2", []any{now.Add(-forget).UnixMilli(), now.Add(forget).UnixMilli()}},
	} {
		if err := db.DeleteBatches(ctx, old.table, old.key, old.where, old.times...); err != nil {
			return err
		}
	}
	return sweepPlaces(ctx, db, now.Add(-PlaceLifetime).UnixMilli(), now.Add(PlaceLifetime).UnixMilli())
}

func sessionStart(ctx context.Context, q sqldb.Querier, sessionID string) (int64, error) {
	return sqldb.One(ctx, q, "session", sqldb.Value[int64], "SELECT created_at FROM sessions WHERE id = $1", sessionID)
}

func passwordHash(ctx context.Context, q sqldb.Querier, accountID string) (string, error) {
	return sqldb.One(ctx, q, "account", sqldb.Value[string], "SELECT password_hash FROM accounts WHERE id = $1", accountID)
}
