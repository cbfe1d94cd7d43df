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
	totpPeriod    = 30 // seconds that a code stands for
	totpSkew      = 1  // codes that a clock may be off by, to each side
	recoveryCodes = 10
	// As many as SHA-1 has, and a whole number of base32 digits.
	totpSecretBytes = 20
)

// TOTPSetup is what an authenticator app has to know.
type TOTPSetup struct {
	Secret string // base32, to be typed
	URI    string // otpauth:, to be shown as a picture
}

// QR is the URI as a picture, a PNG of side by side pixels.
func (s TOTPSetup) QR(side int) ([]byte, error) {
	key, err := otp.NewKeyFromURL(s.URI)
	if err != nil {
		return nil, fmt.Errorf("read the address of a secret: %w", err)
	}
	picture, err := key.Image(side, side)
	if err != nil {
		return nil, fmt.Errorf("draw a secret: %w", err)
	}
	var content bytes.Buffer
	err = png.Encode(&content, picture)
	return content.Bytes(), err
}

// NeedsCodeError is the cause of the error "totp_required": whoever answers the
// challenge with a code within ten minutes is signed in.
type NeedsCodeError struct{ Challenge string }

func (n *NeedsCodeError) Error() string { return "a code of the second factor is to follow" }

// StartTOTP makes a secret that becomes the second factor when ConfirmTOTP
// sees a code of it; one that was started before is forgotten. It fails as
// Proof says, or with Conflict "totp_on".
func (a *Accounts) StartTOTP(ctx context.Context, actor actor.Actor, p Proof) (TOTPSetup, error) {
	if err := a.ProveOwner(ctx, actor, p); err != nil {
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
		err = errs.New(errs.Conflict, "totp_on", "Codes of an app are asked for already. Switch that off first.")
	}
	if err != nil {
		return TOTPSetup{}, err
	}
	return a.totpSetup(account, secret), nil
}

// PendingTOTP returns what StartTOTP made, while it waits to be confirmed. It
// fails with NotFound "totp_not_found".
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

// setupOf is how an app is told a secret; see
// https://github.com/google/google-authenticator/wiki/Key-Uri-Format.
func (a *Accounts) totpSetup(account Account, secret string) TOTPSetup {
	issuer := a.installation()
	query := url.Values{"secret": {secret}, "issuer": {issuer}}
	address := url.URL{
		Scheme: "otpauth", Host: "totp", Path: "/" + issuer + ":" + account.Email,
		RawQuery: strings.ReplaceAll(query.Encode(), "+", "%20"), // some apps show the sign
	}
	return TOTPSetup{Secret: secret, URI: address.String()}
}

// ConfirmTOTP switches the second factor on: from now on a password alone
// signs nobody in. It returns recovery codes, each of which works once in the
// place of a code; only their hashes are kept. It fails with Unauthenticated
// "wrong_code", Limited "too_many_sign_ins", or Conflict "totp_not_started" or
// "totp_on".
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
			return errs.New(errs.Conflict, "totp_on", "Codes of an app are asked for already.")
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
		return a.MethodAdded(ctx, tx, actor.AccountID, mail.MethodTOTP, "")
	})
	if err != nil {
		return nil, err
	}
	return recovery, nil
}

// DisableTOTP switches the second factor off and forgets its recovery codes.
// It fails as Proof says, or with NotFound "totp_not_found". Sessions stay.
func (a *Accounts) DisableTOTP(ctx context.Context, actor actor.Actor, p Proof) error {
	if err := a.reauthenticate(ctx, actor, p); err != nil {
		return err
	}
	return a.db.Tx(ctx, func(tx *sqldb.Tx) error {
		was, err := deleteTOTP(ctx, tx, actor.AccountID)
		if err != nil {
			return err
		}
		if !was {
			return errs.New(errs.NotFound, "totp_not_found", "No codes of an app are asked for.")
		}
		return replaceRecoveryCodes(ctx, tx, actor.AccountID, nil)
	})
}

// RenewRecoveryCodes makes new recovery codes; the ones from before stop to
// work. It fails as Proof says, or with NotFound "totp_not_found".
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
			return errs.New(errs.NotFound, "totp_not_found", "No codes of an app are asked for.")
		}
		return replaceRecoveryCodes(ctx, tx, actor.AccountID, hashes)
	})
	if err != nil {
		return nil, err
	}
	return codes, nil
}

// AnswerChallenge signs in whoever was told "totp_required" and now gives a
// code of the app, or a recovery code. It fails with Gone "sign_in_expired",
// Unauthenticated "wrong_code" or Limited "too_many_sign_ins"; the challenge
// can be answered again after the last two.
func (a *Accounts) AnswerChallenge(ctx context.Context, challenge, code string, info SessionInfo) (token string, account Account, err error) {
	flow, err := a.checkFlow(ctx, a.db, flowTwoFactor, challenge)
	if err != nil {
		return "", Account{}, err
	}
	place, err := a.knownClient(ctx, a.db, flow.accountID, info)
	if err != nil {
		return "", Account{}, err
	}
	waits, others := withAddress(info.Address, byAccount(flow.accountID)), []counter(nil)
	if place != "" {
		waits, others = []counter{byClient(flow.accountID, place)}, withAddress(info.Address)
	}
	err = a.attempt(ctx, waits, others, func(tx *sqldb.Tx) error {
		if err := a.useCode(ctx, tx, flow.accountID, code); err != nil {
			return err
		}
		if _, err := a.finishFlow(ctx, tx, flowTwoFactor, challenge); err != nil {
			return err
		}
		if err := a.completePartial(ctx, tx, flow, place, info); err != nil {
			return err
		}
		if err := resetFailures(ctx, tx, waits[0]); err != nil {
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

// checkSecondFactor returns nil when an account has no second factor, or when
// code, of its app or a recovery code, is right; a code that was right is used
// up with the transaction. It fails with Unauthenticated "totp_required" when
// code is empty, with NeedsCodeError as its cause, or with Unauthenticated
// "wrong_code": commit then, and count it. login is the name of who signs in.
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

// half is what the first half of a sign-in leaves to the second.
type partialSignIn struct {
	Login       string    `json:"login,omitempty"`   // the name that was given with the password
	NewIdentity *Identity `json:"pending,omitempty"` // to be connected
}

// finishHalf does what a right code was waited for with, and forgives the
// failures of the same place.
func (a *Accounts) completePartial(ctx context.Context, tx *sqldb.Tx, flow signInFlow, place string, info SessionInfo) error {
	var first partialSignIn
	if err := json.Unmarshal([]byte(flow.data), &first); err != nil {
		return fmt.Errorf("read half of a sign-in: %w", err)
	}
	if first.NewIdentity != nil {
		first.NewIdentity.accountID = flow.accountID
		if err := a.addIdentity(ctx, tx, *first.NewIdentity); err != nil {
			return err
		}
	}
	if first.Login == "" {
		return nil // no password: AnswerChallenge forgives what it waited for
	}
	return a.resetAfterSignIn(ctx, tx, passwordAttempt{login: login{account: Account{ID: flow.accountID}}, name: first.Login, client: place, info: info})
}

// askForCode is checkSecondFactor for who has shown an identity that is to be
// connected, nil for one that is, when the code was right.
func (a *Accounts) challengeProviderSignIn(ctx context.Context, tx *sqldb.Tx, accountID string, pending *Identity) error {
	stored, err := loadTOTP(ctx, tx, accountID, "")
	if err != nil || stored.confirmedAt == 0 {
		return err
	}
	return a.startChallenge(ctx, tx, accountID, partialSignIn{NewIdentity: pending})
}

func (a *Accounts) startChallenge(ctx context.Context, tx *sqldb.Tx, accountID string, first partialSignIn) error {
	data, err := json.Marshal(first)
	if err != nil {
		return fmt.Errorf("encode half of a sign-in: %w", err)
	}
	challenge, err := a.startFlow(ctx, tx, flowTwoFactor, accountID, string(data))
	if err != nil {
		return err
	}
	return errs.New(errs.Unauthenticated, "totp_required", "Give the code that your authenticator app shows, or a recovery code.").
		Because(&NeedsCodeError{challenge})
}

// requireCode uses a code up, or fails with Unauthenticated "wrong_code".
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

// useAppCode reports false for a code that is wrong or was used.
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
	return errs.New(errs.Unauthenticated, "wrong_code", "The code is wrong, or was used already. Wait for the next one, or use a recovery code.")
}

// totpStep returns the step of the clock that a code belongs to. Steps up to
// after have been used.
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

// tidyCode takes codes as people type them: in groups, in capital letters.
func normalizeCode(code string) string {
	return strings.NewReplacer(" ", "", "-", "", "\u00a0", "").Replace(strings.ToLower(code))
}

const (
	recoveryBytes  = 10 // 80 bits: nobody finds one by its hash
	recoveryLength = recoveryBytes * 8 / 5
	recoveryGroup  = 4
)

// newRecoveryCodes returns codes in groups that can be copied by hand, and
// what is kept of them.
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

// SealedColumns hold secrets that have to be read again; all others are kept as
// hashes only.
func SealedColumns() []seal.Column { return []seal.Column{totpColumn} }

// openTOTP returns the secret that an account shares with its app. It fails
// with Unavailable "second_factor_unreadable" where the key is not the one
// that it was sealed with: recovery codes work all the same.
func (a *Accounts) openTOTP(ctx context.Context, accountID string, stored totpSecret) (string, error) {
	secret, err := a.keys.Open(totpColumn, accountID, stored.secret)
	if err == nil {
		return secret, nil
	}
	a.log.ErrorContext(ctx, "secret of a second factor not readable", "account_id", accountID, "error", err)
	return "", errs.New(errs.Unavailable, "second_factor_unreadable", "The server cannot check codes of your app. Use a recovery code, or tell the people who run this server.").
		Because(err)
}
