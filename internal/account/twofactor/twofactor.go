// Package twofactor enables and disables two-factor authentication.
package twofactor

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base32"
	"fmt"
	"image/png"
	"net/url"
	"strings"

	"github.com/pquerna/otp"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/account/mailer"
	"github.com/regulars/regulars/internal/account/reauth"
	"github.com/regulars/regulars/internal/account/throttle"
	"github.com/regulars/regulars/internal/account/totp"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/mail"
	"github.com/regulars/regulars/internal/sqldb"
)

// TOTPSetup configures an authenticator app.
type TOTPSetup struct {
	Secret string // base32, for manual entry
	URI    string // otpauth:, for a QR code
}

// QR returns the URI as a QR code, a PNG of side by side pixels.
func (s TOTPSetup) QR(side int) ([]byte, error) {
	key, err := otp.NewKeyFromURL(s.URI)
	if err != nil {
		return nil, fmt.Errorf("parse otpauth address: %w", err)
	}
	picture, err := key.Image(side, side)
	if err != nil {
		return nil, fmt.Errorf("draw QR code: %w", err)
	}
	var content bytes.Buffer
	err = png.Encode(&content, picture)
	return content.Bytes(), err
}

// TwoFactor manages two-factor authentication of accounts.
type TwoFactor struct {
	db       *sqldb.DB
	clock    clock.Clock
	codes    *totp.Codes
	throttle *throttle.Throttle
	proofs   *reauth.Proofs
	mailer   *mailer.Mailer
}

// New returns the TwoFactor of a database.
func New(db *sqldb.DB, c clock.Clock, codes *totp.Codes, t *throttle.Throttle, p *reauth.Proofs, m *mailer.Mailer) *TwoFactor {
	return &TwoFactor{db, c, codes, t, p, m}
}

// StartTOTP creates a secret and replaces an unconfirmed one; ConfirmTOTP
// enables it. It fails like Proof, or with Conflict "totp_on".
func (t *TwoFactor) StartTOTP(ctx context.Context, actor actor.Actor, p account.Proof) (TOTPSetup, error) {
	if err := t.proofs.ReauthenticateOwner(ctx, actor, p); err != nil {
		return TOTPSetup{}, err
	}
	account, err := account.LoadAccount(ctx, t.db, actor.AccountID)
	if err != nil {
		return TOTPSetup{}, err
	}
	raw := make([]byte, totp.SecretBytes)
	_, _ = rand.Read(raw) // never fails, see crypto/rand
	secret := base32.StdEncoding.EncodeToString(raw)
	sealed, err := t.codes.Seal(account.ID, secret)
	if err != nil {
		return TOTPSetup{}, err
	}
	stored, err := totp.Replace(ctx, t.db, account.ID, sealed, t.clock.MS())
	if err == nil && !stored {
		err = errs.New(errs.Conflict, "totp_on", "Two-factor authentication is already on. Turn it off first.")
	}
	if err != nil {
		return TOTPSetup{}, err
	}
	return t.totpSetup(account, secret), nil
}

// PendingTOTP returns the unconfirmed secret. It fails with NotFound
// "totp_not_found".
func (t *TwoFactor) PendingTOTP(ctx context.Context, actor actor.Actor) (TOTPSetup, error) {
	if err := account.RequireSession(actor); err != nil {
		return TOTPSetup{}, err
	}
	stored, err := totp.Load(ctx, t.db, actor.AccountID, "")
	if err == nil && (stored.Secret == "" || stored.ConfirmedAt > 0) {
		err = errs.New(errs.NotFound, "totp_not_found", "There is no secret to confirm. Start again.")
	}
	if err != nil {
		return TOTPSetup{}, err
	}
	secret, err := t.codes.Open(ctx, actor.AccountID, stored)
	if err != nil {
		return TOTPSetup{}, err
	}
	account, err := account.LoadAccount(ctx, t.db, actor.AccountID)
	if err != nil {
		return TOTPSetup{}, err
	}
	return t.totpSetup(account, secret), nil
}

// totpSetup encodes a secret, see
// https://github.com/google/google-authenticator/wiki/Key-Uri-Format.
func (t *TwoFactor) totpSetup(account account.Account, secret string) TOTPSetup {
	issuer := t.mailer.Installation()
	query := url.Values{"secret": {secret}, "issuer": {issuer}}
	address := url.URL{
		Scheme: "otpauth", Host: "totp", Path: "/" + issuer + ":" + account.Email,
		RawQuery: strings.ReplaceAll(query.Encode(), "+", "%20"), // some apps display the plus sign
	}
	return TOTPSetup{Secret: secret, URI: address.String()}
}

// ConfirmTOTP enables two-factor authentication. It returns recovery codes,
// each of which replaces a code once; only their hashes are stored. It fails
// with Unauthenticated "wrong_code", Limited "too_many_sign_ins", or Conflict
// "totp_not_started" or "totp_on".
func (t *TwoFactor) ConfirmTOTP(ctx context.Context, actor actor.Actor, code string) (recovery []string, err error) {
	if err := account.RequireSession(actor); err != nil {
		return nil, err
	}
	recovery, hashes := totp.NewRecoveryCodes()
	err = t.throttle.Attempt(ctx, []throttle.Counter{throttle.BySession(actor.SessionID)}, throttle.WithAddress("", throttle.ByAccount(actor.AccountID)), func(tx *sqldb.Tx) error {
		stored, err := totp.Load(ctx, tx, actor.AccountID, tx.Dialect().Lock())
		switch {
		case err != nil:
			return err
		case stored.Secret == "":
			return errs.New(errs.Conflict, "totp_not_started", "There is no secret to confirm. Start again.")
		case stored.ConfirmedAt > 0:
			return errs.New(errs.Conflict, "totp_on", "Two-factor authentication is already on.")
		}
		used, right, err := t.codes.Match(ctx, actor.AccountID, stored, code)
		if err != nil {
			return err
		}
		if !right {
			return totp.WrongCode()
		}
		if err := totp.Confirm(ctx, tx, actor.AccountID, used, t.clock.MS()); err != nil {
			return err
		}
		if err := totp.ReplaceRecoveryCodes(ctx, tx, actor.AccountID, hashes); err != nil {
			return err
		}
		return t.mailer.NotifyMethodAdded(ctx, tx, actor.AccountID, mail.MethodTOTP, "")
	})
	if err != nil {
		return nil, err
	}
	return recovery, nil
}

// DisableTOTP disables two-factor authentication and deletes its recovery
// codes; sessions continue. It fails like Proof, or with NotFound
// "totp_not_found".
func (t *TwoFactor) DisableTOTP(ctx context.Context, actor actor.Actor, p account.Proof) error {
	if err := t.proofs.Verify(ctx, actor, p); err != nil {
		return err
	}
	return t.db.Tx(ctx, func(tx *sqldb.Tx) error {
		found, err := totp.Delete(ctx, tx, actor.AccountID)
		if err != nil {
			return err
		}
		if !found {
			return errs.New(errs.NotFound, "totp_not_found", "Two-factor authentication is off.")
		}
		return totp.ReplaceRecoveryCodes(ctx, tx, actor.AccountID, nil)
	})
}

// RenewRecoveryCodes replaces the recovery codes. It fails like Proof, or with
// NotFound "totp_not_found".
func (t *TwoFactor) RenewRecoveryCodes(ctx context.Context, actor actor.Actor, p account.Proof) ([]string, error) {
	if err := t.proofs.Verify(ctx, actor, p); err != nil {
		return nil, err
	}
	codes, hashes := totp.NewRecoveryCodes()
	err := t.db.Tx(ctx, func(tx *sqldb.Tx) error {
		stored, err := totp.Load(ctx, tx, actor.AccountID, tx.Dialect().Lock())
		if err != nil {
			return err
		}
		if stored.ConfirmedAt == 0 {
			return errs.New(errs.NotFound, "totp_not_found", "Two-factor authentication is off.")
		}
		return totp.ReplaceRecoveryCodes(ctx, tx, actor.AccountID, hashes)
	})
	if err != nil {
		return nil, err
	}
	return codes, nil
}
