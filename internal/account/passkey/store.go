package passkey

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"

	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/regulars/regulars/internal/sqldb"
)

// storedPasskey is a row of passkeys.
type storedPasskey struct {
	Passkey
	accountID  string
	credential webauthn.Credential
}

const passkeyColumns = "id, account_id, name, credential, sign_count, created_at, used_at"

func scanPasskey(s sqldb.Scanner) (storedPasskey, error) {
	var (
		k       storedPasskey
		content string
		count   int64
	)
	if err := s.Scan(&k.ID, &k.accountID, &k.Name, &content, &count, &k.CreatedAt, &k.UsedAt); err != nil {
		return k, err
	}
	if err := json.Unmarshal([]byte(content), &k.credential); err != nil {
		return k, fmt.Errorf("decode passkey %s: %w", k.ID, err)
	}
	k.credential.Authenticator.SignCount = uint32(count)
	return k, nil
}

func insertPasskey(ctx context.Context, tx *sqldb.Tx, k storedPasskey) error {
	content, err := json.Marshal(k.credential)
	if err != nil {
		return fmt.Errorf("encode passkey: %w", err)
	}
	_, err = tx.Exec(ctx, `INSERT INTO passkeys (id, account_id, credential_id, name, credential, sign_count, created_at, used_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, 0)`, k.ID, k.accountID, credentialKey(k.credential.ID), k.Name, string(content),
		int64(k.credential.Authenticator.SignCount), k.CreatedAt)
	return err
}

func credentialKey(raw []byte) string { return base64.RawURLEncoding.EncodeToString(raw) }

func listPasskeys(ctx context.Context, q sqldb.Querier, accountID string) ([]storedPasskey, error) {
	return sqldb.All(ctx, q, scanPasskey, "SELECT "+passkeyColumns+" FROM passkeys WHERE account_id = $1 ORDER BY id", accountID)
}

// passkeyByCredential locks the passkey: its counter is compared and moved by
// one at a time.
func passkeyByCredential(ctx context.Context, tx *sqldb.Tx, raw []byte) (storedPasskey, error) {
	return sqldb.One(ctx, tx, "passkey", scanPasskey,
		"SELECT "+passkeyColumns+" FROM passkeys WHERE credential_id = $1 "+tx.Dialect().Lock(), credentialKey(raw))
}

func recordPasskeyUse(ctx context.Context, tx *sqldb.Tx, k storedPasskey, now int64) error {
	content, err := json.Marshal(k.credential)
	if err != nil {
		return fmt.Errorf("encode passkey: %w", err)
	}
	_, err = tx.Exec(ctx, "UPDATE passkeys SET credential = $1, sign_count = $2, used_at = $3 WHERE id = $4",
		string(content), int64(k.credential.Authenticator.SignCount), now, k.ID)
	return err
}

func deletePasskey(ctx context.Context, q sqldb.Querier, accountID, passkeyID string) (bool, error) {
	n, err := q.Exec(ctx, "DELETE FROM passkeys WHERE id = $1 AND account_id = $2", passkeyID, accountID)
	return n > 0, err
}

// DeleteOf deletes all passkeys of an account.
func DeleteOf(ctx context.Context, tx *sqldb.Tx, accountID string) error {
	_, err := tx.Exec(ctx, "DELETE FROM passkeys WHERE account_id = $1", accountID)
	return err
}
