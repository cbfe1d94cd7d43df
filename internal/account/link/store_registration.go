package link

import (
	"context"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
)

// Registration is a row of registrations.
type Registration struct {
	account.Draft
	TokenHash string
	ExpiresAt int64
	Contested bool   // the password may be an attacker's
	Language  string // of mails
}

const registrationColumns = "email, email_key, username, username_key, first_name, last_name, display_name, password_hash, created_at, expires_at, token_hash, contested, language"

func scanRegistration(s sqldb.Scanner) (r Registration, err error) {
	err = s.Scan(&r.Email, &r.EmailKey, &r.Username, &r.UsernameKey, &r.FirstName, &r.LastName, &r.DisplayName, &r.PasswordHash, &r.CreatedAt, &r.ExpiresAt, &r.TokenHash, &r.Contested, &r.Language)
	return r, err
}

// UpsertRegistration replaces the registration of the address. The result is
// contested if the replaced one is still pending, unless its token hash is
// same. Without replace, a pending registration is only marked as contested.
func UpsertRegistration(ctx context.Context, tx *sqldb.Tx, r Registration, same string, replace bool) error {
	if !replace {
		if _, err := tx.Exec(ctx, "UPDATE registrations SET contested = TRUE WHERE email_key = $1 AND expires_at > $2 AND token_hash <> $3", r.EmailKey, r.CreatedAt, same); err != nil {
			return err
		}
	}
	_, err := tx.Exec(ctx, "INSERT INTO registrations ("+registrationColumns+") VALUES ("+sqldb.Placeholders(1, 13)+`)
		ON CONFLICT (email_key) DO UPDATE SET email = excluded.email, username = excluded.username, username_key = excluded.username_key,
			first_name = excluded.first_name, last_name = excluded.last_name, display_name = excluded.display_name, password_hash = excluded.password_hash,
			created_at = excluded.created_at, expires_at = excluded.expires_at, token_hash = excluded.token_hash, language = excluded.language,
			contested = registrations.expires_at > $9 AND (registrations.contested OR registrations.token_hash <> $14)
		WHERE $15 OR registrations.expires_at <= $9`,
		r.Email, r.EmailKey, r.Username, r.UsernameKey, r.FirstName, r.LastName, r.DisplayName, r.PasswordHash, r.CreatedAt, r.ExpiresAt, r.TokenHash, false, r.Language,
		same, replace)
	return err
}

// PendingRegistration returns the zero registration for none.
func PendingRegistration(ctx context.Context, q sqldb.Querier, emailKey string, now int64) (Registration, error) {
	r, err := sqldb.One(ctx, q, "registration", scanRegistration, "SELECT "+registrationColumns+" FROM registrations WHERE email_key = $1 AND expires_at > $2", emailKey, now)
	if errs.KindOf(err) == errs.NotFound {
		return Registration{}, nil
	}
	return r, err
}

// LockRegistration locks the row of a token until the transaction ends.
func LockRegistration(ctx context.Context, tx *sqldb.Tx, hash string) (Registration, error) {
	return sqldb.One(ctx, tx, "registration", scanRegistration, "SELECT "+registrationColumns+" FROM registrations WHERE token_hash = $1 "+tx.Dialect().Lock(), hash)
}

// DeleteRegistrations deletes the pending registration of an address.
func DeleteRegistrations(ctx context.Context, tx *sqldb.Tx, emailKey string) error {
	_, err := tx.Exec(ctx, "DELETE FROM registrations WHERE email_key = $1", emailKey)
	return err
}

// EmailChange is a row of email_changes.
type EmailChange struct {
	AccountID            string
	Email, EmailKey      string
	TokenHash            string
	CreatedAt, ExpiresAt int64
}

const emailChangeColumns = "account_id, email, email_key, token_hash, created_at, expires_at"

func scanEmailChange(s sqldb.Scanner) (c EmailChange, err error) {
	err = s.Scan(&c.AccountID, &c.Email, &c.EmailKey, &c.TokenHash, &c.CreatedAt, &c.ExpiresAt)
	return c, err
}

// UpsertEmailChange replaces the pending email change of the account.
func UpsertEmailChange(ctx context.Context, tx *sqldb.Tx, c EmailChange) error {
	_, err := tx.Exec(ctx, "INSERT INTO email_changes ("+emailChangeColumns+") VALUES ("+sqldb.Placeholders(1, 6)+`)
		ON CONFLICT (account_id) DO UPDATE SET email = excluded.email, email_key = excluded.email_key, token_hash = excluded.token_hash,
			created_at = excluded.created_at, expires_at = excluded.expires_at`,
		c.AccountID, c.Email, c.EmailKey, c.TokenHash, c.CreatedAt, c.ExpiresAt)
	return err
}

// EmailChangeByToken returns a pending email change, or NotFound.
func EmailChangeByToken(ctx context.Context, q sqldb.Querier, hash string) (EmailChange, error) {
	return sqldb.One(ctx, q, "email_change", scanEmailChange, "SELECT "+emailChangeColumns+" FROM email_changes WHERE token_hash = $1", hash)
}

// PendingEmail returns the unconfirmed new address, "" for none.
func PendingEmail(ctx context.Context, q sqldb.Querier, accountID string, now int64) (string, error) {
	email, err := sqldb.One(ctx, q, "email_change", sqldb.Value[string],
		"SELECT email FROM email_changes WHERE account_id = $1 AND expires_at > $2", accountID, now)
	if errs.KindOf(err) == errs.NotFound {
		return "", nil
	}
	return email, err
}

// DeleteMailed deletes the unused links mailed to the address of an
// account, and its pending email change.
func DeleteMailed(ctx context.Context, tx *sqldb.Tx, accountID string) error {
	if err := DeleteEmailChangeOf(ctx, tx, accountID); err != nil {
		return err
	}
	return deleteLinksOf(ctx, tx, accountID)
}

// DeleteEmailChangeOf deletes the pending email change of an account.
func DeleteEmailChangeOf(ctx context.Context, tx *sqldb.Tx, accountID string) error {
	_, err := tx.Exec(ctx, "DELETE FROM email_changes WHERE account_id = $1", accountID)
	return err
}
