package auth

import (
	"context"

	"github.com/regulars/regulars/internal/sqldb"
)

const registrationColumns = "email, email_key, username, username_key, first_name, last_name, display_name, password_hash, created_at, expires_at, token_hash"

func insertRegistration(ctx context.Context, tx *sqldb.Tx, r registration) error {
	_, err := tx.Exec(ctx, "INSERT INTO registrations ("+registrationColumns+") VALUES ("+sqldb.Marks(1, 11)+")",
		r.Email, r.EmailKey, r.Username, r.UsernameKey, r.firstName, r.lastName, r.displayName, r.passwordHash, r.CreatedAt, r.expiresAt, r.tokenHash)
	return err
}

// lockRegistration lets nobody else use the token until the transaction ends.
func lockRegistration(ctx context.Context, tx *sqldb.Tx, hash string) (registration, error) {
	return sqldb.One(ctx, tx, "registration", func(s sqldb.Scanner) (r registration, err error) {
		err = s.Scan(&r.Email, &r.EmailKey, &r.Username, &r.UsernameKey, &r.firstName, &r.lastName, &r.displayName, &r.passwordHash, &r.CreatedAt, &r.expiresAt, &r.tokenHash)
		return r, err
	}, "SELECT "+registrationColumns+" FROM registrations WHERE token_hash = $1 "+tx.Dialect().Lock(), hash)
}

func deleteRegistrations(ctx context.Context, tx *sqldb.Tx, emailKey string) error {
	_, err := tx.Exec(ctx, "DELETE FROM registrations WHERE email_key = $1", emailKey)
	return err
}
