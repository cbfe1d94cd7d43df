// Package passkey registers passkeys and signs in with them.
package passkey

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"strings"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/account/flow"
	"github.com/regulars/regulars/internal/account/mailer"
	"github.com/regulars/regulars/internal/account/reauth"
	"github.com/regulars/regulars/internal/account/session"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/mail"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/text"
)

// Passkey is a WebAuthn credential that signs an account in without a password,
// after the device has verified the user.
type Passkey struct {
	ID, Name  string
	CreatedAt int64 // Unix milliseconds
	UsedAt    int64 // Unix milliseconds, 0: never
}

// Authenticators manages the passkeys of accounts.
type Authenticators struct {
	db       *sqldb.DB
	clock    clock.Clock
	log      *slog.Logger
	flows    *flow.Flows
	sessions *session.Active
	proofs   *reauth.Proofs
	mailer   *mailer.Mailer
}

// New returns the Authenticators of a database.
func New(db *sqldb.DB, c clock.Clock, log *slog.Logger, f *flow.Flows, s *session.Active, p *reauth.Proofs, m *mailer.Mailer) *Authenticators {
	return &Authenticators{db, c, log, f, s, p, m}
}

const (
	maxPasskeyName = 60
	maxPasskeys    = 20 // per account
)

// Passkeys returns the passkeys of the actor, oldest first.
func (k *Authenticators) Passkeys(ctx context.Context, actor actor.Actor) ([]Passkey, error) {
	if err := account.RequireSession(actor); err != nil {
		return nil, err
	}
	stored, err := listPasskeys(ctx, k.db, actor.AccountID)
	shown := make([]Passkey, len(stored))
	for i := range stored {
		shown[i] = stored[i].Passkey
	}
	return shown, err
}

// StartPasskey returns the options for navigator.credentials.create, as JSON,
// and the token for AddPasskey. It fails like Proof and PasskeyOrigin, or with
// Conflict "too_many_passkeys".
func (k *Authenticators) StartPasskey(ctx context.Context, actor actor.Actor, p account.Proof) (token string, options []byte, err error) {
	if err := k.proofs.ReauthenticateOwner(ctx, actor, p); err != nil {
		return "", nil, err
	}
	rp, err := k.relyingParty()
	if err != nil {
		return "", nil, err
	}
	account, err := account.LoadAccount(ctx, k.db, actor.AccountID)
	if err != nil {
		return "", nil, err
	}
	stored, err := listPasskeys(ctx, k.db, actor.AccountID)
	if err != nil {
		return "", nil, err
	}
	if len(stored) >= maxPasskeys {
		return "", nil, errs.New(errs.Conflict, "too_many_passkeys", "An account has at most %d passkeys. Remove one first.", maxPasskeys)
	}
	user := passkeyUser{account, stored}
	creation, session, err := rp.BeginRegistration(user,
		webauthn.WithExclusions(webauthn.Credentials(user.WebAuthnCredentials()).CredentialDescriptors()),
		webauthn.WithAuthenticatorSelection(protocol.AuthenticatorSelection{
			ResidentKey: protocol.ResidentKeyRequirementRequired, UserVerification: protocol.VerificationRequired,
		}))
	if err != nil {
		return "", nil, fmt.Errorf("begin passkey registration: %w", err)
	}
	return k.startCeremony(ctx, flow.NewPasskey, account.ID, creation.Response, session, false)
}

// startCeremony stores a WebAuthn ceremony and returns the token and the
// options for the browser.
func (k *Authenticators) startCeremony(ctx context.Context, kind flow.Kind, accountID string, publicKey any, session *webauthn.SessionData, held bool) (string, []byte, error) {
	options, err := json.Marshal(publicKey)
	if err != nil {
		return "", nil, fmt.Errorf("encode passkey options: %w", err)
	}
	data, err := json.Marshal(session)
	if err != nil {
		return "", nil, fmt.Errorf("encode passkey ceremony: %w", err)
	}
	token, err := k.flows.Start(ctx, k.db, kind, accountID, string(data), held)
	return token, options, err
}

// AddPasskey stores a new passkey under a name of 1 to 60 characters. response
// is the credential's toJSON. It fails with Gone "sign_in_expired", Invalid
// "invalid_input" or "passkey_refused", or Conflict "passkey_exists".
func (k *Authenticators) AddPasskey(ctx context.Context, actor actor.Actor, token, name string, response []byte) (Passkey, error) {
	if err := account.RequireSession(actor); err != nil {
		return Passkey{}, err
	}
	name, err := passkeyName(name)
	if err != nil {
		return Passkey{}, err
	}
	rp, err := k.relyingParty()
	if err != nil {
		return Passkey{}, err
	}
	answer, err := protocol.ParseCredentialCreationResponseBytes(response)
	if err != nil {
		return Passkey{}, passkeyRefused(errs.Invalid).Because(err)
	}
	now := k.clock.Now()
	added := storedPasskey{Passkey: Passkey{ID: id.New(now), Name: name, CreatedAt: now.UnixMilli()}, accountID: actor.AccountID}
	err = k.db.Tx(ctx, func(tx *sqldb.Tx) error {
		flow, session, err := k.finishCeremony(ctx, tx, flow.NewPasskey, token)
		if err != nil {
			return err
		}
		if flow.AccountID != actor.AccountID {
			return passkeyRefused(errs.Invalid)
		}
		credential, err := rp.CreateCredential(passkeyUser{account: account.Account{ID: flow.AccountID}}, session, answer)
		if err != nil {
			return passkeyRefused(errs.Invalid).Because(err)
		}
		added.credential = *credential
		if err := insertPasskey(ctx, tx, added); err != nil {
			return err
		}
		return k.mailer.NotifyMethodAdded(ctx, tx, actor.AccountID, mail.MethodPasskey, name)
	})
	if sqldb.IsDuplicate(err) {
		err = errs.New(errs.Conflict, "passkey_exists", "This passkey is already registered.").Because(err)
	}
	if err != nil {
		return Passkey{}, err
	}
	return added.Passkey, nil
}

// RemovePasskey deletes a passkey; its sessions continue. It fails like Proof,
// or with NotFound "passkey_not_found".
func (k *Authenticators) RemovePasskey(ctx context.Context, actor actor.Actor, p account.Proof, passkeyID string) error {
	if err := k.proofs.Verify(ctx, actor, p); err != nil {
		return err
	}
	return passkeyNotFound(deletePasskey(ctx, k.db, actor.AccountID, passkeyID))
}

func passkeyNotFound(found bool, err error) error {
	if err == nil && !found {
		return errs.Missing("passkey")
	}
	return err
}

func passkeyName(name string) (string, error) {
	name, ok := text.Line(name, maxPasskeyName)
	if !ok || name == "" {
		return "", errs.InvalidFields([]errs.Field{{Field: "name", Code: "invalid", Message: "A name has 1 to 60 characters and no control characters."}})
	}
	return name, nil
}

// StartPasskeySignIn returns the options for navigator.credentials.get, as
// JSON, and the token for SignInByPasskey. They name no account. held means a
// start over a limit, which only a known device or network can complete. It
// fails like PasskeyOrigin.
func (k *Authenticators) StartPasskeySignIn(ctx context.Context, held bool) (token string, options []byte, err error) {
	rp, err := k.relyingParty()
	if err != nil {
		return "", nil, err
	}
	assertion, session, err := rp.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return "", nil, fmt.Errorf("begin passkey sign-in: %w", err)
	}
	return k.startCeremony(ctx, flow.Passkey, "", assertion.Response, session, held)
}

// SignInByPasskey starts a session for the account of a passkey. It asks for no
// two-factor code because the device has verified the user. response is the
// credential's toJSON. It fails with Gone "sign_in_expired", Unauthenticated
// "passkey_refused", also for a passkey with a decreased counter, which may be
// a copy, or, after a held start, Limited "too_many_sign_ins".
func (k *Authenticators) SignInByPasskey(ctx context.Context, token string, response []byte, info account.SessionInfo) (session string, acct account.Account, err error) {
	rp, err := k.relyingParty()
	if err != nil {
		return "", account.Account{}, err
	}
	answer, err := protocol.ParseCredentialRequestResponseBytes(response)
	if err != nil {
		return "", account.Account{}, passkeyRefused(errs.Unauthenticated).Because(err)
	}
	var refusal error
	err = k.db.Tx(ctx, func(tx *sqldb.Tx) error {
		refusal = nil
		flow, ceremony, err := k.finishCeremony(ctx, tx, flow.Passkey, token)
		if err != nil {
			return err
		}
		var used storedPasskey
		if used, refusal = k.checkPasskey(ctx, tx, rp, ceremony, answer); refusal != nil {
			if errs.KindOf(refusal) == errs.Unauthenticated {
				return nil // commit the deleted ceremony
			}
			return refusal
		}
		if err := k.sessions.Admit(ctx, tx, flow, used.accountID, info); err != nil {
			return err
		}
		if err := recordPasskeyUse(ctx, tx, used, k.clock.MS()); err != nil {
			return err
		}
		session, acct, err = k.sessions.Start(ctx, tx, used.accountID, info)
		return err
	})
	if err = errors.Join(err, refusal); err != nil {
		return "", account.Account{}, err
	}
	return session, acct, nil
}

// checkPasskey returns the passkey that signed the response, with its new
// counter.
func (k *Authenticators) checkPasskey(ctx context.Context, tx *sqldb.Tx, rp *webauthn.WebAuthn, ceremony webauthn.SessionData, answer *protocol.ParsedCredentialAssertionData) (storedPasskey, error) {
	used, err := passkeyByCredential(ctx, tx, answer.RawID)
	if errs.KindOf(err) == errs.NotFound {
		return storedPasskey{}, passkeyRefused(errs.Unauthenticated)
	}
	if err != nil {
		return storedPasskey{}, err
	}
	user := passkeyUser{account.Account{ID: used.accountID}, []storedPasskey{used}}
	credential, err := rp.ValidateDiscoverableLogin(func(_, handle []byte) (webauthn.User, error) {
		if string(handle) != used.accountID {
			return nil, errors.New("the passkey belongs to another account")
		}
		return user, nil
	}, ceremony, answer)
	if err != nil {
		return storedPasskey{}, passkeyRefused(errs.Unauthenticated).Because(err)
	}
	if credential.Authenticator.CloneWarning {
		k.log.WarnContext(ctx, "passkey counter decreased, possible clone", "passkey_id", used.ID, "account_id", used.accountID)
		return storedPasskey{}, passkeyRefused(errs.Unauthenticated)
	}
	used.credential = *credential
	return used, nil
}

func (k *Authenticators) finishCeremony(ctx context.Context, tx *sqldb.Tx, kind flow.Kind, token string) (flow flow.Flow, session webauthn.SessionData, err error) {
	if flow, err = k.flows.Finish(ctx, tx, kind, token); err != nil {
		return flow, session, err
	}
	if err := json.Unmarshal([]byte(flow.Data), &session); err != nil {
		return flow, session, fmt.Errorf("decode passkey ceremony: %w", err)
	}
	return flow, session, nil
}

func passkeyRefused(kind errs.Kind) *errs.Error {
	return errs.New(kind, "passkey_refused", "This passkey was not accepted. Try again, or use another way.")
}

// PasskeyOrigin returns the origin at which browsers accept passkeys of this
// installation, "" for none: the public address must be https or local, and a
// name.
func (k *Authenticators) PasskeyOrigin() string {
	base, err := url.Parse(k.mailer.BaseURL())
	if err != nil || base.Hostname() == "" {
		return ""
	}
	host := base.Hostname()
	if ip, err := netip.ParseAddr(host); err == nil {
		if !ip.IsLoopback() {
			return ""
		}
		host = "localhost" // browsers reject IP addresses as RP ID
	}
	if base.Scheme != "https" && host != "localhost" && !strings.HasSuffix(host, ".localhost") {
		return ""
	}
	if port := base.Port(); port != "" {
		host = net.JoinHostPort(host, port)
	}
	return base.Scheme + "://" + host
}

// relyingParty fails with Unavailable "passkeys_unavailable" without a
// PasskeyOrigin.
func (k *Authenticators) relyingParty() (*webauthn.WebAuthn, error) {
	origin := k.PasskeyOrigin()
	address, err := url.Parse(origin)
	if err != nil || origin == "" {
		return nil, errs.New(errs.Unavailable, "passkeys_unavailable", "Passkeys need an https address with a host name, which this server does not have.")
	}
	rp, err := webauthn.New(&webauthn.Config{RPID: address.Hostname(), RPDisplayName: k.mailer.Installation(), RPOrigins: []string{origin}})
	if err != nil {
		return nil, fmt.Errorf("configure passkeys for %s: %w", origin, err)
	}
	return rp, nil
}

// passkeyUser implements webauthn.User.
type passkeyUser struct {
	account  account.Account
	passkeys []storedPasskey
}

// WebAuthnID returns the user handle, which devices store and return.
func (h passkeyUser) WebAuthnID() []byte { return []byte(h.account.ID) }

// WebAuthnName returns the name that distinguishes accounts on a device.
func (h passkeyUser) WebAuthnName() string { return h.account.Email }

// WebAuthnDisplayName returns the label on a device.
func (h passkeyUser) WebAuthnDisplayName() string { return h.account.Username }

// WebAuthnCredentials returns the passkeys of the account.
func (h passkeyUser) WebAuthnCredentials() []webauthn.Credential {
	credentials := make([]webauthn.Credential, len(h.passkeys))
	for i := range h.passkeys {
		credentials[i] = h.passkeys[i].credential
	}
	return credentials
}
