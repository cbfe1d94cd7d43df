package account

import (
	"context"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
)

const registrationColumns = "email, email_key, username, username_key, first_name, last_name, display_name, password_hash, created_at, expires_at, token_hash, contested, language"

func scanRegistration(s sqldb.Scanner) (r registration, err error) {
	err = s.Scan(&r.Email, &r.EmailKey, &r.Username, &r.UsernameKey, &r.firstName, &r.lastName, &r.displayName, &r.passwordHash, &r.CreatedAt, &r.expiresAt, &r.tokenHash, &r.contested, &r.language)
	return r, err
}

// upsertRegistration replaces the registration of the address. The result is
// contested if the replaced one is still pending, unless its token hash is
// same. Without replace, a pending registration is only marked as contested.
func upsertRegistration(ctx context.Context, tx *sqldb.Tx, r registration, same string, replace bool) error {
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
		r.Email, r.EmailKey, r.Username, r.UsernameKey, r.firstName, r.lastName, r.displayName, r.passwordHash, r.CreatedAt, r.expiresAt, r.tokenHash, false, r.language,
		same, replace)
	return err
}

// pendingRegistration returns the zero registration for none.
func pendingRegistration(ctx context.Context, q sqldb.Querier, emailKey string, now int64) (registration, error) {
	r, err := sqldb.One(ctx, q, "registration", scanRegistration, "SELECT "+registrationColumns+" FROM registrations WHERE email_key = $1 AND expires_at > $2", emailKey, now)
	if errs.KindOf(err) == errs.NotFound {
		return registration{}, nil
	}
	return r, err
}

// lockRegistration locks the row of a token until the transaction ends.
func lockRegistration(ctx context.Context, tx *sqldb.Tx, hash string) (registration, error) {
	return sqldb.One(ctx, tx, "registration", scanRegistration, "SELECT "+registrationColumns+" FROM registrations WHERE token_hash = $1 "+tx.Dialect().Lock(), hash)
}

func deleteRegistrations(ctx context.Context, tx *sqldb.Tx, emailKey string) error {
	_, err := tx.Exec(ctx, "DELETE FROM registrations WHERE email_key = $1", emailKey)
	return err
}

const emailChangeColumns = "account_id, email, email_key, token_hash, created_at, expires_at"

func scanEmailChange(s sqldb.Scanner) (c emailChange, err error) {
	err = s.Scan(&c.accountID, &c.email, &c.emailKey, &c.tokenHash, &c.createdAt, &c.expiresAt)
	return c, err
}

// upsertEmailChange replaces the pending email change of the account.
func upsertEmailChange(ctx context.Context, tx *sqldb.Tx, c emailChange) error {
	_, err := tx.Exec(ctx, "INSERT INTO email_changes ("+emailChangeColumns+") VALUES ("+sqldb.Placeholders(1, 6)+`)
		ON CONFLICT (account_id) DO UPDATE SET email = excluded.email, email_key = excluded.email_key, token_hash = excluded.token_hash,
			created_at = excluded.created_at, expires_at = excluded.expires_at`,
		c.accountID, c.email, c.emailKey, c.tokenHash, c.createdAt, c.expiresAt)
	return err
}

func emailChangeByToken(ctx context.Context, q sqldb.Querier, hash string) (emailChange, error) {
	return sqldb.One(ctx, q, "email change", scanEmailChange, "SELECT "+emailChangeColumns+" FROM email_changes WHERE token_hash = $1", hash)
}

// pendingEmail returns the unconfirmed new address, "" for none.
func pendingEmail(ctx context.Context, q sqldb.Querier, accountID string, now int64) (string, error) {
	email, err := sqldb.One(ctx, q, "email change", sqldb.Value[string],
		"SELECT email FROM email_changes WHERE account_id = $1 AND expires_at > $2", accountID, now)
	if errs.KindOf(err) == errs.NotFound {
		return "", nil
	}
	return email, err
}

// deleteMailedLinksOf deletes the unused links mailed to the address of an
// account, and its pending email change.
func deleteMailedLinksOf(ctx context.Context, tx *sqldb.Tx, accountID string) error {
	if err := deleteEmailChangeOf(ctx, tx, accountID); err != nil {
		return err
	}
	return deleteLinksOf(ctx, tx, accountID)
}

func deleteEmailChangeOf(ctx context.Context, tx *sqldb.Tx, accountID string) error {
	_, err := tx.Exec(ctx, "DELETE FROM email_changes WHERE account_id = $1", accountID)
	return err
}
