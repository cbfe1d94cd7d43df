package auth

import (
	"context"
	"strings"
	"time"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/sqldb"
)

// SessionLifetime is how long after its start a session ends by itself.
const SessionLifetime = 7 * 24 * time.Hour

// SessionInfo is what a person may see of a session to know it again.
type SessionInfo struct {
	UserAgent string
	Address   string // of the network, without a port
}

// SignIn starts a session for whoever knows the password; login is an email
// address or a username. It fails with Unauthenticated "wrong_password", the
// same in text and time for an account that does not exist or has no password,
// or with Limited "too_many_sign_ins" and a time after which to try again.
// A sign-in that fails is counted: do not call it in a BeforeCommit context.
func (a *Auth) SignIn(ctx context.Context, login, password string, info SessionInfo) (token string, account Account, err error) {
	found, err := findLogin(ctx, a.db, login)
	if err != nil {
		return "", Account{}, err
	}
	counted := subjectsOf(found.account.ID, login, info.Address)
	if err := a.checkFailures(ctx, a.db, counted); err != nil {
		return "", Account{}, err // before a hash is computed
	}
	right, outdated, err := a.verify(ctx, found.passwordHash, password)
	if err != nil {
		return "", Account{}, err
	}
	hash := found.passwordHash
	if right && outdated {
		if hash, err = a.hash(ctx, password); err != nil {
			return "", Account{}, err
		}
	}
	err = a.db.Tx(ctx, func(tx *sqldb.Tx) error {
		// What was answered while this password was checked counts: of many
		// guesses at the same time no more than a few learn whether they are
		// right.
		if err := a.lockFailures(ctx, tx, counted, right); err != nil {
			return err
		}
		if !right {
			return countFailures(ctx, tx, counted, a.clock.MS())
		}
		if err := forgiveAccount(ctx, tx, counted); err != nil {
			return err
		}
		if outdated {
			if err := replaceHash(ctx, tx, found.account.ID, found.passwordHash, hash); err != nil {
				return err
			}
		}
		token, account, err = a.startSession(ctx, tx, found.account.ID, info)
		return err
	})
	if err != nil {
		return "", Account{}, err
	}
	if !right {
		return "", Account{}, errs.New(errs.Unauthenticated, "wrong_password", "The email address, username or password is wrong.")
	}
	return token, account, nil
}

// SignOut ends the session of a token; a session that has ended is fine.
func (a *Auth) SignOut(ctx context.Context, token string) error {
	return deleteSession(ctx, a.db, hashSecret(token))
}

// startSession adds a session and notes the sign-in at the account.
func (a *Auth) startSession(ctx context.Context, tx *sqldb.Tx, accountID string, info SessionInfo) (string, Account, error) {
	now := a.clock.Now()
	token := sessionPrefix + newSecret()
	account, err := noteSignIn(ctx, tx, accountID, now.UnixMilli())
	if err != nil {
		return "", Account{}, err
	}
	err = insertSession(ctx, tx, session{
		id: id.New(now), tokenHash: hashSecret(token), accountID: accountID,
		info:      SessionInfo{UserAgent: printable(info.UserAgent), Address: printable(info.Address)},
		createdAt: now.UnixMilli(), expiresAt: now.Add(SessionLifetime).UnixMilli(),
	})
	return token, account, err
}

// printable makes what a client says of itself fit for the database.
func printable(s string) string {
	if len(s) > 300 {
		s = s[:300]
	}
	return strings.ReplaceAll(strings.ToValidUTF8(s, ""), "\x00", "")
}

// Sweep deletes what is of no use any more: sessions a month after their end
// (until then their tokens are told that they have expired), links that have
// expired, failed sign-ins that are forgotten.
func (a *Auth) Sweep(ctx context.Context) error {
	return sweep(ctx, a.db, a.clock.Now())
}
