package signin

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/account/flow"
	"github.com/regulars/regulars/internal/account/provider"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/text"
)

// ProviderSignIn is the result of FinishProvider.
type ProviderSignIn struct {
	Token   string // of the session; "" if an identity was linked
	Account account.Account
	Next    string // argument of Provider.Start, also with an error
}

// FinishProvider signs in the account linked to the provider's identity. If
// none is linked, it links the account with the email address that the provider
// has verified; if there is no account, it creates one while registration is
// open. token comes from the browser's cookie, answer is the query of the
// redirect. It fails with Gone "sign_in_expired", Unauthenticated
// "provider_refused" or "totp_required" (see CodeRequiredError), Forbidden
// "email_not_verified" or "no_account", Conflict "identity_taken", Unavailable
// "provider_unavailable", or like SignInByPasskey after a held start.
func (a *Accounts) FinishProvider(ctx context.Context, actor actor.Actor, token string, answer url.Values, info account.SessionInfo) (result ProviderSignIn, err error) {
	if !a.Provider.Configured() {
		return result, errs.New(errs.NotFound, "no_provider", "This server has no sign-in provider.")
	}
	var started flow.Flow
	err = a.db.Tx(ctx, func(tx *sqldb.Tx) (err error) {
		started, err = a.flows.Finish(ctx, tx, flow.Provider, token)
		return err
	})
	if err != nil {
		return result, err
	}
	var request provider.Request
	if err := json.Unmarshal([]byte(started.Data), &request); err != nil {
		return result, fmt.Errorf("decode sign-in flow: %w", err)
	}
	result.Next = request.Next
	if started.AccountID != actor.AccountID {
		return result, a.Provider.Refused(fmt.Errorf("another account is signed in"))
	}
	claims, err := a.Provider.ExchangeCode(ctx, request, answer)
	if err != nil {
		return result, err
	}
	if started.AccountID != "" {
		return result, a.Provider.LinkIdentity(ctx, actor.AccountID, claims)
	}
	var refusal error
	err = a.db.Tx(ctx, func(tx *sqldb.Tx) error {
		result.Token, result.Account, refusal = a.signInByClaims(ctx, tx, started, claims, info)
		if errs.Is(refusal, "totp_required") {
			return nil // commit the challenge
		}
		return refusal
	})
	if err == nil {
		err = refusal
	}
	if sqldb.IsDuplicate(err) { // concurrent sign-ins
		err = a.Provider.Refused(err)
	}
	return result, err
}

// signInByClaims starts a session for the person of the claims.
func (a *Accounts) signInByClaims(ctx context.Context, tx *sqldb.Tx, flow flow.Flow, claims provider.Claims, info account.SessionInfo) (string, account.Account, error) {
	known, err := provider.LoadIdentity(ctx, tx, a.Provider.Issuer(), claims.Subject)
	connected := err == nil
	if errs.KindOf(err) == errs.NotFound {
		known, err = a.identityByEmail(ctx, tx, claims)
	}
	if err != nil {
		return "", account.Account{}, err
	}
	if err := a.Sessions.Admit(ctx, tx, flow, known.AccountID, info); err != nil {
		return "", account.Account{}, err
	}
	var pending *provider.Identity
	if !connected {
		pending = &known
	}
	if err := a.challengeProviderSignIn(ctx, tx, known.AccountID, pending); err != nil {
		return "", account.Account{}, err
	}
	if connected {
		err = provider.TouchIdentity(ctx, tx, a.Provider.NewIdentity(claims, known.AccountID), a.clock.MS())
	} else {
		err = a.Provider.AddIdentity(ctx, tx, known)
	}
	if err != nil {
		return "", account.Account{}, err
	}
	return a.Sessions.Start(ctx, tx, known.AccountID, info)
}

// identityByEmail returns the identity to link to the account with the verified
// email address. It creates the account if there is none.
func (a *Accounts) identityByEmail(ctx context.Context, tx *sqldb.Tx, claims provider.Claims) (provider.Identity, error) {
	_, key, problem := account.CheckEmail(claims.Email)
	if problem != "" || !bool(claims.EmailVerified) {
		return provider.Identity{}, errs.New(errs.Forbidden, "email_not_verified", "%s has not verified your email address. Verify it there, or sign in with your password and link your account.", a.Provider.Name())
	}
	accountID, err := account.IDByEmail(ctx, tx, key)
	switch {
	case err != nil:
	case accountID == "":
		accountID, err = a.createFromClaims(ctx, tx, claims)
	default:
		err = a.confirmOwnerByProvider(ctx, tx, accountID)
	}
	return a.Provider.NewIdentity(claims, accountID), err
}

// confirmOwnerByProvider is confirmOwner for an address verified by the
// provider. On first verification it also deletes the password.
func (a *Accounts) confirmOwnerByProvider(ctx context.Context, tx *sqldb.Tx, accountID string) error {
	first, err := a.confirmOwner(ctx, tx, accountID)
	if err != nil || !first {
		return err
	}
	return account.UpdatePassword(ctx, tx, accountID, "", a.clock.MS())
}

// createFromClaims creates an account without a password for an email address
// that the provider has verified. It fails with Forbidden "no_account" if
// registration is closed.
func (a *Accounts) createFromClaims(ctx context.Context, tx *sqldb.Tx, claims provider.Claims) (accountID string, err error) {
	if a.closed {
		return "", errs.New(errs.Forbidden, "no_account", "No account has your email address, and registration is closed. Ask the people who run this server.")
	}
	var n account.Draft
	n.Email, n.EmailKey, _ = account.CheckEmail(claims.Email) // checked before
	n.FirstName, n.LastName = validName(claims.GivenName), validName(claims.FamilyName)
	n.AssignID(a.clock.Now())
	if assigned, added, err := a.assignedUsername(ctx, tx, n.EmailKey); err != nil {
		return "", err
	} else if added {
		claims.PreferredUsername = assigned
	}
	if err := n.PickUsername(ctx, tx, claims.PreferredUsername); err != nil {
		return "", err
	}
	account, err := account.InsertAccount(ctx, tx, n)
	return account.ID, err
}

// validName returns a name in its stored form, "" if it is invalid.
func validName(name string) string {
	name, ok := text.Line(name, account.MaxName)
	if !ok {
		return ""
	}
	return name
}
