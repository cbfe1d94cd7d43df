package provider

import (
	"context"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/mail"
	"github.com/regulars/regulars/internal/sqldb"
)

// Identity is an account at an OpenID Connect provider.
type Identity struct {
	Issuer, Subject   string
	Email             string // latest email claim
	CreatedAt, UsedAt int64  // Unix milliseconds
	AccountID         string
}

// Identities returns the identities linked to the actor's account, oldest
// first.
func (c *Client) Identities(ctx context.Context, actor actor.Actor) ([]Identity, error) {
	if err := account.RequireSession(actor); err != nil {
		return nil, err
	}
	return listIdentities(ctx, c.db, actor.AccountID)
}

// RemoveIdentity unlinks an identity; its sessions continue. It fails like
// Proof, or with NotFound "identity_not_found".
func (c *Client) RemoveIdentity(ctx context.Context, actor actor.Actor, p account.Proof, issuer, subject string) error {
	if err := c.proofs.Verify(ctx, actor, p); err != nil {
		return err
	}
	found, err := deleteIdentity(ctx, c.db, actor.AccountID, issuer, subject)
	if err == nil && !found {
		return errs.New(errs.NotFound, "identity_not_found", "The account is not linked to this identity.")
	}
	return err
}

// NewIdentity returns the identity of claims; it is not stored.
func (c *Client) NewIdentity(claims Claims, accountID string) Identity {
	now := c.clock.MS()
	email, _, problem := account.CheckEmail(claims.Email)
	if problem != "" {
		email = "" // informational
	}
	return Identity{Issuer: c.provider.config.Issuer, Subject: claims.Subject, Email: email, CreatedAt: now, UsedAt: now, AccountID: accountID}
}

// LinkIdentity links an identity to an account.
func (c *Client) LinkIdentity(ctx context.Context, accountID string, claims Claims) error {
	return c.db.Tx(ctx, func(tx *sqldb.Tx) error {
		known, err := LoadIdentity(ctx, tx, c.provider.config.Issuer, claims.Subject)
		if err == nil && known.AccountID == accountID {
			return nil
		}
		if err != nil && errs.KindOf(err) != errs.NotFound {
			return err
		}
		return c.AddIdentity(ctx, tx, c.NewIdentity(claims, accountID))
	})
}

// AddIdentity links an identity and notifies the account.
func (c *Client) AddIdentity(ctx context.Context, tx *sqldb.Tx, i Identity) error {
	stored, err := insertIdentity(ctx, tx, i)
	if err == nil && !stored {
		err = errs.New(errs.Conflict, "identity_taken", "This identity is linked to another account.")
	}
	if err != nil {
		return err
	}
	return c.mailer.NotifyMethodAdded(ctx, tx, i.AccountID, mail.MethodProvider, c.Name())
}
