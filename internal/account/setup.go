package account

import (
	"context"
	"slices"

	"github.com/regulars/regulars/internal/sqldb"
)

// SetupPending reports whether no account has a password yet, so that the first
// one is still to be created.
func (a *Accounts) SetupPending(ctx context.Context) (bool, error) {
	exists, err := passwordExists(ctx, a.db)
	return !exists, err
}

// SetupLink creates a link for Setup, valid for 24 hours while set-up is
// pending, and returns its token; otherwise needed is false. Earlier tokens
// remain valid: each node of an installation prints its own.
func (a *Accounts) SetupLink(ctx context.Context) (token string, needed bool, err error) {
	needed, err = a.SetupPending(ctx)
	if err != nil || !needed {
		return "", false, err
	}
	token, _, err = a.newLink(ctx, a.db, Link{Purpose: linkSetup}, setupLinkLifetime)
	return token, err == nil, err
}

// Setup creates the first account, which owns the installation, and signs it
// in. It fails with Gone "link_expired" (also when set-up is done), Invalid
// "invalid_input", or Conflict as CreateAccount does; the token remains valid
// after the last two.
func (a *Accounts) Setup(ctx context.Context, token string, in Input, info SessionInfo) (account Account, session string, err error) {
	// Check the token before the costly hash.
	if err := a.checkSetupLink(ctx, a.db, token, ""); err != nil {
		return Account{}, "", err
	}
	in.InstallationOwner = true
	if in.Password == "" {
		in.Password = " " // rejected as too short
	}
	n, err := a.prepare(ctx, in)
	if err != nil {
		return Account{}, "", err
	}
	err = a.db.Tx(ctx, func(tx *sqldb.Tx) (err error) {
		session, account, err = a.createOwner(ctx, tx, token, n, info)
		return err
	})
	if err != nil {
		return Account{}, "", a.conflictOf(ctx, n, err)
	}
	return account, session, nil
}

func (a *Accounts) createOwner(ctx context.Context, tx *sqldb.Tx, token string, n newAccount, info SessionInfo) (string, Account, error) {
	// Lock all links, so that two tokens create one owner.
	if err := a.checkSetupLink(ctx, tx, token, tx.Dialect().Lock()); err != nil {
		return "", Account{}, err
	}
	done, err := passwordExists(ctx, tx)
	if err != nil {
		return "", Account{}, err
	}
	if done {
		return "", Account{}, LinkExpired()
	}
	if err := deleteLinks(ctx, tx, linkSetup); err != nil {
		return "", Account{}, err
	}
	if _, err := insertAccount(ctx, tx, n); err != nil {
		return "", Account{}, err
	}
	return a.startSession(ctx, tx, n.ID, info)
}

// checkSetupLink reads all set-up links and returns Gone "link_expired" if
// token is not one of them.
func (a *Accounts) checkSetupLink(ctx context.Context, q sqldb.Querier, token, lock string) error {
	links, err := listLinks(ctx, q, linkSetup, lock)
	if err != nil {
		return err
	}
	hash, now := HashToken(token), a.clock.MS()
	if !slices.ContainsFunc(links, func(l Link) bool { return l.TokenHash == hash && l.ExpiresAt > now }) {
		return LinkExpired()
	}
	return nil
}
