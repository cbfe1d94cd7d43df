package account

import (
	"context"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
)

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
func (a *Accounts) EndSessions(ctx context.Context, accountID, but string) error {
	return a.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := deleteSessionsOf(ctx, tx, accountID, but); err != nil {
			return err
		}
		if err := a.forgetPlaces(ctx, tx, accountID, SessionInfo{}); err != nil {
			return err
		}
		return a.revokeKeys(ctx, tx, accountID)
	})
}

// ClaimSessions lists the sessions of a member that another system began among
// those of the account that claimed the membership, in the caller's transaction.
func ClaimSessions(ctx context.Context, tx *sqldb.Tx, communityID, memberID, accountID string) error {
	return claimSessions(ctx, tx, communityID, memberID, accountID)
}
