package auth

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/regulars/regulars/internal/sqldb"
)

const keyColumns = "community_id, id, name, hint, permissions, active, created_by, created_at, updated_at, expires_at, used_at"

func insertKey(ctx context.Context, q sqldb.Querier, k Key, hash string) error {
	permissions, err := json.Marshal(k.Permissions)
	if err != nil {
		return fmt.Errorf("encode permissions: %w", err)
	}
	_, err = q.Exec(ctx, "INSERT INTO api_keys ("+keyColumns+", key_hash) VALUES ("+sqldb.Marks(1, 12)+")",
		k.CommunityID, k.ID, k.Name, k.Hint, string(permissions), k.Active, k.CreatedBy, k.CreatedAt, k.UpdatedAt, k.ExpiresAt, k.UsedAt, hash)
	return err
}

// madeByInstaller reads from the row of a key whether the person who made it,
// "account:<id>", runs the installation.
const madeByInstaller = "COALESCE((SELECT a.installation_owner FROM accounts a WHERE a.id = substr(api_keys.created_by, 9)), FALSE)"

func keyByHash(ctx context.Context, q sqldb.Querier, hash string) (k Key, installer bool, err error) {
	scan := func(s sqldb.Scanner) (Key, error) { return scanKey(scannerTo{s, []any{&installer}}) }
	k, err = sqldb.One(ctx, q, "api_key", scan, "SELECT "+keyColumns+", "+madeByInstaller+` FROM api_keys WHERE key_hash = $1
		AND EXISTS (SELECT 1 FROM communities c WHERE c.id = api_keys.community_id AND c.deleted_at = 0)`, hash)
	return k, installer, err
}

func listKeys(ctx context.Context, q sqldb.Querier, communityID string) ([]Key, error) {
	return sqldb.All(ctx, q, scanKey, "SELECT "+keyColumns+" FROM api_keys WHERE community_id = $1 ORDER BY id DESC", communityID)
}

func countKeys(ctx context.Context, q sqldb.Querier, communityID string) (int, error) {
	return sqldb.One(ctx, q, "api_key", sqldb.Value[int], "SELECT count(*) FROM api_keys WHERE community_id = $1", communityID)
}

func touchKey(ctx context.Context, q sqldb.Querier, communityID, keyID string, now int64) error {
	_, err := q.Exec(ctx, "UPDATE api_keys SET used_at = $1 WHERE community_id = $2 AND id = $3 AND used_at < $1", now, communityID, keyID)
	return err
}

func loadKey(ctx context.Context, q sqldb.Querier, communityID, keyID, lock string) (Key, error) {
	return sqldb.One(ctx, q, "api_key", scanKey, "SELECT "+keyColumns+" FROM api_keys WHERE community_id = $1 AND id = $2 "+lock, communityID, keyID)
}

func updateKey(ctx context.Context, tx *sqldb.Tx, k Key) error {
	permissions, err := json.Marshal(k.Permissions)
	if err != nil {
		return fmt.Errorf("encode permissions: %w", err)
	}
	_, err = tx.Exec(ctx, "UPDATE api_keys SET name = $1, permissions = $2, active = $3, expires_at = $4, updated_at = $5, created_by = $6 WHERE community_id = $7 AND id = $8",
		k.Name, string(permissions), k.Active, k.ExpiresAt, k.UpdatedAt, k.CreatedBy, k.CommunityID, k.ID)
	return err
}

func deleteKey(ctx context.Context, tx *sqldb.Tx, communityID, keyID string) error {
	_, err := tx.Exec(ctx, "DELETE FROM api_keys WHERE community_id = $1 AND id = $2", communityID, keyID)
	return err
}

func scanKey(s sqldb.Scanner) (Key, error) {
	var k Key
	var permissions string
	err := s.Scan(&k.CommunityID, &k.ID, &k.Name, &k.Hint, &permissions, &k.Active, &k.CreatedBy, &k.CreatedAt, &k.UpdatedAt, &k.ExpiresAt, &k.UsedAt)
	if err != nil {
		return Key{}, err
	}
	if err := json.Unmarshal([]byte(permissions), &k.Permissions); err != nil {
		return Key{}, fmt.Errorf("decode permissions of key %s: %w", k.ID, err)
	}
	return k, nil
}
