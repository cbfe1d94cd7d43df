package totp

import (
	"context"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
)

// Stored is a row of account_totp; the zero value means none.
type Stored struct {
	Secret       string // sealed
	lastUsedStep int64
	ConfirmedAt  int64 // Unix milliseconds, 0: not yet
}

// Load returns the secret of an account. lock is a locking clause or empty.
func Load(ctx context.Context, q sqldb.Querier, accountID, lock string) (Stored, error) {
	scan := func(r sqldb.Scanner) (s Stored, err error) {
		err = r.Scan(&s.Secret, &s.lastUsedStep, &s.ConfirmedAt)
		return s, err
	}
	s, err := sqldb.One(ctx, q, "totp", scan, "SELECT secret, last_used_step, confirmed_at FROM account_totp WHERE account_id = $1 "+lock, accountID)
	if errs.KindOf(err) == errs.NotFound {
		return Stored{}, nil
	}
	return s, err
}

// Replace stores an unconfirmed secret. It reports false if a confirmed one
// exists.
func Replace(ctx context.Context, q sqldb.Querier, accountID, secret string, now int64) (bool, error) {
	n, err := q.Exec(ctx, `INSERT INTO account_totp (account_id, secret, last_used_step, created_at, confirmed_at) VALUES ($1, $2, 0, $3, 0)
		ON CONFLICT (account_id) DO UPDATE SET secret = excluded.secret, created_at = excluded.created_at
		WHERE account_totp.confirmed_at = 0`, accountID, secret, now)
	return n > 0, err
}

// Confirm enables two-factor authentication and stores the used step.
func Confirm(ctx context.Context, tx *sqldb.Tx, accountID string, step, now int64) error {
	_, err := tx.Exec(ctx, "UPDATE account_totp SET last_used_step = $1, confirmed_at = $2 WHERE account_id = $3", step, now, accountID)
	return err
}

// advanceTOTPStep reports false if that step, or a later one, was used already.
func advanceTOTPStep(ctx context.Context, tx *sqldb.Tx, accountID string, step int64) (bool, error) {
	n, err := tx.Exec(ctx, "UPDATE account_totp SET last_used_step = $1 WHERE account_id = $2 AND last_used_step < $1", step, accountID)
	return n > 0, err
}

// Delete deletes a confirmed secret and reports whether there was one.
func Delete(ctx context.Context, tx *sqldb.Tx, accountID string) (bool, error) {
	n, err := tx.Exec(ctx, "DELETE FROM account_totp WHERE account_id = $1 AND confirmed_at > 0", accountID)
	return n > 0, err
}

// ReplaceRecoveryCodes replaces the hashes of the recovery codes.
func ReplaceRecoveryCodes(ctx context.Context, tx *sqldb.Tx, accountID string, hashes []string) error {
	if _, err := tx.Exec(ctx, "DELETE FROM recovery_codes WHERE account_id = $1", accountID); err != nil {
		return err
	}
	for _, hash := range hashes {
		if _, err := tx.Exec(ctx, "INSERT INTO recovery_codes (account_id, code_hash) VALUES ($1, $2)", accountID, hash); err != nil {
			return err
		}
	}
	return nil
}

// useRecoveryCode deletes a code: of two concurrent calls one succeeds.
func useRecoveryCode(ctx context.Context, tx *sqldb.Tx, accountID, hash string) (bool, error) {
	n, err := tx.Exec(ctx, "DELETE FROM recovery_codes WHERE account_id = $1 AND code_hash = $2", accountID, hash)
	return n > 0, err
}

// CountRecoveryCodes counts the unused recovery codes.
func CountRecoveryCodes(ctx context.Context, q sqldb.Querier, accountID string) (n int, err error) {
	err = q.QueryRow(ctx, "SELECT count(*) FROM recovery_codes WHERE account_id = $1", accountID).Scan(&n)
	return n, err
}

// DeleteOf deletes the secret and the recovery codes of an account.
func DeleteOf(ctx context.Context, tx *sqldb.Tx, accountID string) error {
	if _, err := tx.Exec(ctx, "DELETE FROM account_totp WHERE account_id = $1", accountID); err != nil {
		return err
	}
	return ReplaceRecoveryCodes(ctx, tx, accountID, nil)
}
