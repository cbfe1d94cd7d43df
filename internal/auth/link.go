package auth

import (
	"context"
	"time"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
)

// Purpose says what a one-time link is for.
type Purpose string

// LinkSignIn signs an account in.
const LinkSignIn Purpose = "sign_in"

// linkSetup makes the first account; only SetupLink makes such links.
const linkSetup Purpose = "setup"

const (
	signInLinkLifetime = time.Hour
	setupLinkLifetime  = 24 * time.Hour
)

// link is a row of one_time_links.
type link struct {
	tokenHash            string
	purpose              Purpose
	accountID            string // "" for set-up
	createdAt, expiresAt int64
}

// OneTimeLink returns the token of a link that works once, within an hour. It
// fails with NotFound "account_not_found".
func (a *Auth) OneTimeLink(ctx context.Context, purpose Purpose, accountID string) (token string, err error) {
	if purpose != LinkSignIn {
		return "", errs.New(errs.Invalid, "invalid_input", "There are no links for %q.", purpose)
	}
	if _, err := loadAccount(ctx, a.db, accountID); err != nil {
		return "", err
	}
	return a.makeLink(ctx, purpose, accountID, signInLinkLifetime)
}

func (a *Auth) makeLink(ctx context.Context, purpose Purpose, accountID string, lifetime time.Duration) (string, error) {
	token, now := newSecret(), a.clock.Now()
	err := insertLink(ctx, a.db, link{
		tokenHash: hashSecret(token), purpose: purpose, accountID: accountID,
		createdAt: now.UnixMilli(), expiresAt: now.Add(lifetime).UnixMilli(),
	})
	return token, err
}

// RedeemLink starts a session for the account of a sign-in link. It fails with
// Gone "link_expired", also for a link that was used or never existed.
func (a *Auth) RedeemLink(ctx context.Context, token string, info SessionInfo) (session string, account Account, err error) {
	err = a.db.Tx(ctx, func(tx *sqldb.Tx) error {
		l, err := takeLink(ctx, tx, hashSecret(token), LinkSignIn)
		if errs.KindOf(err) == errs.NotFound || err == nil && l.expiresAt <= a.clock.MS() {
			return linkExpired()
		}
		if err != nil {
			return err
		}
		session, account, err = a.startSession(ctx, tx, l.accountID, info)
		if errs.KindOf(err) == errs.NotFound { // the account was deleted
			return linkExpired()
		}
		return err
	})
	if err != nil {
		return "", Account{}, err
	}
	return session, account, nil
}

func linkExpired() error {
	return errs.New(errs.Gone, "link_expired", "This link has expired or was used already. Ask for a new one.")
}
