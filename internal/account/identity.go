package account

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"

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
	accountID         string
}

// Identities returns the identities linked to the actor's account, oldest
// first.
func (a *Accounts) Identities(ctx context.Context, actor actor.Actor) ([]Identity, error) {
	if err := RequireSession(actor); err != nil {
		return nil, err
	}
	return listIdentities(ctx, a.db, actor.AccountID)
}

// RemoveIdentity unlinks an identity; its sessions continue. It fails like
// Proof, or with NotFound "identity_not_found".
func (a *Accounts) RemoveIdentity(ctx context.Context, actor actor.Actor, p Proof, issuer, subject string) error {
	if err := a.reauthenticate(ctx, actor, p); err != nil {
		return err
	}
	found, err := deleteIdentity(ctx, a.db, actor.AccountID, issuer, subject)
	if err == nil && !found {
		return errs.New(errs.NotFound, "identity_not_found", "The account is not linked to this identity.")
	}
	return err
}

// ProviderSignIn is the result of FinishProvider.
type ProviderSignIn struct {
	Token   string // of the session; "" if an identity was linked
	Account Account
	Next    string // argument of StartProvider, also with an error
}

// FinishProvider signs in the account linked to the provider's identity. If
// none is linked, it links the account with the email address that the provider
// has verified; if there is no account, it creates one while registration is
// open. token comes from the browser's cookie, answer is the query of the
// redirect. It fails with Gone "sign_in_expired", Unauthenticated
// "provider_refused" or "totp_required" (see CodeRequiredError), Forbidden
// "email_not_verified" or "no_account", Conflict "identity_taken", or
// Unavailable "provider_unavailable".
func (a *Accounts) FinishProvider(ctx context.Context, actor actor.Actor, token string, answer url.Values, info SessionInfo) (result ProviderSignIn, err error) {
	if a.provider == nil {
		return result, errs.New(errs.NotFound, "no_provider", "This server has no sign-in provider.")
	}
	var flow signInFlow
	err = a.db.Tx(ctx, func(tx *sqldb.Tx) (err error) {
		flow, err = a.finishFlow(ctx, tx, flowProvider, token)
		return err
	})
	if err != nil {
		return result, err
	}
	var request providerFlow
	if err := json.Unmarshal([]byte(flow.data), &request); err != nil {
		return result, fmt.Errorf("decode sign-in flow: %w", err)
	}
	result.Next = request.Next
	if flow.accountID != actor.AccountID {
		return result, a.providerRefused(fmt.Errorf("another account is signed in"))
	}
	identityClaims, err := a.exchangeCode(ctx, request, answer)
	if err != nil {
		return result, err
	}
	if flow.accountID != "" {
		return result, a.linkIdentity(ctx, actor, identityClaims)
	}
	var refusal error
	err = a.db.Tx(ctx, func(tx *sqldb.Tx) error {
		result.Token, result.Account, refusal = a.signInByClaims(ctx, tx, identityClaims, info)
		if errs.Is(refusal, "totp_required") {
			return nil // commit the challenge
		}
		return refusal
	})
	if err == nil {
		err = refusal
	}
	if sqldb.IsDuplicate(err) { // concurrent sign-ins
		err = a.providerRefused(err)
	}
	return result, err
}

func (a *Accounts) newIdentity(identityClaims claims, accountID string) Identity {
	now := a.clock.MS()
	email, _, problem := CheckEmail(identityClaims.Email)
	if problem != "" {
		email = "" // informational
	}
	return Identity{Issuer: a.provider.config.Issuer, Subject: identityClaims.Subject, Email: email, CreatedAt: now, UsedAt: now, accountID: accountID}
}

// signInByClaims starts a session for the person of the claims.
func (a *Accounts) signInByClaims(ctx context.Context, tx *sqldb.Tx, identityClaims claims, info SessionInfo) (string, Account, error) {
	known, err := loadIdentity(ctx, tx, a.provider.config.Issuer, identityClaims.Subject)
	connected := err == nil
	if errs.KindOf(err) == errs.NotFound {
		known, err = a.identityByEmail(ctx, tx, identityClaims)
	}
	if err != nil {
		return "", Account{}, err
	}
	var pending *Identity
	if !connected {
		pending = &known
	}
	if err := a.challengeProviderSignIn(ctx, tx, known.accountID, pending); err != nil {
		return "", Account{}, err
	}
	if connected {
		err = touchIdentity(ctx, tx, a.newIdentity(identityClaims, known.accountID), a.clock.MS())
	} else {
		err = a.addIdentity(ctx, tx, known)
	}
	if err != nil {
		return "", Account{}, err
	}
	return a.startSession(ctx, tx, known.accountID, info)
}

// identityByEmail returns the identity to link to the account with the verified
// email address. It creates the account if there is none.
func (a *Accounts) identityByEmail(ctx context.Context, tx *sqldb.Tx, identityClaims claims) (Identity, error) {
	_, key, problem := CheckEmail(identityClaims.Email)
	if problem != "" || !bool(identityClaims.EmailVerified) {
		return Identity{}, errs.New(errs.Forbidden, "email_not_verified", "%s has not verified your email address. Verify it there, or sign in with your password and link your account.", a.provider.config.Name)
	}
	accountID, err := accountByEmail(ctx, tx, key)
	switch {
	case err != nil:
	case accountID == "":
		accountID, err = a.createFromClaims(ctx, tx, identityClaims)
	default:
		err = a.confirmOwnerByProvider(ctx, tx, accountID)
	}
	return a.newIdentity(identityClaims, accountID), err
}

// confirmOwnerByProvider is confirmOwner for an address verified by the
// provider. On first verification it also deletes the password.
func (a *Accounts) confirmOwnerByProvider(ctx context.Context, tx *sqldb.Tx, accountID string) error {
	first, err := a.confirmOwner(ctx, tx, accountID)
	if err != nil || !first {
		return err
	}
	return updatePassword(ctx, tx, accountID, "", a.clock.MS())
}

// linkIdentity links an identity to the actor's account.
func (a *Accounts) linkIdentity(ctx context.Context, actor actor.Actor, identityClaims claims) error {
	return a.db.Tx(ctx, func(tx *sqldb.Tx) error {
		known, err := loadIdentity(ctx, tx, a.provider.config.Issuer, identityClaims.Subject)
		if err == nil && known.accountID == actor.AccountID {
			return nil
		}
		if err != nil && errs.KindOf(err) != errs.NotFound {
			return err
		}
		return a.addIdentity(ctx, tx, a.newIdentity(identityClaims, actor.AccountID))
	})
}

// addIdentity links an identity and notifies the account.
func (a *Accounts) addIdentity(ctx context.Context, tx *sqldb.Tx, i Identity) error {
	stored, err := insertIdentity(ctx, tx, i)
	if err == nil && !stored {
		err = errs.New(errs.Conflict, "identity_taken", "This identity is linked to another account.")
	}
	if err != nil {
		return err
	}
	return a.NotifyMethodAdded(ctx, tx, i.accountID, mail.MethodProvider, a.ProviderName())
}
