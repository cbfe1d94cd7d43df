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

// The other purposes have makers of their own.
const (
	linkSetup  Purpose = "setup"  // makes the first account
	linkReset  Purpose = "reset"  // gives an account a new password
	linkMember Purpose = "member" // signs a member in, see LoginLink
)

const (
	signInLinkLifetime = time.Hour
	setupLinkLifetime  = 24 * time.Hour
)

// link is a row of one_time_links.
type link struct {
	tokenHash              string
	purpose                Purpose
	accountID              string // "" for set-up, and for a person without an account
	email, emailKey        string // of a person without an account, for linkReset; "": see accountID
	memberID               string // whom a link for a member signs in
	sessionID, communityID string // of the session that a link for a member begins
	host                   string // who asked for that one, as it calls itself
	keyID                  string // the API key that made it, "": none
	createdAt, expiresAt   int64
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

// RedeemLink starts a session for the account of a link that signs in; one of
// LoginLink works in the link's community only. It fails with Gone
// "link_expired", also for a link that was used or never existed, or as
// LoginLink does for somebody who may not have such a session any more.
func (a *Auth) RedeemLink(ctx context.Context, token string, info SessionInfo) (session string, account Account, err error) {
	err = a.db.Tx(ctx, func(tx *sqldb.Tx) error {
		l, err := takeLink(ctx, tx, hashSecret(token), LinkSignIn, linkMember)
		if err := a.unexpired(l, err); err != nil {
			return err
		}
		if l.purpose == linkMember {
			session, account, err = a.startLimited(ctx, tx, l, info)
		} else {
			session, account, err = a.startSession(ctx, tx, l.accountID, info)
		}
		if errs.KindOf(err) == errs.NotFound { // the account or membership is gone
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
