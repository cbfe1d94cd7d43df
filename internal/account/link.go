package account

import (
	"context"
	"time"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
)

// Purpose is the use of a one-time link.
type Purpose string

// LinkSignIn signs an account in.
const LinkSignIn Purpose = "sign_in"

// The other purposes have their own constructors.
const (
	linkSetup  Purpose = "setup"  // creates the first account
	linkReset  Purpose = "reset"  // sets a new password
	LinkMember Purpose = "member" // starts a limited session of a member
)

const (
	signInLinkLifetime = time.Hour
	setupLinkLifetime  = 24 * time.Hour
)

// Link is a row of one_time_links.
type Link struct {
	TokenHash              string
	Purpose                Purpose
	accountID              string // "" for set-up, and for a person without an account
	email, emailKey        string // of a person without an account, linkReset only
	MemberID               string // of LinkMember
	SessionID, CommunityID string // of the limited session, LinkMember only
	Host                   string // name of the requesting system, LinkMember only
	KeyID                  string // API key that created the link, "": none
	CreatedAt, ExpiresAt   int64
}

// CreateLink creates a link, valid for an hour, and returns its token. It
// fails with NotFound "account_not_found".
func (a *Accounts) CreateLink(ctx context.Context, purpose Purpose, accountID string) (token string, err error) {
	if purpose != LinkSignIn {
		return "", errs.New(errs.Invalid, "invalid_input", "%q is not a valid purpose of a link.", purpose)
	}
	if _, err := LoadAccount(ctx, a.db, accountID); err != nil {
		return "", err
	}
	token, _, err = a.newLink(ctx, a.db, Link{Purpose: purpose, accountID: accountID}, signInLinkLifetime)
	return token, err
}

// newLink stores l with a new token. expiresAt is in Unix milliseconds.
func (a *Accounts) newLink(ctx context.Context, q sqldb.Querier, l Link, lifetime time.Duration) (token string, expiresAt int64, err error) {
	token = NewToken()
	l.TokenHash, l.CreatedAt = HashToken(token), a.clock.MS()
	l.ExpiresAt = l.CreatedAt + lifetime.Milliseconds()
	return token, l.ExpiresAt, InsertLink(ctx, q, l)
}

// useLink deletes and returns the link of a token. It fails with Gone
// "link_expired".
func (a *Accounts) useLink(ctx context.Context, tx *sqldb.Tx, token string, purposes ...Purpose) (Link, error) {
	return a.unexpired(deleteLink(ctx, tx, HashToken(token), purposes...))
}

// checkLink is useLink without deleting the link.
func (a *Accounts) loadValidLink(ctx context.Context, token string, purpose Purpose) (Link, error) {
	return a.unexpired(loadLink(ctx, a.db, HashToken(token), purpose))
}

// RedeemLink starts the session of a sign-in link; that of a member link is
// limited to its community. It fails with Gone "link_expired", also for a used
// or unknown link, or as LimitSession does.
func (a *Accounts) RedeemLink(ctx context.Context, token string, info SessionInfo) (session string, account Account, err error) {
	err = a.db.Tx(ctx, func(tx *sqldb.Tx) error {
		l, err := a.useLink(ctx, tx, token, LinkSignIn, LinkMember)
		if err != nil {
			return err
		}
		if l.Purpose == LinkMember {
			session, account, err = a.startLimited(ctx, tx, l, info)
		} else {
			session, account, err = a.startSession(ctx, tx, l.accountID, info)
		}
		if errs.KindOf(err) == errs.NotFound { // the account or membership was deleted
			return LinkExpired()
		}
		return err
	})
	if err != nil {
		return "", Account{}, err
	}
	return session, account, nil
}

// LinkExpired is the error of an expired or used link.
func LinkExpired() error {
	return errs.New(errs.Gone, "link_expired", "This link has expired or was used already. Ask for a new one.")
}

// unexpired replaces NotFound and an expired link by Gone "link_expired".
func (a *Accounts) unexpired(l Link, err error) (Link, error) {
	if errs.KindOf(err) == errs.NotFound || err == nil && l.ExpiresAt <= a.clock.MS() {
		return Link{}, LinkExpired()
	}
	return l, err
}

// startLimited starts the limited session of a member link. It does not count
// as a sign-in of the account and claims no membership. It returns the account
// of a claimed member.
func (a *Accounts) startLimited(ctx context.Context, tx *sqldb.Tx, l Link, info SessionInfo) (string, Account, error) {
	account, err := a.limitSession(ctx, tx, l)
	if err != nil {
		return "", Account{}, err
	}
	token := SessionPrefix + NewToken()
	err = a.addSession(ctx, tx, session{
		id: l.SessionID, tokenHash: HashToken(token), accountID: account.ID, communityID: l.CommunityID, memberID: l.MemberID, host: l.Host, keyID: l.KeyID, info: info,
	})
	return token, account, err
}
