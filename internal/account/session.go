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

// SessionLifetime is how long after its start a session ends by itself.
const SessionLifetime = 7 * 24 * time.Hour

// SessionInfo is what a person may see of a session to know it again.
type SessionInfo struct {
	UserAgent string
	Address   string // of the network, without a port
	Device    string // cookie of RememberDevice, "": none
	Held      error  // Limited: returned unless a known place gives the right password
}

// AuthenticateSession returns the actor of a session token; Name is empty for an
// unclaimed member. It fails with Unauthenticated "invalid_credential" or
// "credential_expired". It costs one read by a unique key.
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

// SignOut ends the session of a token; a session that has ended is fine.
func (a *Accounts) SignOut(ctx context.Context, token string) error {
	return deleteSession(ctx, a.db, HashToken(token))
}

// keepSession adds a session that begins now.
func (a *Accounts) addSession(ctx context.Context, tx *sqldb.Tx, s session) error {
	now := a.clock.Now()
	s.info = SessionInfo{UserAgent: Printable(s.info.UserAgent), Address: Printable(s.info.Address)}
	s.createdAt, s.expiresAt = now.UnixMilli(), now.Add(SessionLifetime).UnixMilli()
	return insertSession(ctx, tx, s)
}

// Printable makes what a client says of itself fit for the database.
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

// SessionView is a session as its owner sees it.
type SessionView struct {
	ID          string
	CommunityID string // the only one it works in, "": all
	Host        string // the system that began it, as it calls itself; "": the person
	SessionInfo
	CreatedAt, ExpiresAt int64 // Unix milliseconds
	SeenAt               int64 // Unix milliseconds to about a minute
}

// Sessions returns the sessions of an account that have not ended, those that
// another system began too, the last one used first.
func (a *Accounts) Sessions(ctx context.Context, accountID string) ([]SessionView, error) {
	return listSessions(ctx, a.db, accountID, a.clock.MS())
}

// EndSession ends one session of an account. It fails with NotFound
// "session_not_found".
func (a *Accounts) EndSession(ctx context.Context, accountID, sessionID string) error {
	ended, err := deleteSessionOf(ctx, a.db, accountID, sessionID)
	if err == nil && !ended {
		return errs.New(errs.NotFound, "session_not_found", "There is no such session.")
	}
	return err
}

// EndSessions ends all sessions of an account but one, "" for none, and the API
// keys of its person, and forgets its devices and networks: what somebody else may have got hold of.
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
	accountID     string // "": of an unclaimed member
	communityID   string // the only one it works in, "": all
	memberID      string // whose it is there
	host          string // the system that began it, "": the person
	keyID         string // the API key whose link began it, "": none
	info          SessionInfo

	createdAt, expiresAt int64
}
