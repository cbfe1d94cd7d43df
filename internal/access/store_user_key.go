package access

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/regulars/regulars/internal/sqldb"
)

const userKeyColumns = "account_id, id, name, hint, permissions, channels, active, created_at, updated_at, expires_at, used_at"

// lists are the JSON texts of a key.
func (k Key) lists() (permissions, channels string, err error) {
	one, err := json.Marshal(k.Permissions)
	if err != nil {
		return "", "", fmt.Errorf("encode permissions: %w", err)
	}
	two, err := json.Marshal(k.Channels)
	if err != nil {
		return "", "", fmt.Errorf("encode channels: %w", err)
	}
	return string(one), string(two), nil
}

func insertUserKey(ctx context.Context, q sqldb.Querier, k Key, hash string) error {
	permissions, channels, err := k.lists()
	if err != nil {
		return err
	}
	_, err = q.Exec(ctx, "INSERT INTO user_api_keys ("+userKeyColumns+", key_hash) VALUES ("+sqldb.Placeholders(1, 12)+")",
		k.AccountID, k.ID, k.Name, k.Hint, permissions, channels, k.Active, k.CreatedAt, k.UpdatedAt, k.ExpiresAt, k.UsedAt, hash)
	return err
}

// personKey is a key with the person it acts for.
type personKey struct {
	Key
	owner    bool // of the installation
	language string
}

func userKeyByHash(ctx context.Context, q sqldb.Querier, hash string) (personKey, error) {
	scan := func(s sqldb.Scanner) (p personKey, err error) {
		p.Key, err = scanUserKey(scannerTo{s, []any{&p.owner, &p.language}})
		return p, err
	}
	return sqldb.One(ctx, q, "api_key", scan, `SELECT k.account_id, k.id, k.name, k.hint, k.permissions, k.channels, k.active, k.created_at, k.updated_at, k.expires_at, k.used_at,
		a.installation_owner, a.language FROM user_api_keys k JOIN accounts a ON a.id = k.account_id WHERE k.key_hash = $1`, hash)
}

// scannerTo scans further columns after those that are asked for.
type scannerTo struct {
	sqldb.Scanner
	more []any
}

// Scan reads a row.
func (s scannerTo) Scan(to ...any) error { return s.Scanner.Scan(append(to, s.more...)...) }

func listUserKeys(ctx context.Context, q sqldb.Querier, accountID string) ([]Key, error) {
	return sqldb.All(ctx, q, scanUserKey, "SELECT "+userKeyColumns+" FROM user_api_keys WHERE account_id = $1 ORDER BY id DESC", accountID)
}

func countUserKeys(ctx context.Context, q sqldb.Querier, accountID string) (int, error) {
	return sqldb.One(ctx, q, "api_key", sqldb.Value[int], "SELECT count(*) FROM user_api_keys WHERE account_id = $1", accountID)
}

func loadUserKey(ctx context.Context, q sqldb.Querier, accountID, keyID, lock string) (Key, error) {
	return sqldb.One(ctx, q, "api_key", scanUserKey, "SELECT "+userKeyColumns+" FROM user_api_keys WHERE account_id = $1 AND id = $2 "+lock, accountID, keyID)
}

func updateUserKey(ctx context.Context, tx *sqldb.Tx, k Key) error {
	permissions, channels, err := k.lists()
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `UPDATE user_api_keys SET name = $1, permissions = $2, channels = $3, active = $4, expires_at = $5, updated_at = $6
		WHERE account_id = $7 AND id = $8`, k.Name, permissions, channels, k.Active, k.ExpiresAt, k.UpdatedAt, k.AccountID, k.ID)
	return err
}

func touchUserKey(ctx context.Context, q sqldb.Querier, accountID, keyID string, now int64) error {
	_, err := q.Exec(ctx, "UPDATE user_api_keys SET used_at = $1 WHERE account_id = $2 AND id = $3 AND used_at < $1", now, accountID, keyID)
	return err
}

func deleteUserKey(ctx context.Context, q sqldb.Querier, accountID, keyID string) (bool, error) {
	n, err := q.Exec(ctx, "DELETE FROM user_api_keys WHERE account_id = $1 AND id = $2", accountID, keyID)
	return n > 0, err
}

func scanUserKey(s sqldb.Scanner) (Key, error) {
	var k Key
	var permissions, channels string
	err := s.Scan(&k.AccountID, &k.ID, &k.Name, &k.Hint, &permissions, &channels, &k.Active, &k.CreatedAt, &k.UpdatedAt, &k.ExpiresAt, &k.UsedAt)
	if err != nil {
		return Key{}, err
	}
	if err := json.Unmarshal([]byte(permissions), &k.Permissions); err != nil {
		return Key{}, fmt.Errorf("decode permissions of key %s: %w", k.ID, err)
	}
	if err := json.Unmarshal([]byte(channels), &k.Channels); err != nil {
		return Key{}, fmt.Errorf("decode channels of key %s: %w", k.ID, err)
	}
	return k, nil
}

// ownerOfKey returns whose key it is, or NotFound "api_key_not_found".
func ownerOfKey(ctx context.Context, q sqldb.Querier, keyID string) (accountID string, err error) {
	return sqldb.One(ctx, q, "api_key", sqldb.Value[string], "SELECT account_id FROM user_api_keys WHERE id = $1", keyID)
}

// RevokeUserKeys deletes the API keys of an account, in the caller's transaction.
func RevokeUserKeys(ctx context.Context, tx *sqldb.Tx, accountID string) error {
	_, err := tx.Exec(ctx, "DELETE FROM user_api_keys WHERE account_id = $1", accountID)
	return err
}
