package account

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base32"
	"encoding/json"
	"fmt"
	"image/png"
	"net/url"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/mail"
	"github.com/regulars/regulars/internal/seal"
	"github.com/regulars/regulars/internal/sqldb"
)

const (
	totpPeriod    = 30 // seconds
	totpSkew      = 1  // accepted periods of clock skew, in both directions
	recoveryCodes = 10
	// The size of a SHA-1 hash, and a whole number of base32 digits.
	totpSecretBytes = 20
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

// CodeRequiredError is the cause of the error "totp_required". A code sent to
// AnswerChallenge within ten minutes completes the sign-in.
type CodeRequiredError struct{ Challenge string }

func (n *CodeRequiredError) Error() string { return "two-factor code required" }

// StartTOTP creates a secret and replaces an unconfirmed one; ConfirmTOTP
// enables it. It fails like Proof, or with Conflict "totp_on".
func (a *Accounts) StartTOTP(ctx context.Context, actor actor.Actor, p Proof) (TOTPSetup, error) {
	if err := a.ReauthenticateOwner(ctx, actor, p); err != nil {
		return TOTPSetup{}, err
	}
	account, err := LoadAccount(ctx, a.db, actor.AccountID)
	if err != nil {
		return TOTPSetup{}, err
	}
	raw := make([]byte, totpSecretBytes)
	_, _ = rand.Read(raw) // never fails, see crypto/rand
	secret := base32.StdEncoding.EncodeToString(raw)
	sealed, err := a.keys.Seal(totpColumn, account.ID, secret)
	if err != nil {
		return TOTPSetup{}, err
	}
	stored, err := replaceTOTP(ctx, a.db, account.ID, sealed, a.clock.MS())
	if err == nil && !stored {
		err = errs.New(errs.Conflict, "totp_on", "Two-factor authentication is already on. Turn it off first.")
	}
	if err != nil {
		return TOTPSetup{}, err
	}
	return a.totpSetup(account, secret), nil
}

// PendingTOTP returns the unconfirmed secret. It fails with NotFound
// "totp_not_found".
func (a *Accounts) PendingTOTP(ctx context.Context, actor actor.Actor) (TOTPSetup, error) {
	if err := RequireSession(actor); err != nil {
		return TOTPSetup{}, err
	}
	stored, err := loadTOTP(ctx, a.db, actor.AccountID, "")
	if err == nil && (stored.secret == "" || stored.confirmedAt > 0) {
		err = errs.New(errs.NotFound, "totp_not_found", "There is no secret to confirm. Start again.")
	}
	if err != nil {
		return TOTPSetup{}, err
	}
	secret, err := a.openTOTP(ctx, actor.AccountID, stored)
	if err != nil {
		return TOTPSetup{}, err
	}
	account, err := LoadAccount(ctx, a.db, actor.AccountID)
	if err != nil {
		return TOTPSetup{}, err
	}
	return a.totpSetup(account, secret), nil
}

// totpSetup encodes a secret, see
// https://github.com/google/google-authenticator/wiki/Key-Uri-Format.
func (a *Accounts) totpSetup(account Account, secret string) TOTPSetup {
	issuer := a.installation()
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
func (a *Accounts) ConfirmTOTP(ctx context.Context, actor actor.Actor, code string) (recovery []string, err error) {
	if err := RequireSession(actor); err != nil {
		return nil, err
	}
	recovery, hashes := newRecoveryCodes()
	err = a.attempt(ctx, []counter{bySession(actor.SessionID)}, withAddress("", byAccount(actor.AccountID)), func(tx *sqldb.Tx) error {
		stored, err := loadTOTP(ctx, tx, actor.AccountID, tx.Dialect().Lock())
		switch {
		case err != nil:
			return err
		case stored.secret == "":
			return errs.New(errs.Conflict, "totp_not_started", "There is no secret to confirm. Start again.")
		case stored.confirmedAt > 0:
			return errs.New(errs.Conflict, "totp_on", "Two-factor authentication is already on.")
		}
		secret, err := a.openTOTP(ctx, actor.AccountID, stored)
		if err != nil {
			return err
		}
		used, right := totpStep(secret, normalizeCode(code), a.clock.Now(), stored.usedStep)
		if !right {
			return wrongCode()
		}
		if err := confirmTOTP(ctx, tx, actor.AccountID, used, a.clock.MS()); err != nil {
			return err
		}
		if err := replaceRecoveryCodes(ctx, tx, actor.AccountID, hashes); err != nil {
			return err
		}
		return a.NotifyMethodAdded(ctx, tx, actor.AccountID, mail.MethodTOTP, "")
	})
	if err != nil {
		return nil, err
	}
	return recovery, nil
}

// DisableTOTP disables two-factor authentication and deletes its recovery
// codes; sessions continue. It fails like Proof, or with NotFound
// "totp_not_found".
func (a *Accounts) DisableTOTP(ctx context.Context, actor actor.Actor, p Proof) error {
	if err := a.reauthenticate(ctx, actor, p); err != nil {
		return err
	}
	return a.db.Tx(ctx, func(tx *sqldb.Tx) error {
		found, err := deleteTOTP(ctx, tx, actor.AccountID)
		if err != nil {
			return err
		}
		if !found {
			return errs.New(errs.NotFound, "totp_not_found", "Two-factor authentication is off.")
		}
		return replaceRecoveryCodes(ctx, tx, actor.AccountID, nil)
	})
}

// RenewRecoveryCodes replaces the recovery codes. It fails like Proof, or with
// NotFound "totp_not_found".
func (a *Accounts) RenewRecoveryCodes(ctx context.Context, actor actor.Actor, p Proof) ([]string, error) {
	if err := a.reauthenticate(ctx, actor, p); err != nil {
		return nil, err
	}
	codes, hashes := newRecoveryCodes()
	err := a.db.Tx(ctx, func(tx *sqldb.Tx) error {
		stored, err := loadTOTP(ctx, tx, actor.AccountID, tx.Dialect().Lock())
		if err != nil {
			return err
		}
		if stored.confirmedAt == 0 {
			return errs.New(errs.NotFound, "totp_not_found", "Two-factor authentication is off.")
		}
		return replaceRecoveryCodes(ctx, tx, actor.AccountID, hashes)
	})
	if err != nil {
		return nil, err
	}
	return codes, nil
}

// AnswerChallenge completes a sign-in after "totp_required" with a code of the
// app or a recovery code. It fails with Gone "sign_in_expired", Unauthenticated
// "wrong_code" or Limited "too_many_sign_ins"; the challenge remains valid
// after the last two.
func (a *Accounts) AnswerChallenge(ctx context.Context, challenge, code string, info SessionInfo) (token string, account Account, err error) {
	flow, err := a.checkFlow(ctx, a.db, flowTwoFactor, challenge)
	if err != nil {
		return "", Account{}, err
	}
	client, err := a.knownClient(ctx, a.db, flow.accountID, info)
	if err != nil {
		return "", Account{}, err
	}
	locked, others := withAddress(info.Address, byAccount(flow.accountID)), []counter(nil)
	if client != "" {
		locked, others = []counter{byClient(flow.accountID, client)}, withAddress(info.Address)
	}
	err = a.attempt(ctx, locked, others, func(tx *sqldb.Tx) error {
		if err := a.useCode(ctx, tx, flow.accountID, code); err != nil {
			return err
		}
		if _, err := a.finishFlow(ctx, tx, flowTwoFactor, challenge); err != nil {
			return err
		}
		if err := a.completePartial(ctx, tx, flow, client, info); err != nil {
			return err
		}
		if err := resetFailures(ctx, tx, locked[0]); err != nil {
			return err
		}
		token, account, err = a.startSession(ctx, tx, flow.accountID, info)
		return err
	})
	if err != nil {
		return "", Account{}, err
	}
	return token, account, nil
}

// checkTwoFactor returns nil if the account has no two-factor authentication,
// or if code, of its app or a recovery code, is correct; it is used up with the
// transaction. It fails with Unauthenticated "totp_required", with a
// CodeRequiredError as its cause, if code is empty, or with Unauthenticated
// "wrong_code": commit then, and count it. login is the name of the sign-in.
func (a *Accounts) checkTwoFactor(ctx context.Context, tx *sqldb.Tx, accountID, code, login string) error {
	stored, err := loadTOTP(ctx, tx, accountID, "")
	if err != nil || stored.confirmedAt == 0 {
		return err
	}
	if code != "" {
		return a.useCode(ctx, tx, accountID, code)
	}
	return a.startChallenge(ctx, tx, accountID, partialSignIn{Login: EmailKey(login)})
}

// partialSignIn is the data of a two-factor challenge.
type partialSignIn struct {
	Login       string    `json:"login,omitempty"`   // name of the password sign-in
	NewIdentity *Identity `json:"pending,omitempty"` // linked after the code
}

// completePartial links the pending identity of a challenge, and resets the
// failures of the same client.
func (a *Accounts) completePartial(ctx context.Context, tx *sqldb.Tx, flow signInFlow, client string, info SessionInfo) error {
	var partial partialSignIn
	if err := json.Unmarshal([]byte(flow.data), &partial); err != nil {
		return fmt.Errorf("decode two-factor challenge: %w", err)
	}
	if partial.NewIdentity != nil {
		partial.NewIdentity.accountID = flow.accountID
		if err := a.addIdentity(ctx, tx, *partial.NewIdentity); err != nil {
			return err
		}
	}
	if partial.Login == "" {
		return nil // no password; AnswerChallenge resets its own counter
	}
	return a.resetAfterSignIn(ctx, tx, passwordAttempt{login: login{account: Account{ID: flow.accountID}}, name: partial.Login, client: client, info: info})
}

// challengeProviderSignIn is checkTwoFactor for a sign-in by the provider.
// pending is the identity to link after the correct code, nil if it is linked.
func (a *Accounts) challengeProviderSignIn(ctx context.Context, tx *sqldb.Tx, accountID string, pending *Identity) error {
	stored, err := loadTOTP(ctx, tx, accountID, "")
	if err != nil || stored.confirmedAt == 0 {
		return err
	}
	return a.startChallenge(ctx, tx, accountID, partialSignIn{NewIdentity: pending})
}

func (a *Accounts) startChallenge(ctx context.Context, tx *sqldb.Tx, accountID string, partial partialSignIn) error {
	data, err := json.Marshal(partial)
	if err != nil {
		return fmt.Errorf("encode two-factor challenge: %w", err)
	}
	challenge, err := a.startFlow(ctx, tx, flowTwoFactor, accountID, string(data))
	if err != nil {
		return err
	}
	return errs.New(errs.Unauthenticated, "totp_required", "Enter the code of your authenticator app, or a recovery code.").
		Because(&CodeRequiredError{challenge})
}

// useCode uses a code up, or fails with Unauthenticated "wrong_code".
func (a *Accounts) useCode(ctx context.Context, tx *sqldb.Tx, accountID, code string) error {
	stored, err := loadTOTP(ctx, tx, accountID, "")
	if err != nil {
		return err
	}
	if stored.confirmedAt == 0 {
		return wrongCode()
	}
	used := false
	if code = normalizeCode(code); len(code) == recoveryLength {
		used, err = useRecoveryCode(ctx, tx, accountID, HashToken(code))
	} else {
		used, err = a.useTOTPCode(ctx, tx, accountID, stored, code)
	}
	if err == nil && !used {
		return wrongCode()
	}
	return err
}

// useTOTPCode reports false for a wrong or used code.
func (a *Accounts) useTOTPCode(ctx context.Context, tx *sqldb.Tx, accountID string, stored totpSecret, code string) (bool, error) {
	secret, err := a.openTOTP(ctx, accountID, stored)
	if err != nil {
		return false, err
	}
	step, right := totpStep(secret, code, a.clock.Now(), stored.usedStep)
	if !right {
		return false, nil
	}
	return advanceTOTPStep(ctx, tx, accountID, step)
}

func wrongCode() error {
	return errs.New(errs.Unauthenticated, "wrong_code", "The code is wrong or was already used. Wait for the next one, or use a recovery code.")
}

// totpStep returns the time step of a code. Steps up to after have been used.
func totpStep(secret, code string, now time.Time, after int64) (step int64, right bool) {
	if len(code) != int(otp.DigitsSix) {
		return 0, false
	}
	middle := now.Unix() / totpPeriod
	for at := middle - totpSkew; at <= middle+totpSkew; at++ {
		want, err := hotp.GenerateCode(secret, uint64(at))
		if err == nil && at > after && subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 {
			step, right = at, true
		}
	}
	return step, right
}

// normalizeCode accepts codes in groups and in capital letters.
func normalizeCode(code string) string {
	return strings.NewReplacer(" ", "", "-", "", "\u00a0", "").Replace(strings.ToLower(code))
}

const (
	recoveryBytes  = 10 // 80 bits resist a search for the hash
	recoveryLength = recoveryBytes * 8 / 5
	recoveryGroup  = 4
)

// newRecoveryCodes returns codes in groups for copying by hand, and their
// hashes.
func newRecoveryCodes() (codes, hashes []string) {
	for range recoveryCodes {
		raw := make([]byte, recoveryBytes)
		_, _ = rand.Read(raw) // never fails, see crypto/rand
		code := strings.ToLower(base32.StdEncoding.EncodeToString(raw))
		hashes = append(hashes, HashToken(code))
		var groups []string
		for len(code) > 0 {
			groups, code = append(groups, code[:recoveryGroup]), code[recoveryGroup:]
		}
		codes = append(codes, strings.Join(groups, "-"))
	}
	return codes, hashes
}

var totpColumn = seal.Column{Table: "account_totp", Name: "secret", Key: "account_id"}

// SealedColumns returns the columns with encrypted secrets; all others are
// stored as hashes.
func SealedColumns() []seal.Column { return []seal.Column{totpColumn} }

// openTOTP decrypts the secret of an account. It fails with Unavailable
// "second_factor_unreadable" if the secret key is another one; recovery codes
// still work.
func (a *Accounts) openTOTP(ctx context.Context, accountID string, stored totpSecret) (string, error) {
	secret, err := a.keys.Open(totpColumn, accountID, stored.secret)
	if err == nil {
		return secret, nil
	}
	a.log.ErrorContext(ctx, "cannot decrypt two-factor secret", "account_id", accountID, "error", err)
	return "", errs.New(errs.Unavailable, "second_factor_unreadable", "The server cannot verify codes of your app. Use a recovery code, or contact the people who run this server.").
		Because(err)
}
