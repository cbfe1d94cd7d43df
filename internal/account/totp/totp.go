// Package totp verifies time-based one-time passwords and recovery codes.
package totp

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base32"
	"log/slog"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/seal"
	"github.com/regulars/regulars/internal/sqldb"
)

const (
	totpPeriod    = 30 // seconds
	totpSkew      = 1  // accepted periods of clock skew, in both directions
	recoveryCodes = 10
	// SecretBytes is the size of a SHA-1 hash, and a whole number of base32 digits.
	SecretBytes = 20
)

// Codes verifies the codes of accounts.
type Codes struct {
	clock clock.Clock
	keys  *seal.Keyring
	log   *slog.Logger
}

// New returns Codes that open their secrets with keys.
func New(c clock.Clock, keys *seal.Keyring, log *slog.Logger) *Codes {
	return &Codes{c, keys, log}
}

// Seal encrypts the secret of an account.
func (c *Codes) Seal(accountID, secret string) (string, error) {
	return c.keys.Seal(totpColumn, accountID, secret)
}

// Match returns the time step of an unused code.
func (c *Codes) Match(ctx context.Context, accountID string, stored Stored, code string) (step int64, right bool, err error) {
	secret, err := c.Open(ctx, accountID, stored)
	if err != nil {
		return 0, false, err
	}
	step, right = totpStep(secret, normalizeCode(code), c.clock.Now(), stored.lastUsedStep)
	return step, right, nil
}

// Use uses a code up, or fails with Unauthenticated "wrong_code".
func (c *Codes) Use(ctx context.Context, tx *sqldb.Tx, accountID, code string) error {
	stored, err := Load(ctx, tx, accountID, "")
	if err != nil {
		return err
	}
	if stored.ConfirmedAt == 0 {
		return WrongCode()
	}
	used := false
	if code = normalizeCode(code); len(code) == recoveryLength {
		used, err = useRecoveryCode(ctx, tx, accountID, account.HashToken(code))
	} else {
		used, err = c.useTOTPCode(ctx, tx, accountID, stored, code)
	}
	if err == nil && !used {
		return WrongCode()
	}
	return err
}

// useTOTPCode reports false for a wrong or used code.
func (c *Codes) useTOTPCode(ctx context.Context, tx *sqldb.Tx, accountID string, stored Stored, code string) (bool, error) {
	secret, err := c.Open(ctx, accountID, stored)
	if err != nil {
		return false, err
	}
	step, right := totpStep(secret, code, c.clock.Now(), stored.lastUsedStep)
	if !right {
		return false, nil
	}
	return advanceTOTPStep(ctx, tx, accountID, step)
}

// WrongCode is the error of a wrong or used code.
func WrongCode() error {
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

// NewRecoveryCodes returns codes in groups for copying by hand, and their
// hashes.
func NewRecoveryCodes() (codes, hashes []string) {
	for range recoveryCodes {
		raw := make([]byte, recoveryBytes)
		_, _ = rand.Read(raw) // never fails, see crypto/rand
		code := strings.ToLower(base32.StdEncoding.EncodeToString(raw))
		hashes = append(hashes, account.HashToken(code))
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

// Open decrypts the secret of an account. It fails with Unavailable
// "second_factor_unreadable" if the secret key is another one; recovery codes
// still work.
func (c *Codes) Open(ctx context.Context, accountID string, stored Stored) (string, error) {
	secret, err := c.keys.Open(totpColumn, accountID, stored.Secret)
	if err == nil {
		return secret, nil
	}
	c.log.ErrorContext(ctx, "cannot decrypt two-factor secret", "account_id", accountID, "error", err)
	return "", errs.New(errs.Unavailable, "second_factor_unreadable", "The server cannot verify codes of your app. Use a recovery code, or contact the people who run this server.").
		Because(err)
}
