// Package session manages sessions.
package session

import (
	"context"
	"log/slog"
	"time"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/account/flow"
	"github.com/regulars/regulars/internal/account/throttle"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/ratelimit"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/text"
)

// Lifetime is the time from start to expiry of a session.
const Lifetime = 7 * 24 * time.Hour

// Active manages the sessions of accounts.
type Active struct {
	db         *sqldb.DB
	clock      clock.Clock
	touch      *account.Touch
	clients    *throttle.Clients
	revokeKeys RevokeKeys
}

// RevokeKeys deletes the API keys of an account.
type RevokeKeys func(ctx context.Context, tx *sqldb.Tx, accountID string) error

// New returns the sessions of a database.
func New(db *sqldb.DB, c clock.Clock, log *slog.Logger, clients *throttle.Clients, revoke RevokeKeys) *Active {
	return &Active{db: db, clock: c, touch: account.NewTouch(log), clients: clients, revokeKeys: revoke}
}

// Authenticate returns the actor of a session token; Name is empty for
// an unclaimed member. It fails with Unauthenticated "invalid_credential" or
// "credential_expired".
func (s *Active) Authenticate(ctx context.Context, token string) (actor.Actor, error) {
	found, err := sessionByHash(ctx, s.db, account.HashToken(token))
	if errs.KindOf(err) == errs.NotFound {
		return actor.Actor{}, account.InvalidCredential()
	}
	if err != nil {
		return actor.Actor{}, err
	}
	now := s.clock.MS()
	if found.expiresAt <= now {
		return actor.Actor{}, account.CredentialExpired()
	}
	s.touch.Do(ctx, found.actor.SessionID, found.seenAt, now, func(ctx context.Context) error {
		return touchSession(ctx, s.db, found.actor.SessionID, now)
	})
	return found.actor, nil
}

// SignOut ends the session of a token; an ended session is no error.
func (s *Active) SignOut(ctx context.Context, token string) error {
	return deleteSession(ctx, s.db, account.HashToken(token))
}

// Admit completes the flow of a proven account. A held flow is admitted only from
// a known device or network of the account, ten times a minute each; else it
// fails with Limited "too_many_sign_ins".
func (s *Active) Admit(ctx context.Context, tx *sqldb.Tx, f flow.Flow, accountID string, info account.SessionInfo) error {
	if !f.Held {
		return nil
	}
	client, err := s.clients.Known(ctx, tx, accountID, info)
	if err != nil {
		return err
	}
	limit := ratelimit.Limit{Name: "held sign-ins of a place", Max: 10, Window: time.Minute}
	counted, err := ratelimit.Allow(ctx, tx, s.clock.Now(), limit, account.HashToken(accountID+" "+client))
	switch {
	case err != nil:
		return err
	case client == "" || !counted.OK:
		return errs.New(errs.Limited, "too_many_sign_ins", "Too many attempts to sign in from your network. Wait a minute, then try again.").WithRetry(limit.Window)
	}
	f.Data = ""
	return flow.Insert(ctx, tx, f) // the token works once
}

// Add stores a session that starts now.
func (s *Active) Add(ctx context.Context, tx *sqldb.Tx, added Session) error {
	now := s.clock.Now()
	added.Info = account.SessionInfo{UserAgent: text.Printable(added.Info.UserAgent), Address: text.Printable(added.Info.Address)}
	added.createdAt, added.expiresAt = now.UnixMilli(), now.Add(Lifetime).UnixMilli()
	return insertSession(ctx, tx, added)
}

// View is a session in the list of its owner.
type View struct {
	ID          string
	CommunityID string // of a limited session, "": all
	Host        string // name of the system that started it, "": the person
	account.SessionInfo
	CreatedAt, ExpiresAt int64 // Unix milliseconds
	SeenAt               int64 // Unix milliseconds, with a precision of a minute
}

// List returns the active sessions of an account, including limited ones,
// most recently used first.
func (s *Active) List(ctx context.Context, accountID string) ([]View, error) {
	return listSessions(ctx, s.db, accountID, s.clock.MS())
}

// Expiries returns when sessions end, by their ids, in Unix milliseconds. Ended
// sessions that were deleted are missing.
func (s *Active) Expiries(ctx context.Context, sessionIDs []string) (map[string]int64, error) {
	return expiriesOf(ctx, s.db, sessionIDs)
}

// End ends a session of an account. It fails with NotFound
// "session_not_found".
func (s *Active) End(ctx context.Context, accountID, sessionID string) error {
	ended, err := deleteSessionOf(ctx, s.db, accountID, sessionID)
	if err == nil && !ended {
		return errs.Missing("session")
	}
	return err
}

// EndAll ends all sessions of an account except one ("" for none), revokes
// the person's API keys and forgets the known clients.
func (s *Active) EndAll(ctx context.Context, accountID, except string) error {
	return s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := DeleteOf(ctx, tx, accountID, except); err != nil {
			return err
		}
		if err := s.clients.Forget(ctx, tx, accountID, account.SessionInfo{}); err != nil {
			return err
		}
		return s.revokeKeys(ctx, tx, accountID)
	})
}

// Session is a row of sessions.
type Session struct {
	ID, TokenHash string
	AccountID     string // "": unclaimed member
	CommunityID   string // of a limited session, "": all
	MemberID      string // of a limited session
	Host          string // system that started it, "": the person
	KeyID         string // API key of its sign-in link, "": none
	Info          account.SessionInfo

	createdAt, expiresAt int64
}

// Start starts a session and records the sign-in of the account.
func (s *Active) Start(ctx context.Context, tx *sqldb.Tx, accountID string, info account.SessionInfo) (string, account.Account, error) {
	now := s.clock.Now()
	token := account.SessionPrefix + account.NewToken()
	acct, err := account.RecordSignIn(ctx, tx, accountID, now.UnixMilli())
	if err != nil {
		return "", account.Account{}, err
	}
	if err := s.clients.RememberNetwork(ctx, tx, accountID, info.Address); err != nil {
		return "", account.Account{}, err
	}
	return token, acct, s.Add(ctx, tx, Session{ID: id.New(now), TokenHash: account.HashToken(token), AccountID: accountID, Info: info})
}
