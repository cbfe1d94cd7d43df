package signin

import (
	"context"
	"slices"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/account/link"
	"github.com/regulars/regulars/internal/sqldb"
)

// SetupPending reports whether no account has a password yet, so that the first
// one is still to be created.
func (a *Accounts) SetupPending(ctx context.Context) (bool, error) {
	exists, err := account.PasswordExists(ctx, a.db)
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
	token, _, err = a.links.New(ctx, a.db, link.Link{Purpose: link.Setup}, link.SetupLifetime)
	return token, err == nil, err
}

// Setup creates the first account, which owns the installation, and signs it
// in. It fails with Gone "link_expired" (also when set-up is done), Invalid
// "invalid_input", or Conflict as CreateAccount does; the token remains valid
// after the last two.
func (a *Accounts) Setup(ctx context.Context, token string, in Input, info account.SessionInfo) (acct account.Account, session string, err error) {
	// Check the token before the costly hash.
	if err := a.checkSetupLink(ctx, a.db, token, ""); err != nil {
		return account.Account{}, "", err
	}
	in.InstallationOwner = true
	if in.Password == "" {
		in.Password = " " // rejected as too short
	}
	n, err := a.prepare(ctx, in)
	if err != nil {
		return account.Account{}, "", err
	}
	err = a.db.Tx(ctx, func(tx *sqldb.Tx) (err error) {
		session, acct, err = a.createOwner(ctx, tx, token, n, info)
		return err
	})
	if err != nil {
		return account.Account{}, "", a.conflictOf(ctx, n, err)
	}
	return acct, session, nil
}

func (a *Accounts) createOwner(ctx context.Context, tx *sqldb.Tx, token string, n account.Draft, info account.SessionInfo) (string, account.Account, error) {
	// Lock all links, so that two tokens create one owner.
	if err := a.checkSetupLink(ctx, tx, token, tx.Dialect().Lock()); err != nil {
		return "", account.Account{}, err
	}
	done, err := account.PasswordExists(ctx, tx)
	if err != nil {
		return "", account.Account{}, err
	}
	if done {
		return "", account.Account{}, link.Expired()
	}
	if err := link.Delete(ctx, tx, link.Setup); err != nil {
		return "", account.Account{}, err
	}
	if _, err := account.InsertAccount(ctx, tx, n); err != nil {
		return "", account.Account{}, err
	}
	return a.Sessions.Start(ctx, tx, n.ID, info)
}

// checkSetupLink reads all set-up links and returns Gone "link_expired" if
// token is not one of them.
func (a *Accounts) checkSetupLink(ctx context.Context, q sqldb.Querier, token, lock string) error {
	links, err := link.List(ctx, q, link.Setup, lock)
	if err != nil {
		return err
	}
	hash, now := account.HashToken(token), a.clock.MS()
	if !slices.ContainsFunc(links, func(l link.Link) bool { return l.TokenHash == hash && l.ExpiresAt > now }) {
		return link.Expired()
	}
	return nil
}
