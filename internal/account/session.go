package account

import (
	"context"
	"strings"
	"time"
	"unicode"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
)

// SessionLifetime is the time from start to expiry of a session.
const SessionLifetime = 7 * 24 * time.Hour

// SessionInfo describes the client of a session.
type SessionInfo struct {
	UserAgent  string
	Address    string // network address without port
	Device     string // cookie of RememberDevice, "": none
	LimitError error  // Limited: returned unless a known client sends the correct password
}

// AuthenticateSession returns the actor of a session token; Name is empty for
// an unclaimed member. It fails with Unauthenticated "invalid_credential" or
// "credential_expired". It reads one row by a unique key.
func (a *Accounts) AuthenticateSession(ctx context.Context, token string) (actor.Actor, error) {
	s, err := sessionByHash(ctx, a.db, HashToken(token))
	if errs.KindOf(err) == errs.NotFound {
		return actor.Actor{}, InvalidCredential()
	}
	if err != nil {
		return actor.Actor{}, err
	}
	now := a.clock.MS()
	if s.expiresAt <= now {
		return actor.Actor{}, CredentialExpired()
	}
	a.touch.Do(ctx, s.seenAt, now, func(ctx context.Context) error {
		return touchSession(ctx, a.db, s.actor.SessionID, now)
	})
	return s.actor, nil
}

// SignOut ends the session of a token; an ended session is no error.
func (a *Accounts) SignOut(ctx context.Context, token string) error {
	return deleteSession(ctx, a.db, HashToken(token))
}

// addSession stores a session that starts now.
func (a *Accounts) addSession(ctx context.Context, tx *sqldb.Tx, s session) error {
	now := a.clock.Now()
	s.info = SessionInfo{UserAgent: Printable(s.info.UserAgent), Address: Printable(s.info.Address)}
	s.createdAt, s.expiresAt = now.UnixMilli(), now.Add(SessionLifetime).UnixMilli()
	return insertSession(ctx, tx, s)
}

// Printable makes text sent by a client fit for the database.
func Printable(s string) string {
	if len(s) > 300 {
		s = s[:300]
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
}

// SessionView is a session in the list of its owner.
type SessionView struct {
	ID          string
	CommunityID string // of a limited session, "": all
	Host        string // name of the system that started it, "": the person
	SessionInfo
	CreatedAt, ExpiresAt int64 // Unix milliseconds
	SeenAt               int64 // Unix milliseconds, with a precision of a minute
}

// Sessions returns the active sessions of an account, including limited ones,
// most recently used first.
func (a *Accounts) Sessions(ctx context.Context, accountID string) ([]SessionView, error) {
	return listSessions(ctx, a.db, accountID, a.clock.MS())
}

// EndSession ends a session of an account. It fails with NotFound
// "session_not_found".
func (a *Accounts) EndSession(ctx context.Context, accountID, sessionID string) error {
	ended, err := deleteSessionOf(ctx, a.db, accountID, sessionID)
	if err == nil && !ended {
		return errs.New(errs.NotFound, "session_not_found", "Session not found.")
	}
	return err
}

// EndSessions ends all sessions of an account except one ("" for none), revokes
// the person's API keys and forgets the known clients.
func (a *Accounts) EndSessions(ctx context.Context, accountID, except string) error {
	return a.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := deleteSessionsOf(ctx, tx, accountID, except); err != nil {
			return err
		}
		if err := a.forgetClients(ctx, tx, accountID, SessionInfo{}); err != nil {
			return err
		}
		return a.revokeKeys(ctx, tx, accountID)
	})
}

// session is a row of sessions.
type session struct {
	id, tokenHash string
	accountID     string // "": unclaimed member
	communityID   string // of a limited session, "": all
	memberID      string // of a limited session
	host          string // system that started it, "": the person
	keyID         string // API key of its sign-in link, "": none
	info          SessionInfo

	createdAt, expiresAt int64
}
